package trackerclient_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"testing"

	"golang.org/x/sys/unix"

	"centralizedp2p/netproto"
)

// Whatever a router forgets, the system says something on an idle line within 10 s, and
// gives up within as long what nobody acknowledges.
func TestTheSystemWatchesOverALine(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	s := startStandIn(t, changesTo(netproto.LineProtocol, func(_ net.Conn, b *bufio.ReadWriter, _ *http.Request) {
		b.Flush()
		<-over
	}))
	var raw *net.TCPConn
	line, err := s.client(t, netproto.Fingerprint{}, newMemory()).Line(t.Context(), "tcp4", func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := overTCP(ctx, network, address)
		if err == nil {
			raw = c.(*net.TCPConn)
		}
		return c, err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	get := func(level, option int) (value int) {
		t.Helper()
		control, err := raw.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if err := control.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, option) }); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if on := get(unix.SOL_SOCKET, unix.SO_KEEPALIVE); on != 1 {
		t.Error("it does not keep the line alive")
	}
	quiet, probe, count := get(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE), get(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL), get(unix.IPPROTO_TCP, unix.TCP_KEEPCNT)
	if quiet+probe*count > 10 {
		t.Errorf("a line is silent for %d s and dead after %d more probes, %d s apart", quiet, count, probe)
	}
	if unacknowledged := get(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT); unacknowledged < 1000 || unacknowledged > 10_000 {
		t.Errorf("what is not acknowledged ends it after %d ms", unacknowledged)
	}
}
