package piece

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// written reports whether a file may have data in the whole range, in bytes: it
// has no hole there. Thanks to it, a kill costs nothing that was verified.
func written(file *os.File, offset, length int64) bool {
	hole, err := file.Seek(offset, unix.SEEK_HOLE)
	return err == nil && hole >= offset+length
}

// punchHole gives back the space of a range of a file, which then reads as zeros. The
// size of the file stays. The error is errors.ErrUnsupported if the file system cannot.
func punchHole(file *os.File, offset, length int64) error {
	err := unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, length)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENODEV) {
		return errors.ErrUnsupported
	}
	return err
}

// keepsHoles says that zeros may become holes of a finished file.
const keepsHoles = true

// setSparse does nothing: every file may have holes.
func setSparse(*os.File, bool) {}
