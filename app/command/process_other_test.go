//go:build !windows

package command

import (
	"os"
	"syscall"
)

var ownGroup *syscall.SysProcAttr // none is needed to send a signal to one process

func send(p *os.Process, signal os.Signal) error { return p.Signal(signal) }
