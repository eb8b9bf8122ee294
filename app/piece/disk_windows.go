package piece

import (
	"errors"
	"io/fs"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"
)

// syncDir does nothing: Windows cannot fsync a folder. The next start verifies
// what a power failure left behind.
func syncDir(*os.File) error { return nil }

// identify returns the state of a file. Programs may set size and time of writing
// back; the number of the file on its volume and its time of change give that
// away.
func identify(file *os.File, info fs.FileInfo) (State, error) {
	return identifyHandle(windows.Handle(file.Fd()), info)
}

// DeviceOf is 0: no folder of this system needs to be told apart by it.
func DeviceOf(fs.FileInfo) uint64 { return 0 }

// identifyPath is identify for a file that is not open. It opens the file without
// asking for a right to read it, and keeps nobody from anything.
func identifyPath(path string, info fs.FileInfo) (State, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return State{}, err
	}
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	handle, err := windows.CreateFile(name, windows.FILE_READ_ATTRIBUTES, share, nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
	if err != nil {
		return State{}, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer windows.CloseHandle(handle)
	return identifyHandle(handle, info)
}

func identifyHandle(handle windows.Handle, info fs.FileInfo) (State, error) {
	var by windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &by); err != nil {
		return State{}, err
	}
	changed, err := changeTime(handle)
	if err != nil {
		return State{}, err
	}
	return State{Size: info.Size(), Modified: info.ModTime().UnixNano(), Changed: changed,
		Device: uint64(by.VolumeSerialNumber), Inode: uint64(by.FileIndexHigh)<<32 | uint64(by.FileIndexLow)}, nil
}

// basicInfo is FILE_BASIC_INFO: times in steps of 100 ns since 1601.
type basicInfo struct {
	creationTime, lastAccessTime, lastWriteTime, changeTime int64

	fileAttributes uint32
}

// changeTime returns when the file was last changed in any way, in nanoseconds
// since 1970. Programs set the time of the last write as they like, but seldom
// this one. It is 0 if the file system keeps none, as FAT does.
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

// linkCount returns the number of names that an open file has.
func linkCount(file *os.File, _ fs.FileInfo) int {
	var info windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(file.Fd()), &info); err != nil {
		return 1
	}
	return int(info.NumberOfLinks)
}

// lockFile locks an open file until it is closed, or returns errLocked if another
// program has it. On Windows a lock keeps others from reading, so it locks one
// byte far behind the largest content.
func lockFile(file *os.File) error {
	beyond := &windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, beyond)
	switch {
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return errLocked
	case errors.Is(err, windows.ERROR_NOT_SUPPORTED), errors.Is(err, windows.ERROR_INVALID_FUNCTION):
		return nil
	}
	return err
}
