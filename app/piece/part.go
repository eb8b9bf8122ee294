package piece

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

const (
	// flushBytes and flushEvery bound what a kill may cost: verified bytes that
	// the journal does not claim yet (reference: 16 MiB or 2 s).
	flushBytes = 16 << 20
	flushEvery = 2 * time.Second
)

// ErrWrongPiece is returned when the bytes of a piece are not those of the
// content.
var ErrWrongPiece = errors.New("the bytes do not belong to the content")

// Part is an unfinished file beside its destination. Every piece is verified
// before it counts, and on the disk before the journal claims it.
type Part struct {
	manifest *Manifest
	root     *os.Root
	dir      string // within root, slash-separated; where the file will be published
	file     *os.File
	journal  *journal // nil for a content of one piece: there is nothing to resume

	mu        sync.Mutex
	have      Bits
	count     int
	unclaimed []uint32 // verified, not in the journal yet
	dirty     int64    // bytes of them

	flush   chan struct{} // wakes the flusher early
	stop    context.CancelFunc
	flushed chan error // the flusher's end
}

// PartName is the name of the unfinished file of a content.
func PartName(hash netproto.ContentHash) string {
	return netproto.PartPrefix + hash.String()[:32] + ".part"
}

func journalName(hash netproto.ContentHash) string {
	return netproto.PartPrefix + hash.String()[:32] + ".journal"
}

// OpenPart creates the unfinished file of a content in dir, or goes on with
// the one that is there: each piece that its journal claims is hashed again
// and counts only if it is right. progress is told the bytes hashed.
func OpenPart(ctx context.Context, root *os.Root, dir string, m *Manifest, progress func(n int)) (*Part, error) {
	p := &Part{manifest: m, root: root, dir: dir, have: NewBits(m.Pieces()), flush: make(chan struct{}, 1), flushed: make(chan error, 1)}
	file, err := root.OpenFile(path.Join(dir, PartName(m.Hash)), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, diskError(err, dir)
	}
	p.file = file
	if err := p.resume(ctx, progress); err != nil {
		file.Close()
		return nil, err
	}
	flusher, stop := context.WithCancel(context.Background())
	p.stop = stop
	go func() { p.flushed <- p.runFlusher(flusher) }()
	return p, nil
}

func (p *Part) resume(ctx context.Context, progress func(n int)) error {
	info, err := p.file.Stat()
	if err != nil {
		return diskError(err, p.dir)
	}
	if !info.Mode().IsRegular() {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%s is not a file", path.Join(p.dir, PartName(p.manifest.Hash)))
	}
	if p.manifest.Pieces() == 1 {
		return nil
	}
	j, claimed, err := openJournal(p.root, path.Join(p.dir, journalName(p.manifest.Hash)), p.manifest)
	if err != nil {
		return diskError(err, p.dir)
	}
	p.journal = j
	right, err := p.verify(ctx, claimed, progress)
	if err != nil {
		j.close()
		return err
	}
	p.have, p.count = right, right.Count()
	return nil
}

// verify hashes pieces in the file and gives those that are right.
func (p *Part) verify(ctx context.Context, pieces []uint32, progress func(n int)) (Bits, error) {
	right := NewBits(p.manifest.Pieces())
	buf := make([]byte, readSize)
	for _, i := range pieces {
		h, err := hashPiece(ctx, p.file, p.manifest.Offset(int(i)), p.manifest.Length(int(i)), buf, progress)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && p.manifest.right(int(i), h) {
			right.Set(int(i))
		}
	}
	return right, nil
}

// Manifest is that of the content.
func (p *Part) Manifest() *Manifest { return p.manifest }

// Have is a copy of the set of verified pieces.
func (p *Part) Have() Bits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append(Bits(nil), p.have...)
}

// Has tells whether a piece is verified.
func (p *Part) Has(index int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.have.Has(index)
}

// Complete tells whether every piece is verified.
func (p *Part) Complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count == p.manifest.Pieces()
}

// VerifiedBytes is the number of bytes in verified pieces.
func (p *Part) VerifiedBytes() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := int64(p.count) * netproto.PieceSize(p.manifest.Size)
	if last := p.manifest.Pieces() - 1; p.have.Has(last) {
		n += p.manifest.Length(last) - netproto.PieceSize(p.manifest.Size)
	}
	return n
}

// ReadAt reads within a verified piece, to serve it to others.
func (p *Part) ReadAt(b []byte, offset int64) (int, error) {
	if !p.Has(int(offset / netproto.PieceSize(p.manifest.Size))) {
		return 0, netproto.Errorf(netproto.CodeGone, "this piece is not here yet")
	}
	return p.file.ReadAt(b, offset)
}

// Writer takes the bytes of one piece in order. Only one writer may write a
// piece into the file at a time: that is the caller's to see to. A second one
// for the same piece must be made with spare, and collects in memory.
type Writer struct {
	part   *Part
	index  int
	offset int64 // where the next byte goes, in the content
	hasher *Hasher
	spare  []byte
	inMem  bool
}

