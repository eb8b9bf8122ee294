package peer_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// folders returns folders to move downloads to: one on the same disk, and one on
// another disk if there is one.
func folders(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{"the same disk": t.TempDir()}
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() && runtime.GOOS == "linux" {
		dir, err := os.MkdirTemp("/dev/shm", "move-*")
		check(t, err)
		t.Cleanup(func() { os.RemoveAll(dir) })
		list["another disk"] = dir
	}
	return list
}

// moved waits until a download is in a folder, complete and correct.
func (p *testPeer) moved(t testing.TB, id, folder string, state queue.State) queue.Download {
	t.Helper()
	return p.until(t, id, string(state)+" in "+folder, func(d queue.Download) bool {
		return d.State == state && filepath.Dir(d.Path) == folder
	})
}

func TestAFinishedDownloadMoves(t *testing.T) {
	t.Parallel()
	for where, folder := range folders(t) {
		t.Run(where, func(t *testing.T) {
			tr := startTracker(t)
			alice, bob := startPeer(t, tr), startPeer(t, tr)
			path, content := alice.write(t, "song.flac", 3<<20)
			s := alice.share(t, path)
			d := bob.get(t, s)
			bob.share(t, d.Path)
			check(t, os.WriteFile(filepath.Join(folder, "song.flac"), []byte("another one"), 0o644))
			check(t, bob.Downloads.MoveTo(folder, d.ID))
			now := bob.moved(t, d.ID, folder, queue.StateFinished)
			same(t, now.Path, content)
			same(t, filepath.Join(folder, "song.flac"), []byte("another one"))
			onlyFiles(t, folder, "song (2).flac", "song.flac")
			eventually(t, bob.Engine, func() bool { // what was copied goes last
				left, err := os.ReadDir(bob.files)
				return err == nil && len(left) == 0
			}, says("the file is still where it was"))
			alice.stop() // it is offered from where it is now
			eventually(t, bob.Engine, func() bool {
				shares := bob.Shares.List()
				return len(shares) == 1 && shares[0].Path == now.Path && shares[0].State == sharing.StateShared
			}, says("it is not shared where it is"))
			same(t, startPeer(t, tr).get(t, s).Path, content)

			shared := func() sharing.Share {
				if list := bob.Shares.List(); len(list) == 1 {
					return list[0]
				}
				return sharing.Share{}
			}
			eventually(t, bob.Engine, func() bool { return shared().Fetched == 1 }, says("it is not counted"))
			for _, to := range []string{bob.files, folder} { // its counts go along, and come back as they are
				check(t, bob.Downloads.MoveTo(to, d.ID))
				now = bob.moved(t, d.ID, to, queue.StateFinished)
				eventually(t, bob.Engine, func() bool { return shared().Path == now.Path && shared().Fetched > 0 }, says("it is not shared there"))
			}
			if fetched := shared().Fetched; fetched != 1 {
				t.Errorf("after two moves it was fetched %d times", fetched)
			}
		})
	}
}

func TestAFinishedFolderMoves(t *testing.T) {
	t.Parallel()
	for where, folder := range folders(t) {
		t.Run(where, func(t *testing.T) {
			tr := startTracker(t)
			alice, bob := startPeer(t, tr), startPeer(t, tr)
			contents := alice.writeTree(t, "src", 20)
			check(t, os.MkdirAll(filepath.Join(alice.files, "src", "nothing", "here"), 0o755))
			d := bob.get(t, alice.share(t, filepath.Join(alice.files, "src")))
			check(t, os.Symlink("1.txt", filepath.Join(d.Path, "link")))
			check(t, bob.Downloads.MoveTo(folder, d.ID))
			now := bob.moved(t, d.ID, folder, queue.StateFinished)
			there := &testPeer{files: folder}
			if target, err := os.Readlink(filepath.Join(now.Path, "link")); err != nil || target != "1.txt" {
				t.Errorf("the link is %q, %v", target, err)
			}
			check(t, os.Remove(filepath.Join(now.Path, "link")))
			if info, err := os.Stat(filepath.Join(now.Path, "nothing", "here")); err != nil || !info.IsDir() {
				t.Error("the empty folder was lost")
			}
			sameTree(t, there, contents)
			check(t, os.RemoveAll(filepath.Join(now.Path, "nothing")))
			bob.verify(t, d.ID)
			if err := bob.Downloads.MoveTo(filepath.Join(now.Path, "below"), d.ID); netproto.CodeOf(err) != netproto.CodeInvalid {
				t.Errorf("into itself: %v", err)
			}
		})
	}
}

