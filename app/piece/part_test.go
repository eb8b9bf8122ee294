package piece

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"centralizedp2p/netproto"
)

func TestPiecesMayComeInAnyOrder(t *testing.T) {
	for _, size := range []int{1, ps - 1, ps, ps + 1, 2 * ps, 9*ps - 7} {
		dir := t.TempDir()
		content, m := contentOf(t, size)
		p := openPart(t, openRoot(t, dir), m)
		putPieces(t, p, content, rand.Perm(m.Pieces())...)
		if !p.Complete() || p.VerifiedBytes() != int64(size) {
			t.Errorf("%d of %d bytes are verified", p.VerifiedBytes(), size)
		}
		if got := publishAs(t, p, "file.bin"); got != "file.bin" {
			t.Errorf("published as %q", got)
		}
		wantFile(t, filepath.Join(dir, "file.bin"), content)
		wantNames(t, dir, "file.bin")
	}
}

func TestAnEmptyContentIsCompleteAtOnce(t *testing.T) {
	dir := t.TempDir()
	_, m := contentOf(t, 0)
	p := openPart(t, openRoot(t, dir), m)
	if !p.Complete() || p.VerifiedBytes() != 0 {
		t.Error("there is something left to download")
	}
	if err := p.Writer(0, false).Finish(); err != nil {
		t.Errorf("its only piece, written all the same: %v", err)
	}
	publishAs(t, p, "empty")
	wantFile(t, filepath.Join(dir, "empty"), nil)
	wantNames(t, dir, "empty")
}

func TestAPieceWithWrongBytesDoesNotCount(t *testing.T) {
	content, m := contentOf(t, 3*ps+5)
	for name, spoil := range map[string]func(b []byte) []byte{
		"a flipped bit":   func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"too few bytes":   func(b []byte) []byte { return b[:len(b)-1] },
		"none":            func([]byte) []byte { return nil },
		"too many bytes":  func(b []byte) []byte { return append(b, 0) },
		"another piece":   func(b []byte) []byte { copy(b, content[2*ps:]); return b },
		"only zero bytes": func(b []byte) []byte { clear(b); return b },
	} {
		for _, spare := range []bool{false, true} {
			p := openPart(t, openRoot(t, t.TempDir()), m)
			for _, i := range []int{1, 3} {
				bad := spoil(bytes.Clone(pieceBytes(content, m, i)))
				if err := put(p.Writer(i, spare), bad); !errors.Is(err, ErrWrongPiece) {
					t.Errorf("%s, spare %v: %v", name, spare, err)
				}
			}
			wantHave(t, p)
			if p.VerifiedBytes() != 0 {
				t.Errorf("%s: %d bytes count", name, p.VerifiedBytes())
			}
			putPieces(t, p, content, 0, 1, 2, 3) // and the right bytes are welcome later
			if !p.Complete() {
				t.Errorf("%s: not complete in the end", name)
			}
			p.Close()
		}
	}
}

func TestASpareWriterFinishesAPieceThatAnotherIsSlowWith(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	dir := t.TempDir()
	p := openPart(t, openRoot(t, dir), m)
	slow := p.Writer(0, false)
	slow.Write(make([]byte, ps/2)) // wrong, and in the file
	if err := put(p.Writer(0, true), content[:ps]); err != nil {
		t.Fatal(err)
	}
	wantHave(t, p, 0)
	// The slow one goes on: the piece is verified, so its bytes go nowhere.
	slow.Write(make([]byte, ps/2))
	if err := slow.Finish(); !errors.Is(err, ErrWrongPiece) {
		t.Errorf("the slow writer ends with %v", err)
	}
	wantHave(t, p, 0)
	late := p.Writer(0, false)
	if err := put(late, make([]byte, ps)); !errors.Is(err, ErrWrongPiece) {
		t.Errorf("a late writer ends with %v", err)
	}
	if err := put(p.Writer(0, true), content[:ps]); err != nil {
		t.Errorf("a second spare writer ends with %v", err)
	}
	putPieces(t, p, content, 1)
	publishAs(t, p, "f")
	wantFile(t, filepath.Join(dir, "f"), content)
}

