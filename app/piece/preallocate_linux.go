package piece

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// preallocate reserves the space of a file on the disk and leaves its size as it
// is. It is no error if the file system cannot do that.
func preallocate(file *os.File, size int64) error {
	err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}
