package disk

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
		if done, err := Rename(root, "a", to); done || err != nil {
			t.Errorf("to %s: %v, %v", to, done, err)
		}
	}
	if done, err := Rename(root, "a", "into/日本"); !done || err != nil {
		t.Fatalf("%v, %v", done, err)
	}
	wantFile(t, filepath.Join(root.Name(), "into", "日本"), []byte("a"))
	wantFile(t, filepath.Join(root.Name(), "into", "taken"), []byte("taken"))
	if done, err := Rename(root, "none", "b"); done || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what is not there: %v, %v", done, err)
	}
}

func TestAFileKeepsItsTimeOfChangeWhenItsTimeOfWritingIsSetBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	began := time.Now()
	must(t, os.WriteFile(path, []byte("one"), 0o600))
	must(t, os.Chtimes(path, began.AddDate(-1, 0, 0), began.AddDate(-1, 0, 0)))
	if changed := time.Unix(0, identityAt(t, path).Changed); changed.Sub(began).Abs() > time.Minute {
		t.Errorf("it was changed at %v, and the identity says %v", began, changed)
	}
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
