package flow

import (
	"testing"
	"time"
)

// Over a line that loses packets each connection is slow, however many there are.
func TestTwiceAsManyConnectionsAreTriedAsPaid(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var c Climb
	for i, extra := range []int{0, 1, 3, 7, 7, 7} {
		c.Judge(int64(1000*(1+c.Extra())), 1+c.Extra(), 7, now)
		if extra != c.Extra() {
			t.Errorf("step %d: %d extra connections, not %d", i, c.Extra(), extra)
		}
		now = now.Add(climbEvery)
	}
	c = Climb{}
	for i, step := range []struct{ rate, extra int }{{1000, 0}, {1000, 1}, {2000, 3}, {2000, 1}} {
		if c.Judge(int64(step.rate), 1, 7, now); step.extra != c.Extra() {
			t.Errorf("step %d: %d extra connections, not %d: those that did not pay stay", i, c.Extra(), step.extra)
		}
		now = now.Add(climbEvery)
	}
}

func TestOneMoreConnectionStaysOnlyIfItPays(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var c Climb
	for i, step := range []struct {
		after       time.Duration
		rate        int64
		connections int
		extra       int
	}{
		{0, 1000, 1, 0},
		{time.Second, 1000, 1, 0},             // the rate does not show it yet
		{climbEvery, 1000, 1, 1},              // a trial
		{climbEvery, 2000, 2, 2},              // it paid: another one
		{climbEvery, 2100, 3, 1},              // which did not
		{climbEvery, 2000, 2, 1},              // the pause
		{climbRest, 2 * fastConnection, 2, 1}, // fast enough
		{climbEvery, 2000, 2, 2},              // slow again: a trial
		{climbEvery, 9000, 3, 2},              // it paid, and is the last
		{climbEvery, 0, 0, 2},                 // nothing to judge
		{climbEvery, 9000, 3, 2},
	} {
		now = now.Add(step.after)
		c.Judge(step.rate, step.connections, 2, now)
		if step.extra != c.Extra() {
			t.Errorf("step %d: %d extra connections, not %d", i, c.Extra(), step.extra)
		}
	}
}
