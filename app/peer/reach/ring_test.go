package reach

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/reuse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// ringOf is a call by a peer that does not exist.
func ringOf(n int, addresses ...string) netproto.Ring {
	key := netproto.PublicKey{1, byte(n), byte(n >> 8)}
	return netproto.Ring{Call: netproto.CallID{1}, PeerID: netproto.PeerIDOf(key[:]), Key: key, Hash: content, Addresses: addresses}
}

func TestACallIsTakenForSharedContentsOfPeersThatAreNotBanned(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.add("192.0.2.1:4000")
		ask := func(what string, want netproto.RingResult, change func(r *netproto.Ring)) {
			t.Helper()
			r := ringOf(1)
			change(&r)
			if got := h.Ring(&exchange{&w.calls, h}, r); got != want {
				t.Errorf("%s: %s", what, got)
			}
		}
		ask("another content", netproto.RingNo, func(r *netproto.Ring) { r.Hash = netproto.ContentHash{9} })
		ask("an id of another key", netproto.RingNo, func(r *netproto.Ring) { r.PeerID = netproto.PeerID{} })
		ask("itself", netproto.RingNo, func(r *netproto.Ring) { r.Key, r.PeerID = h.key, h.id.PeerID() })
		h.switches.Calls = false
		ask("calls are off", netproto.RingNo, func(*netproto.Ring) {})
		h.switches.Calls = true
		h.conns.Ban(ringOf(2).Key, fmt.Errorf("the test says so"))
		ask("a banned one", netproto.RingNo, func(r *netproto.Ring) { *r = ringOf(2) })
		ask("an honest one", netproto.RingOK, func(*netproto.Ring) {})
		ask("the same again", netproto.RingBusy, func(*netproto.Ring) {})
		time.Sleep(time.Minute)
		ask("the same later", netproto.RingOK, func(*netproto.Ring) {})
	})
}

// A tracker that rings all the time gets eight peers dialled at once, sixty a minute,
// and each address as often as the budget of all dials lets through.
func TestRingsAreBounded(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.add("192.0.2.1:4000")
		taken, most := 0, 0
		for n := range 60_000 { // a thousand a second
			if h.Ring(&exchange{&w.calls, h}, ringOf(n, "198.51.100.1:5000", fmt.Sprintf("198.51.%d.%d:4000", n%250, n/250%250+2))) == netproto.RingOK {
				taken++
			}
			most = max(most, h.underWay())
			time.Sleep(time.Millisecond)
		}
		if taken == 0 || taken > meetingsPerMinute || most > maxMeetings {
			t.Errorf("%d a minute, %d at once", taken, most)
		}
		if n := w.dials(netip.MustParseAddrPort("198.51.100.1:5000")); n == 0 || n > 4 { // it is silent: one SYN each
			t.Errorf("one address was dialled %d times", n)
		}
		w.mu.Lock()
		all := 0
		for _, n := range w.dialled {
			all += n
		}
		w.mu.Unlock()
		if all > 2*meetingsPerMinute {
			t.Errorf("%d dials", all)
		}
		time.Sleep(time.Minute)
		if h.underWay() != 0 {
			t.Error("a meeting does not end")
		}
	})
}

// An address that refuses is let alone after twelve dials, whoever named it.
func TestAnAddressThatRefusesIsDialledTwelveTimes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h, victim := w.add("192.0.2.1:4000"), w.add("198.51.100.1:4000")
		victim.refuses = true
		if r := h.Ring(&exchange{&w.calls, h}, ringOf(1, victim.at.String())); r != netproto.RingOK {
			t.Fatal(r)
		}
		time.Sleep(time.Minute)
		if n := w.dials(victim.at); n < 2 || n > maxTries {
			t.Errorf("it was dialled %d times", n)
		}
	})
}

func TestACallerThatNeverComesIsForgotten(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.add("192.0.2.1:4000")
		r := ringOf(1, "198.51.100.1:4000")
		r.Relay = &netproto.Relay{Token: netproto.RelayToken{1}}
		if got := h.Ring(&exchange{&w.calls, h}, r); got != netproto.RingOK {
			t.Fatal(got)
		}
		time.Sleep(StandardTiming.GiveUp + time.Second)
		if h.underWay() != 0 {
			t.Error("the meeting is not over")
		}
	})
}

