package membership

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

// A tracker answers a join before it has dialled back, for which it takes at most
// 3 seconds. It is asked again until it knows.
const (
	portTestTime  = 10 * time.Second
	portTestEvery = time.Second
)

// TestPort reports whether the main tracker can connect to this peer. The answer is
// "unknown" if the tracker does not find out in time; without a tracker the error
// has the code "tracker-unreachable".
func (ms *Memberships) TestPort(ctx context.Context) (netproto.Reachability, error) {
	m := ms.list()[0]
	if m.tracker == nil {
		return netproto.ReachableUnknown, netproto.Errorf(netproto.CodeUnreachable, "no tracker was chosen, and it is the tracker that tries the port")
	}
	ctx, cancel := context.WithTimeout(ctx, portTestTime)
	defer cancel()
	again := time.NewTicker(portTestEvery)
	defer again.Stop()
	for {
		joined, err := m.tracker.Join(ctx, ms.config.Self())
		if err != nil && ctx.Err() == nil {
			return netproto.ReachableUnknown, err
		}
		if err == nil {
			m.update(func(s *Status) { s.Observed, s.Reachable = joined.ObservedAddress, joined.Reachable })
			if joined.Reachable == netproto.ReachableYes || joined.Reachable == netproto.ReachableNo {
				return joined.Reachable, nil
			}
		}
		select {
		case <-ctx.Done():
			return netproto.ReachableUnknown, nil
		case <-again.C:
		}
	}
}
