package peer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

func TestAListedFolderThatLiesHarmsNobody(t *testing.T) {
	t.Parallel()
	tracker := newFakeTracker()
	honest := startPeerAt(t, newFakeTracker())
	path, content := honest.write(t, "real.bin", fourPieces)
	file := honest.share(t, path)
	small, smallContent := honest.write(t, "small.bin", 100)
	smallFile := honest.share(t, small)
	for name, c := range map[string]struct {
		entries []netproto.FolderEntry
		failed  bool
	}{
		"a size that is too small":     {entries: []netproto.FolderEntry{{Path: "a", Size: int64(len(content)) - 1, Hash: file.Hash}}},
		"a size that is too large":     {entries: []netproto.FolderEntry{{Path: "a", Size: int64(len(smallContent)) + 1, Hash: smallFile.Hash}}},
		"a file that is not empty":     {entries: []netproto.FolderEntry{{Path: "a", Size: 0, Hash: smallFile.Hash}}, failed: true},
		"one content with two sizes":   {entries: []netproto.FolderEntry{{Path: "a", Size: 1, Hash: smallFile.Hash}, {Path: "b", Size: 2, Hash: smallFile.Hash}}, failed: true},
		"more bytes than there can be": {entries: enormous(), failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := netproto.AppendFolder(nil, c.entries)
			check(t, err)
			lister := startStranger(t, text, nil)
			tracker.with(func() { tracker.sources = []netproto.Source{lister.source(), honest.source()} })
			getter := startPeerAt(t, tracker)
			id, err := getter.Downloads.Add(queue.Request{Hash: lister.m.Hash, Name: "folder", Size: -1, Folder: true, Dir: getter.files})
			check(t, err)
			if c.failed {
				d := getter.wait(t, id, queue.StateFailed)
				if code := netproto.CodeOf(d.Err); code != netproto.CodeProtocol && code != netproto.CodeTooLarge {
					t.Errorf("the reason is %v", d.Err)
				}
			} else {
				getter.until(t, id, "waiting for a source", func(d queue.Download) bool {
					return d.State == queue.StateWaiting && d.Size == c.entries[0].Size
				})
			}
			check(t, getter.Downloads.Remove(id))
			onlyFiles(t, getter.files)
			// The honest source was not blamed, and the engine still works.
			tracker.with(func() { tracker.sources = []netproto.Source{honest.source()} })
			same(t, getter.get(t, file).Path, content)
		})
	}
}

func enormous() []netproto.FolderEntry {
	var entries []netproto.FolderEntry
	for i := range 100_000 {
		entries = append(entries, netproto.FolderEntry{Path: string(rune('a'+i/10_000)) + strconv.Itoa(10_000+i%10_000), Size: netproto.MaxContentSize, Hash: netproto.ContentHash{1}})
	}
	return entries
}

// Whatever the tracker says that it is.
func TestAListThatCannotBeReadIsAFile(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"no folder at all",
		"cp2p-folder 1\n" + netproto.ContentHash{1}.String() + " 5 ../outside\n",
		"cp2p-folder 1\n" + netproto.ContentHash{1}.String() + " 5 /etc/passwd\n",
		"cp2p-folder 1\n" + netproto.ContentHash{1}.String() + " 5 a/../../b\n",
	} {
		lister := startStranger(t, []byte(text), nil)
		getter := startPeerAt(t, fakeWith(lister.source()))
		id, err := getter.Downloads.Add(queue.Request{Hash: lister.m.Hash, Name: "folder", Size: -1, Folder: true, Dir: getter.files})
		check(t, err)
		d := getter.wait(t, id, queue.StateFinished)
		same(t, d.Path, []byte(text))
		if d.Folder {
			t.Errorf("%q is shown as a folder", text)
		}
		if _, err := getter.Folder(deadline(t), lister.m.Hash); netproto.CodeOf(err) != netproto.CodeNotFolder {
			t.Errorf("%q: %v", text, err)
		}
		onlyFiles(t, getter.files, "folder")
	}
}