func TestAnUnfinishedDownloadMovesWithWhatItHas(t *testing.T) {
	t.Parallel()
	for where, folder := range folders(t) {
		t.Run(where, func(t *testing.T) {
			tr := startTracker(t)
			alice, bob := startPeerWith(t, tr, slowly(4<<20)), startPeer(t, tr)
			path, content := alice.write(t, "song.flac", 8<<20)
			alice.write(t, "album/one.flac", 4<<20)
			alice.write(t, "album/two.flac", 4<<20)
			song, album := alice.share(t, path), alice.share(t, filepath.Join(alice.files, "album"))
			running, paused := bob.add(t, song), bob.add(t, album)
			for _, id := range []string{running, paused} {
				bob.until(t, id, "begun", func(d queue.Download) bool { return d.Done > 2<<20 })
			}
			check(t, bob.Downloads.Pause(paused))
			before := map[string]int64{}
			for _, d := range bob.Downloads.List() {
				before[d.ID] = d.Done
			}
			check(t, bob.Downloads.MoveTo(folder, running, paused))
			bob.moved(t, paused, folder, queue.StatePaused)
			bob.until(t, running, "as far as it was", func(d queue.Download) bool {
				return filepath.Dir(d.Path) == folder && d.Done >= before[running] && d.State != queue.StateMoving
			})
			onlyFiles(t, bob.files)
			check(t, bob.Downloads.Resume(paused))
			same(t, bob.moved(t, running, folder, queue.StateFinished).Path, content)
			bob.moved(t, paused, folder, queue.StateFinished)
			onlyFiles(t, folder, "album", "song.flac")
			// What was on its way to each when it stopped comes twice.
			if sent := sentBy(alice); sent > 16<<20+4<<20 {
				t.Errorf("%d bytes were sent", sent)
			}
		})
	}
}

func TestAMoveThatCannotBeIsSaid(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	path, content := alice.write(t, "song.flac", 1<<20)
	s := alice.share(t, path)
	d := bob.get(t, s)
	other := t.TempDir()
	second, err := bob.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: -1, Dir: other})
	check(t, err)
	bob.wait(t, second, queue.StateFinished)
	for folder, code := range map[string]netproto.Code{
		"relative":                 netproto.CodeInvalid,
		filepath.Join(d.Path, "x"): netproto.CodeFolderUnwritable,
		other:                      netproto.CodeInvalid, // it is there already
	} {
		if err := bob.Downloads.MoveTo(folder, d.ID); netproto.CodeOf(err) != code {
			t.Errorf("to %s: %v", folder, err)
		}
	}
	check(t, bob.Downloads.MoveTo(bob.files, d.ID)) // where it is
	same(t, bob.wait(t, d.ID, queue.StateFinished).Path, content)

	check(t, os.Remove(d.Path))
	check(t, bob.Downloads.MoveTo(t.TempDir(), d.ID))
	lost := bob.until(t, d.ID, "given up", func(d queue.Download) bool { return d.State == queue.StateFinished && d.Err != nil })
	if netproto.CodeOf(lost.Err) != netproto.CodeFileUnreadable || filepath.Dir(lost.Path) != bob.files {
		t.Errorf("it is in %s: %v", lost.Path, lost.Err)
	}
}

