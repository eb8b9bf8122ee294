package piece

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"centralizedp2p/netproto"
)

func TestTheSumOfAFolderStaysWithinBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sizes []int64
		sum   int64
		right bool
	}{
		{nil, 0, true},
		{[]int64{1, 2, 3}, 6, true},
		{[]int64{maxFolderSize}, maxFolderSize, true},
		{[]int64{maxFolderSize, 1}, 0, false},
		{[]int64{1<<63 - 1, 1<<63 - 1}, 0, false},
	} {
		var entries []netproto.FolderEntry
		for _, size := range c.sizes {
			entries = append(entries, netproto.FolderEntry{Size: size})
		}
		sum, err := SumOf(entries)
		if sum != c.sum || (err == nil) != c.right || err != nil && netproto.CodeOf(err) != netproto.CodeTooLarge {
			t.Errorf("%v: %d, %v", c.sizes, sum, err)
		}
	}
}

func TestAWrongFileMayHoldRightPieces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for _, c := range []struct {
		name string
		size int64
		kept bool
	}{{"small", 10, false}, {"large", 2 * netproto.MinPieceSize, true}} {
		e := netproto.FolderEntry{Path: c.name, Size: c.size, Hash: netproto.ContentHash{byte(c.size >> 8), 1}}
		if err := root.WriteFile(c.name, []byte("wrong"), 0o644); err != nil {
			t.Fatal(err)
		}
		info, err := root.Lstat(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if err := TakeApart(root, c.name, info, e); err != nil {
			t.Error(err)
		}
		if _, err := root.Lstat(c.name); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", c.name, err)
		}
		if _, err := root.Lstat(PartName(e.Hash)); (err == nil) != c.kept {
			t.Errorf("%s as an unfinished file: %v", c.name, err)
		}
	}
}

func TestAListIsReadOnlyIfItIsRight(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	text, err := netproto.AppendFolder(nil, []netproto.FolderEntry{{Path: "a", Size: 1, Hash: netproto.ContentHash{1}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile(StagingList, text, 0o644); err != nil {
		t.Fatal(err)
	}
	m, _, err := HashPath(context.Background(), filepath.Join(dir, StagingList), nil)
	if err != nil {
		t.Fatal(err)
	}
	entries, read, err := ReadList(context.Background(), root, StagingList, m.Hash)
	if err != nil || len(entries) != 1 || entries[0].Path != "a" || read.Hash != m.Hash {
		t.Errorf("%v, %v", entries, err)
	}
	if _, _, err := ReadList(context.Background(), root, StagingList, netproto.ContentHash{}); !errors.Is(err, ErrWrongPiece) {
		t.Errorf("a wrong list: %v", err)
	}
}

func TestAFolderThatWasReplacedIsNoticed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "folder")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := StillAt(root, dir); err != nil {
		t.Error(err)
	}
	err = os.Rename(dir, dir+"-2")
	if err != nil && runtime.GOOS == "windows" {
		t.Skip("Windows renames no folder that is open")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := StillAt(root, dir); netproto.CodeOf(err) != netproto.CodeFolderUnwritable {
		t.Errorf("a folder that is gone: %v", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := StillAt(root, dir); netproto.CodeOf(err) != netproto.CodeFolderUnwritable {
		t.Errorf("another folder: %v", err)
	}
}
