package peer_test

import (
	"slices"
	"testing"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/swarm"
)

// What a person changes while the program runs applies to what runs.
func TestChangedSettingsApplyAtOnce(t *testing.T) {
	t.Parallel()
	p := startPeer(t, nil)
	s, err := p.library.Settings()
	check(t, err)
	s.UpLimit, s.DownLimit, s.LocalExempt, s.PoliteUploads = 1000, 2000, true, true
	p.Apply(s)
	traffic := peer.TrafficOf(p.Engine)
	if up, down := traffic.Up.Limit(), traffic.Down.Limit(); up != 1000 || down != 2000 {
		t.Errorf("the limits are %d and %d", up, down)
	}
	if traffic.UpTo(true).Limit() != 0 || traffic.UpTo(false).Limit() != 1000 {
		t.Error("the local network is limited, or the others are not")
	}
	if traffic.PoliteTo(true) || !traffic.PoliteTo(false) {
		t.Error("uploads are polite to the wrong ones")
	}
	s.LocalExempt, s.PoliteUploads = false, false
	p.Apply(s)
	if traffic.UpTo(true).Limit() != 1000 || traffic.PoliteTo(false) {
		t.Error("what was switched off goes on")
	}
}

// Whoever is blocked gets nothing of what everybody else gets.
func TestWhoIsBlockedDownloadsNothing(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob, carol := startPeer(t, tr), startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 100_000)
	s := alice.share(t, path)
	person := library.Person{Key: bob.People.Key(), Name: "Bob", Blocked: true}
	check(t, alice.People.Know(person))
	id := bob.add(t, s)
	none := func() bool {
		d, _ := bob.Downloads.ByID(id)
		return d.Done == 0 && d.State != queue.StateFinished
	}
	eventually(t, bob.Engine, func() bool {
		details, err := bob.Downloads.Details(id)
		check(t, err)
		return !none() || slices.ContainsFunc(details.Sources, func(s swarm.SourceDetails) bool { return s.State == swarm.SourceIdle })
	}, says("it is not even tried"))
	same(t, carol.get(t, s).Path, content)
	carol.stop()
	if !none() {
		t.Error("whoever is blocked gets a file")
	}
	person.Blocked = false
	check(t, alice.People.Know(person))
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
}

// Without a slot nobody is served, and with the first one whoever waits is.
func TestAChangedNumberOfUploadsAppliesAtOnce(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	song := alice.share(t, path)
	s, err := alice.library.Settings()
	check(t, err)
	s.UploadSlots, s.AdaptiveSlots = 0, false
	alice.Apply(s)
	id := bob.add(t, song)
	bob.until(t, id, "queued", func(d queue.Download) bool {
		if d.Done > 0 {
			t.Fatal("it is served")
		}
		return d.State == queue.StateQueued
	})
	s.UploadSlots = 1
	alice.Apply(s)
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
}