func TestOnlyAddressesOfPeersAreDialledInACall(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		h := w.add("192.0.2.1:4000")
		own := []netip.Addr{netip.MustParseAddr("fe80::7"), netip.MustParseAddr("192.168.1.7"), netip.MustParseAddr("2001:db8:7::7")}
		h.config.Own = func() []netip.Addr { return own }
		for name, c := range map[string]struct{ named, dialled []string }{
			"not unicast": {[]string{"224.0.0.1:4000", "255.255.255.255:4000", "0.0.0.0:4000", "[ff02::1]:4000", "[::]:4000", "198.51.100.1:0", "host:4000", ""}, nil},
			"its own":     {[]string{"192.168.1.7:4000", "127.0.0.1:4000", "[::ffff:192.168.1.7]:4000", "192.168.1.7:4001"}, []string{"192.168.1.7:4001"}},
			"too many": {[]string{"198.51.100.1:4000", "198.51.100.2:4000", "198.51.100.3:4000", "[2001:db8::1]:4000", "[2001:db8::2]:4000", "[2001:db8::3]:4000"},
				[]string{"198.51.100.1:4000", "198.51.100.2:4000", "[2001:db8::1]:4000", "[2001:db8::2]:4000"}},
			"too many local": {[]string{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.0.4:1", "10.0.0.5:1", "198.51.100.1:4000"},
				[]string{"10.0.0.1:1", "10.0.0.2:1", "10.0.0.3:1", "10.0.0.4:1", "198.51.100.1:4000"}},
			"twice": {[]string{"198.51.100.1:4000", "[::ffff:198.51.100.1]:4000"}, []string{"198.51.100.1:4000"}},
		} {
			var got []string
			for _, at := range h.worthDialling(c.named) {
				got = append(got, at.String())
			}
			if fmt.Sprint(got) != fmt.Sprint(c.dialled) {
				t.Errorf("%s: %v", name, got)
			}
		}
		own = own[:2]
		if got := h.worthDialling([]string{"[2001:db8::1]:4000", "198.51.100.1:4000"}); len(got) != 1 || !got[0].Addr().Is4() {
			t.Errorf("without an address of IPv6: %v", got)
		}
	})
}

// real is a ladder on real sockets of this computer.
func real(t *testing.T, w *world) (*Ladder, *session.Conns, *reuse.Port) {
	t.Helper()
	l, err := reuse.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := w.add("192.0.2.1:4000")
	conns := session.New(t.Context(), session.Config{Identity: h.id, Log: slog.New(slog.DiscardHandler), Timing: session.StandardTiming, Name: func() string { return "" }})
	conns.Handle(func(*session.Conn) session.Owner { return idle{} }, func(*session.Conn) session.Reader { return reading{} })
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	config := h.config
	config.Conns, config.Port = conns, l.Number
	config.Dial = func(ctx context.Context, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	config.DialFrom = func(ctx context.Context, address string) (net.Conn, error) { return l.Dial(ctx, "tcp", address) }
	config.Switches = func() Switches { return Switches{Calls: true} }
	ladder := New(ctx, config)
	t.Cleanup(func() {
		cancel()
		ladder.Close()
		conns.Close()
		l.Close()
	})
	return ladder, conns, l
}

// victim counts who connects.
func victim(t *testing.T) (address string, dials *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dials = new(atomic.Int32)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			dials.Add(1)
			c.Close()
		}
	}()
	return l.Addr().String(), dials
}

// A hostile tracker names one address for two hundred peers, eight times for each.
func TestAVictimIsDialledAFewTimes(t *testing.T) {
	t.Parallel()
	ladder, _, _ := real(t, newWorld(t))
	at, dials := victim(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for i := range 200 {
		key := netproto.PublicKey{byte(i)}
		to := session.Target{Source: netproto.Source{Key: key, Addresses: []string{at, at, "[::ffff:127.0.0.1]:" + at[len("127.0.0.1:"):], at, "localhost:5000", at, at, at}}}
		if _, err := ladder.Connect(ctx, to, 0); err == nil {
			t.Fatal("the victim is a peer")
		}
	}
	if n := dials.Load(); n == 0 || n > 4 {
		t.Errorf("it was dialled %d times", n)
	}
}

// A hostile tracker rings a thousand times for peers that are all at one address.
func TestAVictimIsDialledAFewTimesByRings(t *testing.T) {
	t.Parallel()
	ladder, _, _ := real(t, newWorld(t))
	at, dials := victim(t)
	deadline := time.Now().Add(patience)
	taken := 0
	for n := 0; n < 1000 && time.Now().Before(deadline); n++ {
		if ladder.Ring(nil, ringOf(n, at)) == netproto.RingOK {
			taken++
		}
	}
	for n := 1000; taken < 2*maxMeetings && time.Now().Before(deadline); n++ { // some meetings are over, and there is room
		if ladder.Ring(nil, ringOf(n, at)) == netproto.RingOK {
			taken++
		}
		time.Sleep(10 * time.Millisecond)
	}
	// Each dial may be two: the victim hangs up on the first hello.
	if n := dials.Load(); n == 0 || n > 4*maxHandshakes {
		t.Errorf("after %d rings that were taken, it was dialled %d times", taken, n)
	}
}
