//go:build unix

package piece

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func syncDir(d *os.File) error {
	err := d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil // a file system that cannot sync folders
	}
	return err
}

// identify returns the state of a file. Programs may set size and time of writing
// back; the inode and its time of change give that away.
func identify(_ *os.File, info fs.FileInfo) (State, error) {
	s := State{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.Device, s.Inode, s.Changed = uint64(sys.Dev), uint64(sys.Ino), changeTime(sys)
	}
	return s, nil
}

// DeviceOf is the number of the file system that a file is on; 0 if it is unknown.
func DeviceOf(info fs.FileInfo) uint64 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(sys.Dev)
	}
	return 0
}

// identifyPath is identify for a file that is not open.
func identifyPath(_ string, info fs.FileInfo) (State, error) { return identify(nil, info) }

// meansMissing lists how the system says that it cannot rename or link in some way.
var meansMissing = []error{syscall.EPERM, syscall.EMLINK, syscall.EXDEV}

// openNonblock keeps opening a named pipe from waiting for its writer.
const openNonblock = syscall.O_NONBLOCK

// linkCount returns the number of names that an open file has.
func linkCount(_ *os.File, info fs.FileInfo) int {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(sys.Nlink)
	}
	return 1
}

// lockFile locks an open file until it is closed, or returns errLocked if another
// program has it. It is no error if the file system has no locks.
func lockFile(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return errLocked
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EINVAL):
		return nil
	}
	return err
}

// Occupied returns the number of bytes that a file in root takes on the disk, fewer
// than its size if it is sparse; info is what the system said about it.
func Occupied(_ *os.Root, _ string, info fs.FileInfo) int64 { return blocksOf(info) }

// hasHoles reports whether a file takes less space than its size.
func hasHoles(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && blocksOf(info) < info.Size()
}

// blocksOf returns the number of bytes that a file takes on the disk.
func blocksOf(info fs.FileInfo) int64 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return sys.Blocks * 512
	}
	return 0
}
