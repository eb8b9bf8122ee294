package peer_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// slowly bounds how many bytes a second a source gives.
func slowly(rate int64) func(*library.Settings) {
	return func(s *library.Settings) { s.UpLimit = rate }
}

// add adds a download of a share and does not wait.
func (p *testPeer) add(t testing.TB, s sharing.Share) string {
	t.Helper()
	id, err := p.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: -1, Folder: s.Folder, Dir: p.files})
	check(t, err)
	return id
}

// copyOf gives another peer the same file to share.
func (p *testPeer) copyOf(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(p.files, name)
	check(t, os.WriteFile(path, content, 0o644))
	return path
}

func sentBy(p *testPeer) int64 {
	var n int64
	for _, s := range p.Shares.List() {
		n += s.Sent
	}
	return n
}

func TestAllSourcesContribute(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, carol, bob := startPeerWith(t, tr, slowly(8<<20)), startPeerWith(t, tr, slowly(8<<20)), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 8<<20)
	s := alice.share(t, path)
	carol.share(t, carol.copyOf(t, "the same.flac", content))
	d := bob.get(t, s)
	same(t, d.Path, content)
	if a, c := sentBy(alice), sentBy(carol); d.Used != 2 || a == 0 || c == 0 {
		t.Errorf("%d sources were used; one sent %d bytes, the other %d", d.Used, a, c)
	}
}

func TestAnUnfinishedDownloadIsASource(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob, carol := startPeerWith(t, tr, slowly(2<<20)), startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 6<<20)
	s := alice.share(t, path)
	first := bob.add(t, s)
	bob.until(t, first, "begun", func(d queue.Download) bool { return d.Done > 1<<20 })
	alice.stop() // bob has a part, and is the only one
	second := carol.add(t, s)
	carol.until(t, second, "fed by the one who is not finished", func(d queue.Download) bool { return d.Done >= 1<<20 && d.Used == 1 })
	if d, _ := bob.Downloads.ByID(first); d.State == queue.StateFinished {
		t.Fatal("bob was finished before")
	}
	alice.start(t, tr)
	alice.share(t, path)
	same(t, bob.wait(t, first, queue.StateFinished).Path, content)
	same(t, carol.wait(t, second, queue.StateFinished).Path, content)
}

func TestADownloadOutlivesItsSourcesAndTheTracker(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	slow := func(s *library.Settings) { s.QuickUp, s.QuickLimit = 1<<20, true }
	alice, carol, bob := startPeerWith(t, tr, slow), startPeerWith(t, tr, slow), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 16<<20)
	s := alice.share(t, path)
	carol.share(t, carol.copyOf(t, "song.flac", content))
	id := bob.add(t, s)
	bob.until(t, id, "fed by both", func(d queue.Download) bool { return d.Used == 2 && d.Done > 1<<20 })
	tr.stop()
	alice.stop()
	bob.until(t, id, "without one source and the tracker", func(d queue.Download) bool { return d.Sources == 1 })
	carol.stop()
	bob.until(t, id, "waiting", func(d queue.Download) bool { return d.State == queue.StateWaiting })
	tr.start(t)
	carol.start(t, tr)
	carol.SetQuickLimit(false)
	check(t, carol.Shares.Load())
	carol.share(t, filepath.Join(carol.files, "song.flac"))
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
}

func TestATrackerThatReturnsKnowsTheSharesAgain(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1000)
	s := alice.share(t, path)
	tr.stop()
	alice.Trackers.Reconnect()
	eventually(t, alice.Engine, func() bool {
		return alice.Trackers.Status().State == membership.StateReconnecting
	}, says("the loss of the tracker is not seen"))
	if status := alice.Trackers.Status(); netproto.CodeOf(status.Err) != netproto.CodeUnreachable {
		t.Errorf("the reason is %v", status.Err)
	}
	tr.start(t)
	bob := startPeer(t, tr)
	same(t, bob.get(t, s).Path, content)
}

func TestADownloadGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(6<<20)), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 12<<20)
	s := alice.share(t, path)
	id := bob.add(t, s)
	before := bob.until(t, id, "half there", func(d queue.Download) bool { return d.Done > 5<<20 }).Done
	bob.stop()
	half := sentBy(alice)
	bob.start(t, nil)
	bob.until(t, id, "as far as it was", func(d queue.Download) bool { return d.Done >= before && d.Size == s.Size })
	bob.join(t, tr)
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
	if again := sentBy(alice) - half; again > s.Size-before {
		t.Errorf("%d bytes came after the restart, %d were missing", again, s.Size-before)
	}
	bob.stop()
	bob.start(t, nil)
	if d, _ := bob.Downloads.ByID(id); d.State != queue.StateFinished {
		t.Errorf("after the next restart it is %s", d.State)
	}
}

