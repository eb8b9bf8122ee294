package peer_test

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lukechampine.com/blake3"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// watchedPeer starts a peer that looks at its shares only when the system reports a
// change.
func watchedPeer(t testing.TB, f *fakeTracker, change func(*library.Settings)) *testPeer {
	t.Helper()
	p := startWith(t, &testPeer{watched: true}, nil, change)
	p.Trackers.Use(f)
	return p
}

// names returns the names that the tracker lists.
func (f *fakeTracker) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, r := range f.held {
		names = append(names, r.Name)
	}
	slices.Sort(names)
	return names
}

func (p *testPeer) untilNames(t testing.TB, f *fakeTracker, want ...string) {
	t.Helper()
	slices.Sort(want)
	told(t, p, f, "the tracker does not know these and no others", func() bool {
		var names []string
		for _, r := range f.held {
			names = append(names, r.Name)
		}
		slices.Sort(names)
		return slices.Equal(names, want)
	})
}

func TestWhatHappensInASharedFolderShowsWithoutALookAtTheClock(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := watchedPeer(t, f, nil)
	p.write(t, "album/one", 1000)
	s := p.share(t, filepath.Join(p.files, "album"))
	p.untilNames(t, f, "album", "one")
	p.write(t, "album/new/deep/two", 2000) // folders that are new, too
	p.untilNames(t, f, "album", "one", "two")
	p.write(t, "album/new/deep/three", 3000)
	p.untilNames(t, f, "album", "one", "two", "three")
	check(t, os.Rename(filepath.Join(p.files, "album/new"), filepath.Join(p.files, "album/newer")))
	check(t, os.Rename(filepath.Join(p.files, "album/one"), filepath.Join(p.files, "album/eins")))
	p.untilNames(t, f, "album", "eins", "two", "three")
	p.write(t, "album/newer/deep/four", 4000)
	p.untilNames(t, f, "album", "eins", "two", "three", "four")
	check(t, os.RemoveAll(filepath.Join(p.files, "album/newer")))
	p.untilNames(t, f, "album", "eins")
	if now := p.shareState(s.ID); now.Notice != nil || now.Files != 1 {
		t.Errorf("%d files, and the notice %v", now.Files, now.Notice)
	}
	check(t, os.Rename(filepath.Join(p.files, "album"), filepath.Join(p.files, "away")))
	p.untilShare(t, s.ID, "missing", func(now sharing.Share) bool { return now.State == sharing.StateMissing })
	p.untilNames(t, f)
	check(t, os.Rename(filepath.Join(p.files, "away"), filepath.Join(p.files, "album")))
	p.untilNames(t, f, "album", "eins")
}

func TestWhatCannotBeWatchedIsLookedAtFromTimeToTime(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startWith(t, &testPeer{folders: 2}, nil, nil)
	p.Trackers.Use(f)
	p.write(t, "album/deep/one", 1000)
	s := p.share(t, filepath.Join(p.files, "album"))
	if now := p.shareState(s.ID); netproto.CodeOf(now.Notice) != netproto.CodeWatchLimit || now.State != sharing.StateShared {
		t.Errorf("it is %s, with the notice %v", now.State, now.Notice)
	}
	p.write(t, "album/deep/two", 1000)
	p.untilNames(t, f, "album", "one", "two")
	check(t, os.Rename(filepath.Join(p.files, "album/deep/one"), filepath.Join(p.files, "album/one")))
	check(t, os.RemoveAll(filepath.Join(p.files, "album/deep")))
	p.untilNames(t, f, "album", "one")
	p.untilShare(t, s.ID, "watched", func(now sharing.Share) bool { return now.Notice == nil })
}

func TestAFileIsWithdrawnWhileItChangesAndHashedWhenItRests(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := watchedPeer(t, f, nil)
	path, _ := p.write(t, "album/log", 1000)
	p.write(t, "album/other", 1000)
	p.share(t, filepath.Join(p.files, "album"))
	p.untilNames(t, f, "album", "log", "other")
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	check(t, err)
	defer file.Close()
	writes := time.NewTicker(20 * time.Millisecond) // less than a rest
	defer writes.Stop()
	for late := time.After(patience); slices.Contains(f.names(), "log"); {
		select {
		case <-writes.C:
			_, err := file.WriteString("more\n")
			check(t, err)
		case <-late:
			t.Fatal("it is not withdrawn while it changes")
		}
	}
	p.untilNames(t, f, "album", "log", "other")
	now, err := os.ReadFile(path)
	check(t, err)
	var hash netproto.ContentHash
	f.with(func() {
		for h, r := range f.held {
			if r.Name == "log" {
				hash = h
			}
		}
	})
	got := startPeerAt(t, fakeWith(p.source())).get(t, sharing.Share{Share: library.Share{Hash: hash, Name: "log", Size: int64(len(now))}})
	same(t, got.Path, now)
}

