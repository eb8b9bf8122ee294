package piece

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// preallocate takes the space of a file on the disk and leaves its size as it
// is. A file system that cannot do so is no error.
func preallocate(file *os.File, size int64) error {
	err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}
