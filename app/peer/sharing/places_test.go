package sharing

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// announced notes what a register announces.
type announced map[netproto.ContentHash]bool

func (a announced) Announce(r netproto.Resource)       { a[r.Hash] = true }
func (a announced) Withdraw(hash netproto.ContentHash) { delete(a, hash) }

// testShare is the share of a new folder with these files, not scanned yet.
func testShare(t *testing.T, files ...string) (*share, announced) {
	t.Helper()
	profile, err := library.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { profile.Close() })
	tracker := announced{}
	timing := StandardTiming
	timing.Rest = 0 // what was written just now counts at once
	nothing := func() {}
	ss := New(Config{Library: profile, Contents: offer.NewRegister(tracker), Log: slog.New(slog.DiscardHandler), Timing: timing,
		Open:   func(path string, state piece.State) (offer.Reader, error) { return piece.OpenFile(path, state) },
		Notify: nothing, Step: nothing}, library.DefaultSettings())
	t.Cleanup(func() { ss.watcher.Close() })
	root := t.TempDir()
	for _, name := range files {
		write(t, root, name, name)
	}
	age(t, root)
	s, _ := ss.add(library.Share{ID: "1", Path: root, Name: "folder"}, Options{})
	return s, tracker
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	full := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s *share) scanned(t *testing.T) netproto.ContentHash {
	t.Helper()
	s.scan(t.Context())
	now := s.snapshot()
	if now.State != StateShared {
		t.Fatalf("it is %s: %v", now.State, now.Err)
	}
	return now.Hash
}

func TestTheListOfAFolderThatChangedIsReadToItsEnd(t *testing.T) {
	s, tracker := testShare(t, "a", "b")
	contents := s.shares.config.Contents
	first := s.scanned(t)
	want, err := os.ReadFile(s.listFile().path())
	if err != nil {
		t.Fatal(err)
	}
	early, err := contents.Find(first).Open() // before the change
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.record.Path, "c", "new")
	time.Sleep(clockTicks)
	second := s.scanned(t)
	if first == second || tracker[first] || !tracker[second] {
		t.Fatalf("%v is announced, the lists are %s and %s", tracker, first, second)
	}
	late, err := contents.Find(first).Open() // by somebody who got its link before
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []offer.Reader{early, late} {
		got := make([]byte, len(want))
		if _, err := r.ReadAt(got, 0); err != nil || string(got) != string(want) {
			t.Errorf("it reads %q, %v", got, err)
		}
	}
	if err := early.Close(); err != nil {
		t.Error(err)
	}
	s.oldLists[0].since = s.oldLists[0].since.Add(-2 * oldListTime)
	s.dropOldLists(false)
	if contents.Find(first) == nil {
		t.Error("it is gone while somebody reads it")
	}
	file := s.oldLists[0].file.path()
	late.Close()
	s.dropOldLists(false)
	if contents.Find(first) != nil {
		t.Error("it is kept although nobody reads it")
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("its file is kept: %v", err)
	}
	if _, err := os.Stat(s.listFile().path()); err != nil {
		t.Errorf("the new one is gone: %v", err)
	}
}

// clockTicks is longer than the steps in which file systems count.
const clockTicks = 30 * time.Millisecond

func TestOldListsAreBounded(t *testing.T) {
	s, _ := testShare(t, "a")
	for i := range maxOldLists + 3 {
		write(t, s.record.Path, string(rune('b'+i)), "x")
		s.scanned(t)
	}
	s.dropOldLists(false)
	if n := len(s.oldLists); n != maxOldLists {
		t.Errorf("%d lists are kept", n)
	}
	s.remove()
	dir, err := os.ReadDir(filepath.Dir(s.shares.config.Library.FolderFile(netproto.ContentHash{})))
	if err != nil || len(dir) != 0 {
		t.Errorf("%d lists of a folder that is no longer shared are kept, %v", len(dir), err)
	}
}

