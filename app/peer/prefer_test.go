package peer_test

import (
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

func TestWhatIsPreferredComesInOrderFromThere(t *testing.T) {
	t.Parallel()
	_, content := startPeer(t, nil).write(t, "film.mkv", 16*netproto.MinPieceSize)
	var mu sync.Mutex
	var asked []uint32
	source := startStranger(t, content, func(s *stranger) {
		s.onGet = func(c *strangerConn, f netproto.Get) {
			mu.Lock()
			asked = append(asked, f.Piece)
			mu.Unlock()
			s.honestGet(c, f)
		}
	})
	f := newFakeTracker()
	bob := startPeerAt(t, f)
	id, err := bob.Downloads.Add(queue.Request{Hash: source.m.Hash, Name: "film.mkv", Size: -1, Dir: bob.files})
	check(t, err)
	check(t, bob.Downloads.Prefer(id, "", 9*netproto.MinPieceSize+1))
	f.with(func() { f.sources = []netproto.Source{source.source()} })
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
	mu.Lock()
	defer mu.Unlock()
	if want := []uint32{15, 9, 10, 11, 12, 13, 14}; !slices.Equal(asked[:len(want)], want) {
		t.Errorf("the pieces came as %v", asked)
	}
}

func TestAPreferredFileOfAFolderComesFirst(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(4<<20)), startPeer(t, tr)
	for _, name := range []string{"a", "b", "c", "d"} {
		alice.write(t, filepath.Join("album", name), 2<<20)
	}
	s := alice.share(t, filepath.Join(alice.files, "album"))
	bob.Trackers.Use(nil)
	id := bob.add(t, s)
	check(t, bob.Downloads.Prefer(id, "d", 0))
	bob.join(t, tr)
	bob.until(t, id, "so far that one of the files is whole", func(d queue.Download) bool { return d.Done >= 2<<20 })
	whole, err := filepath.Glob(filepath.Join(bob.files, ".cp2p-*", "tree", "[a-d]"))
	check(t, err)
	if len(whole) > 0 && !slices.ContainsFunc(whole, func(path string) bool { return filepath.Base(path) == "d" }) { // others may have come since
		t.Errorf("%v are whole", whole)
	}
	bob.wait(t, id, queue.StateFinished)
}

func TestNothingCanBePreferredOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	p := startPeer(t, nil)
	if err := p.Downloads.Prefer("no such id", "", 0); netproto.CodeOf(err) != netproto.CodeNotFound {
		t.Errorf("it says %v", err)
	}
}

func TestASilentSourceIsTakenOverFromLongBeforeItIsLeft(t *testing.T) {
	t.Parallel()
	alice := startPeer(t, nil)
	alice.Trackers.Use(newFakeTracker())
	path, content := alice.write(t, "song.flac", 8<<20)
	s := alice.share(t, path)
	silent := startStranger(t, content, func(s *stranger) {
		s.onGet = func(*strangerConn, netproto.Get) {}
	})
	bob := unhurriedPeer(t, nil, nil)
	bob.Trackers.Use(fakeWith(alice.source(), silent.source()))
	began := time.Now()
	same(t, bob.wait(t, bob.add(t, s), queue.StateFinished).Path, content)
	if took := time.Since(began); took > 25*time.Second { // the source would be given up after 30
		t.Errorf("it took %s", took)
	}
	if silent.gets.Load() == 0 {
		t.Error("the silent source was not asked")
	}
}
