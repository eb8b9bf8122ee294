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
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

// queueOf adds downloads that nobody has a source for, and gives their ids.
func (p *testPeer) queueOf(t testing.TB, names ...string) []string {
	t.Helper()
	var ids []string
	for i, name := range names {
		id, err := p.Download(peer.DownloadRequest{Hash: netproto.ContentHash{1, byte(i)}, Name: name, Size: 1000, Dir: p.files})
		check(t, err)
		ids = append(ids, id)
	}
	return ids
}

// order is the queue by names.
func (p *testPeer) order() string {
	var names string
	for _, d := range p.Downloads() {
		names += d.Name
	}
	return names
}

func TestTheQueueIsInTheOrderThatThePersonWants(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	ids := p.queueOf(t, "a", "b", "c", "d", "e")
	check(t, p.Pause(ids...))
	a, b, c, d, e := ids[0], ids[1], ids[2], ids[3], ids[4]
	for _, step := range []struct {
		way  peer.QueueMove
		ids  []string
		want string
	}{
		{peer.QueueTop, []string{e}, "eabcd"},
		{peer.QueueBottom, []string{a}, "ebcda"},
		{peer.QueueUp, []string{c}, "ecbda"},
		{peer.QueueDown, []string{e}, "cebda"},
		{peer.QueueUp, []string{c, e}, "cebda"}, // at the top together
		{peer.QueueUp, []string{a, d}, "cedab"},
		{peer.QueueDown, []string{a, e}, "cdeba"},
		{peer.QueueTop, []string{b, d}, "dbcea"}, // in the order that they had
		{peer.QueueBottom, []string{d, c}, "beadc"},
	} {
		check(t, p.MoveInQueue(step.way, step.ids...))
		if got := p.order(); got != step.want {
			t.Fatalf("%s of %d downloads makes it %s, and not %s", step.way, len(step.ids), got, step.want)
		}
	}
	p.stop()
	p.start(t, nil)
	if got := p.order(); got != "beadc" {
		t.Errorf("after a restart it is %s", got)
	}
	if err := p.MoveInQueue("sideways", a); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("it says %v", err)
	}
	if err := p.MoveInQueue(peer.QueueTop, "gone", a); netproto.CodeOf(err) != netproto.CodeNotFound || p.order() != "abedc" {
		t.Errorf("it says %v, and the order is %s", err, p.order())
	}
}

