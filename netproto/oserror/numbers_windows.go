package oserror

import (
	"syscall"

	"golang.org/x/sys/windows"
)

var (
	windowsNoSpace = []syscall.Errno{windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL, windows.ERROR_DISK_QUOTA_EXCEEDED}
	windowsScarce  = []syscall.Errno{windows.ERROR_TOO_MANY_OPEN_FILES, windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_OUTOFMEMORY,
		windows.ERROR_NO_SYSTEM_RESOURCES, windows.WSAEMFILE, windows.WSAENOBUFS}
	windowsDamaged = []syscall.Errno{windows.ERROR_CRC, windows.ERROR_SECTOR_NOT_FOUND, windows.ERROR_READ_FAULT, windows.ERROR_IO_DEVICE,
		windows.ERROR_FILE_CORRUPT, windows.ERROR_DISK_CORRUPT, windows.ERROR_NOT_READY, windows.ERROR_DEVICE_NOT_CONNECTED,
		windows.ERROR_DIRECTORY, windows.ERROR_CANT_RESOLVE_FILENAME}
	windowsReadOnly = []syscall.Errno{windows.ERROR_WRITE_PROTECT}
)
