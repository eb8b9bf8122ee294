//go:build !linux && !darwin && !windows

package awake

import (
	"errors"
	"io"
)

// stopSleep knows no way on this system.
func stopSleep() (io.Closer, error) { return nil, errors.ErrUnsupported }
