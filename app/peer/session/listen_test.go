package session

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"testing"
	"time"
)

// visitor is a connection from an address, of which a test sees the end.
type visitor struct {
	net.Conn
	from   net.Addr
	closed bool
}

func (v *visitor) RemoteAddr() net.Addr { return v.from }

func (v *visitor) Close() error {
	v.closed = true
	return nil
}

func visitorFrom(ip string) *visitor {
	return &visitor{from: net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(ip), 4000))}
}

func TestIncomingConnectionsAreBoundedInAllAndByAddress(t *testing.T) {
	t.Parallel()
	var g guests
	now := time.Now()
	crowd := func(n int, ip func(i int) string) (in []*guest) {
		for i := range n {
			if guest, admitted := g.admit(visitorFrom(ip(i)), now); admitted {
				in = append(in, guest)
			}
		}
		return in
	}
	one := func(int) string { return "192.0.2.1" }
	first := crowd(100, one)
	if n := len(first); n != 64 {
		t.Errorf("%d of one address", n)
	}
	if n := len(crowd(100, func(i int) string { return fmt.Sprintf("2001:db8::%x", i+1) })); n != 64 {
		t.Errorf("%d of one IPv6 network", n)
	}
	if n := len(crowd(100, func(int) string { return "127.0.0.1" })); n != 100 {
		t.Errorf("%d of this computer", n)
	}
	g.leave(first[0])
	g.leave(first[0]) // which does nothing
	if n := len(crowd(2, one)); n != 1 {
		t.Errorf("one that left makes room for %d", n)
	}
	crowd(1000, func(i int) string { return fmt.Sprintf("198.51.%d.%d", i/250, i%250) })
	if len(g.all) != maxConns {
		t.Errorf("%d in all", len(g.all))
	}
}

// Eight addresses hold all places, and more come.
func TestWhoHoldsPlacesWithoutUseGivesThemToOthers(t *testing.T) {
	t.Parallel()
	began := time.Now()
	full := func(met func(i int) *Conn) *guests {
		var g guests
		for i := range maxConns {
			in, admitted := g.admit(visitorFrom(fmt.Sprintf("192.0.2.%d", i%8)), began)
			if !admitted {
				t.Fatal("there are fewer places")
			}
			in.met.Store(met(i))
		}
		return &g
	}
	moved := func(at time.Time) *Conn {
		c := &Conn{}
		c.moved.Store(at.UnixNano())
		return c
	}
	closed := func(g *guests, of map[*guest]struct{}) (out []*guest) {
		for in := range of {
			if in.conn.(*visitor).closed {
				out = append(out, in)
			}
		}
		if len(g.all) > maxConns {
			t.Errorf("%d are in", len(g.all))
		}
		return out
	}
	for name, c := range map[string]struct {
		met    func(i int) *Conn
		after  time.Duration
		same   bool // the newcomer comes from one of their addresses
		admits bool
		gives  int // the index of who gives its place, if that is certain
	}{
		"nobody has shaken hands yet":          {met: func(int) *Conn { return nil }, after: time.Second, same: true},
		"nobody has shaken hands for long":     {met: func(int) *Conn { return nil }, after: 3 * time.Second, admits: true, gives: -1},
		"one has asked for nothing for long":   {met: func(i int) *Conn { return moved(began.Add(time.Duration(i) * time.Second)) }, after: 6 * time.Second, admits: true, gives: 0},
		"all are busy, and one address's":      {met: func(int) *Conn { return moved(began.Add(time.Minute)) }, after: time.Minute, admits: true, gives: -1},
		"all are busy, and it has its own too": {met: func(int) *Conn { return moved(began.Add(time.Minute)) }, after: time.Minute, same: true},
	} {
		g := full(c.met)
		before := maps.Clone(g.all)
		from := "203.0.113.5"
		if c.same { // of this computer, whose connections have no limit of their own
			for in := range g.all {
				g.of[in.at]--
				in.at = netip.MustParsePrefix("127.0.0.1/32")
				g.of[in.at]++
			}
			from = "127.0.0.1"
		}
		_, admitted := g.admit(visitorFrom(from), began.Add(c.after))
		out := closed(g, before)
		if admitted != c.admits || len(out) > 1 || (len(out) == 1) != c.admits {
			t.Errorf("%s: it is let in: %t, and %d have to go", name, admitted, len(out))
		}
		if c.admits && c.gives >= 0 && len(out) == 1 && out[0].met.Load().moved.Load() != began.Add(time.Duration(c.gives)*time.Second).UnixNano() {
			t.Errorf("%s: the wrong one has to go", name)
		}
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
