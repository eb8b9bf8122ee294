package command

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

var kernel = windows.NewLazySystemDLL("kernel32.dll")

// onWine says that this is no Windows, but what stands for it elsewhere.
var onWine = windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil

// ownGroup has a process be the first of a group, which can be interrupted alone.
var ownGroup = newGroup()

func newGroup() *syscall.SysProcAttr {
	if onWine { // where the first of a group hears of no key
		return nil
	}
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// send kills a process, or interrupts it as Ctrl+Break does: there are no other signals.
func send(p *os.Process, signal os.Signal) error {
	switch {
	case signal == os.Kill:
		return p.Kill()
	case onWine:
		return breakIn(uint32(p.Pid))
	default:
		return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
	}
}

// breakIn does what Windows does for Ctrl+Break, and Wine only in a console, which tests
// do not have: a thread of the process calls those that handle keys.
func breakIn(pid uint32) error {
	const rights = windows.PROCESS_CREATE_THREAD | windows.PROCESS_QUERY_INFORMATION |
		windows.PROCESS_VM_OPERATION | windows.PROCESS_VM_WRITE | windows.PROCESS_VM_READ
	process, err := windows.OpenProcess(rights, false, pid)
	if err == windows.ERROR_INVALID_PARAMETER {
		return os.ErrProcessDone
	}
	if err != nil {
		return err
	}
	defer windows.CloseHandle(process)
	routine := kernel.NewProc("CtrlRoutine") // at the same address in every process
	if err := routine.Find(); err != nil {
		return err
	}
	thread, _, err := kernel.NewProc("CreateRemoteThread").Call(uintptr(process), 0, 0, routine.Addr(), windows.CTRL_BREAK_EVENT, 0, 0)
	if thread == 0 {
		return err
	}
	return windows.CloseHandle(windows.Handle(thread))
}
