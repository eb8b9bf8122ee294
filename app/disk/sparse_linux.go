package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func written(file *os.File, offset, length int64) bool {
	hole, err := file.Seek(offset, unix.SEEK_HOLE)
	return err == nil && hole >= offset+length
}

func punchHole(file *os.File, offset, length int64) error {
	err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, length)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENODEV) {
		return errors.ErrUnsupported
	}
	return err
}

const keepsHoles = true

func setSparse(*os.File, bool) {}
