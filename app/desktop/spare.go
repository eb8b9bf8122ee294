//go:build !darwin || cgo

package desktop

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"centralizedp2p/netproto/pulse"
)

// A long list, or a page of pictures, leaves as much memory behind as it took. The runtime
// gives it back within minutes; other programs of the person need it sooner.

const (
	spareLook  = 2 * time.Second
	sparePause = 15 * time.Second // at least, from one time to the next
	spareLeast = 12 << 20         // bytes that are worth the work
	spareMuch  = 32 << 20         // bytes that are worth it even while something goes on
	// spareBusy is how many bytes are allocated from look to look, at least, while something
	// goes on, which will use what is spare. A long list at rest is read again and again.
	spareBusy = 8 << 20
	// repaintEvery is how often a window at rest is drawn again. Fyne keeps the pictures of
	// texts for a minute after they were last seen, and forgets them when it draws.
	repaintEvery = 30 * time.Second
)

// spare decides when unused memory is given back to the system.
type spare struct {
	given     time.Time // when it last was
	allocated uint64    // bytes since the start, at the last look
}

// due reports whether it is worth it now. A quarter of what is live may stay unused: a window
// at rest makes garbage, too. All are bytes: unused, live, and allocated since the start.
func (s *spare) due(now time.Time, unused, live, allocated uint64) bool {
	busy := allocated-s.allocated > max(spareBusy, live/4)
	s.allocated = allocated
	worth := max(spareLeast, live/4)
	if busy {
		worth = max(spareMuch, live/2)
	}
	if unused < worth || now.Sub(s.given) < sparePause {
		return false
	}
	s.given = now
	return true
}

// giveBackMemory keeps garbage low, and gives back what is spare, until ctx ends. repaint
// draws the window again, and a moment later trim gives back what C libraries freed
// meanwhile.
func giveBackMemory(ctx context.Context, repaint, trim func()) {
	defer setGarbage(shownPercent)()
	tick := pulse.NewTicker(spareLook)
	defer tick.Stop()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/allocs:bytes"}}
	var s spare
	var repainted time.Time
	drawn := false // since memory of C was last given back
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			metrics.Read(sample)
			free, objects, live := sample[0].Value.Uint64(), sample[1].Value.Uint64(), sample[2].Value.Uint64()
			if garbage := max(objects, live) - live; s.due(now, free+garbage, live, sample[3].Value.Uint64()) {
				debug.FreeOSMemory()
			}
			switch {
			case now.Sub(repainted) >= repaintEvery:
				repainted, drawn = now, true
				repaint()
			case drawn:
				drawn = false
				trim()
			}
		}
	}
}