// A kill may come between any two steps of a move. However far the move came, after
// the program has run again the file is at its new place and nowhere else.
func TestAMoveOutlivesAKillAtAnyStep(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("abcdefgh"), 40_000)
	unfinished := netproto.PartPrefix + "move-1"
	past := time.Now().Add(-time.Hour).Truncate(time.Second)
	for name, c := range map[string]struct {
		move    library.Move
		old     bool     // the file is where it was
		there   []string // what else has its bytes, in the new folder
		half    bool     // the copy is not whole
		arrived bool     // the record knows the new place
	}{
		"nothing was done":              {old: true},
		"a name was chosen":             {move: library.Move{Name: "song.flac"}, old: true},
		"it was renamed":                {move: library.Move{Name: "song.flac"}, there: []string{"song.flac"}},
		"it was half copied":            {move: library.Move{Name: "song.flac"}, old: true, there: []string{unfinished}, half: true},
		"it was copied":                 {move: library.Move{Name: "song.flac"}, old: true, there: []string{unfinished}},
		"the copy was noted":            {move: library.Move{Copied: true}, old: true, there: []string{unfinished}},
		"a name for the copy was noted": {move: library.Move{Copied: true, Name: "song.flac"}, old: true, there: []string{unfinished}},
		"the copy got its name":         {move: library.Move{Copied: true, Name: "song.flac"}, old: true, there: []string{"song.flac"}},
		"the new place was noted":       {move: library.Move{Left: "old"}, old: true, there: []string{"song.flac"}, arrived: true},
		"the old one was removed":       {move: library.Move{Left: "old"}, there: []string{"song.flac"}, arrived: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, folder := range folders(t) {
				p := &testPeer{profile: t.TempDir(), files: t.TempDir()}
				old := filepath.Join(p.files, "song.flac")
				write := func(path string, b []byte) {
					check(t, os.WriteFile(path, b, 0o644))
					check(t, os.Chtimes(path, past, past))
				}
				if c.old {
					write(old, content)
				}
				for _, name := range c.there {
					b := content
					if c.half {
						b = b[:len(b)/2]
					}
					write(filepath.Join(folder, name), b)
				}
				move := c.move
				if move.Left != "" {
					move.Left = old
				} else {
					move.To = folder
				}
				record := library.Download{ID: "1", Hash: netproto.ContentHash{1}, Name: "song.flac", Size: int64(len(content)), Dir: p.files, Path: old,
					State: library.DownloadFinished, Move: &move, Added: past, Finished: past}
				if c.arrived {
					record.Dir, record.Path = folder, filepath.Join(folder, "song.flac")
				}
				l, err := library.Open(p.profile)
				check(t, err)
				check(t, l.SaveDownloads(record))
				check(t, l.Close())
				p.start(t, nil)
				d := p.moved(t, "1", folder, queue.StateFinished)
				p.until(t, "1", "alone at its new place", func(d queue.Download) bool {
					_, err := os.Lstat(old)
					return errors.Is(err, os.ErrNotExist) && d.State == queue.StateFinished
				})
				p.stop()
				same(t, d.Path, content)
				onlyFiles(t, folder, "song.flac")
				onlyFiles(t, p.files)
			}
		})
	}
}

func TestWhatSomebodyChangedAfterItWasCopiedStays(t *testing.T) {
	t.Parallel()
	p := &testPeer{profile: t.TempDir(), files: t.TempDir()}
	folder := t.TempDir()
	old, now := filepath.Join(p.files, "song.flac"), filepath.Join(folder, "song.flac")
	check(t, os.WriteFile(old, []byte("changed since"), 0o644))
	check(t, os.WriteFile(now, []byte("copied"), 0o644))
	l, err := library.Open(p.profile)
	check(t, err)
	check(t, l.SaveDownloads(library.Download{ID: "1", Hash: netproto.ContentHash{1}, Name: "song.flac", Size: 6, Dir: folder, Path: now,
		State: library.DownloadFinished, Move: &library.Move{Left: old}, Added: time.Now()}))
	check(t, l.Close())
	p.start(t, nil)
	t.Cleanup(func() { p.stop() })
	d := p.until(t, "1", "finished, with a word about it", func(d queue.Download) bool { return d.State == queue.StateFinished && d.Err != nil })
	if netproto.CodeOf(d.Err) != netproto.CodeFileChanged {
		t.Errorf("it says %v", d.Err)
	}
	same(t, old, []byte("changed since"))
	same(t, now, []byte("copied"))
}