func TestRenamedAndMovedFilesAreNotHashedAgain(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	large := 40 * netproto.MinPieceSize
	p.write(t, "a/film", large)
	p.write(t, "a/sub/song", large)
	p.write(t, "a/note", 100)
	p.write(t, "b/other", 100)
	share := func(name string) string {
		id, err := p.Shares.Add(filepath.Join(p.files, name), sharing.Options{Remember: true})
		check(t, err)
		_, err = p.Shares.Wait(deadline(t), id)
		check(t, err)
		return id
	}
	share("a")
	b := share("b")
	before := p.Shares.Hashed()
	move := func(from, to string) {
		check(t, os.Rename(filepath.Join(p.files, from), filepath.Join(p.files, to)))
	}
	move("a/film", "a/movie") // in one share
	p.untilNames(t, f, "a", "b", "movie", "song", "note", "other")
	move("a/movie", "b/movie") // to another share
	p.untilShare(t, b, "longer", func(s sharing.Share) bool { return s.Files == 2 })
	if after := p.Shares.Hashed(); after != before {
		t.Errorf("%d bytes were hashed again", after-before)
	}
	p.stop()
	move("a/sub", "a/below") // while the program is off, with a folder
	move("b/movie", "a/below/film")
	p.start(t, nil)
	p.Trackers.Use(f)
	check(t, p.Shares.Load())
	p.untilNames(t, f, "a", "b", "film", "song", "note", "other")
	if again := p.Shares.Hashed(); again != 0 {
		t.Errorf("%d bytes were hashed again after another start", again)
	}
}

func TestARenamedFileThatWasWrittenToIsHashedAgain(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path, content := p.write(t, "a/film", 40*netproto.MinPieceSize)
	s := p.share(t, filepath.Join(p.files, "a"))
	info, err := os.Stat(path)
	check(t, err)
	p.stop()
	content = bytes.Clone(content)
	content[len(content)-1] ^= 1
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	check(t, err)
	_, err = file.WriteAt(content[len(content)-1:], int64(len(content)-1))
	check(t, err)
	check(t, file.Close())
	check(t, os.Chtimes(path, time.Time{}, info.ModTime())) // as some programs do
	check(t, os.Rename(path, path+"2"))
	p.start(t, nil)
	p.Trackers.Use(f)
	again := p.share(t, filepath.Join(p.files, "a"))
	if again.Hash == s.Hash {
		t.Error("the folder has the list that it had")
	}
	p.untilNames(t, f, "a", "film2")
	f.with(func() {
		for h, r := range f.held {
			if r.Name == "film2" && h != netproto.ContentHash(blake3.Sum256(content)) {
				t.Errorf("it is offered as %s", h)
			}
		}
	})
}

func TestWhatIsTakenBackByMistakeComesBackAsItWas(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path, content := p.write(t, "film", 40*netproto.MinPieceSize)
	s := p.share(t, path)
	same(t, startPeerAt(t, fakeWith(p.source())).get(t, s).Path, content)
	p.untilShare(t, s.ID, "counted", func(now sharing.Share) bool { return now.Fetched == 1 })
	before := p.Shares.Hashed()
	check(t, p.Shares.Stop(s.ID))
	p.untilNames(t, f)
	again := p.share(t, path)
	// At the end, connections take over from each other, so a piece may be sent twice.
	if again.ID != s.ID || again.Fetched != 1 || again.Sent < int64(len(content)) || p.Shares.Hashed() != before {
		t.Errorf("it is %+v now, and %d bytes were hashed", again, p.Shares.Hashed()-before)
	}
}

func TestWhatIsIgnoredIsNotOffered(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := watchedPeer(t, f, nil)
	p.write(t, "a/song", 100)
	p.write(t, "a/film.part", 200)
	p.write(t, "a/.git/config", 300)
	p.write(t, "a/draft.tmp", 400)
	p.share(t, filepath.Join(p.files, "a"))
	p.untilNames(t, f, "a", "song", "draft.tmp")
	settings := library.DefaultSettings()
	settings.Ignore = []string{"*.tmp"}
	p.Apply(settings) // and at once
	p.untilNames(t, f, "a", "song", "film.part", "config")
	path, _ := p.write(t, "plain.tmp", 500)
	p.share(t, path) // what a person names is not ignored
	p.untilNames(t, f, "a", "song", "film.part", "config", "plain.tmp")
}

