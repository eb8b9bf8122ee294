package peer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// queueOf adds downloads that have no source and returns their ids.
func (p *testPeer) queueOf(t testing.TB, names ...string) []string {
	t.Helper()
	var ids []string
	for i, name := range names {
		id, err := p.Downloads.Add(queue.Request{Hash: netproto.ContentHash{1, byte(i)}, Name: name, Size: 1000, Dir: p.files})
		check(t, err)
		ids = append(ids, id)
	}
	return ids
}

// order returns the names in the order of the queue.
func (p *testPeer) order() string {
	var names string
	for _, d := range p.Downloads.List() {
		names += d.Name
	}
	return names
}

func TestTheQueueIsInTheOrderThatThePersonWants(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	ids := p.queueOf(t, "a", "b", "c", "d", "e")
	check(t, p.Downloads.Pause(ids...))
	a, b, c, d, e := ids[0], ids[1], ids[2], ids[3], ids[4]
	for _, step := range []struct {
		way  queue.Way
		ids  []string
		want string
	}{
		{queue.Top, []string{e}, "eabcd"},
		{queue.Bottom, []string{a}, "ebcda"},
		{queue.Up, []string{c}, "ecbda"},
		{queue.Down, []string{e}, "cebda"},
		{queue.Up, []string{c, e}, "cebda"}, // at the top together
		{queue.Up, []string{a, d}, "cedab"},
		{queue.Down, []string{a, e}, "cdeba"},
		{queue.Top, []string{b, d}, "dbcea"}, // in the order that they had
		{queue.Bottom, []string{d, c}, "beadc"},
	} {
		check(t, p.Downloads.Move(step.way, step.ids...))
		if got := p.order(); got != step.want {
			t.Fatalf("%s of %d downloads makes it %s, and not %s", step.way, len(step.ids), got, step.want)
		}
	}
	p.stop()
	p.start(t, nil)
	if got := p.order(); got != "beadc" {
		t.Errorf("after a restart it is %s", got)
	}
	if err := p.Downloads.Move("sideways", a); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("it says %v", err)
	}
	if err := p.Downloads.Move(queue.Top, "gone", a); netproto.CodeOf(err) != netproto.CodeNotFound || p.order() != "abedc" {
		t.Errorf("it says %v, and the order is %s", err, p.order())
	}
}

func TestAHigherPriorityComesFirst(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(4<<20)), startPeerWith(t, tr, func(s *library.Settings) { s.MaxDownloads = 1 })
	var shares []sharing.Share
	for _, name := range []string{"first", "low", "normal", "high"} {
		path, _ := alice.write(t, name, 2<<20)
		shares = append(shares, alice.share(t, path))
	}
	ids := map[string]string{}
	for _, s := range shares {
		ids[s.Name] = bob.add(t, s)
	}
	check(t, bob.Downloads.SetPriority(library.PriorityLow, ids["low"]))
	check(t, bob.Downloads.SetPriority(library.PriorityHigh, ids["high"]))
	places := map[string]int{}
	for _, d := range bob.Downloads.List() {
		places[d.Name] = d.Place
	}
	if places["high"] != 1 || places["normal"] != 2 || places["low"] != 3 {
		t.Errorf("the places are %v", places)
	}
	var done []string
	for len(done) < 4 {
		eventually(t, bob.Engine, func() bool {
			for name, id := range ids {
				if d, _ := bob.Downloads.ByID(id); d.State == queue.StateFinished && !slices.Contains(done, name) {
					done = append(done, name)
					return true
				}
			}
			return false
		}, says("no download is finished"))
	}
	if want := []string{"first", "high", "normal", "low"}; !slices.Equal(done, want) {
		t.Errorf("they were finished in the order %v", done)
	}
	if err := bob.Downloads.SetPriority("urgent", ids["low"]); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("it says %v", err)
	}
}

func TestADownloadWithoutASourceKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeerWith(t, tr, func(s *library.Settings) { s.MaxDownloads = 1 })
	lost, lostContent := alice.write(t, "lost", 1<<20)
	s := alice.share(t, lost)
	check(t, alice.Shares.Stop(s.ID))
	alice.waitWithdrawn(t, s.Hash)
	first := bob.add(t, s)
	path, content := alice.write(t, "song.flac", 1<<20)
	same(t, bob.get(t, alice.share(t, path)).Path, content)
	bob.wait(t, first, queue.StateWaiting)
	alice.share(t, lost)
	same(t, bob.wait(t, first, queue.StateFinished).Path, lostContent)
}

// waitWithdrawn waits until the tracker no longer knows a source.
func (p *testPeer) waitWithdrawn(t testing.TB, hash netproto.ContentHash) {
	t.Helper()
	eventually(t, p.Engine, func() bool {
		found, err := p.Trackers.Main().Sources(deadline(t), hash)
		return err == nil && len(found) == 0
	}, says("the tracker still lists it"))
}

