package membership

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

// exchange is the tracker's end of the lines of one peer.
type exchange struct {
	t       *testing.T
	mu      sync.Mutex
	opened  []string // networks
	ends    []net.Conn
	beats   int
	said    []time.Time // when the peer said something
	answers chan netproto.RingAnswer
	mute    bool              // heartbeats are not answered
	fail    *netproto.Problem // answers the next heartbeat
	refuse  error             // of new lines
	slow    chan error        // what becomes of lines in slowNetwork
}

const slowNetwork = "tcp6, slowly"

func (e *exchange) open(network string) (net.Conn, error) {
	if network == slowNetwork {
		if err := <-e.slow; err != nil {
			return nil, err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refuse != nil {
		return nil, e.refuse
	}
	ours, theirs := net.Pipe()
	e.opened = append(e.opened, network)
	e.ends = append(e.ends, theirs)
	go e.serve(theirs, network)
	return ours, nil
}

func (e *exchange) send(c net.Conn, f netproto.LineFrame) {
	b, err := netproto.AppendLineFrame(nil, f)
	if err != nil {
		e.t.Error(err)
	}
	c.Write(b)
}

func (e *exchange) serve(c net.Conn, network string) {
	e.send(c, netproto.LineFrame{Seen: &netproto.LineSeen{Address: "192.0.2.1:4000"}})
	for {
		f, err := netproto.ReadLineFrame(c)
		if err != nil {
			return
		}
		e.mu.Lock()
		mute, fail := e.mute, e.fail
		e.said = append(e.said, time.Now())
		if f.Beat != nil {
			e.beats++
			e.fail = nil
		}
		e.mu.Unlock()
		switch {
		case f.Beat != nil && fail != nil:
			e.send(c, netproto.LineFrame{Failed: fail})
		case f.Beat != nil && !mute:
			e.send(c, netproto.LineFrame{Lease: &netproto.HeartbeatResponse{Status: netproto.HeartbeatOK, Stats: &netproto.Stats{}, Reachable: netproto.ReachableNo}})
		case f.Answer != nil:
			e.answers <- *f.Answer
		}
	}
}

func (e *exchange) with(look func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	look()
}

// hangUp ends all lines.
func (e *exchange) hangUp() {
	e.with(func() {
		for _, c := range e.ends {
			c.Close()
		}
		e.ends = nil
	})
}

// holding returns a peer that holds lines to a fake tracker.
func holding(t *testing.T, families ...string) (*Memberships, *fakeTracker, *exchange) {
	return holdingWhere(t, func(string) bool { return true }, families...)
}

// holdingWhere is holding, at a computer from which only some networks lead out.
func holdingWhere(t *testing.T, leads func(network string) bool, families ...string) (*Memberships, *fakeTracker, *exchange) {
	e := &exchange{t: t, answers: make(chan netproto.RingAnswer, 100), slow: make(chan error)}
	f := newFakeTracker("tracker:5000")
	f.families, f.line = families, e.open
	ms := New(context.WithoutCancel(t.Context()), Config{
		Self: func() netproto.JoinRequest { return netproto.JoinRequest{MappedPort: 7000} }, Changed: func() {}, Log: slog.New(slog.DiscardHandler), Timing: StandardTiming,
		Calls: func() bool { return true }, Notes: func(Tracker) {}, Joined: func(Tracker, bool) {}, Finds: func(Tracker) {}, Back: func() {}, Leads: leads,
		Ring: func(_ Tracker, r netproto.Ring) netproto.RingResult {
			if r.Hash == resource(1).Hash {
				return netproto.RingOK
			}
			return netproto.RingNo
		}})
	t.Cleanup(func() { ms.Close(); e.hangUp() })
	ms.Use(f)
	return ms, f, e
}

func TestHeartbeatsTravelOnALineInEachFamily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms, f, e := holding(t, "tcp4", "tcp6")
		time.Sleep(time.Minute)
		e.with(func() {
			if len(e.opened) != 2 || e.opened[0] == e.opened[1] || e.beats < 2 {
				t.Errorf("lines %v, %d heartbeats on them", e.opened, e.beats)
			}
		})
		f.with(func() {
			if f.beats > 1 { // the first may come before the lines
				t.Errorf("%d heartbeats as requests", f.beats)
			}
		})
		if s := ms.Status(); len(s.Lines) != 2 || s.Lines[0].Seen != "192.0.2.1:4000" || s.MappedPort != 7000 || s.Reachable != netproto.ReachableNo {
			t.Errorf("%+v", s)
		}
	})
}

