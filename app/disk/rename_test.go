package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Not every file system has each means, so each is tried by itself.
func TestEachWayToANewNameNeverReplaces(t *testing.T) {
	for name, move := range map[string]func(root *os.Root, from, to string) (bool, error){
		"best": RenameFile, "link": linkNew, "claim": claimNew,
	} {
		dir := t.TempDir()
		root := openRoot(t, dir)
		must(t, os.WriteFile(filepath.Join(dir, "from"), []byte("new"), 0o600))
		must(t, os.WriteFile(filepath.Join(dir, "taken"), []byte("mine"), 0o600))
		must(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
		must(t, os.Symlink("free", filepath.Join(dir, "link")))
		for _, to := range []string{"taken", "folder", "link"} {
			if done, err := move(root, "from", to); done || err != nil {
				t.Errorf("%s to %s: %v %v", name, to, done, err)
			}
		}
		if done, err := move(root, "from", "missing/free"); done || err == nil {
			t.Errorf("%s into a missing folder: %v %v", name, done, err)
		}
		if done, err := move(root, "absent", "free"); done || err == nil {
			t.Errorf("%s of a missing file: %v %v", name, done, err)
		}
		if done, err := move(root, "from", "free"); !done || err != nil {
			t.Errorf("%s: %v %v", name, done, err)
		}
		wantFile(t, filepath.Join(dir, "free"), []byte("new"))
		wantFile(t, filepath.Join(dir, "taken"), []byte("mine"))
		wantNames(t, dir, "folder", "free", "link", "taken")
	}
}

func TestEachWayToANewNameOfAFolderNeverReplaces(t *testing.T) {
	for name, move := range map[string]func(root *os.Root, from, to string) (bool, error){
		"best": RenameFolder, "claim": claimNewFolder,
	} {
		dir := t.TempDir()
		root := openRoot(t, dir)
		must(t, root.MkdirAll("from/deep", 0o755))
		must(t, os.WriteFile(filepath.Join(dir, "from/deep/f"), []byte("new"), 0o600))
		must(t, os.Mkdir(filepath.Join(dir, "taken"), 0o700)) // empty, and still not ours to take
		if done, err := move(root, "from", "taken"); done || err != nil {
			t.Fatalf("%s: it takes the name of another: %v %v", name, done, err)
		}
		if done, err := move(root, "from", "free"); !done || err != nil {
			t.Fatalf("%s: %v %v", name, done, err)
		}
		wantFile(t, filepath.Join(dir, "free/deep/f"), []byte("new"))
		wantNames(t, filepath.Join(dir, "taken"))
		wantNames(t, dir, "free", "taken")
	}
}

func TestNothingIsReplacedBetweenTwoFolders(t *testing.T) {
	ways := map[string]func(from *os.Root, name string, to *os.Root, free string) (bool, error){"best": Move}
	if runtime.GOOS != "windows" { // which can rename without replacing everywhere
		ways["by path"] = func(from *os.Root, name string, to *os.Root, free string) (bool, error) {
			info, err := from.Lstat(name)
			must(t, err)
			err = moveByPath(filepath.Join(from.Name(), name), filepath.Join(to.Name(), free), info)
			return err == nil, err
		}
	}
	for way, move := range ways {
		a, b := t.TempDir(), t.TempDir()
		from, to := openRoot(t, a), openRoot(t, b)
		must(t, os.WriteFile(filepath.Join(a, "file"), []byte("new"), 0o600))
		must(t, os.MkdirAll(filepath.Join(a, "folder", "deep"), 0o700))
		must(t, os.WriteFile(filepath.Join(b, "taken"), []byte("mine"), 0o600))
		for _, name := range []string{"file", "folder"} {
			done, err := move(from, name, to, "taken")
			if done || way == "best" && err != nil || way != "best" && !errors.Is(err, fs.ErrExist) && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s, %s: %v %v", way, name, done, err)
			}
			if done, err = move(from, name, to, name); !done || err != nil {
				t.Errorf("%s, %s: %v %v", way, name, done, err)
			}
		}
		wantFile(t, filepath.Join(b, "taken"), []byte("mine"))
		wantFile(t, filepath.Join(b, "file"), []byte("new"))
		wantNames(t, b, "file", "folder", "taken")
		wantNames(t, a)
	}
	root := openRoot(t, t.TempDir())
	if done, err := Move(root, "none", root, "free"); done || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a missing file: %v %v", done, err)
	}
}
