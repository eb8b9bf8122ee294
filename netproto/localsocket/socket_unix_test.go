//go:build !windows

package localsocket

import (
	"net"
	"testing"
)

// killed leaves the socket of a process that was killed.
func killed(t *testing.T, path string) {
	t.Helper()
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
}
