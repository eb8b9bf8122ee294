//go:build unix

package reuse

import (
	"syscall"

	"golang.org/x/sys/unix"
)

const sharesListener = true

// keepAlone leaves the listener as Go makes it: alone at its port.
func keepAlone(_, _ string, _ syscall.RawConn) error { return nil }

// share lets other sockets of this user have the same port.
func share(_, _ string, c syscall.RawConn) error {
	var set error
	err := c.Control(func(fd uintptr) {
		if set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); set == nil {
			set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}
	})
	if err != nil {
		return err
	}
	return set
}
