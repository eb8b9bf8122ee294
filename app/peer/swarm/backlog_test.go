package swarm

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/swarm/filelist"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

func TestAJobIsMadeForTheFilesOfEachContent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	small, large := netproto.ContentHash{1}, netproto.ContentHash{2}
	files, err := filelist.New([]netproto.FolderEntry{
		{Path: "a/b/one", Size: 10, Hash: small},
		{Path: "a/two", Size: 10, Hash: small},
		{Path: "c", Size: 3 << 20, Hash: large},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &Attempt{task: Task{Folder: true}, root: root, swarms: New(Config{Contents: offer.NewRegister(nobody{})})}
	b := &backlog{attempt: a, root: "staging/tree", files: files}
	begun := filepath.Join(dir, "staging", "tree", piece.PartName(large))
	if err := os.MkdirAll(filepath.Dir(begun), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(begun, make([]byte, 1<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	if fresh, left := b.bytes(false), b.bytes(true); fresh != 20+3<<20 || left >= fresh {
		t.Errorf("they need %d bytes, and %d when one was begun", fresh, left)
	}
	if !b.prefer(Preference{Set: true, Path: "c"}) || b.prefer(Preference{Path: "a/two"}) || b.waiting() != 2 {
		t.Errorf("%d jobs wait, and the preferred one is not there, or none is preferred", b.waiting())
	}
	for _, want := range []struct {
		hash    netproto.ContentHash
		dir     string
		targets []string
		known   bool
	}{{large, "staging/tree", []string{"c"}, false}, {small, "staging/tree/a/b", []string{"one", "../two"}, true}} {
		j, err := b.take()
		if err != nil {
			t.Fatal(err)
		}
		if j.hash != want.hash || j.dir != want.dir || !slices.Equal(j.targets, want.targets) || !j.sure || (j.m != nil) != want.known {
			t.Errorf("a job is for %q in %s, its size is certain: %t, its pieces are known: %t", j.targets, j.dir, j.sure, j.m != nil)
		}
	}
}
