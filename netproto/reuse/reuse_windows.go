package reuse

import (
	"syscall"

	"golang.org/x/sys/windows"
)

const sharesListener = false

// exclusiveAddrUse is SO_EXCLUSIVEADDRUSE, ~SO_REUSEADDR in winsock2.h.
const exclusiveAddrUse = ^windows.SO_REUSEADDR

// keepAlone has the listener keep its port from all others, also from those that ask
// to share it.
func keepAlone(_, _ string, c syscall.RawConn) error { return set(c, exclusiveAddrUse) }

// share lets other sockets have the same port.
func share(_, _ string, c syscall.RawConn) error { return set(c, windows.SO_REUSEADDR) }

func set(c syscall.RawConn, option int) error {
	var set error
	err := c.Control(func(fd uintptr) {
		set = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, option, 1)
	})
	if err != nil {
		return err
	}
	return set
}
