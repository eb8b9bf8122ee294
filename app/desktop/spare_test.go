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
		{-20, 30, 50, 250, false}, // much was allocated: a list grows
		{-18, 200, 50, 300, true},
		{-4, 200, 50, 350, false},
		{0, 30, 50, 400, false},
		{2, 30, 50, 403, true},
		{4, 90, 50, 404, false}, // just done
		{18, 11, 10, 405, false},
		{20, 24, 100, 406, false}, // a window at rest
		{22, 26, 100, 407, true},
		{40, 26, 100, 433, false},
		{42, 26, 100, 455, true},
	} {
		if due := s.due(start.Add(time.Duration(c.at)*time.Second), c.unused*mib, c.live*mib, c.allocated*mib); due != c.due {
			t.Errorf("after %d s with %d MiB of %d: %v", c.at, c.unused, c.live, due)
		}
	}
}

func TestAWindowAtRestIsDrawnNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		drawn, trimmed := 0, 0
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			giveBackMemory(ctx, func() {
				if drawn++; trimmed != drawn-1 {
					t.Errorf("after %d times it was given back %d times", drawn-1, trimmed)
				}
			}, func() { trimmed++ })
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
