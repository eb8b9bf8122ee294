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
		queued := make(chan struct{}, 1)
		wait := func(n int64) {
			waiting.Store(n)
			select {
			case queued <- struct{}{}:
			default:
			}
		}
		var watched sync.WaitGroup
		watched.Go(func() { watchThreads(ctx, queued, func() int { return int(waiting.Load()) }) })
		want := func(when string, more int) {
			t.Helper()
			synctest.Wait()
			if got := runtime.GOMAXPROCS(0); got != before+more {
				t.Errorf("%s: %d run at once, not %d", when, got, before+more)
			}
		}
		wait(attackAt - 1)
		time.Sleep(time.Second)
		want("little waits", 0)
		wait(attackAt)
		time.Sleep(time.Second)
		want("much waits", moreThreads)
		waiting.Store(0)
		time.Sleep(attackLasts / 2)
		want("for a moment nothing waits", moreThreads)
		time.Sleep(attackLasts)
		want("afterwards", 0)
		wait(attackAt)
		time.Sleep(time.Second)
		want("again", moreThreads)
		cancel()
		watched.Wait()
		want("at the end", 0)
	})
}
