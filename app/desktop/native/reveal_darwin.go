package native

import (
	"context"
	"os/exec"
)

func reveal(ctx context.Context, path string) error {
	return exec.CommandContext(ctx, "/usr/bin/open", "-R", path).Run()
}
