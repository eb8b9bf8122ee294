package seedpeer

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

const (
	// heartbeatEvery is how often the seed's peer sends a heartbeat.
	heartbeatEvery = 5 * time.Second
	// dropAfter is how long after the last heartbeat the seed's tracker drops a peer
	// with everything that it registered. Our own tracker waits for a SeedLease.
	dropAfter = 7 * time.Second
)

// Registry is a seed tracker, or the seed's routes of one of ours. Errors are of
// type *netproto.Error, with the code "tracker-unreachable" if it did not answer.
// It may be called from several goroutines.
type Registry interface {
	// List returns every resource that the tracker lists.
	List(ctx context.Context) ([]netproto.SeedResource, error)
	// Find returns one peer that has a resource of exactly this name, or false if
	// there is none.
	Find(ctx context.Context, name string) (netproto.SeedResource, bool, error)
	// Register lists a resource of a peer. Registering it again changes nothing.
	Register(ctx context.Context, r netproto.SeedRegistration) error
	// Heartbeat renews the lease of a peer. It does not bring back a peer that was
	// dropped: its resources must be registered again.
	Heartbeat(ctx context.Context, peerID string) error
}

// keeper keeps what is on the shelf listed at the tracker.
type keeper struct {
	registry Registry
	shelf    *shelf
	peerID   string
	peerIP   string
	peerPort int
	every    time.Duration

	last time.Time // of the last heartbeat that was answered, by the wall clock
}

// run sends heartbeats until ctx ends.
func (k *keeper) run(ctx context.Context) {
	ticker := time.NewTicker(k.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// The person sees an error with the next command, and the next heartbeat
			// mends it.
			_ = k.beat(ctx)
		}
	}
}

// beat sends one heartbeat and registers what the tracker may not know. If the
// tracker did not answer in between, or was not asked because this computer slept,
// it has dropped everything.
func (k *keeper) beat(ctx context.Context) error {
	beatCtx, cancel := context.WithTimeout(ctx, k.every)
	defer cancel()
	if err := k.registry.Heartbeat(beatCtx, k.peerID); err != nil {
		k.last = time.Time{}
		return err
	}
	now := time.Now().Round(0)                                    // unlike the monotonic clock, the wall clock runs while a computer sleeps
	if since := now.Sub(k.last); since > dropAfter || since < 0 { // the clock was set, and may have hidden a sleep
		k.shelf.forgetPosts()
	}
	k.last = now
	var refused error
	for key, sum := range k.shelf.unposted() {
		err := k.register(ctx, key, sum)
		if netproto.CodeOf(err) == netproto.CodeUnreachable {
			return err
		}
		if err != nil {
			refused = err
		}
	}
	return refused
}

// register lists one item.
func (k *keeper) register(ctx context.Context, key key, sum string) error {
	err := k.registry.Register(ctx, netproto.SeedRegistration{
		PeerID: k.peerID,
		SeedResource: netproto.SeedResource{
			PeerIP:       k.peerIP,
			PeerPort:     k.peerPort,
			ResourcePath: key.path,
			ResourceName: key.name,
			ResourceHash: sum,
		},
	})
	if err == nil {
		k.shelf.setPosted(key, sum)
	}
	return err
}
