package flow

import (
	"testing"
	"time"
)

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
