package piece

import (
	"errors"
	"fmt"
	"sync"
)

// ErrWrongPiece is returned when the bytes of a piece are not those of the
// content.
var ErrWrongPiece = errors.New("the bytes do not belong to the content")

// errTakenOver ends a writer whose piece a later one writes into the file.
var errTakenOver = errors.New("another writer has taken over this piece")

// Writer takes the bytes of one piece in order. One writer at a time writes a
// piece into the file: a new one takes it over from the one before. A second
// one that should leave the first in peace is made with spare, and collects in
// memory. Bytes of a piece that is verified already go nowhere.
//
// One goroutine uses a writer; writers of one part may run side by side.
type Writer struct {
	part   *Part
	index  int
	offset int64 // where the next byte goes, in the content
	hasher *Hasher
	spare  []byte // nil for a writer into the file

	mu     sync.Mutex // held while writing into the file
	inFile bool
}

// Writer begins a piece, 0 ≤ index < Pieces.
func (p *Part) Writer(index int, spare bool) *Writer {
	w := &Writer{part: p, index: index, offset: p.manifest.Offset(index)}
	w.hasher = NewHasher(w.offset)
	if spare {
		w.spare = make([]byte, 0, p.manifest.Length(index))
	} else {
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
	return w.part.manifest.Offset(w.index) + w.part.manifest.Length(w.index) - w.offset
}

// Write takes the next bytes; more than Missing are ErrWrongPiece. Another error
// is about the disk; nothing of b was taken then.
func (w *Writer) Write(b []byte) (int, error) {
	if int64(len(b)) > w.Missing() {
		return 0, fmt.Errorf("%w: more than the piece has", ErrWrongPiece)
	}
	if w.spare != nil {
		w.spare = append(w.spare, b...)
	} else if err := w.writeFile(b, w.offset); err != nil {
		return 0, err
	}
	w.hasher.Write(b)
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
	_, err := w.part.file.WriteAt(b, offset)
	return w.part.diskError(err)
}

// Finish verifies the piece and counts it. The error is ErrWrongPiece, or one
// about the disk, or says that another writer took over the piece.
func (w *Writer) Finish() error {
	p := w.part
	if w.Missing() != 0 || !p.manifest.right(w.index, w.hasher) {
		p.mu.Lock()
		w.leave()
		p.mu.Unlock()
		return ErrWrongPiece
	}
	if w.spare != nil {
		w.takeOver()
		if err := w.writeFile(w.spare, p.manifest.Offset(w.index)); err != nil {
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
		return errTakenOver
	}
	w.leave()
	p.verified(w.index)
	return nil
}

// leave ends the writer's hold on its piece; the part is locked.
func (w *Writer) leave() {
	if w.part.writers[w.index] == w {
		delete(w.part.writers, w.index)
	}
}
