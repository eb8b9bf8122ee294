package peer_test

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"centralizedp2p/app/peer"
)

// inANetworkOfItsOwn runs the test again as a process in new namespaces, where it is root
// and changes nothing of this computer, and reports whether this is that process.
func inANetworkOfItsOwn(t *testing.T) bool {
	t.Helper()
	const inside = "CP2P_TEST_NETWORK"
	if os.Getenv(inside) != "" {
		return true
	}
	if _, err := exec.LookPath("ip"); err != nil {
		unlessCI(t, "the program ip is not here")
	}
	self := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	self.Env = append(os.Environ(), inside+"=1")
	self.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	runtime.LockOSThread() // for Pdeathsig
	defer runtime.UnlockOSThread()
	out, err := self.CombinedOutput()
	if err != nil && len(out) == 0 {
		unlessCI(t, "namespaces do not work here: "+err.Error())
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("%v\n%s", err, out)
	}
	return false
}

// unlessCI skips the test, except in CI, which has all that is needed.
func unlessCI(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func ip(t *testing.T, words string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(words)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", words, err, out)
	}
}

// The system tells of another gateway though no address changes, and what only concerns
// single networks is no other way out.
func TestTheSystemTellsOfAnotherGateway(t *testing.T) {
	if !inANetworkOfItsOwn(t) {
		return
	}
	hints := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error)
	go func() {
		over <- peer.SystemChanges(ctx, func() {
			select {
			case hints <- struct{}{}:
			default:
			}
		})
	}()
	defer func() {
		cancel()
		if err := <-over; err != nil {
			t.Error(err)
		}
	}()
	ip(t, "link add one type veth peer name other")
	ip(t, "addr add 192.0.2.7/24 dev one")
	ip(t, "addr add 2001:db8::7/64 dev one nodad")
	ip(t, "link set one up")
	ip(t, "link set other up")
	look := func() string {
		t.Helper()
		routes, err := peer.SystemRoutes()
		if err != nil {
			t.Fatal(err)
		}
		return routes
	}
	before := look()
	for _, step := range []struct {
		words string
		other bool // way out
	}{
		{"route add default via 192.0.2.1", true},
		{"route replace default via 192.0.2.2", true},
		{"route add 198.51.100.0/24 via 192.0.2.3", false},
		{"route add 0.0.0.0/1 via 192.0.2.4", true},
		{"-6 route add default via 2001:db8::1", true},
		{"-6 route add 2000::/3 via 2001:db8::2", true},
		{"-6 route add 2001:db8:5::/48 via 2001:db8::3", false},
		{"-6 route replace default via 2001:db8::1 expires 100", false},
		{"route del default", true},
	} {
		for done := false; !done; { // those of the step before
			select {
			case <-hints:
			case <-time.After(50 * time.Millisecond):
				done = true
			}
		}
		ip(t, step.words)
		select {
		case <-hints:
		case <-time.After(30 * time.Second):
			t.Fatalf("nobody tells of %q", step.words)
		}
		now := look()
		if (now != before) != step.other {
			t.Errorf("after %q the way out is %q, and was %q", step.words, now, before)
		}
		before = now
	}
}
