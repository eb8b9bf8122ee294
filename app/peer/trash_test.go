package peer_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// bin is a trash in a folder.
type bin struct {
	dir  string
	fail error
	got  []string // their names
}

func (b *bin) move(path string) error {
	if b.fail != nil {
		return b.fail
	}
	b.got = append(b.got, filepath.Base(path))
	return os.Rename(path, filepath.Join(b.dir, filepath.Base(path)))
}

func TestFinishedDownloadsGoToTheTrash(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeer(t, tr)
	b := &bin{dir: t.TempDir()}
	bob := startWith(t, &testPeer{trash: b.move, offers: true}, tr, nil)
	song, _ := alice.write(t, "song.flac", 1000)
	alice.write(t, filepath.Join("album", "1.flac"), 1000)
	alice.write(t, filepath.Join("album", "cd 2", "2.flac"), 1000)
	alice.write(t, filepath.Join("mixed", "3.flac"), 1000)
	one := bob.get(t, alice.share(t, song))
	album := bob.get(t, alice.share(t, filepath.Join(alice.files, "album")))
	mixed := bob.get(t, alice.share(t, filepath.Join(alice.files, "mixed")))
	waiting := bob.queueOf(t, "waiting")
	check(t, os.WriteFile(filepath.Join(mixed.Path, "my notes.txt"), nil, 0o600))
	check(t, bob.Downloads.RemoveToTrash(one.ID, album.ID, mixed.ID, waiting[0]))
	if slices.Sort(b.got); !slices.Equal(b.got, []string{"3.flac", "album", "song.flac"}) {
		t.Errorf("in the trash are %q", b.got)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "album", "cd 2", "2.flac")); err != nil {
		t.Error(err)
	}
	onlyFiles(t, bob.files, "mixed")
	onlyFiles(t, filepath.Join(bob.files, "mixed"), "my notes.txt")
	if list := bob.Downloads.List(); len(list) != 0 {
		t.Errorf("%d are in the list", len(list))
	}
}

func TestWhatCannotGoToTheTrashStays(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice := startPeer(t, tr)
	b := &bin{dir: t.TempDir()}
	bob := startWith(t, &testPeer{trash: b.move}, tr, nil)
	path, content := alice.write(t, "song.flac", 1000)
	d := bob.get(t, alice.share(t, path))
	b.fail = netproto.Errorf(netproto.CodeFolderUnwritable, "%w", errors.New("this disk has no trash"))
	if err := bob.Downloads.RemoveToTrash(d.ID); netproto.CodeOf(err) != netproto.CodeFolderUnwritable {
		t.Errorf("it says %v", err)
	}
	same(t, bob.wait(t, d.ID, queue.StateFinished).Path, content)
	b.fail = nil
	check(t, os.WriteFile(d.Path, []byte("something else"), 0o600))
	if err := bob.Downloads.RemoveToTrash(d.ID); netproto.CodeOf(err) != netproto.CodeFileChanged {
		t.Errorf("another file in its place: %v", err)
	}
	check(t, os.Remove(d.Path))
	check(t, bob.Downloads.RemoveToTrash(d.ID))
	if len(b.got) != 0 || len(bob.Downloads.List()) != 0 {
		t.Errorf("in the trash are %q, in the list %d", b.got, len(bob.Downloads.List()))
	}
}
