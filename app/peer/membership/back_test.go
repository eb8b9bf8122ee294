package membership

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

// soonBack is how soon a line stands again after a break of seconds.
const soonBack = 2500 * time.Millisecond

func TestALineIsBackSoonAfterAShortBreak(t *testing.T) {
	for _, outage := range []time.Duration{0, 2 * time.Second, 5 * time.Second, 13 * time.Second, 25 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ms, _, e := holding(t, "tcp4")
			time.Sleep(time.Minute)
			e.with(func() { e.refuse = errors.New("not now") })
			e.hangUp()
			time.Sleep(outage)
			e.with(func() { e.refuse = nil })
			time.Sleep(soonBack)
			if n := len(ms.Status().Lines); n != 1 {
				t.Errorf("after %s without the tracker, %d lines stand %s later", outage, n, soonBack)
			}
		})
	}
}

// A tracker to which there is no way, because a router restarts, is joined again soon. One
// that is there and refuses is left alone for longer.
func TestATrackerIsJoinedSoonAfterThereWasNoWayToIt(t *testing.T) {
	no := func(errno syscall.Errno) error { return os.NewSyscallError("connect", errno) }
	for _, c := range []struct {
		err  error
		lost time.Duration // ago
		most time.Duration
	}{
		{no(syscall.ENETUNREACH), 5 * time.Minute, noWayRetry * 5 / 4},
		{no(syscall.EHOSTUNREACH), 5 * time.Minute, noWayRetry * 5 / 4},
		{no(10051), 5 * time.Minute, noWayRetry * 5 / 4},
		{no(syscall.ECONNREFUSED), 5 * time.Minute, StandardTiming.MaxRetry * 5 / 4},
		{no(syscall.ETIMEDOUT), 2 * time.Minute, silentRetry * 5 / 4}, // a router hangs
		{context.DeadlineExceeded, 2 * time.Minute, silentRetry * 5 / 4},
		{os.ErrDeadlineExceeded, 2 * time.Minute, silentRetry * 5 / 4},
		{os.ErrDeadlineExceeded, silentNews + 2*time.Minute, StandardTiming.MaxRetry * 5 / 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			ms, f, e := holding(t, "tcp4")
			time.Sleep(time.Minute)
			e.with(func() { e.refuse = errors.New("not now") })
			f.with(func() {
				f.fail = netproto.Errorf(netproto.CodeUnreachable, "tracker:5000: %w", &net.OpError{Op: "dial", Err: c.err})
			})
			e.hangUp()
			time.Sleep(c.lost)
			if s := ms.Status(); s.State != StateReconnecting || time.Until(s.Retry) > c.most {
				t.Fatalf("%v: %s, tried again in %s", c.err, s.State, time.Until(s.Retry))
			}
			f.with(func() { f.fail = nil })
			time.Sleep(c.most + time.Second)
			if s := ms.Status(); s.State != StateConnected {
				t.Errorf("%v: %s", c.err, s.State)
			}
		})
	}
}

func TestItIsSaidOnceThatALostTrackerIsBack(t *testing.T) {
	for _, calls := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var said atomic.Int32
			e := &exchange{t: t}
			f := newFakeTracker("tracker:5000")
			f.families, f.line = []string{"tcp4"}, e.open
			ms := New(context.WithoutCancel(t.Context()), Config{Self: func() netproto.JoinRequest { return netproto.JoinRequest{} }, Changed: func() {},
				Log: slog.New(slog.DiscardHandler), Timing: StandardTiming, Calls: func() bool { return calls }, Notes: func(Tracker) {}, Joined: func(Tracker, bool) {},
				Finds: func(Tracker) {}, Leads: func(string) bool { return true }, Back: func() { said.Add(1) }})
			defer e.hangUp()
			defer ms.Close()
			ms.Use(f)
			time.Sleep(time.Minute)
			if n := said.Load(); n != 0 {
				t.Fatalf("calls %v: it was said %d times of a tracker that was not lost", calls, n)
			}
			f.with(func() { f.fail = errors.New("not now") })
			e.with(func() { e.refuse = errors.New("not now") })
			e.hangUp()
			time.Sleep(2 * time.Minute)
			f.with(func() { f.fail = nil })
			e.with(func() { e.refuse = nil })
			time.Sleep(2 * time.Minute)
			if n := said.Load(); n != 1 {
				t.Errorf("calls %v: it was said %d times", calls, n)
			}
		})
	}
}
