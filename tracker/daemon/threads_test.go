package daemon

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestMoreRunsAtOnceOnlyWhileMuchWaits(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var waiting atomic.Int64
		var watched sync.WaitGroup
		watched.Go(func() { watchThreads(ctx, func() int { return int(waiting.Load()) }) })
		want := func(when string, more int) {
			t.Helper()
			synctest.Wait()
			if got := runtime.GOMAXPROCS(0); got != before+more {
				t.Errorf("%s: %d run at once, not %d", when, got, before+more)
			}
		}
		waiting.Store(attackAt - 1)
		time.Sleep(time.Second)
		want("little waits", 0)
		waiting.Store(attackAt)
		time.Sleep(time.Second)
		want("much waits", moreThreads)
		waiting.Store(0)
		time.Sleep(attackLasts / 2)
		want("for a moment nothing waits", moreThreads)
		time.Sleep(attackLasts)
		want("afterwards", 0)
		waiting.Store(attackAt)
		time.Sleep(time.Second)
		want("again", moreThreads)
		cancel()
		watched.Wait()
		want("at the end", 0)
	})
}
