//go:build cgo

package desktop

import (
	"context"
	"os/exec"
)

// revealNatively has the Finder select a file in its folder.
func revealNatively(ctx context.Context, path string) error {
	return exec.CommandContext(ctx, "/usr/bin/open", "-R", path).Run()
}
