package piece

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/windows"
)

func TestAFileSystemWithoutAMeansIsToldFromAFailure(t *testing.T) {
	said := map[error]bool{
		windows.ERROR_INVALID_FUNCTION: true, windows.ERROR_NOT_SUPPORTED: true, // a link on FAT or exFAT, by system
		windows.ERROR_TOO_MANY_LINKS: true, windows.ERROR_NOT_SAME_DEVICE: true,
		windows.ERROR_ACCESS_DENIED: false, windows.ERROR_DISK_FULL: false, windows.ERROR_SHARING_VIOLATION: false, nil: false,
	}
	for err, want := range said {
		if got := noMeans(&os.LinkError{Op: "linkat", Old: "a", New: "b", Err: err}); got != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}

func TestAFileIsRenamedAndNothingIsReplaced(t *testing.T) {
	root := openRoot(t, t.TempDir())
	must(t, root.Mkdir("into", 0o700))
	must(t, root.Mkdir("into/folder", 0o700))
	must(t, root.WriteFile("a", []byte("a"), 0o600))
	must(t, root.WriteFile("into/taken", []byte("taken"), 0o600))
	open, err := root.Open("a") // as a part is when it is published
	must(t, err)
	defer open.Close()
	for _, to := range []string{"into/taken", "into/TAKEN", "into/folder"} {
		if done, err := renameNew(root, "a", to); done || err != nil {
			t.Errorf("to %s: %v, %v", to, done, err)
		}
	}
	if done, err := renameNew(root, "a", "into/日本"); !done || err != nil {
		t.Fatalf("%v, %v", done, err)
	}
	wantFile(t, filepath.Join(root.Name(), "into", "日本"), []byte("a"))
	wantFile(t, filepath.Join(root.Name(), "into", "taken"), []byte("taken"))
	if done, err := renameNew(root, "none", "b"); done || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not there: %v, %v", done, err)
	}
}

func TestAFileKeepsItsTimeOfChangeWhenItsTimeOfWritingIsSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	began := time.Now()
	must(t, os.WriteFile(path, []byte("one"), 0o600))
	must(t, os.Chtimes(path, began.AddDate(-1, 0, 0), began.AddDate(-1, 0, 0)))
	state, err := StateOf(path)
	must(t, err)
	if changed := time.Unix(0, state.Changed); changed.Sub(began).Abs() > time.Minute {
		t.Errorf("it was changed at %v, and the state says %v", began, changed)
	}
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	info, err := file.Stat()
	must(t, err)
	if open, err := identify(file, info); err != nil || open != state {
		t.Errorf("opened it is %+v, %v; by its path %+v", open, err, state)
	}
}

// Wine keeps no holes and tells no ranges; there, the length of the file counts.
func TestAPartIsSparseUntilItIsPublished(t *testing.T) {
	content, m := contentOf(t, 64*ps)
	dir := t.TempDir()
	root := openRoot(t, dir)
	p := openPart(t, root, m)
	putPieces(t, p, content, 40)
	name := PartName(m.Hash)
	info, err := root.Stat(name)
	must(t, err)
	for at, want := range map[int64]bool{0: false, 30 * ps: false, 40 * ps: true, 41 * ps: false} {
		if onWine() && at < 40*ps {
			continue
		}
		if got := written(p.file, at, ps); got != want {
			t.Errorf("at %d it is %v that something was written", at, got)
		}
	}
	if n := Occupied(root, name, info); !onWine() && n > 4*ps {
		t.Errorf("one piece takes %d bytes of the disk", n)
	}
	for i := range m.Pieces() {
		if i != 40 {
			putPieces(t, p, content, i)
		}
	}
	publishAs(t, p, "f")
	wantFile(t, filepath.Join(dir, "f"), content)
	var by windows.ByHandleFileInformation
	file, err := os.Open(filepath.Join(dir, "f"))
	must(t, err)
	defer file.Close()
	must(t, windows.GetFileInformationByHandle(windows.Handle(file.Fd()), &by))
	if by.FileAttributes&windows.FILE_ATTRIBUTE_SPARSE_FILE != 0 {
		t.Error("it is still sparse, so an image of a disk could not be mounted")
	}
}

func onWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}

func TestSpansCoverARangeIfNoGapIsLeft(t *testing.T) {
	whole := span{100, 50}
	for _, c := range []struct {
		spans []span
		want  bool
	}{
		{nil, false}, {[]span{{100, 50}}, true}, {[]span{{0, 200}}, true}, {[]span{{100, 49}}, false}, {[]span{{101, 49}}, false},
		{[]span{{100, 20}, {120, 30}}, true}, {[]span{{100, 20}, {121, 29}}, false},
	} {
		if got := covers(c.spans, whole); got != c.want {
			t.Errorf("%v: %v", c.spans, got)
		}
	}
}
