package peer_test

import (
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// verify checks a download and waits until it is finished again.
func (p *testPeer) verify(t testing.TB, id string) queue.Download {
	t.Helper()
	check(t, p.Downloads.Verify(id))
	return p.wait(t, id, queue.StateFinished)
}

func TestVerifyingFetchesOnlyWhatIsWrong(t *testing.T) {
	t.Parallel()
	const size = 7<<20 + 100 // too little for a second connection, which may fetch a piece twice
	for name, c := range map[string]struct {
		spoil func(file *os.File) error
		most  int64 // bytes that may be fetched
	}{
		"nothing is wrong":        {func(*os.File) error { return nil }, 0},
		"one byte is wrong":       {func(f *os.File) error { _, err := f.WriteAt([]byte{0x55, 0xaa}, 3<<20); return err }, netproto.MinPieceSize},
		"the end is missing":      {func(f *os.File) error { return f.Truncate(6 << 20) }, 1<<20 + netproto.MinPieceSize},
		"something stands behind": {func(f *os.File) error { return f.Truncate(size + 5000) }, netproto.MinPieceSize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := startTracker(t)
			alice, bob := startPeer(t, tr), startPeer(t, tr)
			path, content := alice.write(t, "song.flac", size)
			d := bob.get(t, alice.share(t, path))
			file, err := os.OpenFile(d.Path, os.O_RDWR, 0)
			check(t, err)
			check(t, c.spoil(file))
			check(t, file.Close())
			before := sentBy(alice)
			again := bob.verify(t, d.ID)
			same(t, again.Path, content)
			if again.Path != d.Path {
				t.Errorf("it is now called %s", again.Path)
			}
			if came := sentBy(alice) - before; came > c.most {
				t.Errorf("%d bytes came", came)
			}
			onlyFiles(t, bob.files, "song.flac")
		})
	}
}

func TestVerifyingFetchesAFileThatIsGone(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	d := bob.get(t, alice.share(t, path))
	check(t, os.Remove(d.Path))
	same(t, bob.verify(t, d.ID).Path, content)
}

func TestVerifyingAFolderFetchesOnlyItsWrongFiles(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	contents := alice.writeTree(t, "src", 30)
	_, contents["src/large.bin"] = alice.write(t, "src/large.bin", 6<<20)
	d := bob.get(t, alice.share(t, filepath.Join(alice.files, "src")))
	// A finished folder can be verified with nobody online: its list is known.
	alice.stop()
	bob.verify(t, d.ID)
	sameTree(t, bob, contents)

	large, err := os.OpenFile(filepath.Join(d.Path, "large.bin"), os.O_RDWR, 0)
	check(t, err)
	_, err = large.WriteAt([]byte{0x55, 0xaa}, 2<<20)
	check(t, err)
	check(t, large.Close())
	alice.start(t, tr)
	alice.share(t, filepath.Join(alice.files, "src"))
	before := sentBy(alice)
	again := bob.verify(t, d.ID)
	sameTree(t, bob, contents)
	if came := sentBy(alice) - before; came > 2*netproto.MinPieceSize || again.Path != d.Path {
		t.Errorf("%d bytes came, and it is called %s", came, again.Path)
	}
}

func TestAPausedDownloadIsVerifiedAndStaysPaused(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeerWith(t, tr, slowly(6<<20)), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 8<<20)
	id := bob.add(t, alice.share(t, path))
	bob.until(t, id, "half there", func(d queue.Download) bool { return d.Done > 4<<20 })
	check(t, bob.Downloads.Pause(id))
	before, _ := bob.Downloads.ByID(id)
	parts, err := filepath.Glob(filepath.Join(bob.files, ".cp2p-*.part"))
	check(t, err)
	part, err := os.OpenFile(parts[0], os.O_RDWR, 0)
	check(t, err)
	damaged := 0
	for at := int64(0); at < 8<<20; at += 2 * netproto.MinPieceSize {
		_, err := part.WriteAt([]byte{0x55, 0xaa, 0x55}, at)
		check(t, err)
		damaged++
	}
	check(t, part.Close())
	check(t, bob.Downloads.Verify(id))
	bob.until(t, id, "paused, with less than before", func(d queue.Download) bool {
		return d.State == queue.StatePaused && d.Done < before.Done && d.Done > 0
	})
	check(t, bob.Downloads.Resume(id))
	same(t, bob.wait(t, id, queue.StateFinished).Path, content)
}

func TestAskingAgainForAFinishedDownloadKeepsWhatSomebodyChanged(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	s := alice.share(t, path)
	d := bob.get(t, s)
	mine := append([]byte("mine"), content[4:]...)
	check(t, os.WriteFile(d.Path, mine, 0o644))
	again := bob.get(t, s)
	if again.ID != d.ID {
		t.Error("it is in the list twice")
	}
	same(t, again.Path, content)
	same(t, filepath.Join(bob.files, "song.flac"), mine)
	onlyFiles(t, bob.files, "song (2).flac", "song.flac")
	before := sentBy(alice)
	if third := bob.get(t, s); third.Path != again.Path || sentBy(alice) != before {
		t.Errorf("asked for once more it is %s, and %d bytes came", third.Path, sentBy(alice)-before)
	}
}

func TestAVerificationGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 4<<20)
	d := bob.get(t, alice.share(t, path))
	check(t, os.Truncate(d.Path, 1<<20))
	check(t, bob.Downloads.Verify(d.ID))
	bob.stop()
	bob.start(t, tr)
	same(t, bob.wait(t, d.ID, queue.StateFinished).Path, content)
	onlyFiles(t, bob.files, "song.flac")
}
