//go:build windows || (darwin && cgo)

package desktop

import "context"

// pickNatively has no picker of the system to offer here.
func pickNatively(context.Context, string, bool) ([]string, error) { return nil, errNoPicker }
