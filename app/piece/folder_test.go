package piece

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"centralizedp2p/netproto"
)

// growingFolder is a Folder in a fresh directory.
func growingFolder(t testing.TB) (*Folder, string) {
	t.Helper()
	dir := t.TempDir()
	f := NewFolder(openRoot(t, dir))
	t.Cleanup(f.Close)
	return f, dir
}

func TestASmallFileIsThereWhenItsPieceIsVerified(t *testing.T) {
	for _, size := range []int{0, 1, 4096, groupSize, groupSize + 1, ps} {
		f, dir := growingFolder(t)
		content, m := contentOf(t, size)
		s := NewSmall(f, "a/b", "c", m)
		w := s.Writer(0, false)
		if err := put(s.Writer(0, true), bytes.Repeat([]byte{1}, max(size, 1))); !errors.Is(err, ErrWrongPiece) {
			t.Errorf("%d wrong bytes: %v", size, err)
		}
		if s.Complete() || s.Has(0) || s.Have().Count() != 0 || s.VerifiedBytes() != 0 {
			t.Error("it claims what is not there")
		}
		wantNames(t, dir)
		must(t, put(w, content))
		path, state := s.Published()
		if !s.Complete() || s.Have().Count() != 1 || s.VerifiedBytes() != m.Size || path != "a/b/c" {
			t.Errorf("%d of %d bytes at %q", s.VerifiedBytes(), size, path)
		}
		wantFile(t, filepath.Join(dir, "a/b/c"), content)
		if now, err := StateOf(filepath.Join(dir, "a/b/c")); err != nil || now != state {
			t.Errorf("it was left as %+v and is %+v, %v", state, now, err)
		}
		must(t, put(s.Writer(0, true), content)) // the second of two has nothing to do
		wantNames(t, filepath.Join(dir, "a/b"), "c")
		must(t, s.Close())
	}
}

func TestManySmallFilesAreWrittenAtOnce(t *testing.T) {
	f, dir := growingFolder(t)
	var writing sync.WaitGroup
	for worker := range 4 {
		writing.Go(func() {
			for i := range 200 {
				content := fmt.Appendf(nil, "%d of %d", i, worker)
				// More folders than may stay open, and one name that all want.
				if _, _, err := f.Create(fmt.Sprintf("d%d", i%40), "same", content); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	seen := map[string]bool{}
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if e.Type().IsRegular() {
			content, err := os.ReadFile(path)
			must(t, err)
			seen[string(content)] = true
		}
		return err
	}))
	if len(seen) != 800 {
		t.Errorf("%d of 800 files are there", len(seen))
	}
	if open := len(f.open); open > maxOpenFolders {
		t.Errorf("%d folders are open", open)
	}
}

func TestNothingIsWrittenIntoAClosedFolder(t *testing.T) {
	f, dir := growingFolder(t)
	content, m := contentOf(t, 100)
	w := NewSmall(f, "sub", "late", m).Writer(0, false)
	f.Close()
	wantCode(t, put(w, content), netproto.CodeFolderUnwritable)
	wantNames(t, dir)
}

func TestACopyIsANewFile(t *testing.T) {
	f, dir := growingFolder(t)
	content := bytesOf(copyStep + 5)
	must(t, os.WriteFile(filepath.Join(dir, "a"), content, 0o600))
	var told int
	progress := func(n int) { told += n }
	for _, want := range []string{"sub/b", "sub/b (2)"} {
		path, state, err := f.Copy(t.Context(), "a", "sub", "b", progress)
		if now, stateErr := StateOf(filepath.Join(dir, want)); err != nil || stateErr != nil || path != want || now != state {
			t.Fatalf("%q in state %+v: %v", path, state, err)
		}
		wantFile(t, filepath.Join(dir, want), content)
	}
	if told != 2*len(content) {
		t.Errorf("%d of %d bytes were told", told, 2*len(content))
	}
	_, _, err := f.Copy(t.Context(), "missing", ".", "c", nil)
	wantCode(t, err, netproto.CodeFolderUnwritable)
	must(t, SyncTree(f.root, "."))
}

func TestACopyThatIsCancelledLeavesNothing(t *testing.T) {
	f, dir := growingFolder(t)
	must(t, os.WriteFile(filepath.Join(dir, "a"), bytesOf(3*copyStep), 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	copied := 0
	_, _, err := f.Copy(ctx, "a", ".", "b", func(n int) { copied += n; cancel() })
	if copied == 3*copyStep && err == nil {
		return // the file system shared the blocks
	}
	if !errors.Is(err, context.Canceled) || copied > copyStep {
		t.Errorf("%v after %d bytes", err, copied)
	}
	wantNames(t, dir, "a")
}

func TestAGroupIsHashedBeforeItIsWritten(t *testing.T) {
	content, m := contentOf(t, 2*ps+3*groupSize+7)
	for _, step := range []int{1000, groupSize, groupSize + 9, 100_000} {
		p := openPart(t, openRoot(t, t.TempDir()), m)
		for i := range m.Pieces() {
			w, b := p.Writer(i, i == 1), pieceBytes(content, m, i)
			for len(b) > 0 {
				frame := b[:min(len(b), 100_000)]
				for n := 0; n < len(frame); n += step {
					w.Hash(frame[:n])
				}
				if _, err := w.Write(frame); err != nil {
					t.Fatal(err)
				}
				b = b[len(frame):]
			}
			must(t, w.Finish())
		}
		if !p.Complete() {
			t.Errorf("with steps of %d bytes it is not complete", step)
		}
		must(t, discard(p))
	}
}

// BenchmarkSmall verifies small files and writes them, as they come of a folder.
func BenchmarkSmall(b *testing.B) {
	f, dir := growingFolder(b)
	content, m := contentOf(b, 4096)
	b.SetBytes(m.Size)
	for i := 0; b.Loop(); i++ {
		s := NewSmall(f, "d", fmt.Sprint(i), m)
		must(b, put(s.Writer(0, false), content))
	}
	b.StopTimer()
	must(b, os.RemoveAll(filepath.Join(dir, "d")))
}
