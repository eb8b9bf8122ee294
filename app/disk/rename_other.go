//go:build !linux && !darwin && !windows

package disk

import (
	"errors"
	"os"
)

func renameNoReplace(_ *os.File, _ string, _ *os.File, _ string) error {
	return errors.ErrUnsupported
}
