package reuse_test

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"centralizedp2p/netproto/reuse"
)

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

func open(t testing.TB, address string) *reuse.Port {
	t.Helper()
	p, err := reuse.Listen(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// ends are the two ends that each of two peers may get of a meeting.
type ends struct{ accepted, dialled chan net.Conn }

func meet(ctx context.Context, p *reuse.Port, other string) ends {
	e := ends{make(chan net.Conn, 4), make(chan net.Conn, 1)}
	go func() {
		for {
			c, err := p.Accept()
			if err != nil {
				close(e.accepted)
				return
			}
			e.accepted <- c
		}
	}()
	go func() {
		defer close(e.dialled)
		if c, err := p.Dial(ctx, "tcp", other); err == nil {
			e.dialled <- c
		}
	}()
	return e
}

// first returns the end that a peer has of a meeting.
func (e ends) first(ctx context.Context) net.Conn {
	dialled := e.dialled
	for {
		select {
		case c := <-e.accepted:
			return c
		case c := <-dialled:
			if c != nil {
				return c
			}
			dialled = nil // the other side was faster: it is accepted
		case <-ctx.Done():
			return nil
		}
	}
}

// Two peers that dial each other from the ports they listen at end up with one
// connection, whichever of connect and accept gave it: what a punch is, without a NAT.
func TestTwoThatDialEachOtherMeet(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nobody listens at the port that is dialled from, and nobody knows it before a line stands")
	}
	t.Parallel()
	for range 300 {
		a, b := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		ea, eb := meet(ctx, a, b.Addr().String()), meet(ctx, b, a.Addr().String())
		x, y := ea.first(ctx), eb.first(ctx)
		if x == nil || y == nil {
			t.Fatal("they did not meet")
		}
		if x.LocalAddr().String() != y.RemoteAddr().String() || y.LocalAddr().String() != x.RemoteAddr().String() {
			t.Errorf("two connections: %v-%v and %v-%v", x.LocalAddr(), x.RemoteAddr(), y.LocalAddr(), y.RemoteAddr())
		}
		for _, c := range []net.Conn{x, y} {
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
		a.Close()
		b.Close()
		cancel()
	}
}

// A router keeps one place outside for all that comes from one port.
func TestAllDialsComeFromOnePort(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"127.0.0.1:0", ":0"} {
		p := open(t, address)
		var ports []int
		for range 3 {
			server := open(t, "127.0.0.1:0")
			c, err := p.DialOrFree(t.Context(), "tcp", server.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ports = append(ports, c.LocalAddr().(*net.TCPAddr).Port)
		}
		if ports[0] != ports[1] || ports[1] != ports[2] {
			t.Errorf("they come from %v", ports)
		}
		if listens := ports[0] == p.Number(); listens != (runtime.GOOS != "windows") {
			t.Errorf("%s is listened at, and they come from %d", p.Addr(), ports[0])
		}
	}
}

// A second program with the same port would get half of the connections.
func TestASecondListenerLearnsThatThePortIsInUse(t *testing.T) {
	t.Parallel()
	first := open(t, "127.0.0.1:0")
	for i := range 2 {
		second, err := reuse.Listen(t.Context(), first.Addr().String())
		if err == nil {
			second.Close()
			t.Fatal("two listen at one port")
		}
		if !reuse.InUse(err) {
			t.Errorf("the error is %v", err)
		}
		if i == 0 { // also while connections come from that port
			server := open(t, "127.0.0.1:0")
			c, err := first.Dial(t.Context(), "tcp", server.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
		}
	}
}

// After a restart the port is there again, although connections from it were open.
func TestThePortIsFreeAfterItWasClosed(t *testing.T) {
	t.Parallel()
	server := open(t, "127.0.0.1:0")
	p := open(t, "127.0.0.1:0")
	at := p.Addr().String()
	c, err := p.Dial(t.Context(), "tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	c.Close() // this side waits in TIME_WAIT
	again, err := reuse.Listen(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// A line that is made again right after it broke comes from a free port, if the system
// still keeps the old connection: rather that than no line.
func TestASecondConnectionToOneAddressComesFromAFreePort(t *testing.T) {
	t.Parallel()
	server, p := open(t, "127.0.0.1:0"), open(t, "127.0.0.1:0")
	first, err := p.DialOrFree(t.Context(), "tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if c, err := p.Dial(t.Context(), "tcp", server.Addr().String()); !reuse.Taken(err) {
		t.Errorf("a second connection between two ports: %v, %v", c, err)
	}
	second, err := p.DialOrFree(t.Context(), "tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	for _, c := range []net.Conn{first, second} {
		if _, err := c.Write([]byte{1}); err != nil {
			t.Error(err)
		}
		accepted, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer accepted.Close()
		if _, err := io.ReadFull(accepted, make([]byte, 1)); err != nil {
			t.Error(err)
		}
	}
}

func TestADialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p := open(t, "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := p.Dial(ctx, "tcp", p.Addr().String()); err == nil {
		c.Close()
		t.Error("it connected")
	}
}

func TestBothFamiliesAreDialledFromThePort(t *testing.T) {
	t.Parallel()
	p := open(t, ":0")
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		server, err := net.Listen("tcp", address)
		if err != nil {
			t.Logf("this computer has no %s", address)
			continue
		}
		defer server.Close()
		c, err := p.Dial(t.Context(), "tcp", server.Addr().String())
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		c.Close()
	}
}

func TestErrorsOfWindowsAreUnderstood(t *testing.T) {
	for _, c := range []struct {
		number       syscall.Errno
		inUse, taken bool
	}{{10048, true, true}, {10013, true, false}, {10049, false, true}, {10061, false, false}} {
		err := os.NewSyscallError("bind", c.number)
		if reuse.InUse(err) != c.inUse || reuse.Taken(err) != c.taken {
			t.Errorf("%d: in use %v, taken %v", c.number, reuse.InUse(err), reuse.Taken(err))
		}
	}
}
