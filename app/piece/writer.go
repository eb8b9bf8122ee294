package piece

import (
	"errors"
	"fmt"
	"sync"
)

// ErrWrongPiece is returned when the bytes of a piece are not those of the
// content.
var ErrWrongPiece = errors.New("the bytes do not belong to the content")

// ErrTakenOver ends a writer whose piece a later one writes into the file: the
// other one finishes it.
var ErrTakenOver = errors.New("another writer has taken over this piece")

// Writer takes the bytes of one piece in order. One writer at a time writes a
// piece into the file: a new one takes it over from the one before. A second
// one that should leave the first in peace is made with spare, and collects in
// memory. Bytes of a piece that is verified already go nowhere.
//
// One goroutine uses a writer; writers of one content may run side by side.
type Writer struct {
	manifest *Manifest
	index    int
	offset   int64 // where the next byte goes, in the content
	hasher   *Hasher
	ahead    int    // bytes after offset that the hasher has taken already
	part     *Part  // nil for a Small
	small    *Small // nil for a Part
	collects bool   // in memory
	memory   []byte // what was collected
	failed   error  // of the disk: what is verified would not all be there

	mu     sync.Mutex // held while writing into the file
	inFile bool
}

func newWriter(m *Manifest, index int) *Writer {
	offset := m.Offset(index)
	return &Writer{manifest: m, index: index, offset: offset, hasher: NewHasher(offset)}
}

// Writer begins a piece, 0 ≤ index < Pieces.
func (p *Part) Writer(index int, spare bool) *Writer {
	w := newWriter(p.manifest, index)
	w.part, w.collects = p, spare
	if !spare {
		w.takeOver()
	}
	return w
}

// takeOver makes w the one that writes its piece into the file, unless the
// piece is verified: what was verified is never written again.
func (w *Writer) takeOver() {
	p := w.part
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.have.Has(w.index) {
		return
	}
	if before := p.writers[w.index]; before != nil {
		before.setInFile(false)
	}
	p.writers[w.index] = w
	w.setInFile(true)
}

// setInFile waits for a write under way.
func (w *Writer) setInFile(inFile bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inFile = inFile
}

// Missing is the number of bytes that have not come yet.
func (w *Writer) Missing() int64 {
	return w.manifest.Offset(w.index) + w.manifest.Length(w.index) - w.offset
}

// Hash takes the whole groups of 16 KiB at the begin of b, which is what Write
// will be given next, or the first part of that: they are hashed while the
// processor's cache still has them. b begins where Write goes on; it may be
// called again with the same bytes and more. It touches no file.
func (w *Writer) Hash(b []byte) {
	if int64(len(b)) > w.Missing() {
		return // Write says so
	}
	if whole := len(b) &^ (groupSize - 1); whole > w.ahead {
		w.hasher.Write(b[w.ahead:whole])
		w.ahead = whole
	}
}

// Write takes the next bytes; more than Missing are ErrWrongPiece. Another error
// is about the disk, and the writer is of no use after it.
func (w *Writer) Write(b []byte) (int, error) {
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
	} else if err := w.writeFile(b, w.offset); err != nil {
		w.failed = err
		return 0, err
	}
	w.offset += int64(len(b))
	return len(b), nil
}

// writeFile writes into the file as long as this is the writer's to do.
func (w *Writer) writeFile(b []byte, offset int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.inFile {
		return nil
	}
	p := w.part
	p.writing.Lock()
	defer p.writing.Unlock()
	_, err := p.file.WriteAt(b, offset)
	return p.diskError(err)
}

// Finish verifies the piece and counts it. The error is ErrWrongPiece, or
// ErrTakenOver, or one about the disk.
func (w *Writer) Finish() error {
	switch {
	case w.failed != nil:
		return w.failed
	case w.Missing() != 0 || !w.manifest.right(w.index, w.hasher):
		w.leave()
		return ErrWrongPiece
	case w.small != nil:
		return w.small.finish(w.memory)
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
	case p.writers[w.index] != w:
		return ErrTakenOver
	}
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
	if w.part.writers[w.index] == w {
		delete(w.part.writers, w.index)
	}
}
