//go:build !darwin || cgo

package desktop

import (
	"context"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"
)

func TestSpareMemoryIsGivenBackAtRest(t *testing.T) {
	const mib = 1 << 20
	var s spare
	start := time.Now()
	for _, c := range []struct {
		at                      int    // seconds
		unused, live, allocated uint64 // MiB
		due                     bool
	}{
		{0, 200, 50, 300, false}, // much was allocated: a list grows
		{2, 200, 50, 303, true},
		{4, 90, 50, 304, false}, // just done
		{18, 11, 10, 305, false},
		{20, 24, 100, 306, false}, // a window at rest
		{22, 26, 100, 307, true},
		{40, 26, 100, 333, false},
		{42, 26, 100, 355, true},
	} {
		if due := s.due(start.Add(time.Duration(c.at)*time.Second), c.unused*mib, c.live*mib, c.allocated*mib); due != c.due {
			t.Errorf("after %d s with %d MiB of %d: %v", c.at, c.unused, c.live, due)
		}
	}
}

func TestAWindowAtRestIsDrawnNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		drawn := 0
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			giveBackMemory(ctx, func() { drawn++ })
		}()
		time.Sleep(5 * repaintEvery)
		end()
		<-ended
		if drawn < 4 || drawn > 6 {
			t.Errorf("it was drawn %d times in %s", drawn, 5*repaintEvery)
		}
	})
}

func TestGarbageIsBoundedUnlessTheEnvironmentDoes(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(123))
	for _, c := range []struct {
		environment string
		during      int
	}{{"", shownPercent}, {"150", 123}} {
		t.Setenv("GOGC", c.environment)
		before := setGarbage(shownPercent)
		during := debug.SetGCPercent(shownPercent)
		debug.SetGCPercent(during)
		before()
		if after := debug.SetGCPercent(123); during != c.during || after != 123 {
			t.Errorf("with GOGC=%q it is %d, and %d afterwards", c.environment, during, after)
		}
	}
}
