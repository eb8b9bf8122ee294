package watch

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// owner notes what it is told.
type owner struct {
	mu     sync.Mutex
	paths  []string
	missed int
	news   chan struct{}
}

func newOwner() *owner { return &owner{news: make(chan struct{}, 1)} }

func (o *owner) Changed(path string) { o.note(func() { o.paths = append(o.paths, path) }) }
func (o *owner) Missed()             { o.note(func() { o.missed++ }) }

func (o *owner) note(do func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	do()
	select {
	case o.news <- struct{}{}:
	default:
	}
}

func (o *owner) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		o.mu.Lock()
		done := ok()
		o.mu.Unlock()
		if done {
			return
		}
		select {
		case <-o.news:
		case <-late:
			t.Fatalf("%s; it was told %q", what, o.paths)
		}
	}
}

func (o *owner) heard(t testing.TB, path string) {
	t.Helper()
	o.until(t, "nobody told of "+path, func() bool { return slices.Contains(o.paths, path) })
}

func newWatcher(t testing.TB) *Watcher {
	w := &Watcher{}
	t.Cleanup(w.Close)
	return w
}

func write(t testing.TB, path string) string {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(t, os.WriteFile(path, []byte(path), 0o600))
	return path
}

func TestAnOwnerHearsOfItsFolders(t *testing.T) {
	w, dir := newWatcher(t), t.TempDir()
	one, two := newOwner(), newOwner()
	check(t, w.Add(one, dir))
	check(t, w.Add(two, dir))
	path := write(t, filepath.Join(dir, "new"))
	one.heard(t, path)
	two.heard(t, path)
	check(t, os.Rename(path, path+"2"))
	one.heard(t, path+"2")
	w.Forget(one)
	check(t, os.Remove(path+"2"))
	two.heard(t, path+"2")
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.wishes) != 1 || w.dirs[dir].wishes != 1 {
		t.Errorf("%d owners and %d wishes are left", len(w.wishes), w.dirs[dir].wishes)
	}
}

func TestFoldersInAFolderAreHeardOfWithAndWithoutIt(t *testing.T) {
	w, dir := newWatcher(t), t.TempDir()
	all, some := newOwner(), newOwner()
	check(t, w.Add(all, dir))
	deep := filepath.Join(dir, "sub", "deep")
	check(t, os.MkdirAll(deep, 0o700))
	all.heard(t, filepath.Join(dir, "sub"))
	check(t, w.AddPath(some, filepath.Join(deep, "alone")))
	check(t, w.Add(some, deep))
	path := write(t, filepath.Join(deep, "one"))
	some.heard(t, path)
	all.mu.Lock()
	if slices.Contains(all.paths, path) {
		t.Error("an owner was told of a folder that it did not name")
	}
	all.mu.Unlock()
	w.Forget(all)
	w.calls.Lock()
	w.tidy()
	w.calls.Unlock()
	some.heard(t, write(t, filepath.Join(deep, "two")))
	check(t, w.Add(all, dir)) // so that no folder in it is open by itself
	check(t, os.Rename(filepath.Join(dir, "sub"), filepath.Join(dir, "moved")))
	all.heard(t, filepath.Join(dir, "moved"))
}

func TestAPathAloneIsHeardOfWithoutItsNeighbours(t *testing.T) {
	w, dir := newWatcher(t), t.TempDir()
	o := newOwner()
	path := filepath.Join(dir, "mine")
	check(t, w.AddPath(o, path))
	write(t, filepath.Join(dir, "other"))
	write(t, path)
	o.heard(t, path)
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.paths, filepath.Join(dir, "other")) {
		t.Error("it was told of another")
	}
}