func TestANewWriterTakesAPieceOver(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	p := openPart(t, openRoot(t, t.TempDir()), m)
	first := p.Writer(0, false)
	first.Write(content[:ps/2])
	second := p.Writer(0, false)
	second.Write(make([]byte, ps)) // wrong bytes over the first one's
	first.Write(content[ps/2 : ps])
	if err := first.Finish(); err == nil || errors.Is(err, ErrWrongPiece) {
		t.Errorf("the first writer had the right bytes, but not in the file: %v", err)
	}
	wantHave(t, p)
	if err := second.Finish(); !errors.Is(err, ErrWrongPiece) {
		t.Errorf("the second writer: %v", err)
	}
	putPieces(t, p, content, 0)
	wantHave(t, p, 0)
}

// Many goroutines write each piece, half of them lie, most are spare.
func TestWritersOfOnePartMayRunSideBySide(t *testing.T) {
	content, m := contentOf(t, 12*ps-77)
	dir := t.TempDir()
	p := openPart(t, openRoot(t, dir), m)
	bad := make([]byte, ps)
	var all sync.WaitGroup
	for i := range m.Pieces() {
		for who := range 6 {
			all.Go(func() {
				b := pieceBytes(content, m, i)
				if who%2 == 1 {
					put(p.Writer(i, who > 1), bad[:len(b)]) // 1 lies into the file
					return
				}
				for errors.Is(put(p.Writer(i, who > 1), b), ErrTakenOver) { // 0 writes into the file
					continue // perhaps by one that lies: it is asked for again
				}
			})
		}
		all.Go(func() {
			got := make([]byte, m.Length(i))
			if _, err := p.ReadAt(got, m.Offset(i)); err == nil && !bytes.Equal(got, pieceBytes(content, m, i)) {
				t.Errorf("piece %d was read with wrong bytes", i)
			}
		})
	}
	all.Wait()
	if !p.Complete() {
		t.Fatalf("%d of %d pieces", p.Have().Count(), m.Pieces())
	}
	publishAs(t, p, "f")
	wantFile(t, filepath.Join(dir, "f"), content)
}

func TestOnlyVerifiedPiecesAreRead(t *testing.T) {
	content, m := contentOf(t, 3*ps+100)
	p := openPart(t, openRoot(t, t.TempDir()), m)
	putPieces(t, p, content, 0, 1, 3)
	got := make([]byte, 2*ps)
	if n, err := p.ReadAt(got, 0); n != 2*ps || err != nil || !bytes.Equal(got, content[:2*ps]) {
		t.Errorf("two pieces: %d bytes, %v", n, err)
	}
	if n, err := p.ReadAt(got, 3*ps+40); n != 60 || !errors.Is(err, io.EOF) || !bytes.Equal(got[:60], content[3*ps+40:]) {
		t.Errorf("at the end: %d bytes, %v", n, err)
	}
	for _, offset := range []int64{ps + 1, 2 * ps, 3*ps - 1, -1, -ps} {
		_, err := p.ReadAt(got, offset)
		wantCode(t, err, netproto.CodeGone)
	}
	if n, err := p.ReadAt(got, m.Size+10*ps); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %d bytes, %v", n, err)
	}
	p.Close()
	_, err := p.ReadAt(got, 0)
	wantCode(t, err, netproto.CodeGone)
}

func TestADownloadGoesOnWhereItStopped(t *testing.T) {
	content, m := contentOf(t, 6*ps+3)
	dir := t.TempDir()
	root := openRoot(t, dir)
	first := openPart(t, root, m)
	putPieces(t, first, content, 5, 0, 6)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	known, err := ReadPartManifest(root, ".", m.Hash)
	if err != nil || known.Check() != nil || known.Hash != m.Hash || known.Size != m.Size {
		t.Fatalf("the journal knows %v, %v", known, err)
	}
	hashed := 0
	second, err := OpenPart(t.Context(), root, ".", known, func(n int) { hashed += n })
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	wantHave(t, second, 0, 5, 6)
	if hashed != 2*ps+3 {
		t.Errorf("%d bytes were hashed again, want those of the three pieces", hashed)
	}
	putPieces(t, second, content, 4, 2, 1, 3)
	publishAs(t, second, "f")
	wantFile(t, filepath.Join(dir, "f"), content)
	wantNames(t, dir, "f")
}

