package piece

import (
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// preallocate reserves the space of a file on the disk and leaves its size as it
// is. It is no error if the file system cannot do that.
func preallocate(file *os.File, size int64) error {
	setSparse(file, false)
	err := windows.SetFileInformationByHandle(windows.Handle(file.Fd()), windows.FileAllocationInfo,
		(*byte)(unsafe.Pointer(&size)), uint32(unsafe.Sizeof(size)))
	if isOneOf(err, unsupported) {
		return nil
	}
	return err
}
