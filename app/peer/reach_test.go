package peer_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/session"
)

// blocked is what a dial is to a peer behind a router that lets nothing in.
func blocked(context.Context, string) (net.Conn, error) {
	return nil, errors.New("the test lets nothing through")
}

// waysOf downloads a file and returns by which ways it came, as the progress said.
func waysOf(t *testing.T, sharer, getter *testPeer, size int) (ways session.WayCounts) {
	t.Helper()
	path, content := sharer.write(t, "film.mkv", size)
	id := getter.add(t, sharer.share(t, path))
	d := getter.until(t, id, "it is not fetched", func(d queue.Download) bool {
		if d.Ways != (session.WayCounts{}) {
			ways = d.Ways
		}
		return d.State == queue.StateFinished
	})
	got, err := os.ReadFile(d.Path)
	check(t, err)
	if !bytes.Equal(got, content) {
		t.Error("it came with other bytes")
	}
	return ways
}

// Neither can dial the other by itself: the tracker rings the sharer, and it dials from
// the port that it listens at.
func TestTwoThatCannotDialMeetByACall(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	dials := make(chan string, 100)
	sharer := startWith(t, &testPeer{calm: true, dial: blocked}, tr, nil)
	getter := startWith(t, &testPeer{calm: true, dial: func(ctx context.Context, address string) (net.Conn, error) {
		dials <- address
		return blocked(ctx, address)
	}}, tr, nil)
	waysOf(t, sharer, getter, 1<<20)
	if len(dials) == 0 {
		t.Error("it was not even dialled")
	}
	statuses := sharer.Trackers.Statuses()
	if len(statuses) != 1 || len(statuses[0].Lines) != 1 || !statuses[0].Calls {
		t.Errorf("%+v", statuses)
	}
}

// Nothing gets through at all, and the tracker passes the bytes on.
func TestTwoThatCannotMeetAreRelayed(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	sharer := startWith(t, &testPeer{calm: true, dial: blocked, dialFrom: blocked}, tr, nil)
	getter := startWith(t, &testPeer{calm: true, dial: blocked, dialFrom: blocked}, tr, nil)
	began := time.Now()
	ways := waysOf(t, sharer, getter, 3<<19)
	if ways != (session.WayCounts{Relayed: 1}) {
		t.Errorf("after %s: %+v", time.Since(began), ways)
	}
}

func TestSwitchesOfTheProfileKeepAPeerFromCallsAndRelays(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	sharer := startWith(t, &testPeer{dial: blocked, dialFrom: blocked}, tr, func(s *library.Settings) { s.Calls = false })
	sharer.waitTracker(t, func(s membership.Status) bool { return s.State == membership.StateConnected })
	if s := sharer.Trackers.Status(); s.Calls || len(s.Lines) != 0 {
		t.Errorf("it holds a line: %+v", s)
	}
	settings, err := sharer.library.Settings()
	check(t, err)
	settings.Calls = true
	sharer.Apply(settings)
	sharer.Trackers.Rejoin()
	sharer.waitTracker(t, func(s membership.Status) bool { return len(s.Lines) == 1 })
}

func TestAPeerKnowsHowItIsReached(t *testing.T) {
	t.Parallel()
	p := startPeer(t, nil)
	if r := p.Reachability(); r.Verdict != peer.Unknown || r.Reason == "" {
		t.Errorf("without a tracker: %+v", r)
	}
	tr := startTracker(t)
	p.join(t, tr)
	p.waitTracker(t, func(membership.Status) bool { return p.Reachability().Verdict == peer.Reachable })
	if r := p.Reachability(); r.Tracker != tr.address || r.Reason == "" {
		t.Errorf("%+v", r)
	}
}