func TestWhatIsNotSaidInARoundIsNotWatchedAnyMore(t *testing.T) {
	w, dir := newWatcher(t), t.TempDir()
	o := newOwner()
	kept, gone := filepath.Join(dir, "kept"), filepath.Join(dir, "gone")
	for _, d := range []string{kept, gone} {
		check(t, os.Mkdir(d, 0o700))
		check(t, w.Add(o, d))
	}
	w.Begin(o)
	check(t, w.Add(o, kept))
	w.Done(o)
	write(t, filepath.Join(gone, "x"))
	o.heard(t, write(t, filepath.Join(kept, "x")))
	o.mu.Lock()
	defer o.mu.Unlock()
	if slices.Contains(o.paths, filepath.Join(gone, "x")) {
		t.Error("it was told of what it did not name")
	}
}

func TestAFolderMadeAnewIsWatchedAnew(t *testing.T) {
	w, dir := newWatcher(t), t.TempDir()
	o := newOwner()
	sub := filepath.Join(dir, "sub")
	check(t, os.Mkdir(sub, 0o700))
	check(t, w.Add(o, dir))
	check(t, w.Add(o, sub))
	check(t, os.Remove(sub))
	o.heard(t, sub)
	check(t, os.Mkdir(sub, 0o700))
	w.Begin(o)
	check(t, w.Add(o, dir))
	check(t, w.Add(o, sub))
	w.Done(o)
	o.heard(t, write(t, filepath.Join(sub, "x")))
}

func TestAfterARenameWhatIsBelowIsHeardOfUnderItsNewName(t *testing.T) {
	w, dir := newWatcher(t), t.TempDir()
	o := newOwner()
	say := func(top string) {
		w.Begin(o)
		check(t, w.Add(o, dir))
		check(t, w.Add(o, filepath.Join(dir, top)))
		check(t, w.Add(o, filepath.Join(dir, top, "deep")))
		w.Done(o)
	}
	check(t, os.MkdirAll(filepath.Join(dir, "old", "deep"), 0o700))
	say("old")
	check(t, os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "new")))
	o.heard(t, filepath.Join(dir, "old"))
	say("new")
	o.until(t, "nobody said that something may have been missed", func() bool { return o.missed > 0 })
	o.heard(t, write(t, filepath.Join(dir, "new", "deep", "x")))
	// And what has the old name now is another folder.
	check(t, os.MkdirAll(filepath.Join(dir, "old", "deep"), 0o700))
	w.Begin(o)
	for _, d := range []string{"", "new", "new/deep", "old", "old/deep"} {
		check(t, w.Add(o, filepath.Join(dir, d)))
	}
	w.Done(o)
	o.heard(t, write(t, filepath.Join(dir, "old", "deep", "y")))
	o.heard(t, write(t, filepath.Join(dir, "new", "deep", "z")))
}

func TestAFolderThatIsNotThereIsAnError(t *testing.T) {
	w := newWatcher(t)
	if err := w.Add(newOwner(), filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("it says %v", err)
	}
	check(t, w.Add(newOwner(), t.TempDir()))
}

func TestNoMoreIsWatchedThanTheLimit(t *testing.T) {
	w, dir := newWatcher(t), t.TempDir()
	w.Limit = 2
	o := newOwner()
	for _, name := range []string{"a", "b", "c"} {
		check(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	check(t, w.Add(o, filepath.Join(dir, "a")))
	check(t, w.Add(o, filepath.Join(dir, "b")))
	if err := w.Add(o, filepath.Join(dir, "c")); netproto.CodeOf(err) != netproto.CodeWatchLimit {
		t.Errorf("a third folder: %v", err)
	}
	check(t, w.Add(o, filepath.Join(dir, "a"))) // it is watched already
	w.Begin(o)
	check(t, w.Add(o, filepath.Join(dir, "b")))
	w.Done(o)
	check(t, w.Add(o, filepath.Join(dir, "c")))
}

func TestAFullSystemIsToldFromOtherTrouble(t *testing.T) {
	for _, err := range []error{syscall.ENOSPC, syscall.EMFILE, syscall.ENFILE} {
		if netproto.CodeOf(coded("/x", err)) != netproto.CodeWatchLimit {
			t.Errorf("%v is no limit", err)
		}
	}
	if netproto.CodeOf(coded("/x", os.ErrPermission)) == netproto.CodeWatchLimit {
		t.Error("a forbidden folder is a limit")
	}
}