func symlink(t *testing.T, target, path string) {
	t.Helper()
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	err := os.Symlink(target, path)
	if err != nil && runtime.GOOS == "windows" {
		t.Skipf("this user may make no links: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestALinkThatTakesThePlaceOfAFolderIsNotFollowed(t *testing.T) {
	outside := tree(t, "secret")
	root := tree(t, "a/b/c/d", "a/other/e")
	for _, target := range []string{outside, filepath.Join(root, "a", "other"), "../a/other", "other"} {
		f, err := openFolders(root)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []string{"a/b", "", "a", "a/other", "a/b/c", "a"} {
			if _, err := f.enter(at); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
		}
		symlink(t, target, filepath.Join(root, "a", "b"))
		for _, at := range []string{"a/b", "a/b/c"} {
			if _, err := f.enter(at); err == nil {
				t.Errorf("it enters %s, which is a link to %s", at, target)
			}
		}
		if _, _, err := f.state("a/b/secret"); err == nil {
			t.Errorf("it looks at a file behind a link to %s", target)
		}
		if _, err := f.enter("a/other"); err != nil {
			t.Errorf("after that: %v", err)
		}
		f.close()
		if err := os.RemoveAll(filepath.Join(root, "a", "b")); err != nil {
			t.Fatal(err)
		}
		write(t, root, "a/b/c/d", "")
	}
}

func TestALinkThatTakesThePlaceOfAFileIsNotRead(t *testing.T) {
	s, _ := testShare(t, "folder/a", "folder/b")
	outside := filepath.Join(tree(t, "secret"), "secret")
	sc := &scan{share: s, ctx: t.Context(), record: s.record, round: 1, leave: s.leave, keeps: map[string]keptBack{}}
	sc.record.Folder = true
	var err error
	if sc.found, err = sc.walk(); err != nil {
		t.Fatal(err)
	}
	sc.files = make([]*sharedFile, len(sc.found))
	if err := sc.look(); err != nil || len(sc.work) != 2 {
		t.Fatalf("%d files are to be hashed, %v", len(sc.work), err)
	}
	symlink(t, outside, filepath.Join(s.record.Path, "folder", "a"))
	if err := sc.hash(); err != nil {
		t.Fatal(err)
	}
	if sc.files[0] != nil || sc.files[1] == nil || sc.omitted.Counts[Changing] != 1 {
		t.Errorf("the files are %v, left out are %v", sc.files, sc.omitted)
	}
}

func TestWhatTheSystemMakesUpIsLeftOut(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // only there is /proc
	}
	w := walk{ctx: t.Context(), leave: newLeaveOut(library.Share{}, nil)}
	var err error
	if w.folders, err = openFolders("/"); err != nil {
		t.Fatal(err)
	}
	defer w.folders.close()
	list, err := w.read(place{device: w.folders.device}, false)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(list, func(e *entry) bool { return e.name == "proc" }); i < 0 || !list[i].out || list[i].why != Special {
		t.Errorf("/proc passes: %+v", list)
	}
	s, _ := testShare(t)
	s.record.Path = "/proc/version"
	s.scan(t.Context())
	if now := s.snapshot(); netproto.CodeOf(now.Err) != netproto.CodeFileUnreadable {
		t.Errorf("/proc/version is %s: %v", now.State, now.Err)
	}
}

func TestALargeFolderIsReadAsASmallOne(t *testing.T) {
	const files = 2*entriesAtOnce + 10
	root := tree(t, "id_rsa")
	for i := range files {
		write(t, root, fmt.Sprintf("%05d", i), "text")
	}
	left := map[string]Reason{}
	w := walk{ctx: t.Context(), leave: newLeaveOut(library.Share{}, nil), enter: func(string) {},
		visitor: Visitor{LeftOut: func(rel string, why Reason) { left[rel] = why }}}
	list, err := w.in(root)
	if err != nil || len(list) != files || len(left) != 1 || left["id_rsa"] != Secret {
		t.Fatalf("%d files, left out are %v: %v", len(list), left, err)
	}
	for i, f := range list {
		if name := fmt.Sprintf("%05d", i); f.real != name || f.safe != name || !f.seen || f.state.Size != int64(len("text")) {
			t.Fatalf("the file %d is %+v", i, f)
		}
	}
}

func TestAFileThatAlwaysChangesIsNamed(t *testing.T) {
	s, _ := testShare(t, "song", "log")
	s.shares.config.Timing.Rest = time.Hour
	s.scanned(t) // nothing of it changed lately
	for range 2 {
		write(t, s.record.Path, "log", time.Now().String())
		s.scan(t.Context())
		now := s.snapshot()
		if len(now.Omitted.Named) != 1 || now.Omitted.Named[0] != (LeftOut{"log", Changing}) || now.Files != 1 {
			t.Errorf("%d files are shared, left out are %v", now.Files, now.Omitted)
		}
		if now.Notice != nil {
			t.Errorf("it is told at once: %v", now.Notice)
		}
	}
	s.unrest = s.unrest.Add(-2 * patienceFactor * time.Hour)
	write(t, s.record.Path, "log", "again")
	s.scan(t.Context())
	if now := s.snapshot(); netproto.CodeOf(now.Notice) != netproto.CodeFileChanged {
		t.Errorf("the notice is %v", now.Notice)
	}
	s.shares.config.Timing.Rest = 0
	s.scanned(t)
	if now := s.snapshot(); now.Notice != nil || now.Files != 2 {
		t.Errorf("after it came to rest: %d files, %v", now.Files, now.Notice)
	}
}

func TestAProfileInASharedFolderIsNotEvenWatched(t *testing.T) {
	root := tree(t, "p/peer.key", "p/library.db", "p/x", "q/f", "tracker/tracker.key", "tracker/tracker.db", "tracker/deep/g")
	var entered []string
	left := map[string]Reason{}
	w := walk{ctx: t.Context(), leave: newLeaveOut(library.Share{}, nil), enter: func(folder string) { entered = append(entered, folder) },
		visitor: Visitor{LeftOut: func(rel string, why Reason) { left[rel] = why }}}
	list, err := w.in(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].real != "q/f" || len(left) != 2 || left["p"] != Own || left["tracker"] != Own {
		t.Errorf("found are %v, left out are %v", list, left)
	}
	if want := []string{root, filepath.Join(root, "q")}; !slices.Equal(entered, want) {
		t.Errorf("changes are noticed in %v", entered)
	}
}
