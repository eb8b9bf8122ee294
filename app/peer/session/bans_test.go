package session

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// court bans liars and looks who is refused afterwards.
type court struct {
	*testing.T
	bans
	now time.Time
	n   int
}

func (c *court) ban(liars int, from string) {
	for range liars {
		c.n++
		key := netproto.PublicKey{byte(c.n), byte(c.n >> 8), byte(c.n >> 16)}
		c.bans.ban(key, []netip.Addr{netip.MustParseAddr(from), netip.MustParseAddr(from)}, c.now)
		c.bans.ban(key, []netip.Addr{netip.MustParseAddr(from)}, c.now) // once more: it counts once
	}
}

func (c *court) want(refused bool, from ...string) {
	c.Helper()
	for _, address := range from {
		if c.refuses(netip.MustParseAddr(address), c.now) != refused {
			c.Errorf("%s is refused: %t", address, !refused)
		}
	}
}

func TestANetworkIsRefusedAfterManyLiars(t *testing.T) {
	t.Parallel()
	c := &court{T: t, now: time.Unix(1_700_000_000, 0)}
	c.want(false, "192.0.2.1", "2001:db8::1")
	c.ban(7, "192.0.2.1")
	c.want(false, "192.0.2.1") // a provider may have many customers there
	c.ban(1, "192.0.2.1")
	c.want(true, "192.0.2.1", "::ffff:192.0.2.1")
	c.want(false, "192.0.2.2")
	for n := range 3 {
		c.ban(8, fmt.Sprintf("192.0.2.%d", 2+n))
	}
	c.want(true, "192.0.2.1", "192.0.2.4", "192.0.2.200") // the whole /24
	c.want(false, "192.0.3.1")

	c.ban(1, "2001:db8:1:1::1")
	c.want(false, "2001:db8:1:1::1")
	c.ban(1, "2001:db8:1:1::1")
	c.want(true, "2001:db8:1:1::1")
	c.want(false, "2001:db8:1:1::2")
	c.ban(1, "2001:db8:1:1::3")
	c.ban(1, "2001:db8:1:1::4")
	c.want(true, "2001:db8:1:1:abcd::1") // the /64
	c.want(false, "2001:db8:1:2::1")
	for n := range 3 {
		c.ban(4, fmt.Sprintf("2001:db8:1:%x::1", 2+n))
	}
	c.want(true, "2001:db8:1:ffff::1") // the /48
	c.want(false, "2001:db8:2::1")
}

// An address that lies again each time it may does not have its neighbours shut out.
func TestOneAddressNeverHasItsNeighboursRefused(t *testing.T) {
	t.Parallel()
	c := &court{T: t, now: time.Unix(1_700_000_000, 0)}
	for range 23 {
		c.ban(8, "192.0.2.1")
		c.ban(4, "2001:db8:1:1::1")
		c.want(true, "192.0.2.1", "2001:db8:1:1::1")
		c.want(false, "192.0.2.2", "2001:db8:1:2::1")
		c.now = c.now.Add(networkBanTime + time.Second)
	}
}

func TestABanOfANetworkEndsByItself(t *testing.T) {
	t.Parallel()
	c := &court{T: t, now: time.Unix(1_700_000_000, 0)}
	c.ban(8, "192.0.2.1")
	c.want(true, "192.0.2.1")
	c.now = c.now.Add(61 * time.Minute)
	c.want(false, "192.0.2.1")
	c.ban(7, "192.0.2.1")
	c.want(false, "192.0.2.1") // it has to lie as often again
	c.ban(1, "192.0.2.1")
	c.want(true, "192.0.2.1")
	c.now = c.now.Add(61 * time.Minute)
	c.ban(7, "192.0.2.1")
	c.now = c.now.Add(25 * time.Hour)
	c.ban(1, "192.0.2.1") // the others were long ago
	c.want(false, "192.0.2.1")
	if !c.holds(netproto.PublicKey{byte(c.n)}, c.now) || c.holds(netproto.PublicKey{1}, c.now) {
		t.Error("a key is refused for a day")
	}
}

func TestTheLocalNetworkIsNotRefused(t *testing.T) {
	t.Parallel()
	c := &court{T: t, now: time.Unix(1_700_000_000, 0)}
	for _, address := range []string{"127.0.0.1", "192.168.1.2", "10.0.0.1", "fd00::1", "fe80::1%eth0", "::1"} {
		c.ban(100, address)
		c.want(false, address)
	}
	c.bans.ban(netproto.PublicKey{0, 0, 0, 1}, []netip.Addr{{}}, c.now) // of a connection in memory
	if c.refuses(netip.Addr{}, c.now) || len(c.networks) != 0 {
		t.Error(c.networks)
	}
}

func TestWhatIsRememberedOfLiarsIsBounded(t *testing.T) {
	t.Parallel()
	c := &court{T: t, now: time.Unix(1_700_000_000, 0)}
	c.ban(8, "203.0.113.1")
	for n := range 2 * maxBanned {
		c.ban(1, netip.AddrFrom4([4]byte{11, byte(n >> 16), byte(n >> 8), byte(n)}).String())
	}
	if len(c.keys) > maxBanned || len(c.networks) > maxBanned {
		t.Errorf("%d keys, %d networks", len(c.keys), len(c.networks))
	}
	c.want(true, "203.0.113.1") // those that are refused stay
}

func TestNobodyOfARefusedNetworkIsMet(t *testing.T) {
	t.Parallel()
	cs := New(t.Context(), Config{Identity: fresh(t), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Name: func() string { return "here" }})
	defer cs.Close()
	c := &court{T: t, now: time.Now()}
	c.ban(8, "192.0.2.1")
	cs.bans = c.bans
	for address, want := range map[string]error{"192.0.2.1:4000": errBannedNetwork, "192.0.2.2:4000": nil} {
		end, err := cs.BeginDial(netproto.PublicKey{1}, netip.MustParseAddrPort(address), Named{})
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", address, err)
		}
		if err == nil {
			end(false)
		}
	}

	// The listener closes what comes from there unread, and serves others.
	ln, ctx := newComing(), t.Context()
	go cs.Listen(ctx, ln)
	for address, refused := range map[string]bool{"192.0.2.1": true, "192.0.2.2": false} {
		theirs := ln.come(address)
		theirs.SetDeadline(time.Now().Add(patience))
		_, err := theirs.Write([]byte{0x16, 3, 1, 0, 1}) // the listener reads it only if it shakes hands
		if (err != nil) != refused {
			t.Errorf("%s: %v", address, err)
		}
		theirs.Close()
	}
}

// coming is a listener to which a test brings connections from any address.
type coming struct {
	conns chan net.Conn
	done  chan struct{}
}

func newComing() *coming { return &coming{make(chan net.Conn), make(chan struct{})} }

func (l *coming) come(from string) net.Conn {
	ours, theirs := net.Pipe()
	l.conns <- cameFrom{ours, net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), 5000))}
	return theirs
}

func (l *coming) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *coming) Close() error {
	close(l.done)
	return nil
}

func (l *coming) Addr() net.Addr { return &net.TCPAddr{} }

type cameFrom struct {
	net.Conn
	from net.Addr
}

func (c cameFrom) RemoteAddr() net.Addr { return c.from }