func TestAPausedDownloadWaitsForThePerson(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(4<<20)), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 6<<20)
	s := alice.share(t, path)
	id := bob.add(t, s)
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 1<<20 })
	check(t, bob.Downloads.Pause(id))
	d, _ := bob.Downloads.ByID(id)
	if d.State != queue.StatePaused || d.Done <= 1<<20 || d.Rate != 0 || d.Sources != 0 {
		t.Errorf("paused, it is shown as %+v", d)
	}
	bob.stop()
	bob.start(t, tr)
	if d, _ := bob.Downloads.ByID(id); d.State != queue.StatePaused {
		t.Errorf("after a restart it is %s", d.State)
	}
	// Asking for it again is the same as resuming it.
	if again := bob.add(t, s); again != id {
		t.Error("it is in the list twice")
	}
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
}

func TestARemovedDownloadLeavesNothing(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(2<<20)), startPeer(t, tr)
	path, _ := alice.write(t, "song.flac", 12<<20)
	alice.write(t, "album/one.flac", 6<<20)
	alice.write(t, "album/two.flac", 6<<20)
	for _, s := range []sharing.Share{alice.share(t, path), alice.share(t, filepath.Join(alice.files, "album"))} {
		id := bob.add(t, s)
		bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 1<<19 })
		check(t, bob.Downloads.Remove(id))
		if _, there := bob.Downloads.ByID(id); there {
			t.Error("it is still in the list")
		}
		onlyFiles(t, bob.files)
	}
	bob.stop()
	bob.start(t, tr)
	if list := bob.Downloads.List(); len(list) != 0 {
		t.Errorf("after a restart the list has %v", list)
	}
}

func TestAFinishedFileIsNotFetchedAgain(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	s := alice.share(t, path)
	bob.copyOf(t, "song.flac", content)
	same(t, bob.get(t, s).Path, content)
	onlyFiles(t, bob.files, "song.flac")
	if n := sentBy(alice); n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
}

func TestATakenNameIsNumbered(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	other := []byte("something else")
	bob.copyOf(t, "song.flac", other)
	d := bob.get(t, alice.share(t, path))
	same(t, d.Path, content)
	same(t, filepath.Join(bob.files, "song.flac"), other)
	onlyFiles(t, bob.files, "song (2).flac", "song.flac")
}

func TestAFinishedFileWithANumberedNameIsNotFetchedAgain(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	s := alice.share(t, path)
	bob.copyOf(t, "song.flac", []byte("something else"))
	numbered := bob.copyOf(t, "song (2).flac", content)
	id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: s.Size, Dir: bob.files})
	check(t, err)
	if d := bob.wait(t, id, queue.StateFinished); d.Path != numbered {
		t.Errorf("it is at %s", d.Path)
	}
	onlyFiles(t, bob.files, "song (2).flac", "song.flac")
}

func TestAFinishedDownloadIsSharedWithoutAnotherHash(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	s := alice.share(t, path)
	bob.get(t, s)
	alice.stop()
	id, err := bob.Shares.Add(filepath.Join(bob.files, "song.flac"), sharing.Options{})
	check(t, err)
	_, err = bob.Shares.Wait(deadline(t), id)
	check(t, err)
	same(t, startPeer(t, tr).get(t, s).Path, content)
}

func TestWhatIsHereAlreadyIsNotFetched(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	bob := startPeer(t, tr)
	path, content := bob.write(t, "song.flac", 5<<20)
	s := bob.share(t, path)
	dir := t.TempDir()
	id, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: s.Size, Dir: dir})
	check(t, err)
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
	onlyFiles(t, dir, "song.flac")
}

func TestOneContentGoesIntoTwoFoldersAtOnce(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(8<<20)), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 4<<20)
	s := alice.share(t, path)
	other := t.TempDir()
	first := bob.add(t, s)
	second, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: "another name.flac", Size: -1, Dir: other})
	check(t, err)
	same(t, bob.wait(t, first, queue.StateFinished).Path, content)
	same(t, bob.wait(t, second, queue.StateFinished).Path, content)
	onlyFiles(t, other, "another name.flac")
}

func TestADownloadWaitsForItsFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder with an open file is not renamed there")
	}
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(4<<20)), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 8<<20)
	s := alice.share(t, path)
	id := bob.add(t, s)
	bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 3<<20 })
	away := bob.files + " on another disk"
	check(t, os.Rename(bob.files, away))
	d := bob.wait(t, id, queue.StateNoSpace)
	if netproto.CodeOf(d.Err) != netproto.CodeFolderUnwritable {
		t.Errorf("the reason is %v", d.Err)
	}
	if _, err := os.Stat(bob.files); err == nil {
		t.Error("another folder was made in its place")
	}
	before := sentBy(alice)
	check(t, os.Rename(away, bob.files))
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
	if n := sentBy(alice) - before; n > 7<<20 {
		t.Errorf("%d bytes came again", n)
	}
}

func TestAFolderThatCannotBeMadeIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	file := p.copyOf(t, "file", nil)
	_, err := p.Downloads.Add(queue.Request{Hash: netproto.ContentHash{1}, Name: "x", Size: -1, Dir: filepath.Join(file, "below")})
	if netproto.CodeOf(err) != netproto.CodeFolderUnwritable || len(p.Downloads.List()) != 0 {
		t.Errorf("it says %v, and the list has %d", err, len(p.Downloads.List()))
	}
}

func TestOnlySoManyDownloadsRunAtOnce(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(8<<20)), startPeerWith(t, tr, func(s *library.Settings) { s.MaxDownloads = 1 })
	var shares []sharing.Share
	var ids []string
	contents := map[string][]byte{}
	for _, name := range []string{"a", "b", "c"} {
		path, _ := alice.write(t, name, 2<<20)
		shares = append(shares, alice.share(t, path))
	}
	for _, s := range shares {
		content, err := os.ReadFile(s.Path)
		check(t, err)
		id := bob.add(t, s)
		ids, contents[id] = append(ids, id), content
	}
	for place, d := range bob.Downloads.List()[1:] {
		if d.State != queue.StateQueued || d.Place != place+1 {
			t.Errorf("%s is %s at place %d", d.Name, d.State, d.Place)
		}
	}
	for _, id := range ids {
		same(t, bob.wait(t, id, queue.StateFinished).Path, contents[id])
	}
}

func TestLimitsAreKept(t *testing.T) {
	t.Parallel()
	const rate, size = 1 << 20, 2<<20 + 512<<10
	for name, limit := range map[string]struct{ from, to func(*library.Settings) }{
		"up":   {from: slowly(rate), to: func(*library.Settings) {}},
		"down": {from: func(*library.Settings) {}, to: func(s *library.Settings) { s.DownLimit = rate }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := startTracker(t)
			alice, bob := startPeerWith(t, tr, limit.from), startPeerWith(t, tr, limit.to)
			path, content := alice.write(t, "song.flac", size)
			s := alice.share(t, path)
			began := time.Now()
			same(t, bob.get(t, s).Path, content)
			if took := time.Since(began); took < 2*time.Second {
				t.Errorf("%d bytes took %s at %d bytes a second", size, took, rate)
			}
		})
	}
}

func TestALowLimitStallsNobody(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(50<<10)), startPeerWith(t, tr, func(s *library.Settings) { s.DownLimit = 40 << 10 })
	path, content := alice.write(t, "song.flac", 300<<10)
	same(t, bob.get(t, alice.share(t, path)).Path, content)
	if n := sentBy(alice); n > 320<<10 {
		t.Errorf("%d bytes were sent for %d", n, 300<<10)
	}
}

func TestReadersWaitForASlotInOrder(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeerWith(t, tr, func(s *library.Settings) {
		s.UploadSlots, s.UpLimit, s.AdaptiveSlots = 1, 8<<20, false
		s.QuickUp, s.QuickLimit = 256<<10, true // until one waits
	})
	path, content := alice.write(t, "song.flac", 4<<20)
	s := alice.share(t, path)
	contents := map[*testPeer]string{}
	for range 4 {
		p := startPeer(t, tr)
		contents[p] = p.add(t, s)
	}
	eventually(t, alice.Engine, func() bool {
		for p, id := range contents {
			if d, _ := p.Downloads.ByID(id); d.State == queue.StateQueued && d.Place > 0 {
				return true
			}
		}
		return false
	}, func() string { return "nobody was told a place in the queue" })
	alice.SetQuickLimit(false)
	for p, id := range contents {
		same(t, p.wait(t, id, queue.StateFinished).Path, content)
	}
}
