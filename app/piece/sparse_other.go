//go:build !linux && !windows

package piece

import (
	"errors"
	"os"
)

// written reports whether a file may have data in the whole range, in bytes.
func written(file *os.File, offset, length int64) bool {
	info, err := file.Stat()
	return err == nil && info.Size() >= offset+length
}

// punchHole is a means that only Linux has in one form for all file systems.
func punchHole(*os.File, int64, int64) error { return errors.ErrUnsupported }

// keepsHoles says that zeros may become holes of a finished file.
const keepsHoles = true

// setSparse does nothing: every file may have holes.
func setSparse(*os.File, bool) {}
