package localengine

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto/lan"
)

// How long the local network is asked for trackers, and how often. The first
// answers come within milliseconds; a lost packet is sent again. The first look is
// short, because a new person waits for it.
const (
	lookFirst = 700 * time.Millisecond
	lookFor   = 3 * time.Second
	lookEvery = 30 * time.Second
)

// nearby is the list of trackers in the local network.
type nearby struct {
	*core
	// browse asks the local network until ctx ends; nil asks nobody.
	browse func(ctx context.Context) ([]lan.Tracker, error)

	mu   sync.Mutex
	list []face.KnownTracker
}

// look keeps the list up to date until the engine is closed.
func (n *nearby) look() {
	logged := ""
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for most := lookFirst; ; most = lookFor {
		asking, done := context.WithTimeout(n.ctx, most)
		found, err := n.browse(asking)
		done()
		if n.ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != logged { // the same failure is logged once
			logged = err.Error()
			n.log.Warn("the local network cannot be asked for trackers", "error", err)
		}
		n.set(found)
		if most == lookFirst {
			continue // for those that answer slowly
		}
		select {
		case <-n.ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// set takes over what was found, in a stable order.
func (n *nearby) set(found []lan.Tracker) {
	list := make([]face.KnownTracker, 0, len(found))
	for _, t := range found {
		list = append(list, face.KnownTracker{Address: t.Link().Tracker, Name: t.Name, Fingerprint: t.Fingerprint})
	}
	slices.SortFunc(list, func(a, b face.KnownTracker) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Address, b.Address))
	})
	n.mu.Lock()
	changed := !slices.Equal(n.list, list)
	n.list = list
	n.mu.Unlock()
	if changed {
		n.news.tell()
	}
}

// others returns the list without the tracker on this computer, nil for none.
func (n *nearby) others(own *node.OwnTracker) []face.KnownTracker {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(n.list), func(t face.KnownTracker) bool {
		return own != nil && t.Fingerprint == own.Fingerprint
	})
}
