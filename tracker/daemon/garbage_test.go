package daemon

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func gcPercent() int {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

func TestTheMoreLivesTheLessGarbageMayThereBe(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(123))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var live atomic.Uint64
		var watched sync.WaitGroup
		watched.Go(func() { watchGarbage(ctx, live.Load) })
		for _, c := range []struct {
			live uint64
			want int
		}{{0, 200}, {muchGarbage, 100}, {2 * muchGarbage, 50}, {1 << 40, 30}, {5 << 20, 200}} {
			live.Store(c.live)
			time.Sleep(2 * garbageLook)
			synctest.Wait()
			if got := gcPercent(); got != c.want {
				t.Errorf("with %d bytes alive there may be %d %% of garbage, not %d", c.live, got, c.want)
			}
		}
		cancel()
		watched.Wait()
		if got := gcPercent(); got != 123 {
			t.Errorf("afterwards there may be %d %%", got)
		}
	})
}

func TestWhoSetsGOGCDecides(t *testing.T) {
	t.Setenv("GOGC", "77")
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	watchGarbage(t.Context(), func() uint64 { t.Error("somebody looked"); return 0 }) // returns at once
	if got := gcPercent(); got != 77 {
		t.Errorf("there may be %d %% of garbage", got)
	}
}

func TestTheLiveHeapIsKnown(t *testing.T) {
	kept := make([]byte, 64<<20)
	runtime.GC()
	if got := liveHeap(); got < 64<<20 || got > 1<<30 {
		t.Errorf("%d bytes live", got)
	}
	runtime.KeepAlive(kept)
}
