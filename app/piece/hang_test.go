package piece

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"runtime"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what should come at once.
const patience = time.Minute

// hangingFile is a file on a disk that does not answer: each write waits for its
// turn.
type hangingFile struct {
	io.WriterAt

	entered chan int64 // the offset of a write that begins
	turn    chan struct{}
	work    func() // from now on it does not hang
}

func (f *hangingFile) WriteAt(b []byte, offset int64) (int, error) {
	select {
	case f.entered <- offset:
		<-f.turn
	case <-f.turn:
	}
	return f.WriterAt.WriteAt(b, offset)
}

// hang makes the part's disk hang until the test ends.
func hang(t *testing.T, p *Part) *hangingFile {
	f := &hangingFile{WriterAt: p.out, entered: make(chan int64), turn: make(chan struct{})}
	f.work = sync.OnceFunc(func() { close(f.turn) })
	t.Cleanup(f.work)
	p.out = f
	return f
}

// atOnce fails if something waits for the disk that hangs.
func atOnce(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { do(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("%s waits", what)
	}
}

// results gives what a function returns, later.
func results(do func() error) <-chan error {
	c := make(chan error, 1)
	go func() { c <- do() }()
	return c
}

func TestNobodyButTheWriterWaitsForADiskThatHangs(t *testing.T) {
	content, m := contentOf(t, 3*ps)
	p := openPart(t, openRoot(t, t.TempDir()), m)
	putPieces(t, p, content, 1)
	disk := hang(t, p)
	first := p.Writer(0, false)
	written := results(func() error { _, err := first.Write(pieceBytes(content, m, 0)); return err })
	<-disk.entered

	var next, spare, other *Writer
	atOnce(t, "Has", func() { p.Has(0) })
	atOnce(t, "Have", func() { p.Have() })
	atOnce(t, "Complete", func() { p.Complete() })
	atOnce(t, "VerifiedBytes", func() {
		if n := p.VerifiedBytes(); n != ps {
			t.Errorf("%d bytes are verified", n)
		}
	})
	atOnce(t, "ReadAt", func() { p.ReadAt(make([]byte, 10), ps) })
	atOnce(t, "a writer that takes over", func() { next = p.Writer(0, false) })
	atOnce(t, "a spare writer", func() { spare = p.Writer(0, true) })
	atOnce(t, "a writer of another piece", func() { other = p.Writer(2, false) })
	for what, w := range map[string]*Writer{"the first": first, "the next": next, "the spare": spare, "the other": other} {
		atOnce(t, "cancelling "+what, w.Cancel)
	}
	atOnce(t, "the finish of a cancelled writer", func() { next.Finish() })

	disk.work()
	if err := <-written; !errors.Is(err, ErrCancelled) {
		t.Errorf("the write that was cancelled returns %v", err)
	}
}

func TestAWriteThatHungNeverSpoilsAPiece(t *testing.T) {
	for _, how := range []string{"taken over", "cancelled", "taken over by a spare one"} {
		t.Run(how, func(t *testing.T) {
			content, m := contentOf(t, 2*ps)
			p := openPart(t, openRoot(t, t.TempDir()), m)
			disk := hang(t, p)
			wrong := bytes.Repeat([]byte{0xff}, ps/2)
			first := p.Writer(0, false)
			hung := results(func() error { _, err := first.Write(wrong); return err })
			<-disk.entered
			if how == "cancelled" {
				first.Cancel()
			}
			w := p.Writer(0, how == "taken over by a spare one")
			finished := results(func() error { return put(w, pieceBytes(content, m, 0)) })
			select {
			case offset := <-disk.entered:
				t.Fatalf("two write into the file at once, the second at %d", offset)
			case <-time.After(20 * time.Millisecond):
			}
			disk.turn <- struct{}{} // the hung write ends
			for done := false; !done; {
				select {
				case <-disk.entered:
					disk.turn <- struct{}{}
				case err := <-finished:
					must(t, err)
					done = true
				}
			}
			<-hung
			atOnce(t, "a write after that", func() { first.Write(wrong) })
			wantHave(t, p, 0)
			got := make([]byte, ps)
			_, err := p.ReadAt(got, 0)
			must(t, err)
			if string(got) != string(content[:ps]) {
				t.Error("the file has other bytes than were verified")
			}
		})
	}
}

func TestACancelledWriterIsOver(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	p := openPart(t, openRoot(t, t.TempDir()), m)
	for _, spare := range []bool{false, true} {
		w := p.Writer(0, spare)
		_, err := w.Write(pieceBytes(content, m, 0))
		must(t, err)
		w.Cancel()
		w.Cancel()
		if err := w.Finish(); !errors.Is(err, ErrCancelled) {
			t.Errorf("spare %v: Finish returns %v", spare, err)
		}
		if _, err := w.Write([]byte{1}); !errors.Is(err, ErrCancelled) {
			t.Errorf("spare %v: Write returns %v", spare, err)
		}
		wantHave(t, p)
	}
	if len(p.writers) != 0 {
		t.Errorf("%d writers are kept", len(p.writers))
	}
	putPieces(t, p, content, 0)
}

// brokenFile is a file on a disk that takes nothing.
type brokenFile struct{}

func (brokenFile) WriteAt([]byte, int64) (int, error) { return 0, fs.ErrClosed }

func TestACancelledWriterDoesNotReportTheDisk(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	p := openPart(t, openRoot(t, t.TempDir()), m)
	disk := hang(t, p)
	disk.WriterAt = brokenFile{}
	w := p.Writer(0, false)
	written := results(func() error { _, err := w.Write(pieceBytes(content, m, 0)); return err })
	<-disk.entered
	w.Cancel()
	disk.work()
	if err := <-written; !errors.Is(err, ErrCancelled) {
		t.Errorf("it returns %v", err)
	}
}

func TestClosingWaitsForAWriteUnderWay(t *testing.T) {
	content, m := contentOf(t, 2*ps)
	root := openRoot(t, t.TempDir())
	p := openPart(t, root, m)
	disk := hang(t, p)
	w := p.Writer(0, false)
	written := results(func() error { _, err := w.Write(pieceBytes(content, m, 0)); return err })
	<-disk.entered
	w.Cancel()
	closed := results(p.Close)
	select {
	case err := <-closed:
		t.Fatalf("it is closed (%v) while a write still has its file", err)
	case <-time.After(20 * time.Millisecond):
	}
	disk.work()
	must(t, <-closed)
	<-written
	openPart(t, root, m) // nobody has the lock of the file
}

func TestNobodyWaitsForTheFolderOfASmallFile(t *testing.T) {
	content, m := contentOf(t, 100)
	folder := NewFolder(openRoot(t, t.TempDir()))
	defer folder.Close()
	s := NewSmall(folder, ".", "f", m)
	w := s.Writer(0, false)
	_, err := w.Write(content)
	must(t, err)
	folder.closing.Lock() // as a folder that hangs: no file gets made in it
	work := sync.OnceFunc(folder.closing.Unlock)
	defer work()
	finished := results(w.Finish)
	atOnce(t, "Finish", func() {
		for s.writing.TryLock() {
			s.writing.Unlock()
			runtime.Gosched()
		}
	})
	atOnce(t, "Has", func() { s.Has(0) })
	atOnce(t, "Have", func() { s.Have() })
	atOnce(t, "Complete", func() { s.Complete() })
	atOnce(t, "VerifiedBytes", func() { s.VerifiedBytes() })
	atOnce(t, "Published", func() { s.Published() })
	atOnce(t, "Cancel", w.Cancel)
	work()
	must(t, <-finished)
	if !s.Complete() {
		t.Error("it is not complete")
	}
}
