// Package bustest runs a message bus of its own for tests of what a desktop of Linux is
// asked for. The package is for tests only.
package bustest

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"
)

// Start runs a bus until the test is over, names it in a variable of the environment
// (DBUS_SESSION_BUS_ADDRESS or DBUS_SYSTEM_BUS_ADDRESS), and returns a connection to it.
// The test is skipped where there is no dbus-daemon, but fails if CI=true.
func Start(t *testing.T, variable string) *dbus.Conn {
	t.Helper()
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil && os.Getenv("CI") != "true" {
		t.Skip("dbus-daemon is not installed: on Debian, it is in the package dbus-daemon")
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(daemon, "--session", "--nofork", "--print-address=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(address)
	t.Setenv(variable, address)
	bus, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	return bus
}
