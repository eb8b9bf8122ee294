package reach

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// connect climbs and returns the connection and how long it took.
func (h *host) reach(to session.Target) (*session.Conn, time.Duration, error) {
	began := time.Now()
	c, err := h.Connect(h.world.ctx, to, 0)
	return c, time.Since(began), err
}

// meets fails unless one host reaches the other by a way, in a time.
func (h *host) meets(t *testing.T, to session.Target, way session.Way, from, until time.Duration) *session.Conn {
	t.Helper()
	c, took, err := h.reach(to)
	if err != nil {
		t.Fatalf("after %s: %v", took, err)
	}
	if c.Way != way || took < from || took > until || c.Key != to.Key {
		t.Errorf("%s after %s, want %s after %s to %s", c.Way, took, way, from, until)
	}
	return c
}

func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t)) })
}

const ms = time.Millisecond

func TestAnOpenPeerIsDialledAndNotCalled(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		b.open = true
		open, trip := b.target(netproto.ReachableYes), time.Duration(0)
		open.Trip = func(took time.Duration) { trip = took }
		c := a.meets(t, open, session.WayDirect, 2*oneWay, 10*oneWay)
		if trip < oneWay || trip > 4*oneWay {
			t.Errorf("it is said to be %s away", trip)
		}
		if again := a.meets(t, b.target(netproto.ReachableYes), session.WayDirect, 0, 0); again != c {
			t.Error("a living connection is not used")
		}
		mapped := w.add("192.0.2.3:4000")
		mapped.open = true
		to := mapped.target(netproto.ReachableYes)
		to.Mapped = true
		a.meets(t, to, session.WayRouter, 2*oneWay, 10*oneWay)
		local := w.add("192.168.1.3:4000")
		local.open = true
		a.meets(t, local.target(netproto.ReachableNo), session.WayLAN, 2*oneWay, 10*oneWay)
		if n := len(w.calls.calledAt()); n > 1 { // the last may be called at once
			t.Errorf("%d calls", n)
		}
	})
}

// The callee may be there before the caller has its answer: both sides of TLS must be
// settled before.
func TestTheCalleeComesBeforeTheAnswer(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		a.open = true
		w.calls.late = time.Second
		a.meets(t, b.target(netproto.ReachableNo), session.WayCalled, 3*oneWay, 12*oneWay)
	})
}

func TestOneBehindARouterIsCalledBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		a.open = true
		a.meets(t, b.target(netproto.ReachableUnknown), session.WayCalled, 250*ms, 250*ms+12*oneWay)
		c := w.add("192.0.2.3:4000")
		c.sym = true // it comes from a port that nobody knows
		a.meets(t, c.target(netproto.ReachableNo), session.WayCalled, 3*oneWay, 200*ms+12*oneWay)
	})
}

func TestTwoBehindRoutersDialEachOther(t *testing.T) {
	for _, refuses := range []bool{false, true} {
		inWorld(t, func(t *testing.T, w *world) {
			a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
			a.refuses, b.refuses = refuses, refuses
			w.calls.noRelay = true // which could be faster where routers refuse
			a.meets(t, b.target(netproto.ReachableNo), session.WayCalled, 3*oneWay, 4*time.Second)
			time.Sleep(time.Second)
			if have := b.conns.Of(a.key); len(have) != 1 || have[0].Way != session.WayCalled {
				t.Errorf("refuses %t: the callee has %d connections", refuses, len(have))
			}
			if tally := b.Tally(); tally.Called != 1 {
				t.Errorf("%+v", tally)
			}
		})
	}
}

// The caller opens its router before the tracker has answered, so the callee is let in as
// soon as it was rung.
func TestTwoBehindRoutersMeetBeforeASlowTrackerAnswers(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		w.calls.late = time.Second
		a.meets(t, b.target(netproto.ReachableNo), session.WayCalled, 3*oneWay, time.Second)
		if n := w.dials(b.at); n > 2 { // once ahead, and once by the answer if that comes at all
			t.Errorf("the callee is dialled %d times", n)
		}
	})
}

