//go:build !linux && !windows

package disk

import (
	"errors"
	"os"
)

func written(file *os.File, offset, length int64) bool {
	info, err := file.Stat()
	return err == nil && info.Size() >= offset+length
}

// punchHole is a means that only Linux has in one form for all file systems.
func punchHole(*os.File, int64, int64) error { return errors.ErrUnsupported }

const keepsHoles = true

func setSparse(*os.File, bool) {}
