package desktop

import (
	"context"
	"os/exec"
	"path/filepath"
	"syscall"
)

// revealNatively has the Explorer select a file in its folder. It reads its command line
// in its own way, and its exit code says nothing.
func revealNatively(_ context.Context, path string) error {
	cmd := exec.Command("explorer.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `explorer.exe /select,"` + filepath.Clean(path) + `"`}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