func TestAHigherPriorityComesFirst(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(4<<20)), startPeerWith(t, tr, func(s *library.Settings) { s.MaxDownloads = 1 })
	var shares []peer.Share
	for _, name := range []string{"first", "low", "normal", "high"} {
		path, _ := alice.write(t, name, 2<<20)
		shares = append(shares, alice.share(t, path))
	}
	ids := map[string]string{}
	for _, s := range shares {
		ids[s.Name] = bob.add(t, s)
	}
	check(t, bob.SetPriority(library.PriorityLow, ids["low"]))
	check(t, bob.SetPriority(library.PriorityHigh, ids["high"]))
	places := map[string]int{}
	for _, d := range bob.Downloads() {
		places[d.Name] = d.Place
	}
	if places["high"] != 1 || places["normal"] != 2 || places["low"] != 3 {
		t.Errorf("the places are %v", places)
	}
	var done []string
	for len(done) < 4 {
		eventually(t, bob.Engine, func() bool {
			for name, id := range ids {
				if d, _ := bob.DownloadByID(id); d.State == peer.DownloadFinished && !slices.Contains(done, name) {
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
	if err := bob.SetPriority("urgent", ids["low"]); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("it says %v", err)
	}
}

func TestADownloadWithoutASourceKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeerWith(t, tr, func(s *library.Settings) { s.MaxDownloads = 1 })
	lost, lostContent := alice.write(t, "lost", 1<<20)
	s := alice.share(t, lost)
	check(t, alice.StopSharing([]string{s.ID}))
	alice.waitWithdrawn(t, s.Hash)
	first := bob.add(t, s)
	path, content := alice.write(t, "song.flac", 1<<20)
	same(t, bob.get(t, alice.share(t, path)).Path, content)
	bob.wait(t, first, peer.DownloadWaiting)
	alice.share(t, lost)
	same(t, bob.wait(t, first, peer.DownloadFinished).Path, lostContent)
}

// waitWithdrawn waits until the tracker knows of no source any more.
func (p *testPeer) waitWithdrawn(t testing.TB, hash netproto.ContentHash) {
	t.Helper()
	eventually(t, p.Engine, func() bool {
		found, err := p.Tracker().Sources(deadline(t), hash)
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
	check(t, l.SaveDownloads(failed, wrong))
	check(t, l.Close())
	bob.start(t, tr)
	healed := bob.until(t, "heals", "finished", func(d peer.Download) bool { return d.State == peer.DownloadFinished })
	same(t, healed.Path, content)
	d := bob.wait(t, "stays", peer.DownloadFailed)
	if netproto.CodeOf(d.Err) != netproto.CodeProtocol || !d.Retry.IsZero() {
		t.Errorf("it is tried again at %s, because of %v", d.Retry, d.Err)
	}
	check(t, bob.Resume("stays"))
	bob.until(t, "stays", "finished when the person says so", func(d peer.Download) bool { return d.State == peer.DownloadFinished })
}

func TestWhatCannotHealIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, _ := alice.write(t, "song.flac", 1000)
	s := alice.share(t, path)
	id, err := bob.Download(peer.DownloadRequest{Hash: s.Hash, Name: "no folder", Size: -1, Folder: true, Dir: bob.files})
	check(t, err)
	if d := bob.wait(t, id, peer.DownloadFailed); !d.Retry.IsZero() || netproto.CodeOf(d.Err) != netproto.CodeProtocol {
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
	bob.until(t, id, "begun", func(d peer.Download) bool { return d.Done > 1<<20 })
	free.Store(1 << 20)
	d := bob.wait(t, id, peer.DownloadNoSpace)
	if netproto.CodeOf(d.Err) != netproto.CodeNoSpace || d.Done < 1<<20 {
		t.Errorf("%v, with %d bytes", d.Err, d.Done)
	}
	free.Store(1 << 40)
	same(t, bob.wait(t, id, peer.DownloadFinished).Path, content)
}

func TestADownloadMayTakeItsSpaceAtOnce(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeerWith(t, tr, slowly(4<<20))
	bob := startPeerWith(t, tr, func(s *library.Settings) { s.Preallocate = true })
	path, content := alice.write(t, "song.flac", 6<<20)
	id := bob.add(t, alice.share(t, path))
	bob.until(t, id, "begun", func(d peer.Download) bool { return d.Done > 1<<20 })
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
	same(t, bob.wait(t, id, peer.DownloadFinished).Path, content)
}

func TestTheFilesOfAFinishedDownloadGoOnlyWhenThePersonSaysSo(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, _ := alice.write(t, "song.flac", 1<<20)
	song := alice.share(t, path)
	d := bob.get(t, song)
	check(t, bob.Remove(d.ID))
	onlyFiles(t, bob.files, "song.flac")
	d = bob.get(t, song)
	check(t, bob.RemoveWithFiles(d.ID))
	onlyFiles(t, bob.files)
	if len(bob.Downloads()) != 0 {
		t.Error("it is still in the list")
	}

	alice.writeTree(t, "src", 6)
	d = bob.get(t, alice.share(t, filepath.Join(alice.files, "src")))
	mine := filepath.Join(d.Path, "mine.txt")
	check(t, os.WriteFile(mine, []byte("not downloaded"), 0o644))
	check(t, bob.RemoveWithFiles(d.ID))
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
	if err := bob.RemoveWithFiles(d.ID); netproto.CodeOf(err) != netproto.CodeFileChanged {
		t.Errorf("it says %v", err)
	}
	same(t, d.Path, []byte("my own"))
	if len(bob.Downloads()) != 0 {
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
	began := time.Now()
	check(t, p.Pause(ids...))
	for _, d := range p.Downloads() {
		if d.State != peer.DownloadPaused {
			t.Fatalf("%s is %s", d.Name, d.State)
		}
	}
	check(t, p.Resume(ids...))
	check(t, p.Remove(ids...))
	if took := time.Since(began); took > 5*time.Second || len(p.Downloads()) != 0 {
		t.Errorf("it took %s, and %d are left", took, len(p.Downloads()))
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
		bob.until(t, id, "begun", func(d peer.Download) bool { return d.Done > 0 })
		removed := make(chan error, 1)
		go func() { removed <- bob.Remove(id) }()
		again := bob.add(t, s)
		check(t, <-removed)
		check(t, bob.Remove(again))
	}
	same(t, bob.get(t, s).Path, content)
	onlyFiles(t, bob.files, "song.flac")
}

// remembered changes what a peer that is stopped remembers of a download.
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
	eventually(t, bob.Engine, func() bool { return len(bob.Shares()) == 1 }, says("it is not shared"))
	bob.stop()
	bob.remembered(t, d.ID, func(r *library.Download) { r.Removal = library.RemoveFiles })
	bob.start(t, tr)
	check(t, bob.RunShares())
	onlyFiles(t, bob.files)
	if len(bob.Downloads()) != 0 || len(bob.Shares()) != 0 {
		t.Errorf("%d downloads and %d shares are left", len(bob.Downloads()), len(bob.Shares()))
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
	again := bob.wait(t, d.ID, peer.DownloadFinished)
	if again.Path != d.Path || again.Size != d.Size {
		t.Errorf("it is in %s with %d bytes, and was in %s with %d", again.Path, again.Size, d.Path, d.Size)
	}
	sameTree(t, bob, contents)
}
