//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestAFileIsReadAndLookedAtInOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	must(t, os.WriteFile(path, []byte("content"), 0o600))
	b := make([]byte, 8)
	var r Reader
	defer r.Close()
	n, is, err := r.ReadOnce(path, b)
	must(t, err)
	if string(b[:n]) != "content" || is.Size != 7 || !is.Mode.IsRegular() || is.Identity != identityAt(t, path) {
		t.Errorf("%q, %+v", b[:n], is)
	}
	if n, is, err := r.ReadOnce(path, b[:3]); err != nil || string(b[:n]) != "con" || is.Size != 7 {
		t.Errorf("of a longer one: %q, %+v, %v", b[:n], is, err)
	}
	if _, _, err := r.ReadOnce(path+"2", b); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of none: %v", err)
	}
	pipe := filepath.Join(dir, "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	if _, is, err := r.ReadOnce(pipe, b); err == nil && is.Mode.IsRegular() { // and nobody waits for its writer
		t.Errorf("a pipe is %+v", is)
	}
}

func TestAReaderFindsEachFileInItsFolder(t *testing.T) {
	dir := t.TempDir()
	var r Reader
	defer r.Close()
	read := func(folder, want string) {
		t.Helper()
		b := make([]byte, 10)
		n, _, err := r.ReadOnce(filepath.Join(dir, folder, "file"), b)
		if string(b[:n]) != want || (err != nil) != (want == "") {
			t.Errorf("the file in %s is %q: %v", folder, b[:n], err)
		}
	}
	for _, folder := range []string{"a", "a/b", "b"} {
		must(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, folder, "file"), []byte("in "+folder), 0o600))
	}
	for range 2 {
		for range 3 {
			read("a", "in a")
		}
		read("a/b", "in a/b")
		read("b", "in b")
		read("b", "in b")
	}
	must(t, os.RemoveAll(filepath.Join(dir, "b")))
	read("b", "")
	read("a", "in a")
}

func TestALinkInAListingIsALink(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink("nowhere", filepath.Join(dir, "link")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	file, err := os.Open(dir)
	must(t, err)
	defer file.Close()
	some, err := List(file, 10)
	must(t, err)
	must(t, os.Mkdir(filepath.Join(dir, "later"), 0o700))
	for i := range some.Len() {
		switch name, is, err := some.At(i); {
		case err != nil:
			t.Error(err)
		case name == "link" && is.Mode&fs.ModeSymlink == 0, is.Mode.IsRegular(), is.Mode.IsDir():
			t.Errorf("%s is %v", name, is.Mode)
		}
	}
	must(t, os.Remove(filepath.Join(dir, "link")))
	for i := range some.Len() {
		if name, _, err := some.At(i); name == "link" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what is gone is told so: %v", err)
		}
	}
}