func TestAPieceThatWasDamagedOnTheDiskIsFetchedAgain(t *testing.T) {
	content, m := contentOf(t, 6*ps+3)
	dir := t.TempDir()
	root := openRoot(t, dir)
	p := openPart(t, root, m)
	putPieces(t, p, content, 0, 1, 2, 3)
	p.Close()
	flip(t, filepath.Join(dir, PartName(m.Hash)), ps+17)
	p = openPart(t, root, m)
	wantHave(t, p, 0, 2, 3)
	putPieces(t, p, content, 1, 5, 6)
	p.Close()
	p = openPart(t, root, m) // what was fetched after the damage is claimed too
	wantHave(t, p, 0, 1, 2, 3, 5, 6)
	p.Close()
	must(t, os.Truncate(filepath.Join(dir, PartName(m.Hash)), 5*ps+1))
	p = openPart(t, root, m)
	wantHave(t, p, 0, 1, 2, 3)
	putPieces(t, p, content, 4, 5, 6)
	publishAs(t, p, "f")
	wantFile(t, filepath.Join(dir, "f"), content)
}

func TestOpeningEndsWithItsContext(t *testing.T) {
	content, m := contentOf(t, 6*ps)
	root := openRoot(t, t.TempDir())
	p := openPart(t, root, m)
	putPieces(t, p, content, 0, 1, 2)
	p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := OpenPart(ctx, root, ".", m, func(int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	wantHave(t, openPart(t, root, m), 0, 1, 2) // nothing was lost, and the lock is free
}

func TestAContentOfOnePieceHasNoJournal(t *testing.T) {
	content, m := contentOf(t, 1000)
	dir := t.TempDir()
	root := openRoot(t, dir)
	p := openPart(t, root, m)
	wantNames(t, dir, PartName(m.Hash))
	putPieces(t, p, content, 0)
	p.Close()
	p = openPart(t, root, m) // it is hashed instead
	wantHave(t, p, 0)
	publishAs(t, p, "f")
	wantFile(t, filepath.Join(dir, "f"), content)
}

func TestOneProgramAtATimeWritesAPart(t *testing.T) {
	_, m := contentOf(t, 2*ps)
	root := openRoot(t, t.TempDir())
	p := openPart(t, root, m)
	_, err := OpenPart(t.Context(), root, ".", m, nil)
	wantCode(t, err, netproto.CodeFolderUnwritable)
	p.Close()
	openPart(t, root, m)
}

func TestARemovedPartLeavesNothing(t *testing.T) {
	for _, size := range []int{0, 10, 3 * ps} {
		content, m := contentOf(t, size)
		dir := t.TempDir()
		p := openPart(t, openRoot(t, dir), m)
		putPieces(t, p, content, 0)
		if err := discard(p); err != nil {
			t.Error(err)
		}
		wantNames(t, dir)
		if err := discard(p); err != nil {
			t.Errorf("the second time: %v", err)
		}
	}
}

func TestAnIncompletePartIsNotPublished(t *testing.T) {
	content, m := contentOf(t, 3*ps)
	dir := t.TempDir()
	p := openPart(t, openRoot(t, dir), m)
	putPieces(t, p, content, 0, 2)
	if final, err := p.Publish("f", true); err == nil {
		t.Fatalf("published as %s", final)
	}
	wantNames(t, dir, journalName(m.Hash), PartName(m.Hash))
	putPieces(t, p, content, 1)
	publishAs(t, p, "f")
}

func TestALinkUnderTheNameOfAPartIsNotFollowed(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	outside := filepath.Join(t.TempDir(), "outside")
	for _, own := range []string{PartName(m.Hash), journalName(m.Hash)} {
		for _, target := range []string{"precious", "new", outside, "../x"} {
			dir := t.TempDir()
			must(t, os.WriteFile(filepath.Join(dir, "precious"), []byte("mine"), 0o600))
			must(t, os.Symlink(target, filepath.Join(dir, own)))
			putPieces(t, openPart(t, openRoot(t, dir), m), content, 0, 1)
			wantFile(t, filepath.Join(dir, "precious"), []byte("mine"))
			if to, err := os.Readlink(filepath.Join(dir, own+notOursEnding)); err != nil || to != target {
				t.Errorf("the link is not set aside: %q, %v", to, err)
			}
			for _, made := range []string{outside, filepath.Join(dir, "new"), filepath.Join(dir, "../x")} {
				if _, err := os.Lstat(made); err == nil {
					t.Errorf("%s was made through %s", made, own)
				}
			}
		}
	}
}

func TestALinkInTheFolderOfAPartDoesNotLeadOutside(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	dir, outside := t.TempDir(), t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(dir, "sub")))
	root := openRoot(t, dir)
	_, err := OpenPart(t.Context(), root, "sub", m, nil)
	wantCode(t, err, netproto.CodeFolderUnwritable)
	wantNames(t, outside)

	// A folder that becomes a link while its download runs.
	must(t, os.Mkdir(filepath.Join(dir, "late"), 0o700))
	p, err := OpenPart(t.Context(), root, "late", m, nil)
	must(t, err)
	defer p.Close()
	putPieces(t, p, content, 0, 1)
	must(t, os.Rename(filepath.Join(dir, "late"), filepath.Join(dir, "moved")))
	must(t, os.Symlink(outside, filepath.Join(dir, "late")))
	_, err = p.Publish("f", true)
	wantCode(t, err, netproto.CodeFolderUnwritable)
	wantNames(t, outside)
}

