package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func openRoot(t testing.TB, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	return root
}

func wantFile(t testing.TB, path string, content []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	must(t, err)
	if string(got) != string(content) {
		t.Errorf("%s has %d bytes that are not the %d wanted", filepath.Base(path), len(got), len(content))
	}
}

// wantNames compares the whole folder, hidden files included.
func wantNames(t testing.TB, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, names) {
		t.Errorf("the folder has %q, want %q", got, names)
	}
}

// identityAt returns the identity by the path and by the open file, which must be equal.
func identityAt(t *testing.T, path string) Identity {
	t.Helper()
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	info, err := file.Stat()
	must(t, err)
	open, err := Identify(file, info)
	must(t, err)
	named, err := IdentifyPath(path, info)
	must(t, err)
	if open != named || open == (Identity{}) {
		t.Errorf("opened it is %+v, by its path %+v", open, named)
	}
	return open
}

func TestAFileKeepsItsIdentityUnderAnotherName(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	must(t, os.WriteFile(a, []byte("a"), 0o600))
	must(t, os.WriteFile(b, []byte("b"), 0o600))
	before, other := identityAt(t, a), identityAt(t, b)
	if before.Inode == other.Inode || before.Device != other.Device {
		t.Errorf("two files beside each other are %+v and %+v", before, other)
	}
	must(t, os.Rename(a, filepath.Join(dir, "c")))
	if now := identityAt(t, filepath.Join(dir, "c")); now.Inode != before.Inode || now.Device != before.Device {
		t.Errorf("it was %+v and is %+v", before, now)
	}
}

func TestAFileWithASecondNameHasTwo(t *testing.T) {
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "a"))
	must(t, err)
	defer file.Close()
	for want := 1; want <= 2; want++ {
		info, err := file.Stat()
		must(t, err)
		if n := LinkCount(file, info); n != want {
			t.Errorf("%d names, want %d", n, want)
		}
		if want == 1 {
			must(t, os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "b")))
		}
	}
}

func TestOneHasTheLockUntilItClosesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	open := func() *os.File {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		must(t, err)
		t.Cleanup(func() { file.Close() })
		return file
	}
	first, second := open(), open()
	must(t, Lock(first))
	if err := Lock(second); !errors.Is(err, ErrLocked) {
		t.Errorf("the second one gets %v", err)
	}
	must(t, first.Close())
	must(t, Lock(second))
}

func TestReservedSpaceLeavesTheSize(t *testing.T) {
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "a"))
	must(t, err)
	defer file.Close()
	must(t, Preallocate(file, 1<<20))
	info, err := file.Stat()
	must(t, err)
	if info.Size() != 0 {
		t.Errorf("it has %d bytes", info.Size())
	}
}

func TestAFolderAndWhatIsBelowItIsSynced(t *testing.T) {
	root := openRoot(t, t.TempDir())
	must(t, root.MkdirAll("tree/deep", 0o700))
	must(t, root.WriteFile("tree/deep/f", []byte("x"), 0o600))
	for name, sync := range map[string]func(*os.Root, string) error{"folder": SyncFolder, "tree": SyncTree, "each": syncEach} {
		must(t, sync(root, "tree"))
		if err := sync(root, "none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v for a folder that is not there", name, err)
		}
	}
}

func TestAFolderOfAPersonIsOnADisk(t *testing.T) {
	if MadeUp(t.TempDir()) {
		t.Error("a disk is taken for what the system makes up")
	}
}

func TestAListingSaysOfEachEntryWhatTheSystemSays(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(name+name), 0o640))
	}
	must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	file, err := os.Open(dir)
	must(t, err)
	defer file.Close()
	seen := map[string]Facts{}
	for err == nil {
		var some Listing
		some, err = List(file, 3)
		for i := range some.Len() {
			name, is, err := some.At(i)
			must(t, err)
			seen[name] = is
		}
	}
	if !errors.Is(err, io.EOF) || len(seen) != 4 {
		t.Fatalf("%d entries, %v", len(seen), err)
	}
	for name, is := range seen {
		info, err := os.Lstat(filepath.Join(dir, name))
		must(t, err)
		if is.Mode.Type() != info.Mode().Type() || is.Mode.Perm() != info.Mode().Perm() || is.Modified != info.ModTime().UnixNano() {
			t.Errorf("%s is %+v, not %v", name, is, info)
		}
		identity, err := IdentifyPath(filepath.Join(dir, name), info)
		if is.Mode.IsRegular() && (err != nil || is.Unsure || is.Identity != identity || is.Size != 2) {
			t.Errorf("%s is %+v, not %+v, %v", name, is, identity, err)
		}
	}
}
