package native

import (
	"context"
	"os/exec"
	"path/filepath"
	"syscall"
)

// reveal asks the Explorer, which reads its command line in its own way, and whose exit
// code says nothing.
func reveal(_ context.Context, path string) error {
	cmd := exec.Command("explorer.exe")
	cmd.SysProcAttr = &syscall.SysProcAttr{CmdLine: `explorer.exe /select,"` + filepath.Clean(path) + `"`}
	if err := cmd.Start(); err != nil {
		return err
	}
	return cmd.Process.Release()
}
