//go:build !linux && !darwin && !windows

package piece

import (
	"errors"
	"os"
)

func renameNoReplace(_ *os.File, _ string, _ *os.File, _ string) error {
	return errors.ErrUnsupported
}
