package localengine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto/lan"
)

// How long the local network is asked for trackers, and how often. The first
// answers come within milliseconds; a packet that is lost is sent again.
const (
	lookFor   = 3 * time.Second
	lookEvery = 30 * time.Second
)

// lookNearby keeps the list of trackers in the local network until the engine
// is closed.
func (e *Engine) lookNearby() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	e.watching.Go(func() {
		select {
		case <-e.closed:
			cancel()
		case <-ctx.Done():
		}
	})
	told := ""
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		asking, done := context.WithTimeout(ctx, lookFor)
		found, err := e.browse(asking)
		done()
		if ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != told { // what lasts is logged once
			told = err.Error()
			e.log.Warn("the local network cannot be asked for trackers", "error", err)
		}
		e.setNearby(found)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// setNearby takes over what was found, in an order that stays.
func (e *Engine) setNearby(found []lan.Tracker) {
	list := make([]face.KnownTracker, 0, len(found))
	for _, t := range found {
		list = append(list, face.KnownTracker{Address: t.Link().Tracker, Name: t.Name, Fingerprint: t.Fingerprint})
	}
	slices.SortFunc(list, func(a, b face.KnownTracker) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Address, b.Address))
	})
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.Equal(e.nearby, list) {
		return
	}
	e.nearby = list
	e.notifyLocked()
}

// nearbyLocked is the list without the tracker on this computer itself.
func (e *Engine) nearbyLocked() []face.KnownTracker {
	return slices.DeleteFunc(slices.Clone(e.nearby), func(t face.KnownTracker) bool {
		return e.own != nil && t.Fingerprint == e.own.Fingerprint
	})
}
