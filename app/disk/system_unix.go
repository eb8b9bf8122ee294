//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func identify(_ *os.File, info fs.FileInfo) (Identity, error) { return identifyPath("", info) }

func identifyPath(_ string, info fs.FileInfo) (Identity, error) {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return Identity{Device: uint64(sys.Dev), Inode: uint64(sys.Ino), Changed: changeTime(sys)}, nil
	}
	return Identity{}, nil
}

func deviceOf(info fs.FileInfo) uint64 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(sys.Dev)
	}
	return 0
}

// meansMissing lists how the system says that it cannot rename or link in some way.
var meansMissing = []error{syscall.EPERM, syscall.EMLINK, syscall.EXDEV}

const openNonblock = syscall.O_NONBLOCK

func linkCount(_ *os.File, info fs.FileInfo) int {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(sys.Nlink)
	}
	return 1
}

func lock(file *os.File) error {
	err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return ErrLocked
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, unix.ENOLCK), errors.Is(err, unix.EINVAL):
		return nil
	}
	return err
}

func occupied(_ *os.Root, _ string, info fs.FileInfo) int64 { return blocksOf(info) }

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
