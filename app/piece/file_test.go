package piece

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// shared is a file with its state, opened as for an upload.
func shared(t *testing.T, content []byte) (string, State, *File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shared.bin")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, state, err := HashPath(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	f, err := OpenFile(path, state)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return path, state, f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestASharedFileIsReadAsItWasHashed(t *testing.T) {
	content := bytesOf(ps + 99)
	_, _, f := shared(t, content)
	got := make([]byte, 99)
	if n, err := f.ReadAt(got, ps); n != 99 || err != nil || !bytes.Equal(got, content[ps:]) {
		t.Errorf("%d bytes, %v", n, err)
	}
	_, err := f.ReadAt(make([]byte, 100), ps)
	wantCode(t, err, netproto.CodeFileUnreadable)
}

// Each row changes the file while it is shared. An open one must not serve
// another byte of it that is not of the content; a new one must not open.
func TestAFileThatChangedIsNotServed(t *testing.T) {
	changes := map[string]struct {
		change func(t *testing.T, path string, state State)
		open   netproto.Code // of a new OpenFile
		mayGo  bool          // the open file may still be that of the content
	}{
		"appended": {change: func(t *testing.T, path string, _ State) {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			defer f.Close()
			_, err = f.WriteString("more")
			must(t, err)
		}, open: netproto.CodeFileChanged},
		"truncated": {change: func(t *testing.T, path string, _ State) {
			must(t, os.Truncate(path, 10))
		}, open: netproto.CodeFileChanged},
		"overwritten, with the time set back": {change: func(t *testing.T, path string, state State) {
			flip(t, path, 5)
			must(t, os.Chtimes(path, time.Time{}, time.Unix(0, state.Modified)))
		}, open: netproto.CodeFileChanged},
		"replaced": {change: func(t *testing.T, path string, state State) {
			must(t, os.WriteFile(path+".new", bytes.Repeat([]byte("x"), int(state.Size)), 0o600))
			must(t, os.Chtimes(path+".new", time.Time{}, time.Unix(0, state.Modified)))
			must(t, os.Rename(path+".new", path))
		}, open: netproto.CodeFileChanged, mayGo: true},
		"deleted": {change: func(t *testing.T, path string, _ State) {
			must(t, os.Remove(path))
		}, open: netproto.CodeFileUnreadable, mayGo: true},
		"turned into a folder": {change: func(t *testing.T, path string, _ State) {
			must(t, os.Remove(path))
			must(t, os.Mkdir(path, 0o700))
		}, open: netproto.CodeFileChanged, mayGo: true},
		"turned into a link to a copy": {change: func(t *testing.T, path string, state State) {
			must(t, os.WriteFile(path+".copy", bytes.Repeat([]byte("x"), int(state.Size)), 0o600))
			must(t, os.Remove(path))
			must(t, os.Symlink(path+".copy", path))
		}, open: netproto.CodeFileChanged, mayGo: true},
	}
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			content := bytesOf(3 * ps)
			path, state, f := shared(t, content)
			c.change(t, path, state)
			_, err := OpenFile(path, state)
			wantCode(t, err, c.open)
			got := make([]byte, ps)
			n, err := f.ReadAt(got, 0)
			if err == nil {
				if !c.mayGo || !bytes.Equal(got, content[:ps]) {
					t.Fatal("it serves bytes that were not hashed")
				}
				return
			}
			wantCode(t, err, netproto.CodeFileChanged)
			if n != 0 {
				t.Errorf("%d bytes come with the error", n)
			}
		})
	}
}

func TestAFileThatChangesWhileItIsHashedIsNotShared(t *testing.T) {
	// Again and again: just written files are where a clock that ticks is blind.
	for range 20 {
		path := filepath.Join(t.TempDir(), "f")
		must(t, os.WriteFile(path, bytesOf(2*ps), 0o600))
		var change sync.Once
		m, _, err := HashPath(t.Context(), path, func(int) {
			change.Do(func() {
				if info, err := os.Stat(path); err != nil || time.Since(info.ModTime()) < clockTick {
					t.Errorf("hashing begins within a tick of the last change: %v", err)
				}
				if err := os.WriteFile(path, make([]byte, 2*ps), 0o600); err != nil {
					t.Error(err)
				}
			})
		})
		wantCode(t, err, netproto.CodeFileChanged)
		if m != nil {
			t.Fatal("there is a manifest")
		}
	}
}

func TestHashingAFileEndsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	must(t, os.WriteFile(path, bytesOf(4*ps), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := HashPath(ctx, path, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestOnlyRegularFilesAreShared(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing"), os.DevNull} {
		_, err := StateOf(path)
		wantCode(t, err, netproto.CodeFileUnreadable)
		_, _, err = HashPath(t.Context(), path, nil)
		wantCode(t, err, netproto.CodeFileUnreadable)
		_, _, err = ReadPath(t.Context(), path, 1<<20)
		wantCode(t, err, netproto.CodeFileUnreadable)
	}
}

func TestASmallFileIsReadWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small")
	must(t, os.WriteFile(path, []byte("content"), 0o600))
	b, state, err := ReadPath(t.Context(), path, 7)
	must(t, err)
	if now, err := StateOf(path); err != nil || string(b) != "content" || state != now {
		t.Errorf("%q, %+v, %v", b, state, err)
	}
	if b, state, err := ReadPath(t.Context(), path, 6); err != nil || b != nil || state.Size != 7 {
		t.Errorf("of a longer one: %q, %+v, %v", b, state, err)
	}
	if _, _, err := ReadPath(t.Context(), path+"2", 7); netproto.CodeOf(err) != netproto.CodeFileUnreadable {
		t.Errorf("of none: %v", err)
	}
}

// A file that was written just now is read once a later write would show.
func TestAFreshSmallFileIsReadOnceItRests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small")
	must(t, os.WriteFile(path, []byte("content"), 0o600))
	b, state, err := ReadPath(t.Context(), path, 7)
	must(t, err)
	if age := time.Since(time.Unix(0, cmp.Or(state.Changed, state.Modified))); age < clockTick || string(b) != "content" {
		t.Errorf("%q was read %s after it was written", b, age)
	}
}

func TestStatesOfOneFileAreRecognised(t *testing.T) {
	s := State{Size: 1, Modified: 2, Changed: 3, Device: 4, Inode: 5}
	mounted, renamed, written, other := s, s, s, s
	mounted.Device, renamed.Changed, written.Modified, other.Inode = 9, 9, 9, 9
	if !s.SameButDevice(s) || !s.SameButDevice(mounted) || s.SameButDevice(renamed) || s.SameButDevice(written) || s.SameButDevice(other) {
		t.Error("mounting again is told from changes")
	}
	if !s.SameInode(mounted) || !s.SameInode(renamed) || s.SameInode(written) || s.SameInode(other) || (State{Size: 1}).SameInode(State{Size: 1}) {
		t.Error("renaming is told from changes")
	}
}

func TestAFreshFileIsSettledOnceALaterWriteWouldShow(t *testing.T) {
	const second = int64(time.Second)
	now := time.Unix(1000, 500_000_000)
	for name, c := range map[string]struct {
		modified, changed int64
		want              bool
	}{
		"FAT, just written":             {1000 * second, 1000 * second, false},
		"FAT, the step before":          {998 * second, 998 * second, true},
		"FAT, rounded up":               {1002 * second, 1002 * second, false},
		"SFTP, a second ago":            {999 * second, 999 * second, false},
		"no time of change":             {1000 * second, 0, false},
		"ext4, just written":            {1000*second + 1, 1000*second + 1, true},
		"ext4, its time was set":        {1000 * second, 1000*second + 7, true},
		"FAT, set to a time far ahead":  {9000 * second, 9000 * second, true},
		"FAT, set to a time long ago":   {0, 0, true},
		"a clock that is a second back": {1001 * second, 1001 * second, false},
	} {
		if got := (State{Modified: c.modified, Changed: c.changed}).SettledAt(now); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