func TestAFailureThatMayHealIsTriedAgainByItself(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	s := alice.share(t, path)
	bob.stop()
	l, err := library.Open(bob.profile)
	check(t, err)
	failed := library.Download{Hash: s.Hash, Name: "healing", Size: -1, Dir: bob.files, State: library.DownloadFailed, Code: netproto.CodeInternal, Tries: 1, Added: time.Unix(1, 0)}
	failed.ID, failed.Retry = "heals", time.Now().Add(-time.Second)
	wrong := failed
	wrong.ID, wrong.Name, wrong.Code, wrong.Retry, wrong.Dir = "stays", "wrong", netproto.CodeProtocol, time.Time{}, t.TempDir()
	later := wrong
	later.ID, later.Name, later.Code, later.Retry = "set", "set", netproto.CodeInternal, time.Now().AddDate(10, 0, 0) // then the clock was set back
	check(t, l.SaveDownloads(failed, wrong, later))
	check(t, l.Close())
	bob.start(t, tr)
	if d := bob.wait(t, "set", queue.StateFailed); time.Until(d.Retry) > queue.StandardTiming.MaxRetry {
		t.Errorf("it is tried again only at %s", d.Retry)
	}
	check(t, bob.Downloads.Pause("set"))
	if d, _ := bob.Downloads.ByID("set"); !d.Retry.IsZero() {
		t.Errorf("though the person paused it, it is tried again at %s", d.Retry)
	}
	healed := bob.until(t, "heals", "finished", func(d queue.Download) bool { return d.State == queue.StateFinished })
	same(t, healed.Path, content)
	d := bob.wait(t, "stays", queue.StateFailed)
	if netproto.CodeOf(d.Err) != netproto.CodeProtocol || !d.Retry.IsZero() {
		t.Errorf("it is tried again at %s, because of %v", d.Retry, d.Err)
	}
	check(t, bob.Downloads.Resume("stays"))
	bob.until(t, "stays", "finished when the person says so", func(d queue.Download) bool { return d.State == queue.StateFinished })
}

func TestWhatCannotHealIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path := filepath.Join(alice.files, "no folder") // it lists one content with two sizes
	list, err := netproto.AppendFolder(nil, []netproto.FolderEntry{{Path: "a", Size: 1, Hash: netproto.ContentHash{1}}, {Path: "b", Size: 2, Hash: netproto.ContentHash{1}}})
	check(t, err)
	check(t, os.WriteFile(path, list, 0o644))
	s := alice.share(t, path)
	id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: "no folder", Size: -1, Folder: true, Dir: bob.files})
	check(t, err)
	if d := bob.wait(t, id, queue.StateFailed); !d.Retry.IsZero() || netproto.CodeOf(d.Err) != netproto.CodeProtocol {
		t.Errorf("it is tried again at %s, because of %v", d.Retry, d.Err)
	}
}

func TestADiskThatFillsUpStopsADownloadUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeerWith(t, tr, slowly(4<<20))
	path, content := alice.write(t, "song.flac", 8<<20)
	var free atomic.Int64
	free.Store(1 << 40)
	bob := startWith(t, &testPeer{space: func(string) (int64, error) { return free.Load(), nil }}, tr, nil)
	id := bob.add(t, alice.share(t, path))
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 1<<20 })
	free.Store(1 << 20)
	d := bob.wait(t, id, queue.StateNoSpace)
	if netproto.CodeOf(d.Err) != netproto.CodeNoSpace || d.Done < 1<<20 {
		t.Errorf("%v, with %d bytes", d.Err, d.Done)
	}
	free.Store(1 << 40)
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
}

func TestADownloadMayTakeItsSpaceAtOnce(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeerWith(t, tr, slowly(4<<20))
	bob := startPeerWith(t, tr, func(s *library.Settings) { s.Preallocate = true })
	path, content := alice.write(t, "song.flac", 6<<20)
	id := bob.add(t, alice.share(t, path))
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 1<<20 })
	parts, err := filepath.Glob(filepath.Join(bob.files, ".cp2p-*.part"))
	check(t, err)
	if len(parts) != 1 {
		t.Fatalf("the unfinished files are %v", parts)
	}
	info, err := os.Stat(parts[0])
	check(t, err)
	if n := allocated(info); n >= 0 && n < 6<<20 {
		t.Errorf("it takes %d bytes", n)
	}
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
}

