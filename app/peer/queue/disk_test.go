package queue

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// finishedFolder is a folder with a file one.bin and a folder sub with two.bin, as it
// was downloaded.
func finishedFolder(t *testing.T, id, dir string) (r library.Download, list []byte) {
	t.Helper()
	list, err := netproto.AppendFolder(nil, []netproto.FolderEntry{{Path: "one.bin", Size: 3, Hash: hashOf("one")}, {Path: "sub/two.bin", Size: 3, Hash: hashOf("two")}})
	check(t, err)
	r = record(id, library.DownloadFinished, dir)
	r.Hash, r.Folder, r.Name, r.Size, r.Path = hashOf(string(list)), true, id, 6, filepath.Join(dir, id)
	check(t, os.MkdirAll(filepath.Join(r.Path, "sub"), 0o755))
	check(t, os.WriteFile(filepath.Join(r.Path, "one.bin"), []byte("one"), 0o644))
	check(t, os.WriteFile(filepath.Join(r.Path, "sub/two.bin"), []byte("two"), 0o644))
	return r, list
}

func TestRemovingWithFilesLeavesWhatWasNotDownloaded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, replaced := finished(t, "a", dir, "song"), finished(t, "b", dir, "tune")
	check(t, os.WriteFile(replaced.Path, []byte("something longer"), 0o644))
	folder, list := finishedFolder(t, "c", dir)
	whole, wholeList := finishedFolder(t, "d", t.TempDir())
	mine := filepath.Join(folder.Path, "mine.txt")
	check(t, os.WriteFile(mine, []byte("mine"), 0o644))
	unlisted, _ := finishedFolder(t, "e", t.TempDir())
	unlisted.Hash = hashOf("another list")
	h := open(t, file, replaced, folder, whole, unlisted)
	check(t, h.library.SaveDownloadList("c", list))
	check(t, h.library.SaveDownloadList("d", wholeList))

	check(t, h.RemoveWithFiles("a", "c", "d"))
	exist(t, false, file.Path, filepath.Join(folder.Path, "one.bin"), filepath.Join(folder.Path, "sub"), whole.Path)
	exist(t, true, mine)
	if len(h.shares.stopped) != 3 {
		t.Errorf("no longer shared are %v", h.shares.stopped)
	}
	if err := h.RemoveWithFiles("b"); netproto.CodeOf(err) != netproto.CodeFileChanged {
		t.Errorf("another file in its place gives %v", err)
	}
	if err := h.RemoveWithFiles("e"); netproto.CodeOf(err) != netproto.CodeFileUnreadable {
		t.Errorf("a folder whose list is lost gives %v", err)
	}
	exist(t, true, replaced.Path, filepath.Join(unlisted.Path, "one.bin"))
	if left := h.ids(); left != "" {
		t.Errorf("in the list are %s", left)
	}
}

func TestARemovalThatAKillInterruptedIsEndedAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	withFiles, stays := finished(t, "a", dir, "song"), finished(t, "b", dir, "tune")
	withFiles.Removal = library.RemoveFiles
	unfinished := record("c", library.DownloadPaused, dir)
	unfinished.Removal = library.RemoveUnfinished
	var left []string
	for _, name := range piece.UnfinishedNames(unfinished.Hash) {
		left = append(left, filepath.Join(dir, name))
		check(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	h := open(t, withFiles, stays, unfinished)
	exist(t, false, append(left, withFiles.Path)...)
	exist(t, true, stays.Path)
	saved, err := h.library.Downloads()
	check(t, err)
	if len(saved) != 1 || h.ids() != "b" {
		t.Errorf("remembered are %v", saved)
	}
}

func TestWhatIsDamagedIsTakenBackAndNotFetchedAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := finished(t, "a", dir, "song")
	folder, list := finishedFolder(t, "b", dir)
	h := open(t, file, folder)
	check(t, h.library.SaveDownloadList("b", list))
	check(t, h.disk.takeBack(file))
	check(t, h.disk.takeBack(folder))
	exist(t, false, file.Path, folder.Path)
	staging := filepath.Join(dir, piece.StagingName(folder.Hash, nil))
	exist(t, true, filepath.Join(staging, piece.StagingTree, "sub/two.bin"), filepath.Join(staging, piece.StagingList))
	part := 0
	for _, name := range piece.UnfinishedNames(file.Hash) {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil && string(text) == "song" {
			part++
		}
	}
	if part != 1 {
		t.Errorf("%d unfinished files have its bytes", part)
	}
	check(t, h.disk.takeBack(file)) // again, after a kill
}

