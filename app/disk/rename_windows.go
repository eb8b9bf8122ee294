package disk

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// renameInformation is FILE_RENAME_INFORMATION; as much of the name as counts follows.
type renameInformation struct {
	replaceIfExists uint32 // a BOOLEAN, and bytes that align what follows
	rootDirectory   windows.Handle
	fileNameLength  uint32 // bytes
	fileName        [windows.MAX_LONG_PATH]uint16
}

// renameNoReplace renames in one step on every file system, also on FAT and exFAT,
// which have no hard links.
func renameNoReplace(fromDir *os.File, from string, toDir *os.File, to string) error {
	failed := func(err error) error {
		if status, ok := err.(windows.NTStatus); ok {
			err = status.Errno()
		}
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	name, err := windows.NewNTUnicodeString(from)
	if err != nil {
		return failed(err)
	}
	var file windows.Handle
	object := windows.OBJECT_ATTRIBUTES{
		RootDirectory: windows.Handle(fromDir.Fd()), ObjectName: name,
		Attributes: windows.OBJ_CASE_INSENSITIVE | windows.OBJ_DONT_REPARSE,
	}
	object.Length = uint32(unsafe.Sizeof(object))
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	const options = windows.FILE_OPEN_REPARSE_POINT | windows.FILE_OPEN_FOR_BACKUP_INTENT | windows.FILE_SYNCHRONOUS_IO_NONALERT
	var status windows.IO_STATUS_BLOCK
	if err := windows.NtCreateFile(&file, windows.SYNCHRONIZE|windows.DELETE, &object, &status, nil, 0, share, windows.FILE_OPEN, options, 0, 0); err != nil {
		return failed(err)
	}
	defer windows.CloseHandle(file)
	info := renameInformation{rootDirectory: windows.Handle(toDir.Fd())}
	text, err := windows.UTF16FromString(to)
	if err != nil {
		return failed(err)
	}
	if len(text) > len(info.fileName) {
		return failed(windows.ERROR_FILENAME_EXCED_RANGE)
	}
	copy(info.fileName[:], text)
	info.fileNameLength = uint32(len(text)-1) * 2 // without the zero at the end
	err = windows.NtSetInformationFile(file, &status, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), windows.FileRenameInformation)
	if err != nil {
		return failed(err)
	}
	return nil
}
