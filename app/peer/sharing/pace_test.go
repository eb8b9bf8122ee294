package sharing

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestGentleHashingRestsAsLongAsItWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pace
		p.begin()
		for _, c := range []struct{ work, rest time.Duration }{{30 * time.Millisecond, 30 * time.Millisecond}, {5 * time.Millisecond, 5 * time.Millisecond}, {time.Hour, longestRest}} {
			time.Sleep(c.work)
			began := time.Now()
			p.rest(t.Context())
			if rested := time.Since(began); rested != c.rest {
				t.Errorf("after %s of work it rested for %s", c.work, rested)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		time.Sleep(time.Second)
		began := time.Now()
		p.rest(ctx)
		if time.Since(began) != 0 {
			t.Error("it rests although it ends")
		}
	})
}
