//go:build !linux && !darwin

package piece

import (
	"errors"
	"os"
)

func renameNoReplace(_ *os.File, _ string, _ *os.File, _ string) error {
	return errors.ErrUnsupported
}
