package trackerclient

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// boundSending ends a connection once what was sent is not acknowledged for that long.
func boundSending(c *net.TCPConn, after time.Duration) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(after.Milliseconds()))
	})
}
