//go:build windows || darwin

package native

import "context"

// pick has no picker of the system to offer here.
func pick(context.Context, string, bool) ([]string, error) { return nil, ErrNoPicker }
