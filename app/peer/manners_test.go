package peer_test

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/peer/membership"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

// waitTracker waits until the status of the tracker is as the test wants.
func (p *testPeer) waitTracker(t testing.TB, wanted func(membership.Status) bool) {
	t.Helper()
	ctx := deadline(t)
	changed := p.Watch(ctx)
	for !wanted(p.Trackers.Status()) {
		select {
		case <-ctx.Done():
			t.Fatalf("the tracker's state stays %+v", p.Trackers.Status())
		case <-changed:
		}
	}
}

func TestAPeerLearnsThatItCanBeReached(t *testing.T) {
	t.Parallel()
	options := daemon.DefaultOptions()
	options.Listen, options.Data, options.Heartbeat = "127.0.0.1:0", t.TempDir(), time.Second
	opened, err := daemon.Open(options, boltstore.Open, io.Discard)
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- opened.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		check(t, <-served)
	})
	alice := startPeer(t, &testTracker{address: opened.Address()})
	alice.waitTracker(t, func(s membership.Status) bool { return s.Reachable == netproto.ReachableYes })
}

// busyTracker asks once to be left alone for a while.
type busyTracker struct {
	*fakeTracker
	asked atomic.Int64 // when, in nanoseconds since 1970
	again atomic.Int64 // when the peer announced after that
}

const busyFor = 300 * time.Millisecond

func (b *busyTracker) Announce(ctx context.Context, request netproto.AnnounceRequest) (netproto.AnnounceResponse, error) {
	now := time.Now().UnixNano()
	if b.asked.CompareAndSwap(0, now) {
		return netproto.AnnounceResponse{}, &netproto.Error{Code: netproto.CodeTooMany, RetryAfter: busyFor}
	}
	b.again.CompareAndSwap(0, now)
	return b.fakeTracker.Announce(ctx, request)
}

func TestATrackerThatAsksToWaitIsToldLaterAndNotLeft(t *testing.T) {
	t.Parallel()
	busy := &busyTracker{fakeTracker: newFakeTracker()}
	alice := startPeer(t, nil)
	alice.Trackers.Use(busy)
	alice.waitTracker(t, func(s membership.Status) bool { return s.State == membership.StateConnected })
	path, _ := alice.write(t, "song.flac", 1000)
	shared := alice.share(t, path)
	alice.waitTracker(t, func(membership.Status) bool {
		_, held := busy.holds(shared.Hash)
		return held
	})
	if waited := time.Duration(busy.again.Load() - busy.asked.Load()); waited < busyFor {
		t.Errorf("it was asked again after %s, %s before it wanted to be", waited, busyFor-waited)
	}
	busy.with(func() {
		if busy.joins != 1 {
			t.Errorf("it was joined %d times", busy.joins)
		}
	})
}