func TestOnlyDurablePiecesAreClaimed(t *testing.T) {
	content, m := contentOf(t, 3*ps)
	dir := t.TempDir()
	p := openPart(t, openRoot(t, dir), m)
	putPieces(t, p, content, 0)
	p.file.Close() // fsync fails now
	wantCode(t, p.claim(), netproto.CodeFolderUnwritable)
	_, claimed, err := readJournal(bytes.NewReader(mustRead(t, filepath.Join(dir, journalName(m.Hash)))))
	if err != nil || len(claimed) != 0 {
		t.Errorf("the journal claims %v, %v", claimed, err)
	}
	putAgain := put(p.Writer(1, true), pieceBytes(content, m, 1))
	wantCode(t, putAgain, netproto.CodeFolderUnwritable)
}

func TestRightPiecesThatAKillLeftUnclaimedCount(t *testing.T) {
	content, m := contentOf(t, 5*ps)
	dir, killed := t.TempDir(), t.TempDir()
	p := openPart(t, openRoot(t, dir), m)
	putPieces(t, p, content, 0, 2)
	must(t, p.claim())
	putPieces(t, p, content, 3)
	if _, err := p.Writer(4, false).Write(pieceBytes(content, m, 4)[:ps/2]); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{PartName(m.Hash), journalName(m.Hash)} { // as they are just now
		must(t, os.WriteFile(filepath.Join(killed, name), mustRead(t, filepath.Join(dir, name)), 0o600))
	}
	q := openPart(t, openRoot(t, killed), m)
	wantHave(t, q, 0, 2, 3)
	_, claimed, err := readJournal(bytes.NewReader(mustRead(t, filepath.Join(killed, journalName(m.Hash)))))
	if err != nil || len(claimed) != 3 {
		t.Errorf("the journal claims %v, %v", claimed, err)
	}
}

func TestAPieceThatCannotBeClaimedIsReported(t *testing.T) {
	content, m := contentOf(t, 3*ps)
	p := openPart(t, openRoot(t, t.TempDir()), m)
	p.journal.file.Close() // as a disk that is pulled out
	putPieces(t, p, content, 0)
	wantCode(t, p.claim(), netproto.CodeFolderUnwritable)
	wantCode(t, put(p.Writer(1, false), pieceBytes(content, m, 1)), netproto.CodeFolderUnwritable)
	wantHave(t, p, 0)
}
