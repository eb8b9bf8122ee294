package daemon

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"centralizedp2p/netproto/pulse"
)

// The garbage collector of Go waits until there is as much garbage as there is of what
// lives: with a million names, half of the memory. Beyond some amount it had better come
// sooner. Each time costs about a second of one processor for each GiB that lives, so
// it must not come much more often either. Where little lives, twice as much garbage is
// worth it: searches are 6 to 9 % faster.
const (
	mostPercent  = 200
	leastPercent = 30
	muchGarbage  = 96 << 20 // bytes that are aimed at between these
	garbageLook  = 5 * time.Second
)

// garbagePercent returns how much garbage there may be for that many bytes that live.
func garbagePercent(live uint64) int {
	return int(min(max(100*muchGarbage/max(live, 1), leastPercent), mostPercent))
}

// watchGarbage sets how much garbage there may be by how much lives, until ctx ends; then
// it is as before. GOGC decides if it is set.
func watchGarbage(ctx context.Context, live func() uint64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	now := garbagePercent(live())
	defer debug.SetGCPercent(debug.SetGCPercent(now))
	tick := pulse.NewTicker(garbageLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if next := garbagePercent(live()); next != now { // a change stops everything for a moment
			debug.SetGCPercent(next)
			now = next
		}
	}
}

// liveHeap returns how many bytes the garbage collector found to live the last time.
func liveHeap() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
