package peer_test

import (
	"strconv"
	"testing"

	"centralizedp2p/app/peer/queue"
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

func TestAListThatCannotBeReadFailsTheFolder(t *testing.T) {
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
		if d := getter.wait(t, id, queue.StateFailed); netproto.CodeOf(d.Err) != netproto.CodeProtocol {
			t.Errorf("%q: %v", text, d.Err)
		}
		if _, err := getter.Folder(deadline(t), lister.m.Hash); netproto.CodeOf(err) != netproto.CodeProtocol {
			t.Errorf("%q: %v", text, err)
		}
		check(t, getter.Downloads.Remove(id))
		onlyFiles(t, getter.files)
	}
}
