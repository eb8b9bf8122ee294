//go:build !linux

package disk

import (
	"errors"
	"os"
)

// clone is left to the system's own copying.
func clone(_, _ *os.File) error { return errors.ErrUnsupported }