// Two keys are enough to have a tracker call a file a folder, or a folder a file.
func TestTheBytesDecideWhatAFolderIs(t *testing.T) {
	t.Parallel()
	alice, getter := startPeerAt(t, newFakeTracker()), startPeerAt(t, newFakeTracker())
	fetch := func(s sharing.Share, folder bool, paths ...string) queue.Download {
		t.Helper()
		tracker := fakeWith(alice.source())
		getter.Trackers.Use(tracker)
		id, err := getter.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: -1, Folder: folder, Paths: paths, Dir: t.TempDir()})
		check(t, err)
		d := getter.wait(t, id, queue.StateFinished)
		if d.Folder == folder {
			t.Errorf("%s is shown as a folder: %t", s.Name, folder)
		}
		onlyFiles(t, filepath.Dir(d.Path), s.Name)
		return d
	}
	for _, size := range []int{0, 5, fourPieces, 9 << 20} {
		path, content := alice.write(t, "movie"+strconv.Itoa(size)+".mkv", size)
		s := alice.share(t, path)
		same(t, fetch(s, true).Path, content)
		same(t, fetch(s, true, "chosen.txt").Path, content)
		if _, err := getter.Folder(deadline(t), s.Hash); netproto.CodeOf(err) != netproto.CodeNotFolder {
			t.Errorf("looking at a file of %d bytes says %v", size, err)
		}
	}
	// Too much to look at: its first piece says what it is.
	for start, want := range map[string]netproto.Code{"": netproto.CodeNotFolder, netproto.FolderMagic: netproto.CodeTooLarge} {
		path := filepath.Join(alice.files, "large"+strconv.Itoa(len(start)))
		check(t, os.WriteFile(path, []byte(start), 0o600))
		check(t, os.Truncate(path, 65<<20))
		s := alice.share(t, path)
		getter.Trackers.Use(fakeWith(alice.source()))
		if _, err := getter.Folder(deadline(t), s.Hash); netproto.CodeOf(err) != want {
			t.Errorf("looking at 65 MiB that begin with %q says %v", start, err)
		}
	}
	_, text := alice.write(t, "album/song.flac", 1000)
	check(t, os.Mkdir(filepath.Join(alice.files, "album", "empty"), 0o755))
	d := fetch(alice.share(t, filepath.Join(alice.files, "album")), false)
	same(t, filepath.Join(d.Path, "song.flac"), text)
	if info, err := os.Stat(filepath.Join(d.Path, "empty")); err != nil || !info.IsDir() {
		t.Errorf("the empty folder is missing: %v", err)
	}
}

// A list of a few bytes can name very many folders.
func TestAListMakesNoFolderBeforeItIsNeeded(t *testing.T) {
	t.Parallel()
	entries := []netproto.FolderEntry{{Path: "a/b/never.txt", Size: 7, Hash: netproto.ContentHash{1}}}
	for i := range 100 {
		entries = append(entries, netproto.FolderEntry{Path: fmt.Sprintf("b/%04d/c/d", i), Dir: true})
	}
	text, err := netproto.AppendFolder(nil, entries)
	check(t, err)
	lister := startStranger(t, text, nil)
	getter := startPeerAt(t, fakeWith(lister.source()))
	id, err := getter.Downloads.Add(queue.Request{Hash: lister.m.Hash, Name: "folder", Size: -1, Folder: true, Dir: getter.files})
	check(t, err)
	getter.until(t, id, "waiting for its file", func(d queue.Download) bool { return d.Size == 7 })
	folders := 0
	check(t, filepath.WalkDir(getter.files, func(_ string, e os.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			folders++
		}
		return err
	}))
	if folders > 5 {
		t.Errorf("%d folders were made", folders)
	}
	check(t, getter.Downloads.Remove(id))
	onlyFiles(t, getter.files)
}
