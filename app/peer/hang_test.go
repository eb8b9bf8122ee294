package peer_test

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// hangingDisk has files that hang when they are opened, as on a network mount whose
// server is gone.
type hangingDisk struct {
	names []string // of the files on it
	ended chan struct{}
	once  sync.Once
	hangs chan string // the names of what was opened
}

func newHangingDisk(names ...string) *hangingDisk {
	return &hangingDisk{names: names, ended: make(chan struct{}), hangs: make(chan string, 100)}
}

// end has the disk answer, with an error.
func (d *hangingDisk) end() { d.once.Do(func() { close(d.ended) }) }

func (d *hangingDisk) open(path string, state piece.State) (offer.Reader, error) {
	for _, name := range d.names {
		if filepath.Base(path) == name {
			d.hangs <- name
			<-d.ended
			return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%s: the server is gone", path)
		}
	}
	return piece.OpenFile(path, state)
}

// promptly fails if a call takes longer than 100 ms. One of several tries may be
// late because the computer is busy; a lock that waits for a disk delays all.
func promptly(t testing.TB, what string, call func()) {
	t.Helper()
	var took time.Duration
	for range 5 {
		done := make(chan struct{})
		began := time.Now()
		go func() {
			defer close(done)
			call()
		}()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatalf("%s hangs", what)
		}
		if took = time.Since(began); took < 100*time.Millisecond {
			return
		}
	}
	t.Errorf("%s takes %s", what, took)
}

func TestASharedFileThatHangsKeepsNothingElseWaiting(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	disk := newHangingDisk("hangs.bin")
	alice := startWith(t, &testPeer{open: disk.open}, tr, nil)
	bob, carol := startPeer(t, tr), startPeer(t, tr)
	t.Cleanup(disk.end) // before the peers end
	hangs, _ := alice.write(t, "hangs.bin", 3<<20)
	fine, fineContent := alice.write(t, "fine.bin", 3<<20)
	other, otherContent := bob.write(t, "other.bin", 4<<20)
	stuck, good, theirs := alice.share(t, hangs), alice.share(t, fine), bob.share(t, other)

	// Bob's connection to Alice waits for the disk from here on.
	bob.add(t, stuck)
	if name := <-disk.hangs; name != "hangs.bin" {
		t.Fatalf("%s hangs", name)
	}
	// Over that very connection Alice fetches, and serves what she has so far.
	id := alice.add(t, theirs)
	for _, c := range []struct {
		what string
		call func()
	}{
		{"the list of downloads", func() { alice.Downloads.List() }},
		{"the details of a download", func() { alice.Downloads.Details(id) }},
		{"the list of uploads", func() { alice.Uploads.List() }},
		{"the list of shares", func() { alice.Shares.List() }},
		{"the number of downloads", func() { alice.Downloads.Counts() }},
		{"a pause", func() { check(t, alice.Downloads.Pause(id)) }},
		{"going on", func() { check(t, alice.Downloads.Resume(id)) }},
	} {
		promptly(t, c.what, c.call)
	}
	same(t, alice.wait(t, id, queue.StateFinished).Path, otherContent)
	// Others are served meanwhile, and so is Bob after the disk answered.
	same(t, carol.get(t, good).Path, fineContent)
	disk.end()
	same(t, bob.get(t, good).Path, fineContent)
}
