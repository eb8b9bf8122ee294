package disk

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

func preallocate(file *os.File, size int64) error {
	setSparse(file, false)
	err := windows.SetFileInformationByHandle(windows.Handle(file.Fd()), windows.FileAllocationInfo,
		(*byte)(unsafe.Pointer(&size)), uint32(unsafe.Sizeof(size)))
	if isOneOf(err, unsupported) {
		return nil
	}
	return err
}
