package piece

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

func seenAt(t *testing.T, path, content string) State {
	t.Helper()
	must(t, os.WriteFile(path, []byte(content), 0o600))
	_, state, err := ReadPath(t.Context(), path, 0) // which waits until it rests
	must(t, err)
	return state
}

func TestSmallFilesAreReadAsTheyAre(t *testing.T) {
	var files SmallFiles
	defer files.Close()
	dir := t.TempDir()
	for _, content := range []string{"", "a", "content of seven", "short"} {
		path := filepath.Join(dir, fmt.Sprint(len(content)))
		seen := seenAt(t, path, content)
		if b, state, err := files.Read(t.Context(), path, 16, seen, time.Now()); err != nil || string(b) != content || state != seen {
			t.Errorf("%q, %+v, %v", b, state, err)
		}
		if b, state, err := files.Read(t.Context(), path, int64(len(content)), seen, time.Now()); err != nil || string(b) != content || state != seen {
			t.Errorf("just long enough: %q, %+v, %v", b, state, err)
		}
		if b, state, err := files.Read(t.Context(), path, 2, seen, time.Now()); len(content) > 2 && (err != nil || b != nil || state != seen) {
			t.Errorf("of a longer one: %q, %+v, %v", b, state, err)
		}
	}
}

// A scan sees a file and reads it a while later.
func TestASmallFileThatIsNoLongerAsItWasSeenIsReadAsItIs(t *testing.T) {
	var files SmallFiles
	defer files.Close()
	for what, change := range map[string]func(path string) error{
		"grew":         func(path string) error { return os.WriteFile(path, []byte("content and more"), 0o600) },
		"shrank":       func(path string) error { return os.WriteFile(path, []byte("con"), 0o600) },
		"was emptied":  func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"is different": func(path string) error { return os.WriteFile(path, []byte("another"), 0o600) },
		"was replaced": func(path string) error {
			return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, []byte("changed"), 0o600))
		},
		"is too long": func(path string) error { return os.WriteFile(path, make([]byte, 100), 0o600) },
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			seen := seenAt(t, path, "content")
			must(t, change(path))
			now, err := os.ReadFile(path)
			must(t, err)
			b, state, err := files.Read(t.Context(), path, 20, seen, time.Now())
			must(t, err)
			if is, err := StateOf(path); err != nil || state != is || state == seen || len(now) <= 20 && string(b) != string(now) {
				t.Errorf("%q, %+v instead of %+v, %v", b, state, is, err)
			}
		})
	}
	dir := t.TempDir()
	_, _, err := files.Read(t.Context(), dir, 20, State{}, time.Now())
	wantCode(t, err, netproto.CodeFileUnreadable)
	_, _, err = files.Read(t.Context(), filepath.Join(dir, "none"), 20, State{Size: 3}, time.Now())
	wantCode(t, err, netproto.CodeFileUnreadable)
}

// A write right after the last one leaves the state as it is: reading begins a tick later.
func TestAFileThatWasSeenFreshIsReadOnceItRests(t *testing.T) {
	var files SmallFiles
	defer files.Close()
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, []byte("content"), 0o600))
	seen, err := StateOf(path)
	must(t, err)
	b, state, err := files.Read(t.Context(), path, 20, seen, time.Now())
	must(t, err)
	if rest := state.restsFor(time.Now()); rest > 0 || string(b) != "content" {
		t.Errorf("%q was read %s too early", b, rest)
	}
}

// There may be a million of them.
func TestASmallFileIsReadWithoutGarbage(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // there, it is read as any file
	}
	var files SmallFiles
	defer files.Close()
	path := filepath.Join(t.TempDir(), "file")
	seen := seenAt(t, path, "content")
	n := testing.AllocsPerRun(100, func() {
		if _, state, err := files.Read(t.Context(), path, 20, seen, time.Now()); err != nil || state != seen {
			t.Fatalf("%+v, %v", state, err)
		}
	})
	if n > 2 { // the path, for the system
		t.Errorf("it takes %.0f pieces of memory", n)
	}
}
