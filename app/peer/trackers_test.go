package peer_test

import (
	"errors"
	"testing"
	"time"

	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// also adds a tracker beside the main one.
func (p *testPeer) also(t testing.TB, tr *testTracker) {
	t.Helper()
	client, err := trackerclient.New(p.library.Identity(), tr.address, netproto.Fingerprint{}, p.library)
	check(t, err)
	if !p.Trackers.Add(client) {
		t.Fatal("it is used already")
	}
}

func TestAPeerIsFoundAtEachOfItsTrackers(t *testing.T) {
	t.Parallel()
	first, second := startTracker(t), startTracker(t)
	alice := startPeer(t, first)
	path, content := alice.write(t, "song.flac", 100_000)
	s := alice.share(t, path)
	alice.also(t, second)
	late, more := alice.write(t, "late.flac", 1000)
	other := alice.share(t, late)
	bob := startPeer(t, second)
	same(t, bob.get(t, s).Path, content)
	same(t, bob.get(t, other).Path, more)
	<-alice.Trackers.Drop(second.address)
	if _, err := bob.Trackers.Main().Resource(deadline(t), other.Hash); err != nil && netproto.CodeOf(err) != netproto.CodeNotFound {
		t.Errorf("it says %v", err)
	}
	if list := alice.Trackers.Statuses(); len(list) != 1 || list[0].Address != first.address {
		t.Errorf("it is with %v", list)
	}
}

func TestSourcesOfAllTrackersAreUsed(t *testing.T) {
	t.Parallel()
	first, second := startTracker(t), startTracker(t)
	alice, carol := startPeerWith(t, first, slowly(4<<20)), startPeerWith(t, second, slowly(4<<20))
	path, content := alice.write(t, "song.flac", 8<<20)
	s := alice.share(t, path)
	carol.share(t, carol.copyOf(t, "song.flac", content))
	bob := startPeer(t, first)
	bob.also(t, second)
	d := bob.get(t, s)
	same(t, d.Path, content)
	if d.Used != 2 {
		t.Errorf("%d sources were used", d.Used)
	}
}

func TestADownloadGoesOnWithTheTrackerThatIsLeft(t *testing.T) {
	t.Parallel()
	first, second := startTracker(t), startTracker(t)
	alice := startPeer(t, second)
	path, content := alice.write(t, "song.flac", 1<<20)
	s := alice.share(t, path)
	bob := startPeer(t, first)
	bob.also(t, second)
	first.stop()
	bob.Trackers.Reconnect()
	eventually(t, bob.Engine, func() bool {
		list := bob.Trackers.Statuses()
		return list[0].State == membership.StateReconnecting && list[1].State == membership.StateConnected
	}, says("one tracker is not lost, or the other one is"))
	same(t, bob.get(t, s).Path, content)
}

func TestATrackerIsUsedOnce(t *testing.T) {
	t.Parallel()
	p := startPeer(t, nil)
	one, same := newFakeTracker(), newFakeTracker()
	if !p.Trackers.Add(one) || p.Trackers.Add(same) || !same.closed {
		t.Error("it was used beside itself")
	}
	main := newFakeTracker()
	p.Trackers.Use(main)
	told(t, p, one, "it was not left when it became the main one", func() bool { return one.closed })
	if len(p.Trackers.Statuses()) != 1 {
		t.Errorf("it is with %d trackers", len(p.Trackers.Statuses()))
	}
}

// found has a fake tracker answer searches with these hits.
func found(f *fakeTracker, at string, hits ...netproto.Hit) *fakeTracker {
	f.address, f.hits = at, hits
	return f
}

func TestHitsOfSeveralTrackersAreMergedByContent(t *testing.T) {
	t.Parallel()
	now := time.Now()
	hit := func(n byte, name string, sources int) netproto.Hit {
		return netproto.Hit{Hash: netproto.ContentHash{n}, Name: name, Sources: sources, Added: now}
	}
	a := found(newFakeTracker(), "a:1", hit(1, "one", 3), hit(2, "two", 1))
	b := found(newFakeTracker(), "b:1", hit(3, "three", 2), hit(1, "one", 5), hit(4, "four", 1))
	down := found(newFakeTracker(), "c:1")
	down.fail = errors.New("down")
	all := membership.Trackers{a, down, b}
	page, err := all.Search(deadline(t), netproto.SearchRequest{Sort: netproto.SortSources, Limit: 2})
	check(t, err)
	var names []string
	var cursor string
	for range 3 {
		for _, h := range page.Items {
			names = append(names, h.Name)
		}
		if page.Items[0].Name == "one" && page.Items[0].Sources != 5 {
			t.Errorf("it has %d sources", page.Items[0].Sources)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		page, err = all.Search(deadline(t), netproto.SearchRequest{Sort: netproto.SortSources, Limit: 2, Cursor: cursor})
		check(t, err)
	}
	if got, want := names, []string{"one", "three", "two", "four"}; len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[3] != want[3] {
		t.Errorf("the hits are %q", got)
	}
	if _, err := all.Search(deadline(t), netproto.SearchRequest{Cursor: "of somebody else"}); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("a wrong cursor gives %v", err)
	}
	if _, err := (membership.Trackers{down, down}).Search(deadline(t), netproto.SearchRequest{}); err == nil {
		t.Error("no error where no tracker answers")
	}
}