func TestAFinishedFileMovesBesideWhatHasItsName(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	file := finished(t, "a", from, "song")
	check(t, os.WriteFile(filepath.Join(to, "a.bin"), []byte("another"), 0o644))
	h := open(t, file)
	h.Start()
	check(t, h.MoveTo(to, "a"))
	h.settled(t, "a")
	want := filepath.Join(to, netproto.NumberedName("a.bin", 2))
	d, _ := h.ByID("a")
	if d.Path != want || d.State != StateFinished || d.Err != nil || h.shares.moved[file.Path] != want {
		t.Errorf("it is %+v, and shared at %v", d, h.shares.moved)
	}
	if text, err := os.ReadFile(want); err != nil || string(text) != "song" {
		t.Errorf("there is %q: %v", text, err)
	}
	if text, err := os.ReadFile(filepath.Join(to, "a.bin")); err != nil || string(text) != "another" {
		t.Errorf("what was there is %q: %v", text, err)
	}
	exist(t, false, file.Path)
}

func TestADiskThatHangsHoldsUpOnlyWhatAsksIt(t *testing.T) {
	t.Parallel()
	h := open(t, finished(t, "a", t.TempDir(), "song"), record("b", library.DownloadPaused, "/nowhere"))
	asked, answer := make(chan struct{}), make(chan struct{})
	h.disk.lstat = func(path string) (fs.FileInfo, error) {
		asked <- struct{}{}
		<-answer
		return os.Lstat(path)
	}
	resumed := make(chan error, 1)
	go func() { resumed <- h.Resume("a") }()
	<-asked
	for what, call := range map[string]func(){
		"List":     func() { h.List() },
		"Counts":   func() { h.Counts() },
		"ByID":     func() { h.ByID("a") },
		"Details":  func() { check(t, second(h.Details("a"))) },
		"Pause":    func() { check(t, h.Pause("b")) },
		"the tick": func() { h.look(t.Context(), time.Now()) },
	} {
		var took time.Duration
		for range 10 { // the computer may be busy
			done := make(chan struct{})
			began := time.Now()
			go func() {
				defer close(done)
				call()
			}()
			select {
			case <-done:
			case <-time.After(patience):
				close(answer)
				t.Fatalf("%s waits for the disk", what)
			}
			if took = time.Since(began); took < 100*time.Millisecond {
				break
			}
		}
		if took >= 100*time.Millisecond {
			t.Errorf("%s takes %s", what, took)
		}
	}
	close(answer)
	check(t, <-resumed)
	if d, _ := h.ByID("a"); d.State != StateFinished {
		t.Errorf("what is there became %s", d.State)
	}
}

func second[T any](_ T, err error) error { return err }

func TestAFinishedDownloadWhoseFileIsGoneIsResumed(t *testing.T) {
	t.Parallel()
	file, gone := finished(t, "a", t.TempDir(), "song"), finished(t, "b", t.TempDir(), "tune")
	h := open(t, file, gone)
	check(t, os.Remove(gone.Path))
	check(t, h.Resume("a", "b"))
	a, _ := h.ByID("a")
	b, _ := h.ByID("b")
	if a.State != StateFinished || b.State != StateQueued {
		t.Errorf("they are %s and %s", a.State, b.State)
	}
}
