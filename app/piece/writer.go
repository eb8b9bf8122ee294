package piece

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// ErrWrongPiece is returned when the bytes of a piece are not those of the
// content.
var ErrWrongPiece = errors.New("the bytes do not belong to the content")

// ErrTakenOver ends a writer if a later one writes its piece into the file: the
// later one finishes the piece.
var ErrTakenOver = errors.New("another writer has taken over this piece")

// ErrCancelled is what a writer returns after [Writer.Cancel].
var ErrCancelled = errors.New("the writing of this piece was cancelled")

// Writer takes the bytes of one piece in order. One writer at a time writes a
// piece into the file: a new one takes it over from the one before. A second
// writer that should not disturb the first is made with spare, and collects the
// piece in memory. Bytes of a piece that is already verified are dropped.
//
// One goroutine uses a writer, except that any goroutine may call Cancel.
// Writers of one content may run side by side.
type Writer struct {
	manifest *Manifest
	index    int
	offset   int64 // where the next byte goes, in the content
	hasher   *Hasher
	ahead    int    // bytes after offset that the hasher has taken already
	part     *Part  // nil for a Small, and for a proof
	small    *Small // nil for a Part, and for a proof
	collects bool   // in memory
	memory   []byte // what was collected
	failed   error  // of the disk: the file may lack bytes that were hashed

	// Both change with the part's mu held, and are read without it.
	inFile    atomic.Bool // this one writes the piece into the file
	cancelled atomic.Bool
}

func newWriter(m *Manifest, index int) *Writer {
	offset := m.Offset(index)
	return &Writer{manifest: m, index: index, offset: offset, hasher: NewHasher(offset)}
}

// Writer begins a piece, 0 ≤ index < Pieces. It does not wait for the disk.
func (p *Part) Writer(index int, spare bool) *Writer {
	w := newWriter(p.manifest, index)
	w.part, w.collects = p, spare
	if !spare {
		w.takeOver()
	}
	return w
}

// Proof begins a piece, 0 ≤ index < Pieces, that is only verified: its bytes are kept
// nowhere.
func (m *Manifest) Proof(index int) *Writer { return newWriter(m, index) }

// takeOver makes w the one that writes its piece into the file, unless the
// piece is verified: a verified piece is never written again. A write of the
// writer before may be under way: writeFile waits for it.
func (w *Writer) takeOver() {
	p := w.part
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.have.Has(w.index) || w.cancelled.Load() {
		return
	}
	if before := p.writers[w.index]; before != nil {
		before.inFile.Store(false)
	}
	p.writers[w.index] = w
	w.inFile.Store(true)
}

// Cancel ends the writer: Write and Finish return [ErrCancelled] from now on. It
// does not wait for the disk, so a caller may hold its own lock meanwhile. A
// write under way may still reach the file, but only before the next writer of
// the piece writes its first byte, which then overwrites all of it.
func (w *Writer) Cancel() {
	w.cancelled.Store(true)
	w.leave()
}

// Missing returns the number of bytes that have not come yet.
func (w *Writer) Missing() int64 {
	return w.manifest.Offset(w.index) + w.manifest.Length(w.index) - w.offset
}

// Hash takes the whole groups of 16 KiB at the start of b, which is what Write
// will be given next, or the first part of it: they are hashed while the
// processor's cache still has them. b begins where Write goes on; Hash may be
// called again with the same bytes and more. It touches no file.
func (w *Writer) Hash(b []byte) {
	if int64(len(b)) > w.Missing() {
		return // Write reports it
	}
	if whole := len(b) &^ (groupSize - 1); whole > w.ahead {
		w.hasher.Write(b[w.ahead:whole])
		w.ahead = whole
	}
}

// Write takes the next bytes. Errors: [ErrWrongPiece] for more than Missing,
// [ErrCancelled], or one about the disk; the writer is of no use after any of
// them.
func (w *Writer) Write(b []byte) (int, error) {
	if w.cancelled.Load() {
		return 0, ErrCancelled
	}
	if int64(len(b)) > w.Missing() {
		return 0, fmt.Errorf("%w: more than the piece has", ErrWrongPiece)
	}
	w.hasher.Write(b[min(w.ahead, len(b)):])
	w.ahead = max(w.ahead-len(b), 0)
	if w.collects {
		if w.memory == nil {
			w.memory = make([]byte, 0, w.manifest.Length(w.index))
		}
		w.memory = append(w.memory, b...)
	} else if w.part != nil {
		if err := w.writeFile(b, w.offset); err != nil {
			return 0, err
		}
	}
	w.offset += int64(len(b))
	return len(b), nil
}

// writeFile writes into the file as long as this is the writer's to do. Once
// the writer is cancelled nobody wants to know how its last write went.
func (w *Writer) writeFile(b []byte, offset int64) error {
	p := w.part
	p.writing.Lock()
	defer p.writing.Unlock()
	if w.inFile.Load() {
		if err := p.put(b, offset); err != nil {
			w.failed = p.diskError(err)
		}
	}
	if w.cancelled.Load() {
		return ErrCancelled
	}
	return w.failed
}

// Finish verifies the piece and counts it. It may write to the disk. Errors:
// [ErrWrongPiece], [ErrTakenOver], [ErrCancelled], or one about the disk.
func (w *Writer) Finish() error {
	switch {
	case w.cancelled.Load():
		return ErrCancelled
	case w.failed != nil:
		return w.failed
	case w.Missing() != 0 || !w.manifest.right(w.index, w.hasher):
		w.leave()
		return ErrWrongPiece
	case w.small != nil:
		return w.small.finish(w.memory)
	case w.part == nil:
		return nil
	}
	p := w.part
	if w.collects {
		w.takeOver()
		if err := w.writeFile(w.memory, p.manifest.Offset(w.index)); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.broken != nil:
		return p.broken
	case p.have.Has(w.index):
		return nil
	case w.cancelled.Load():
		return ErrCancelled
	case p.writers[w.index] != w:
		return ErrTakenOver
	}
	w.inFile.Store(false)
	delete(p.writers, w.index)
	p.verified(w.index)
	return nil
}

// leave ends the writer's hold on its piece.
func (w *Writer) leave() {
	if w.part == nil {
		return
	}
	w.part.mu.Lock()
	defer w.part.mu.Unlock()
	w.inFile.Store(false)
	if w.part.writers[w.index] == w {
		delete(w.part.writers, w.index)
	}
}