func TestLookingAtAFolderIsNoFetch(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "album/one", 100_000)
	p.write(t, "album/two", 300_000)
	_, twin := p.write(t, "album/twin", 50_000)
	check(t, os.WriteFile(filepath.Join(p.files, "album/twin2"), twin, 0o644))
	s := p.share(t, filepath.Join(p.files, "album"))
	bob := startPeerAt(t, fakeWith(p.source()))
	for range 3 {
		entries, err := bob.Folder(deadline(t), s.Hash)
		if check(t, err); len(entries) != 4 {
			t.Fatalf("the list has %v", entries)
		}
	}
	if now := p.shareState(s.ID); now.Fetched != 0 {
		t.Errorf("fetched %d times by looking", now.Fetched)
	}
	id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: "album", Size: s.Size, Folder: true, Dir: bob.files})
	check(t, err)
	bob.wait(t, id, queue.StateFinished)
	p.untilShare(t, s.ID, "fetched once", func(now sharing.Share) bool { return now.Fetched == 1 })
}

func TestEqualFilesAreOfferedUntilTheLastIsGone(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	_, content := p.write(t, "a/2 song", 1000)
	for _, name := range []string{"a/1 song", "a/3 song", "a/4 song"} {
		check(t, os.WriteFile(filepath.Join(p.files, name), content, 0o644))
	}
	s := p.share(t, filepath.Join(p.files, "a"))
	p.untilNames(t, f, "a", "1 song") // a tracker lists a content once for each peer: the first name
	for _, name := range []string{"1 song", "3 song", "4 song"} {
		check(t, os.Remove(filepath.Join(p.files, "a", name)))
	}
	p.untilNames(t, f, "a", "2 song")
	entries, err := startPeerAt(t, fakeWith(p.source())).Folder(deadline(t), p.shareState(s.ID).Hash)
	if check(t, err); len(entries) != 1 || entries[0].Hash != netproto.ContentHash(blake3.Sum256(content)) {
		t.Errorf("the list has %v", entries)
	}
	check(t, os.Remove(filepath.Join(p.files, "a", "2 song")))
	p.untilNames(t, f, "a")
}

func TestListsOfFoldersAsTheyWereDoNotStay(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "a/one", 1000)
	p.write(t, "gone/one", 1000)
	for _, name := range []string{"a", "gone"} {
		id, err := p.Shares.Add(filepath.Join(p.files, name), sharing.Options{Remember: true})
		check(t, err)
		_, err = p.Shares.Wait(deadline(t), id)
		check(t, err)
	}
	p.stop()
	p.write(t, "a/two", 1000)
	check(t, os.RemoveAll(filepath.Join(p.files, "gone")))
	p.start(t, nil)
	p.Trackers.Use(f)
	check(t, p.Shares.Load())
	p.untilNames(t, f, "a", "one", "two")
	eventually(t, p.Engine, func() bool {
		lists, err := os.ReadDir(filepath.Join(p.profile, "folders"))
		check(t, err)
		return len(lists) == 1
	}, says("old lists stay"))
}

func TestASmallShareDoesNotWaitForABigOne(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	huge := func(name string) string {
		path := filepath.Join(p.files, name)
		check(t, os.WriteFile(path, nil, 0o644))
		check(t, os.Truncate(path, 1<<40)) // sparse: hashing it takes minutes
		id, err := p.Shares.Add(path, sharing.Options{})
		check(t, err)
		return id
	}
	hashing := func(s sharing.Share) bool { return s.State == sharing.StateHashing && s.Hashed > 0 && s.Size == 1<<40 }
	big := []string{huge("huge")}
	p.untilShare(t, big[0], "hashing", hashing)
	big = append(big, huge("huger"))
	path, _ := p.write(t, "song", 1000)
	p.share(t, path)
	if s := p.shareState(big[1]); s.State != sharing.StateWaiting {
		t.Errorf("the second big one is %s", s.State)
	}
	check(t, p.Shares.Stop(big[:1]...))
	p.untilShare(t, big[1], "hashing", hashing)
	check(t, p.Shares.Stop(big[1:]...))
}

func TestASeedClientShowsAmongTheUploads(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	path, _ := p.write(t, "note", 5000)
	s := p.share(t, path)
	for range 2 {
		p.CountSeed(s.Hash.String(), netip.MustParseAddrPort("192.0.2.7:4000"), 5000)
	}
	p.CountSeed("no hash", netip.MustParseAddrPort("192.0.2.7:4000"), 5000)
	list := p.Uploads.List()
	if len(list) != 1 || list[0].Hash != s.Hash || list[0].Sent != 10_000 || list[0].Address != "192.0.2.7" || !list[0].Ended || list[0].Peer == "" {
		t.Errorf("the uploads are %+v", list)
	}
	if now := p.shareState(s.ID); now.Sent != 10_000 || now.Fetched != 2 {
		t.Errorf("%d bytes sent, fetched %d times", now.Sent, now.Fetched)
	}
}