// The beats of a peer at rest are on the same clock as those of [pulse].
func TestWhatIsSaidToATrackerComesWithTheBeatsOfAPeerAtRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, e := holding(t, "tcp4", "tcp6")
		time.Sleep(time.Minute) // the first words have their own time
		e.with(func() { e.said = nil })
		ticker := pulse.NewTicker(restBeat)
		defer ticker.Stop()
		origin := <-ticker.C
		time.Sleep(10 * time.Minute)
		e.with(func() {
			// At least one heartbeat each 30 s, and a ping each 25 s on the line without them.
			if n := len(e.said); n < 20+24 || n > 80 {
				t.Errorf("it said something %d times in ten minutes", n)
			}
			for _, at := range e.said {
				if off := at.Sub(origin) % restBeat; off != 0 {
					t.Errorf("it said something %s after a beat", off)
				}
			}
		})
	})
}

// A computer without IPv6 asks for no line over it, until its addresses change.
func TestANetworkThatLeadsNowhereIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var both atomic.Bool
		ms, _, e := holdingWhere(t, func(network string) bool { return network == "tcp4" || both.Load() }, "tcp4", "tcp6")
		time.Sleep(time.Minute)
		e.with(func() {
			if !slices.Equal(e.opened, []string{"tcp4"}) {
				t.Errorf("lines were opened over %v", e.opened)
			}
		})
		both.Store(true)
		ms.Renew()
		time.Sleep(time.Minute)
		if s := ms.Status(); len(s.Lines) != 2 {
			t.Errorf("after a change of the network: %+v", s)
		}
	})
}

func TestWithoutALineHeartbeatsAreRequestsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms, f, e := holding(t, "tcp4")
		time.Sleep(10 * time.Second)
		e.with(func() { e.refuse = errors.New("not now") })
		e.hangUp()
		time.Sleep(2 * time.Minute)
		f.with(func() {
			if f.beats < 3 || f.joins != 1 {
				t.Errorf("%d heartbeats as requests, %d joins", f.beats, f.joins)
			}
		})
		if s := ms.Status(); len(s.Lines) != 0 || s.State != StateConnected {
			t.Errorf("%+v", s)
		}
		e.with(func() { e.refuse = nil })
		time.Sleep(StandardTiming.MaxRetry * 5 / 4)
		if s := ms.Status(); len(s.Lines) != 1 {
			t.Errorf("the line does not come back: %+v", s)
		}
	})
}

// Somebody else stands at the tracker's address, for less time than there is between two
// heartbeats.
func TestALineThatIsRefusedForGoodEndsTheStay(t *testing.T) {
	for code, state := range map[netproto.Code]State{netproto.CodeKeyChanged: StateKeyChanged, netproto.CodeBanned: StateReconnecting,
		netproto.CodeInvite: StateReconnecting} {
		synctest.Test(t, func(t *testing.T) {
			ms, f, e := holding(t, "tcp4")
			time.Sleep(10 * time.Second)
			e.with(func() { e.refuse = netproto.Errorf(code, "tracker:5000") })
			e.hangUp()
			time.Sleep(StandardTiming.MinRetry)
			if s := ms.Status(); s.State != state || netproto.CodeOf(s.Err) != code {
				t.Errorf("%s: it is %s: %v", code, s.State, s.Err)
			}
			e.with(func() { e.refuse = nil })
			time.Sleep(StandardTiming.MaxRetry)
			f.with(func() {
				if f.joins < 2 {
					t.Errorf("%s: it has not joined again", code)
				}
			})
			if s := ms.Status(); len(s.Lines) != 1 || s.State != StateConnected {
				t.Errorf("%s: %+v", code, s)
			}
		})
	}
}

func TestALineThatDoesNotAnswerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, f, e := holding(t, "tcp4")
		time.Sleep(time.Second)
		e.with(func() { e.mute = true })
		time.Sleep(time.Minute)
		f.with(func() {
			if f.beats < 1 || f.joins != 1 {
				t.Errorf("%d heartbeats as requests, %d joins", f.beats, f.joins)
			}
		})
		e.with(func() {
			if len(e.opened) < 2 {
				t.Error("the silent line is kept")
			}
		})
	})
}

func TestWhatTheTrackerSaysOnALineCountsAsInAnAnswer(t *testing.T) {
	for code, c := range map[netproto.Code]struct{ joins int }{
		netproto.CodeJoinFirst: {2}, // the lease was lost
		netproto.CodeTooMany:   {1}, // a lease survives that
	} {
		synctest.Test(t, func(t *testing.T) {
			_, f, e := holding(t, "tcp4")
			time.Sleep(time.Second)
			e.with(func() { e.fail = &netproto.Problem{Code: code} })
			time.Sleep(2 * time.Minute)
			f.with(func() {
				if f.joins != c.joins {
					t.Errorf("%s: %d joins", code, f.joins)
				}
			})
		})
	}
}

func TestRingsAreAnsweredOverTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, e := holding(t, "tcp4")
		time.Sleep(time.Second)
		var c net.Conn
		e.with(func() { c = e.ends[0] })
		for n, want := range map[int]netproto.RingResult{1: netproto.RingOK, 2: netproto.RingNo} {
			call := netproto.CallID{byte(n)}
			e.send(c, netproto.LineFrame{Ring: &netproto.Ring{Call: call, Hash: resource(n).Hash}})
			if got := <-e.answers; got.Call != call || got.Result != want {
				t.Errorf("%+v, want %s", got, want)
			}
		}
	})
}

// A line is dead after 75 s without a word, and one that a router may have forgotten is
// kept alive.
func TestALineIsKeptAliveAndNotTrustedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms, _, e := holding(t, "tcp4")
		time.Sleep(time.Second)
		var silent net.Conn
		e.with(func() { silent = e.ends[0] })
		silent.SetReadDeadline(time.Now()) // the tracker's end hangs: nobody reads or writes there
		time.Sleep(3 * netproto.LinePing)
		e.with(func() {
			if len(e.opened) < 2 {
				t.Error("a dead line is kept")
			}
		})
		if len(ms.Status().Lines) != 1 {
			t.Error("there is no line")
		}
	})
}

func TestATrackerThatKeepsNoLinesIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		f := newFakeTracker("tracker:5000")
		f.families = []string{"tcp4"}
		f.line = func(string) (net.Conn, error) {
			asked.Add(1)
			return nil, netproto.Errorf(netproto.CodeNotFound, "no such route")
		}
		ms := start(t)
		defer ms.Close()
		ms.Use(f)
		time.Sleep(10 * time.Minute)
		if n := asked.Load(); n != 1 {
			t.Errorf("it was asked %d times", n)
		}
	})
}

func TestNoLineIsHeldWhereCallsAreOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &exchange{t: t}
		f := newFakeTracker("tracker:5000")
		f.families, f.line = []string{"tcp4"}, e.open
		ms := New(context.WithoutCancel(t.Context()), Config{Self: func() netproto.JoinRequest { return netproto.JoinRequest{} }, Changed: func() {},
			Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Calls: func() bool { return false }, Notes: func(Tracker) {}, Joined: func(Tracker, bool) {}, Finds: func(Tracker) {}, Back: func() {}})
		defer ms.Close()
		ms.Use(f)
		time.Sleep(time.Minute)
		if len(e.opened) != 0 || ms.Status().State != StateConnected {
			t.Errorf("lines %v", e.opened)
		}
	})
}

func TestItIsKnownWhetherAnotherLineIsAboutToStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ms, f, e := holding(t, "tcp4", slowNetwork)
		check := func(stands, more bool) {
			t.Helper()
			time.Sleep(100 * time.Millisecond)
			if found, s, m := ms.Find(f.address); found == nil || s != stands || m != more {
				t.Errorf("found %v, stands %v, more %v", found, s, m)
			}
		}
		check(true, true)
		e.slow <- errors.New("no way there")
		check(true, false)
		e.with(func() { e.refuse = errors.New("not now") })
		e.hangUp()
		e.slow <- errors.New("again")
		check(false, false)
	})
}
