package awake

import (
	"io"
	"runtime"

	"golang.org/x/sys/windows"
)

var setExecutionState = windows.NewLazySystemDLL("kernel32.dll").NewProc("SetThreadExecutionState")

// Of winbase.h.
const (
	esSystemRequired = 0x00000001
	esContinuous     = 0x80000000
)

// stopSleep has a thread of its own say that the system is needed: what a thread says
// holds until it ends.
func stopSleep() (io.Closer, error) {
	said, over := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if before, _, err := setExecutionState.Call(esContinuous | esSystemRequired); before == 0 {
			said <- err
			return
		}
		said <- nil
		<-over
		setExecutionState.Call(esContinuous)
	}()
	if err := <-said; err != nil {
		return nil, err
	}
	return needed(over), nil
}

type needed chan struct{}

// Close lets the system sleep.
func (n needed) Close() error {
	close(n)
	return nil
}
