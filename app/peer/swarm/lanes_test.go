package swarm

import (
	"testing"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/netproto"
)

// One connection to a source far away is slower than its line, whoever else gives.
func TestASourceFarAwayHasSeveralConnectionsAmongOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sources, near, far int
		rest               int64
	}{{1, 3, 4, 1 << 30}, {2, 2, 4, 1 << 30}, {6, 1, 4, 1 << 30}, {7, 1, 1, 1 << 30}, {200, 1, 1, 1 << 30}, {6, 1, 1, smallRest - 1}} {
		ss := New(Config{Traffic: flow.NewTraffic(0, 0, false)})
		a := ss.Attempt(Task{Size: c.rest, Limit: flow.NewThrottle(0)}, nil, Preference{})
		for n := range c.sources {
			a.sources.known[netproto.PublicKey{byte(n), 1}] = &source{}
		}
		if near, far := a.lanes.perSource(); near != c.near || far != c.far {
			t.Errorf("%d sources with %d bytes to come: %d connections to each, %d if it is far away", c.sources, c.rest, near, far)
		}
		away := &source{}
		a.lanes.open[&lane{source: away, delay: farAway}] = struct{}{}
		a.lanes.open[&lane{source: &source{}, delay: farAway - 1}] = struct{}{}
		if !a.lanes.far(away) || a.lanes.far(&source{}) {
			t.Error("who is far away shows in the delays of the own connections only")
		}
	}
}
