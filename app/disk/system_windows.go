package disk

import (
	"errors"
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

func identify(file *os.File, _ fs.FileInfo) (Identity, error) {
	return identifyHandle(windows.Handle(file.Fd()))
}

// deviceOf is 0: no folder of this system needs to be told apart by it.
func deviceOf(fs.FileInfo) uint64 { return 0 }

func identifyPath(path string, _ fs.FileInfo) (Identity, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Identity{}, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	handle, err := windows.CreateFile(name, windows.FILE_READ_ATTRIBUTES, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return Identity{}, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer windows.CloseHandle(handle)
	return identifyHandle(handle)
}

func identifyHandle(handle windows.Handle) (Identity, error) {
	var by windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &by); err != nil {
		return Identity{}, err
	}
	changed, err := changeTime(handle)
	if err != nil {
		return Identity{}, err
	}
	return Identity{Device: uint64(by.VolumeSerialNumber), Inode: uint64(by.FileIndexHigh)<<32 | uint64(by.FileIndexLow), Changed: changed}, nil
}

// basicInfo is FILE_BASIC_INFO: times in steps of 100 ns since 1601.
type basicInfo struct {
	creationTime, lastAccessTime, lastWriteTime, changeTime int64

	fileAttributes uint32
}

// changeTime returns 0 if the file system keeps no time of change, as FAT does.
func changeTime(handle windows.Handle) (int64, error) {
	var info basicInfo
	err := windows.GetFileInformationByHandleEx(handle, windows.FileBasicInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	switch {
	case isOneOf(err, unsupported):
		return 0, nil
	case err != nil:
		return 0, err
	case info.changeTime == 0:
		return 0, nil
	}
	time := windows.Filetime{LowDateTime: uint32(info.changeTime), HighDateTime: uint32(info.changeTime >> 32)}
	return time.Nanoseconds(), nil
}

// unsupported lists how a file system, above all one in the network, says that
// it does not know a request.
var unsupported = []error{
	windows.ERROR_INVALID_FUNCTION, windows.ERROR_NOT_SUPPORTED, windows.ERROR_INVALID_PARAMETER, windows.ERROR_CALL_NOT_IMPLEMENTED,
}

// meansMissing lists how the system says that it cannot rename or link in some way:
// package syscall makes up the numbers of its EPERM, EMLINK and EXDEV here.
var meansMissing = append([]error{windows.ERROR_TOO_MANY_LINKS, windows.ERROR_NOT_SAME_DEVICE}, unsupported...)

// openNonblock means nothing here: no file on a disk makes its opening wait.
const openNonblock = 0

func linkCount(file *os.File, _ fs.FileInfo) int {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(file.Fd()), &info); err != nil {
		return 1
	}
	return int(info.NumberOfLinks)
}

// lock locks one byte far behind the largest content, because a lock keeps others from
// reading here.
func lock(file *os.File) error {
	beyond := &windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, beyond)
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return ErrLocked
	case errors.Is(err, windows.ERROR_NOT_SUPPORTED), errors.Is(err, windows.ERROR_INVALID_FUNCTION):
		return nil
	}
	return err
}