// The line of the callee is dead, and it is rung when it has another one. Until then the
// caller's router stays open for it.
func TestACalleeThatIsRungLateIsStillLetIn(t *testing.T) {
	for _, reach := range []netproto.Reachability{netproto.ReachableNo, netproto.ReachableUnknown} {
		for _, after := range []time.Duration{3 * time.Second, 5 * time.Second, 9 * time.Second} {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
				w.calls.missed = after
				a.meets(t, b.target(reach), session.WayCalled, after, after+250*ms+12*oneWay)
			})
		}
	}
}

// The connection that comes in from the very peer that is dialled will do.
func TestAnIncomingConnectionEndsTheDial(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		a.open = true
		a.switches, b.switches = Switches{}, Switches{}
		go func() {
			time.Sleep(3 * time.Second)
			b.reach(a.target(netproto.ReachableYes))
		}()
		a.meets(t, b.target(netproto.ReachableUnknown), session.WayDirect, 3*time.Second, 3*time.Second+10*oneWay)
	})
}

func TestTwoThatCallEachOtherMeetOnce(t *testing.T) {
	for range 10 {
		inWorld(t, func(t *testing.T, w *world) {
			a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
			done := make(chan error, 1)
			go func() {
				c, _, err := b.reach(a.target(netproto.ReachableNo))
				if err == nil && c.Way != session.WayCalled {
					err = errors.New(string(c.Way))
				}
				done <- err
			}()
			a.meets(t, b.target(netproto.ReachableNo), session.WayCalled, 3*oneWay, time.Second)
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestARelayIsTheLastWayAndABetterOneReplacesIt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		a.sym, b.sym = true, true
		c := a.meets(t, b.target(netproto.ReachableNo), session.WayRelayed, 1500*ms, 1500*ms+20*oneWay)
		if c.Local || c.Remote().IsValid() {
			t.Errorf("what is known of the tracker's address is said of the peer: %t, %s", c.Local, c.Remote())
		}
		if _, reachable := c.ReachableAt(); reachable {
			t.Error("others are told the address of the relay")
		}
		calls := len(w.calls.calledAt())
		time.Sleep(29 * time.Second)
		if n := len(w.calls.calledAt()); n != calls {
			t.Errorf("it was called %d times meanwhile", n-calls)
		}
		w.mu.Lock()
		a.sym, b.sym = false, false // the routers keep ports from now on
		w.mu.Unlock()
		time.Sleep(10 * time.Second)
		have := a.conns.Of(b.key)
		if len(have) != 1 || have[0].Way != session.WayCalled {
			t.Fatalf("it has %d connections", len(have))
		}
		select {
		case <-c.Ended():
		default:
			t.Error("the circuit stays")
		}
	})
}

func TestARelayedPeerIsCalledAgainNowAndThen(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		a.sym, b.sym = true, true
		busy(a, b)
		began := time.Now()
		a.meets(t, b.target(netproto.ReachableNo), session.WayRelayed, 1500*ms, 1500*ms+20*oneWay)
		time.Sleep(66 * time.Minute)
		var after []time.Duration
		for _, at := range w.calls.calledAt()[1:] {
			after = append(after, at.Sub(began).Round(time.Minute))
		}
		if len(after) != 4 || after[1] < 5*time.Minute || after[1] > 6*time.Minute || after[3]-after[2] != 30*time.Minute {
			t.Errorf("it was called after %v", after)
		}
		calls := len(w.calls.calledAt())
		a.Renew()
		a.conns.Renew(func(*session.Conn) bool { return false })
		time.Sleep(time.Second)
		if n := len(w.calls.calledAt()); n != calls+1 {
			t.Errorf("after a change of the network it was called %d times", n-calls)
		}
	})
}

// busy keeps connections in use.
func busy(hosts ...*host) {
	for _, h := range hosts {
		h.conns.Handle(func(*session.Conn) session.Owner { return serving{} }, func(*session.Conn) session.Reader { return reading{} })
	}
}

type serving struct{ idle }

func (serving) Busy() bool { return true }

