package session

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestIncomingConnectionsAreBoundedInAllAndByAddress(t *testing.T) {
	t.Parallel()
	var g guests
	come := func(from net.Addr) bool {
		_, admitted := g.admit(from)
		return admitted
	}
	leave := func(from net.Addr) { g.leave(Network(from.(*net.TCPAddr).AddrPort().Addr().Unmap())) }
	from := func(ip string) net.Addr {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 4000))
	}
	crowd := func(n int, ip func(i int) string) (admitted int) {
		for i := range n {
			if come(from(ip(i))) {
				admitted++
			}
		}
		return admitted
	}
	if n := crowd(100, func(int) string { return "192.0.2.1" }); n != 64 {
		t.Errorf("%d of one address", n)
	}
	if n := crowd(100, func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) }); n != 64 {
		t.Errorf("%d of one IPv6 network", n)
	}
	if n := crowd(100, func(int) string { return "127.0.0.1" }); n != 100 {
		t.Errorf("%d of this computer", n)
	}
	leave(from("192.0.2.1"))
	if !come(from("192.0.2.1")) || come(from("192.0.2.1")) {
		t.Error("one that left does not make room for one")
	}
	if n := crowd(1000, func(i int) string { return fmt.Sprintf("198.51.%d.%d", i/250, i%250) }); n != 512-64-64-100 {
		t.Errorf("%d more in all", n)
	}
}

func TestAListenerThatIsClosedUnderneathIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(l net.Listener, cancel context.CancelFunc)
		fail bool
	}{
		"closed underneath": {func(l net.Listener, _ context.CancelFunc) { l.Close() }, true},
		"no longer wanted":  {func(_ net.Listener, cancel context.CancelFunc) { cancel() }, false},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cs := New(ctx, Config{Log: slog.New(slog.DiscardHandler), Timing: StandardTiming})
		ended := make(chan error, 1)
		go func() { ended <- cs.Listen(ctx, l) }()
		c.end(l, cancel)
		select {
		case err := <-ended:
			if (err != nil) != c.fail {
				t.Errorf("%s: it says %v", name, err)
			}
		case <-time.After(patience):
			t.Errorf("%s: it goes on", name)
		}
		cancel()
		cs.Close()
	}
}
