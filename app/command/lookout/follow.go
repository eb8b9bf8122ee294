package lookout

import (
	"context"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

// Follow looks at an engine whenever it changes, and now and then, until look says that
// it has seen enough.
func Follow(ctx context.Context, engine face.Engine, look func() (done bool, err error)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	changed := engine.Watch(ctx)
	tick := pulse.NewTicker(Every)
	defer tick.Stop()
	for {
		if done, err := look(); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return &netproto.Error{Code: netproto.CodeCancelled}
		case _, open := <-changed:
			if !open {
				changed = nil // ctx ends, or the tick goes on alone
			}
		case <-tick.C:
		}
	}
}