func TestAPairThatDidNotMeetIsRelayedAtOnce(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		a.sym, b.sym = true, true
		c := a.meets(t, b.target(netproto.ReachableNo), session.WayRelayed, 1500*ms, 2*time.Second)
		time.Sleep(time.Second)
		c.Close(errors.New("the test ends it"))
		time.Sleep(time.Second)
		c = a.meets(t, b.target(netproto.ReachableNo), session.WayRelayed, 0, 20*oneWay)
		time.Sleep(time.Second)
		c.Close(errors.New("the test ends it"))
		time.Sleep(11 * time.Minute)
		a.meets(t, b.target(netproto.ReachableNo), session.WayRelayed, 1500*ms, 2*time.Second)
	})
}

func TestWhatCannotBeReachedIsSaidWhy(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(w *world, a, b *host, to *session.Target)
		says string
		in   time.Duration // at most
	}{
		"the callee is busy": {func(w *world, _, b *host, _ *session.Target) {
			for n := range byte(maxMeetings) {
				b.meetings[netproto.PublicKey{n}] = make(chan struct{})
			}
		}, "busy", 10 * time.Second},
		"it does not share that": {func(_ *world, _, b *host, _ *session.Target) {
			b.shares = func(netproto.ContentHash) bool { return false }
		}, "does not want to", 10 * time.Second},
		"it takes no calls": {func(_ *world, _, b *host, _ *session.Target) { b.switches.Calls = false }, "does not want to", 10 * time.Second},
		"the tracker relays nothing": {func(w *world, a, b *host, _ *session.Target) {
			w.calls.noRelay, a.sym, b.sym = true, true, true
		}, "relays nothing", 5 * time.Second},
		"the caller had all bytes of the day": {func(w *world, a, b *host, _ *session.Target) {
			w.calls.noRelay, a.sym, b.sym = true, true, true
			w.calls.why, w.calls.again = netproto.RelayCallerDay, time.Date(2026, 3, 2, 0, 0, 0, 0, time.Local)
		}, "this peer has used up what the tracker relays for it in a day, until 00:00", 5 * time.Second},
		"the tracker is gone": {func(w *world, _, _ *host, _ *session.Target) {
			w.calls.fail = netproto.Errorf(netproto.CodeUnreachable, "tracker:5000: no answer")
		}, "could not call it", 10 * time.Second},
		"the tracker falls silent": {func(w *world, _, _ *host, _ *session.Target) { w.calls.silent = true }, "did not come through", 10 * time.Second},
		"nothing can call it": {func(_ *world, _, _ *host, to *session.Target) {
			to.Trackers, to.Callable = nil, false
		}, "no tracker can call it", 10 * time.Second},
		"no address": {func(_ *world, _, _ *host, to *session.Target) {
			to.Trackers, to.Callable, to.Addresses = nil, false, []string{"example.org:80", "0.0.0.0:5000", "224.0.0.1:5000", "192.0.2.9:0"}
		}, "no address", 0},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
				to := b.target(netproto.ReachableNo)
				c.set(w, a, b, &to)
				_, took, err := a.reach(to)
				no, ok := errors.AsType[*session.NoRelayError](err) // for a window, in the language of the person
				if why := w.calls.why; why != "" && (!ok || no.Why != why || no.Again == nil || !no.Again.Equal(w.calls.again)) {
					t.Errorf("why there is no relay: %+v", no)
				}
				if netproto.CodeOf(err) != netproto.CodePeerUnreachable || !strings.Contains(err.Error(), c.says) || took > c.in {
					t.Errorf("after %s: %v", took, err)
				}
				if a.underWay() != 0 {
					t.Error("the call is not over")
				}
			})
		})
	}
}

// A tracker that falls silent takes nothing from the way that needs no tracker.
func TestADirectWayIsFoundWhileTheTrackerIsGone(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		w.calls.silent, a.open = true, true
		go func() {
			time.Sleep(time.Second)
			b.switches = Switches{}
			b.reach(a.target(netproto.ReachableYes))
		}()
		a.meets(t, b.target(netproto.ReachableUnknown), session.WayDirect, time.Second, 2*time.Second)
	})
	// A tracker that is wrong about a peer it cannot call any longer: it is dialled.
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		w.calls.fail, b.open = netproto.Errorf(netproto.CodeNotFound, "no line"), true
		a.meets(t, b.target(netproto.ReachableNo), session.WayDirect, 2*oneWay, 12*oneWay)
	})
}

