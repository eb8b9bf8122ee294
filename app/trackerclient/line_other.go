//go:build !linux

package trackerclient

import (
	"net"
	"time"
)

// boundSending does nothing here: the system decides.
func boundSending(*net.TCPConn, time.Duration) {}
