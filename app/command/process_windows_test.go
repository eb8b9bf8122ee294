package command

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// ownGroup has a process be the first of a group, which can be interrupted alone.
var ownGroup = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}

// send kills a process, or interrupts it as Ctrl+Break does: there are no other signals.
func send(p *os.Process, signal os.Signal) error {
	if signal == os.Kill {
		return p.Kill()
	}
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
}