func TestTheFilesOfAFinishedDownloadGoOnlyWhenThePersonSaysSo(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, _ := alice.write(t, "song.flac", 1<<20)
	song := alice.share(t, path)
	d := bob.get(t, song)
	check(t, bob.Downloads.Remove(d.ID))
	onlyFiles(t, bob.files, "song.flac")
	d = bob.get(t, song)
	check(t, bob.Downloads.RemoveWithFiles(d.ID))
	onlyFiles(t, bob.files)
	if len(bob.Downloads.List()) != 0 {
		t.Error("it is still in the list")
	}

	alice.writeTree(t, "src", 6)
	d = bob.get(t, alice.share(t, filepath.Join(alice.files, "src")))
	mine := filepath.Join(d.Path, "mine.txt")
	check(t, os.WriteFile(mine, []byte("not downloaded"), 0o644))
	check(t, bob.Downloads.RemoveWithFiles(d.ID))
	onlyFiles(t, bob.files, "src")
	left, err := os.ReadDir(d.Path)
	check(t, err)
	if len(left) != 1 || left[0].Name() != "mine.txt" {
		t.Errorf("left are %v", left)
	}
}

func TestWhatTookThePlaceOfADownloadIsNotDeleted(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, _ := alice.write(t, "song.flac", 1<<20)
	d := bob.get(t, alice.share(t, path))
	check(t, os.WriteFile(d.Path, []byte("my own"), 0o644))
	if err := bob.Downloads.RemoveWithFiles(d.ID); netproto.CodeOf(err) != netproto.CodeFileChanged {
		t.Errorf("it says %v", err)
	}
	same(t, d.Path, []byte("my own"))
	if len(bob.Downloads.List()) != 0 {
		t.Error("it is still in the list")
	}
}

func TestManyDownloadsAreStoppedAndResumedAtOnce(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("%03d", i))
	}
	ids := p.queueOf(t, names...)
	check(t, p.Downloads.Pause(ids...))
	for _, d := range p.Downloads.List() {
		if d.State != queue.StatePaused {
			t.Fatalf("%s is %s", d.Name, d.State)
		}
	}
	check(t, p.Downloads.Resume(ids...))
	check(t, p.Downloads.Remove(ids...))
	if n := len(p.Downloads.List()); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestADownloadThatIsRemovedCanBeAskedForAtOnce(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(8<<20)), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 2<<20)
	s := alice.share(t, path)
	for range 5 {
		id := bob.add(t, s)
		bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 0 })
		removed := make(chan error, 1)
		go func() { removed <- bob.Downloads.Remove(id) }()
		again := bob.add(t, s)
		check(t, <-removed)
		check(t, bob.Downloads.Remove(again))
	}
	same(t, bob.get(t, s).Path, content)
	onlyFiles(t, bob.files, "song.flac")
}

// remembered changes the record of a download of a peer that is stopped.
func (p *testPeer) remembered(t testing.TB, id string, change func(*library.Download)) {
	t.Helper()
	l, err := library.Open(p.profile)
	check(t, err)
	records, err := l.Downloads()
	check(t, err)
	r := records[slices.IndexFunc(records, func(r library.Download) bool { return r.ID == id })]
	change(&r)
	check(t, l.SaveDownloads(r))
	check(t, l.Close())
}

func TestARemovalThatAKillInterruptedIsEndedAtTheNextStart(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startWith(t, &testPeer{offers: true}, tr, nil)
	path, _ := alice.write(t, "song.flac", 1000)
	d := bob.get(t, alice.share(t, path))
	eventually(t, bob.Engine, func() bool { return len(bob.Shares.List()) == 1 }, says("it is not shared"))
	bob.stop()
	bob.remembered(t, d.ID, func(r *library.Download) { r.Removal = library.RemoveFiles })
	bob.start(t, tr)
	check(t, bob.Shares.Load())
	onlyFiles(t, bob.files)
	if len(bob.Downloads.List()) != 0 || len(bob.Shares.List()) != 0 {
		t.Errorf("%d downloads and %d shares are left", len(bob.Downloads.List()), len(bob.Shares.List()))
	}
}

func TestAFolderThatAKillLeftPublishedIsNotFetchedAgain(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	contents := alice.writeTree(t, "src", 6)
	d := bob.get(t, alice.share(t, filepath.Join(alice.files, "src")))
	bob.stop()
	alice.stop()
	bob.remembered(t, d.ID, func(r *library.Download) {
		r.State, r.Path, r.Size, r.Finished = library.DownloadActive, "", -1, time.Time{}
	})
	bob.start(t, tr)
	again := bob.wait(t, d.ID, queue.StateFinished)
	if again.Path != d.Path || again.Size != d.Size {
		t.Errorf("it is in %s with %d bytes, and was in %s with %d", again.Path, again.Size, d.Path, d.Size)
	}
	sameTree(t, bob, contents)
}
