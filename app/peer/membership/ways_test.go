package membership

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

// A tracker adds up what heartbeats bring, so each connection is told once, also if a
// heartbeat is lost.
func TestWaysToPeersAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		f.lost = 3
		ms := start(t)
		var all netproto.Ways
		ms.config.Ways = func() netproto.Ways {
			f.mu.Lock()
			defer f.mu.Unlock()
			return all
		}
		defer ms.Close()
		ms.Use(f)
		for _, now := range []netproto.Ways{{Direct: 1}, {Direct: 1, Called: 2}, {Direct: 1, Called: 2, None: 1}, {Direct: 1, Called: 2, None: 1}} {
			f.with(func() { all = now })
			time.Sleep(2 * time.Minute)
		}
		f.with(func() {
			if want := []netproto.Ways{{Direct: 1}, {Called: 2}, {None: 1}}; !slices.Equal(f.ways, want) {
				t.Errorf("the tracker is told %+v, want %+v", f.ways, want)
			}
		})
	})
}
