package reach

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// several makes the connections to a peer that was called, and fails unless there are as
// many on both sides.
func (h *host) several(t *testing.T, other *host, n int) {
	t.Helper()
	to := other.target(netproto.ReachableNo)
	h.meets(t, to, session.WayCalled, 3*oneWay, time.Second)
	calls := len(h.world.calls.calledAt())
	for i := 1; i < n; i++ {
		c, err := h.Connect(h.world.ctx, to, i)
		if err != nil || c.Way != session.WayCalled {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	time.Sleep(time.Second)
	if mine, theirs := h.conns.Of(other.key), other.conns.Of(h.key); len(mine) != n || len(theirs) != n {
		t.Errorf("there are %d and %d connections", len(mine), len(theirs))
	}
	for _, c := range other.conns.Of(h.key) {
		if c.Way != session.WayCalled {
			t.Errorf("the callee takes one for %s", c.Way)
		}
	}
	if more := len(h.world.calls.calledAt()) - calls; more > 0 {
		t.Errorf("the tracker had to call %d times more", more)
	}
	if n := other.underWay(); n > 0 {
		t.Errorf("%d meetings are not over", n)
	}
}

func TestPeersThatMetByACallMeetAgainByThemselves(t *testing.T) {
	for name, routers := range map[string]func(a, b *host){
		"both are silent":                        func(_, _ *host) {},
		"both refuse":                            func(a, b *host) { a.refuses, b.refuses = true, true },
		"the reader's lets everybody in":         func(a, _ *host) { a.open = true },
		"the same, and the owner's port changes": func(a, b *host) { a.open, b.sym = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
				w.calls.noRelay = true
				routers(a, b)
				busy(a, b)
				a.several(t, b, 4)
			})
		})
	}
}

// A router that shows another port outside lets nothing through that goes to this one. That
// is found out once, and the connection that is there goes on.
func TestARouterThatChangesPortsLeavesOneConnection(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		busy(a, b)
		to := b.target(netproto.ReachableNo)
		c := a.meets(t, to, session.WayCalled, 3*oneWay, time.Second)
		w.mu.Lock()
		a.moves = true
		dials := w.dialled[b.at]
		w.mu.Unlock()
		began := time.Now()
		if _, err := a.Connect(w.ctx, to, 1); !errors.Is(err, errAlone) || time.Since(began) > StandardTiming.Punch+time.Second {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		tried := w.dials(b.at) - dials
		began = time.Now()
		if _, err := a.Connect(w.ctx, to, 2); !errors.Is(err, errAlone) || time.Since(began) > 0 {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		if n := w.dials(b.at) - dials; n != tried || n == 0 || n > maxTries {
			t.Errorf("the callee was dialled %d times, and %d times when there was no hope", tried, n-tried)
		}
		if have := a.conns.Of(b.key); len(have) != 1 || have[0] != c {
			t.Errorf("there are %d connections", len(have))
		}
		if !b.conns.Of(a.key)[0].Alone.Load() {
			t.Error("the callee would dial again and again")
		}
	})
}

// Whoever asks for one more connection gets his own address dialled, and only by one that
// he met by a call and reads from, few at once and few in a minute.
func TestMeetingAgainIsForThoseWhoReadAndBounded(t *testing.T) {
	at := func(port uint16) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port) }
	for name, c := range map[string]struct {
		set  func(w *world, a, b *host)
		way  session.Way
		port uint16
	}{
		"it reads nothing":           {func(_ *world, a, b *host) {}, session.WayCalled, 5000},
		"a port of the system":       {func(_ *world, a, b *host) { busy(b) }, session.WayCalled, session.LowestPort - 1},
		"it was not called":          {func(_ *world, a, b *host) { busy(b); b.open = true }, session.WayDirect, 5000},
		"it is relayed":              {func(_ *world, a, b *host) { busy(b); a.sym, b.sym = true, true }, session.WayRelayed, 5000},
		"calls are not wanted later": {func(_ *world, a, b *host) { busy(b) }, session.WayCalled, 5000},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
				c.set(w, a, b)
				reach := netproto.ReachableNo
				if b.open {
					reach = netproto.ReachableYes
				}
				a.meets(t, b.target(reach), c.way, 0, 3*time.Second)
				w.set(func() { b.switches.Calls = name != "calls are not wanted later" })
				a.conns.Of(b.key)[0].Send(netproto.Meet{Port: c.port})
				time.Sleep(time.Second)
				if n := w.dials(at(c.port)); n > 0 {
					t.Errorf("it was dialled %d times", n)
				}
			})
		})
	}
	inWorld(t, func(t *testing.T, w *world) { // nobody waits at any of a thousand ports
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		busy(b)
		a.meets(t, b.target(netproto.ReachableNo), session.WayCalled, 0, time.Second)
		for n := range 1000 {
			a.conns.Of(b.key)[0].Send(netproto.Meet{Port: uint16(5000 + n)})
			time.Sleep(50 * time.Millisecond)
		}
		all := 0
		for n := range 1000 {
			all += w.dials(at(uint16(5000 + n)))
		}
		if all == 0 || all > maxBeside*maxTries {
			t.Errorf("its ports were dialled %d times", all)
		}
	})
	inWorld(t, func(t *testing.T, w *world) {
		h := w.add("192.0.2.1:4000")
		busy(h)
		var callers []*host
		for n := range 100 {
			caller := w.add(netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), 4000).String())
			caller.open = true
			busy(caller)
			if c, _, err := caller.reach(h.target(netproto.ReachableNo)); err == nil && c.Way == session.WayCalled {
				callers = append(callers, caller)
			}
			time.Sleep(2 * time.Second)
		}
		time.Sleep(2 * time.Minute)
		most := 0
		for range 60 {
			for _, caller := range callers {
				for _, c := range caller.conns.Of(h.key) {
					c.Send(netproto.Meet{Port: 5000})
				}
			}
			time.Sleep(time.Second)
			most = max(most, h.underWay())
		}
		dialled := 0
		for _, caller := range callers {
			dialled += min(w.dials(netip.AddrPortFrom(caller.at.Addr(), 5000)), 1)
		}
		if most == 0 || most > maxMeetings || dialled == 0 || dialled > meetingsPerMinute {
			t.Errorf("of %d who asked, %d at once and %d in all were dialled", len(callers), most, dialled)
		}
	})
}