func TestAChangeOfTheNetworkEndsTheClimb(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		w.calls.silent = true
		go func() {
			time.Sleep(time.Second)
			a.conns.Renew(func(*session.Conn) bool { return true })
		}()
		if _, took, err := a.reach(b.target(netproto.ReachableNo)); err == nil || took > 1100*ms {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

func TestSwitchesKeepPeersFromCallsAndRelays(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		a.sym, b.sym = true, true
		a.switches.Relay = false
		if _, _, err := a.reach(b.target(netproto.ReachableNo)); err == nil || w.calls.ends != 0 {
			t.Errorf("%d relays, %v", w.calls.ends, err)
		}
		a.switches.Calls = false
		calls := len(w.calls.calledAt())
		if _, _, err := a.reach(b.target(netproto.ReachableNo)); err == nil || len(w.calls.calledAt()) != calls {
			t.Errorf("%d calls more, %v", len(w.calls.calledAt())-calls, err)
		}
		a.switches = Switches{Calls: true, Relay: true}
		to := b.target(netproto.ReachableNo)
		to.NoRelay = true
		if _, _, err := a.reach(to); err == nil || w.calls.ends != 0 {
			t.Errorf("%d relays, %v", w.calls.ends, err)
		}
		b.switches.Relay = false // the callee does not come to the relay
		if _, took, err := a.reach(b.target(netproto.ReachableNo)); err == nil || took > 10*time.Second {
			t.Errorf("after %s: %v", took, err)
		}
	})
}

// A relay that changes bytes breaks the handshake. That is not the peer's doing.
func TestARelayThatTampersGetsNobodyBanned(t *testing.T) {
	for name, tamper := range map[string]func(a, b net.Conn) (net.Conn, net.Conn){
		"it changes a byte": func(a, b net.Conn) (net.Conn, net.Conn) { return &changed{Conn: a, at: 300}, b },
		"it stalls":         func(a, b net.Conn) (net.Conn, net.Conn) { return &changed{Conn: a, at: 300, stalls: true}, b },
		"it hangs up": func(a, b net.Conn) (net.Conn, net.Conn) {
			a.Close()
			return a, b
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
				a.sym, b.sym = true, true
				w.calls.tamper = tamper
				if c, took, err := a.reach(b.target(netproto.ReachableNo)); err == nil || took > 10*time.Second {
					t.Errorf("after %s: %v, %v", took, c, err)
				}
				if a.conns.Banned(b.key) || b.conns.Banned(a.key) {
					t.Error("an innocent peer is banned")
				}
				w.calls.tamper = nil
				time.Sleep(time.Second)
				a.meets(t, b.target(netproto.ReachableNo), session.WayRelayed, 0, 3*time.Second)
			})
		})
	}
}

// changed is a connection in which one byte is another.
type changed struct {
	net.Conn
	at, read int
	stalls   bool // from there
}

func (c *changed) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for c.stalls && err == nil && c.read+n > c.at {
		n, err = c.Conn.Read(b)
	}
	if c.at >= c.read && c.at < c.read+n {
		b[c.at-c.read] ^= 1
	}
	c.read += n
	return n, err
}

func TestTheContextOfTheCallerEndsTheClimb(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		w.calls.silent = true
		ctx, cancel := context.WithTimeout(w.ctx, time.Second)
		defer cancel()
		began := time.Now()
		if _, err := a.Connect(ctx, b.target(netproto.ReachableUnknown), 0); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) || time.Since(began) > 1100*ms {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// Several connections may be asked for at once, and the first to have its turn calls.
func TestThePeerIsCalledForTheFirstConnectionWhicheverThatIs(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
		c, err := a.Connect(t.Context(), b.target(netproto.ReachableNo), 1)
		if err != nil || c.Way != session.WayCalled {
			t.Errorf("%+v, %v", c, err)
		}
		if want := (netproto.Ways{Called: 1}); a.Ways() != want {
			t.Errorf("%+v is counted", a.Ways())
		}
	})
}
