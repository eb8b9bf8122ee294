package piece

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// syncDir does nothing: Windows has no fsync of a folder. The next start
// verifies again what a power failure left behind.
func syncDir(*os.File) error { return nil }

func isNoSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) || errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// FreeSpace is the number of bytes that may still be written below dir.
func FreeSpace(dir string) (int64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(path, &free, nil, nil)
	return int64(free), err
}

// identify tells one state of a file from another.
func identify(info fs.FileInfo) State {
	return State{Size: info.Size(), Modified: info.ModTime().UnixNano()}
}
