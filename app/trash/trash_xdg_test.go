//go:build unix && !darwin

package trash

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

// home makes a home with an empty trash.
func home(t *testing.T) (dir, trash string) {
	t.Helper()
	dir = t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_DATA_HOME", "")
	return dir, filepath.Join(dir, ".local", "share", "Trash")
}

func write(t *testing.T, path string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func TestAFileAndAFolderAreInTheTrashWithTheirPlace(t *testing.T) {
	dir, trash := home(t)
	path := write(t, filepath.Join(dir, "Über 100%.txt"))
	folder := filepath.Dir(write(t, filepath.Join(dir, "album", "a.flac")))
	for _, p := range []string{path, folder} {
		if err := Move(p); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Lstat(p); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", p, err)
		}
	}
	if got := names(t, filepath.Join(trash, "files")); !slices.Equal(got, []string{"album", "Über 100%.txt"}) {
		t.Errorf("the trash has %q", got)
	}
	raw, err := os.ReadFile(filepath.Join(trash, "info", "Über 100%.txt.trashinfo"))
	if err != nil || !strings.HasPrefix(string(raw), "[Trash Info]\nPath="+dir+"/%C3%9Cber%20100%25.txt\nDeletionDate=20") {
		t.Errorf("the note says %q, %v", raw, err)
	}
	if raw, err := os.ReadFile(filepath.Join(trash, "files", "album", "a.flac")); err != nil || string(raw) != filepath.Join(dir, "album", "a.flac") {
		t.Errorf("the folder has %q, %v", raw, err)
	}
	if info, err := os.Stat(trash); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others can look into the trash: %v, %v", info.Mode(), err)
	}
}

func TestNothingInTheTrashIsReplaced(t *testing.T) {
	dir, trash := home(t)
	write(t, filepath.Join(trash, "files", "song.2.flac")) // somebody removed its note
	long := strings.Repeat("ü", 120) + ".flac"
	for i := range 3 {
		for _, name := range []string{"song.flac", long} {
			if err := Move(write(t, filepath.Join(dir, string(rune('a'+i)), name))); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := names(t, filepath.Join(trash, "files"))
	if len(got) != 7 || !slices.Contains(got, "song.3.flac") || !slices.Contains(got, "song.4.flac") {
		t.Errorf("the trash has %q", got)
	}
	if notes := names(t, filepath.Join(trash, "info")); len(notes) != 6 {
		t.Errorf("the notes are %q", notes)
	}
}

func TestWhatCannotBeMovedStays(t *testing.T) {
	dir, _ := home(t)
	if err := Move(filepath.Join(dir, "gone")); netproto.CodeOf(err) != netproto.CodeFileUnreadable {
		t.Errorf("what is not there: %v", err)
	}
	if err := Move("gone"); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("a relative path: %v", err)
	}
	write(t, filepath.Join(dir, ".local", "share", "Trash")) // a file
	path := write(t, filepath.Join(dir, "a"))
	if err := Move(path); netproto.CodeOf(err) != netproto.CodeFolderUnwritable {
		t.Errorf("no trash: %v", err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the file is gone: %v", err)
	}
}

func TestTheTrashOfAnotherDiskHoldsWhatIsThere(t *testing.T) {
	home(t)
	top := "/dev/shm"
	if here, err := deviceOf(t.TempDir()); err != nil {
		t.Fatal(err)
	} else if there, err := deviceOf(top); err != nil || there == here {
		t.Skip("there is no other disk")
	}
	dir, err := os.MkdirTemp(top, "trash-test-*")
	if err != nil {
		t.Skip("nothing can be written there: ", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := write(t, filepath.Join(dir, "a b"))
	if got, err := topOf(path); err != nil || got != top {
		t.Fatalf("its disk is mounted at %s, %v", got, err)
	}
	own, err := diskTrash(dir) // as if the disk were mounted there: nothing of others is touched
	if err != nil {
		t.Fatal(err)
	}
	if err := moveInto(own, path, "a b"); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(own, "info", "a b.trashinfo"))
	if err != nil || !strings.Contains(string(raw), "\nPath=a%20b\n") {
		t.Errorf("the note says %q, %v", raw, err)
	}
}

func TestATrashThatSomebodyElseMadeALinkIsNotUsed(t *testing.T) {
	home(t)
	top, elsewhere := t.TempDir(), t.TempDir()
	if err := os.Symlink(elsewhere, filepath.Join(top, ".Trash")); err != nil {
		t.Fatal(err)
	}
	own, err := diskTrash(top)
	if err != nil || !strings.HasPrefix(filepath.Base(own), ".Trash-") {
		t.Errorf("it is %s, %v", own, err)
	}
	if err := os.Remove(own); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, own); err != nil {
		t.Fatal(err)
	}
	if own, err := diskTrash(top); err == nil {
		t.Errorf("it is %s", own)
	}
}

func FuzzNamesInTheTrashAreShort(f *testing.F) {
	f.Add("a.txt", 0)
	f.Add(strings.Repeat("x", 255), 5)
	f.Add("."+strings.Repeat("x", 250), 1)
	f.Fuzz(func(t *testing.T, name string, n int) {
		if n < 0 || n >= maxSame || len(name) > 255 || strings.ContainsAny(name, "/\x00") || name == "" {
			return
		}
		if got := numbered(name, n); len(got)+len(".trashinfo") > 255 {
			t.Errorf("%q has %d bytes", got, len(got))
		}
	})
}
