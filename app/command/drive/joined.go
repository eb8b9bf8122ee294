package drive

import (
	"context"

	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
)

// Joined has the engine use the trackers, and waits until one is joined.
func (d *Driver) Joined(ctx context.Context, n *node.Node) (*lookout.Lookout, error) {
	ts, err := d.OpenTrackers(ctx, n.Library, nil)
	if err != nil {
		return nil, err
	}
	ts.Use(n.Engine)
	return lookout.Here(d.Screen, n, ts.Silent()...), WaitJoined(ctx, n)
}

// WaitJoined waits until a tracker is joined, or will not have this peer.
func WaitJoined(ctx context.Context, n *node.Node) error {
	changed := n.Engine.Watch(ctx)
	for !n.Engine.Trackers.Joined() {
		status := n.Engine.Trackers.Status()
		switch netproto.CodeOf(status.Err) {
		case netproto.CodeKeyChanged, netproto.CodeInvite, netproto.CodeBanned:
			return status.Err
		}
		if _, more := <-changed; !more {
			return ctx.Err()
		}
	}
	return nil
}