// Writer begins a piece.
func (p *Part) Writer(index int, spare bool) *Writer {
	w := &Writer{part: p, index: index, offset: p.manifest.Offset(index), inMem: spare}
	w.hasher = NewHasher(w.offset)
	if spare {
		w.spare = make([]byte, 0, p.manifest.Length(index))
	}
	return w
}

// Missing is the number of bytes that have not come yet.
func (w *Writer) Missing() int64 {
	return w.part.manifest.Offset(w.index) + w.part.manifest.Length(w.index) - w.offset
}

// Write takes the next bytes; more than Missing are an error.
func (w *Writer) Write(b []byte) (int, error) {
	if int64(len(b)) > w.Missing() {
		return 0, fmt.Errorf("%w: more than the piece has", ErrWrongPiece)
	}
	w.hasher.Write(b)
	if w.inMem {
		w.spare = append(w.spare, b...)
	} else if _, err := w.part.file.WriteAt(b, w.offset); err != nil {
		return 0, diskError(err, w.part.dir)
	}
	w.offset += int64(len(b))
	return len(b), nil
}

// Finish verifies the piece and counts it. The error is ErrWrongPiece, or one
// about the disk.
func (w *Writer) Finish() error {
	p := w.part
	if w.Missing() != 0 || !p.manifest.right(w.index, w.hasher) {
		return ErrWrongPiece
	}
	if w.inMem {
		if p.Has(w.index) {
			return nil
		}
		if _, err := p.file.WriteAt(w.spare, p.manifest.Offset(w.index)); err != nil {
			return diskError(err, p.dir)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.have.Has(w.index) {
		return nil
	}
	p.have.Set(w.index)
	p.count++
	p.unclaimed = append(p.unclaimed, uint32(w.index))
	if p.dirty += p.manifest.Length(w.index); p.dirty >= flushBytes {
		select {
		case p.flush <- struct{}{}:
		default:
		}
	}
	return nil
}

// runFlusher claims verified pieces in groups, off the path of the bytes.
func (p *Part) runFlusher(ctx context.Context) error {
	if p.journal == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return p.claim()
		case <-tick.C:
		case <-p.flush:
		}
		if err := p.claim(); err != nil {
			return err
		}
	}
}

// claim makes the data durable, then says so in the journal.
func (p *Part) claim() error {
	p.mu.Lock()
	pieces := p.unclaimed
	p.unclaimed, p.dirty = nil, 0
	p.mu.Unlock()
	if len(pieces) == 0 {
		return nil
	}
	if err := p.file.Sync(); err != nil {
		return diskError(err, p.dir)
	}
	return diskError(p.journal.append(pieces), p.dir)
}

// endFlusher claims what is left and waits.
func (p *Part) endFlusher() error {
	p.stop()
	err := <-p.flushed
	p.flushed <- err // for whoever asks again
	return err
}

// Close ends the work on the file and keeps it for later.
func (p *Part) Close() error {
	err := p.endFlusher()
	if p.journal != nil {
		p.journal.close()
	}
	if closeErr := p.file.Close(); closeErr != nil && !errors.Is(closeErr, fs.ErrClosed) && err == nil {
		err = diskError(closeErr, p.dir)
	}
	return err
}

// Discard ends the work on the file and removes it.
func (p *Part) Discard() error {
	p.Close()
	err := p.root.Remove(path.Join(p.dir, PartName(p.manifest.Hash)))
	p.removeJournal()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return diskError(err, p.dir)
}

func (p *Part) removeJournal() {
	if p.journal != nil {
		p.root.Remove(path.Join(p.dir, journalName(p.manifest.Hash)))
	}
}

// Publish ends a complete file: on the disk, then under name or, where that is
// taken, the next free numbered name; nothing is ever replaced. durable false
// leaves fsync to the caller, who makes many files durable at once.
func (p *Part) Publish(name string, durable bool) (string, error) {
	if !p.Complete() {
		return "", fmt.Errorf("publishing %s before it is complete", name)
	}
	if err := p.file.Truncate(p.manifest.Size); err != nil {
		return "", diskError(err, p.dir)
	}
	if durable {
		if err := p.file.Sync(); err != nil {
			return "", diskError(err, p.dir)
		}
	}
	if err := p.endFlusher(); err != nil {
		return "", err
	}
	final, err := publish(p.root, p.dir, PartName(p.manifest.Hash), name)
	if err != nil {
		return "", diskError(err, p.dir)
	}
	if durable {
		if err := SyncDir(p.root, p.dir); err != nil {
			return "", diskError(err, p.dir)
		}
	}
	p.removeJournal()
	return final, p.Close()
}

var _ io.ReaderAt = (*Part)(nil)
