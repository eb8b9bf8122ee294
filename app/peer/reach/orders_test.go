package reach

import (
	"fmt"
	"testing"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Each of these can happen to a climb before or after each of the others.
const (
	opens   = iota // the peer's router lets everybody in
	comes          // the peer dials by itself, to fetch from this one
	rings          // the peer is rung, and dials
	answers        // the tracker answers the call
	relays         // a side that asks for the relay gets there
	happen         // how many there are
)

// momentsOf are when they happen; the last three count from the call, and the relay from
// when it is asked for.
var momentsOf = [happen]time.Duration{100 * ms, 600 * ms, 1300 * ms, 2100 * ms, 3200 * ms}

// permutations of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, rest := range permutations(n - 1) {
		for i := range n {
			all = append(all, append(append(append([]int{}, rest[:i]...), n-1), rest[i:]...))
		}
	}
	return all
}

// In every order, and whichever of them never happen, both sides end with the same
// connections, on the two sides of TLS, by the best way that there was in time.
func TestInEveryOrderOfEventsTwoPeersMeet(t *testing.T) {
	tried := map[[happen]time.Duration]bool{}
	for _, order := range permutations(happen) {
		for some := range 1 << happen { // a bit for each that happens
			var at [happen]time.Duration
			n := 0
			for _, what := range order {
				if at[what] = never; some>>what&1 == 1 {
					at[what] = momentsOf[n]
					n++
				}
			}
			if !tried[at] {
				tried[at] = true
				for _, reach := range []netproto.Reachability{netproto.ReachableUnknown, netproto.ReachableNo} {
					t.Run(fmt.Sprint(reach, at), func(t *testing.T) { inWorld(t, func(t *testing.T, w *world) { w.happens(t, reach, at) }) })
				}
			}
		}
	}
	if len(tried) != 326 { // 5! + 5·4! + 10·3! + 10·2! + 5 + 1
		t.Errorf("%d orders", len(tried))
	}
}

// never is after everything has ended.
const never = time.Hour

func (w *world) happens(t *testing.T, reach netproto.Reachability, at [happen]time.Duration) {
	a, b := w.add("192.0.2.1:4000"), w.add("192.0.2.2:4000")
	busy(a, b)
	w.calls.missed, w.calls.late, w.calls.slow = at[rings], at[answers], at[relays]
	time.AfterFunc(at[opens], func() { w.set(func() { b.open = true }) })
	came := make(chan struct{})
	comer := time.AfterFunc(at[comes], func() {
		defer close(came)
		w.set(func() { a.open = true })
		to := a.target(netproto.ReachableYes)
		to.Callable = false
		b.reach(to)
	})
	began := time.Now()
	c, err := a.Connect(w.ctx, b.target(reach), 0)
	took := time.Since(began)
	if !comer.Stop() {
		<-came
	}
	known := reach == netproto.ReachableNo || at[answers] < never // where the peer comes from
	if hope := min(at[opens], at[comes]) < never || at[rings] < never && known; err != nil {
		if hope || took > StandardTiming.GiveUp+time.Second {
			t.Errorf("after %s: %v", took, err)
		}
		return
	}
	if took > StandardTiming.GiveUp {
		t.Errorf("it took %s", took)
	}
	time.Sleep(2 * StandardTiming.GiveUp) // also for a peer that is rung late
	mine, theirs := a.conns.Of(b.key), b.conns.Of(a.key)
	if len(mine) == 0 || len(mine) != len(theirs) {
		t.Errorf("%s after %s, but there are %d and %d connections", c.Way, took, len(mine), len(theirs))
	}
	select {
	case <-c.Ended():
		t.Errorf("the connection that was returned has ended: %s after %s", c.Way, took)
	default:
	}
	if c.Way == session.WayRelayed && min(at[opens], at[comes]) < 600*ms {
		t.Errorf("it is relayed, although it was open %s before", took)
	}
	if again, err := a.Connect(w.ctx, b.target(reach), 0); err != nil || again != mine[0] {
		t.Errorf("the connection that is there is not used: %v", err)
	}
	if a.underWay()+b.underWay() != 0 {
		t.Errorf("%d and %d calls are not over", a.underWay(), b.underWay())
	}
}

// set changes a router.
func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}
