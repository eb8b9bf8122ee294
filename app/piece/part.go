package piece

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
)

// Part is an unfinished file beside its destination. Every piece is verified
// before it counts, and is on the disk before the journal claims it. A lock keeps
// other programs from the same file.
//
// Counts, ReadAt and the methods of its writers other than Write and Finish never
// wait for a write. Close, Publish and Preallocate wait for the disk.
//
// After an error about the disk, close the Part and open it again, which finds
// out what is really there.
type Part struct {
	manifest *Manifest
	root     *os.Root
	dir      string // within root, slash-separated; where the file will be published
	file     *os.File
	out      io.WriterAt // file; one that hangs in a test
	journal  *journal    // nil for a content of one piece, which is quickly verified

	// writing is held during each write into the file, of any piece. So the bytes
	// of a writer that was taken over or cancelled come before those of the next.
	// The kernel lets only one at a time write anyway, and writers would spin in it.
	writing sync.Mutex
	size    int64 // of the file, in bytes; writing guards it, and solid
	solid   bool  // its space is reserved, so there are no holes in it

	mu        sync.Mutex // never held while the disk works
	have      Bits
	count     int             // pieces in have
	writers   map[int]*Writer // those that write into the file, by piece
	unclaimed []uint32        // verified, not in the journal yet
	dirty     int64           // bytes of them
	broken    error           // why the disk may not hold what was written

	flush   chan struct{} // wakes the flusher early
	stop    context.CancelFunc
	flushed chan error // the flusher's end
}

// PartName returns the name of the unfinished file of a content.
func PartName(hash netproto.ContentHash) string {
	return netproto.PartPrefix + hash.String()[:32] + ".part"
}

func journalName(hash netproto.ContentHash) string {
	return netproto.PartPrefix + hash.String()[:32] + ".journal"
}

// OpenPart creates the unfinished file of a content in dir, or continues the one
// that is there: each piece that its journal claims is hashed again and counts
// only if it is right, and so is what a kill left unclaimed, up to 1 GiB. If the
// journal is missing or damaged, every piece is hashed. progress, if not nil,
// receives the number of bytes hashed.
//
// The error is [ErrManifest] for an invalid manifest, that of ctx, or one about
// the disk. A part may be complete at once: a kill came just before it was
// published, or the content is empty.
func OpenPart(ctx context.Context, root *os.Root, dir string, m *Manifest, progress func(n int)) (*Part, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	p := &Part{
		manifest: m, root: root, dir: dir,
		writers: map[int]*Writer{}, flush: make(chan struct{}, 1), flushed: make(chan error, 1),
	}
	if err := p.open(); err != nil {
		return nil, p.diskError(err)
	}
	if err := p.resume(ctx, progress); err != nil {
		p.closeFiles()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, p.diskError(err)
	}
	flusher, stop := context.WithCancel(context.Background())
	p.stop = stop
	go func() { p.flushed <- p.runFlusher(flusher) }()
	return p, nil
}

// open opens the file and locks it.
func (p *Part) open() error {
	name := path.Join(p.dir, PartName(p.manifest.Hash))
	// The file keeps its mode when it is published, so it gets that of a person's other
	// files: the umask decides.
	file, err := openOwn(p.root, name, os.O_RDWR|os.O_CREATE, 0o666, manyNames)
	if err != nil {
		return err
	}
	if err := disk.Lock(file); err != nil {
		file.Close()
		if errors.Is(err, disk.ErrLocked) {
			return netproto.Errorf(netproto.CodeFolderUnwritable, "%s: another program is downloading the same content into it", p.where())
		}
		return err
	}
	// The program that held the lock until now may have published the file.
	if err := checkOwn(p.root, name, file); err != nil {
		file.Close()
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	if info.Size() == 0 && p.manifest.Pieces() > 1 {
		disk.SetSparse(file, true)
	}
	p.file, p.out, p.size = file, file, info.Size()
	return nil
}

// resume finds the pieces that are already there.
func (p *Part) resume(ctx context.Context, progress func(n int)) error {
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	var claimed []uint32
	whole := false // only what is claimed needs a look
	if p.manifest.Pieces() > 1 {
		if p.journal, claimed, whole, err = openJournal(p.root, p.dir, p.manifest); err != nil {
			return err
		}
	}
	published := disk.LinkCount(p.file, info) > 1
	if !whole || published {
		claimed = p.piecesWithin(info.Size())
	} else if tail := p.unclaimedTail(claimed); len(tail) > 0 {
		claimed, whole = append(claimed, tail...), false
	}
	if p.have, err = p.verify(ctx, claimed, progress); err != nil {
		return err
	}
	p.count = p.have.Count()
	if published && (p.count < p.manifest.Pieces() || info.Size() != p.manifest.Size) {
		// A kill came while the file had both names, and then somebody changed it
		// under the final one. That file is theirs, so this starts anew.
		if err := p.startAnew(); err != nil {
			return err
		}
	}
	if p.journal == nil || whole && p.count == len(claimed) {
		return nil
	}
	if err := p.file.Sync(); err != nil {
		return err
	}
	return p.journal.rewrite(p.have)
}

func (p *Part) startAnew() error {
	p.file.Close()
	if err := p.root.Remove(path.Join(p.dir, PartName(p.manifest.Hash))); err != nil {
		return err
	}
	p.have, p.count = NewBits(p.manifest.Pieces()), 0
	return p.open()
}

// piecesWithin returns the pieces that a file of this size can hold.
func (p *Part) piecesWithin(size int64) []uint32 {
	var pieces []uint32
	for i := range p.manifest.Pieces() {
		if p.manifest.Offset(i)+p.manifest.Length(i) > size {
			break
		}
		pieces = append(pieces, uint32(i))
	}
	return pieces
}

// tailBytes bounds what is hashed at the start although no journal claims it. Two
// seconds of a fast download are less.
const tailBytes = 1 << 30

// unclaimedTail returns the pieces that a killed program may have left on the disk
// before the journal could claim them.
func (p *Part) unclaimedTail(claimed []uint32) []uint32 {
	if p.journal == nil {
		return nil
	}
	known := NewBits(p.manifest.Pieces())
	for _, i := range claimed {
		known.Set(int(i))
	}
	var tail []uint32
	var size int64
	for i := range p.manifest.Pieces() {
		if known.Has(i) || !disk.Written(p.file, p.manifest.Offset(i), p.manifest.Length(i)) {
			continue
		}
		if size += p.manifest.Length(i); size > tailBytes {
			break
		}
		tail = append(tail, uint32(i))
	}
	return tail
}

// verify hashes pieces in the file and returns those that are right.
func (p *Part) verify(ctx context.Context, pieces []uint32, progress func(n int)) (Bits, error) {
	right := NewBits(p.manifest.Pieces())
	if len(pieces) == 0 {
		return right, nil
	}
	buf := NewBuffer(min(readSize, max(p.manifest.Length(0), 1)))
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

// Manifest returns the manifest of the content.
func (p *Part) Manifest() *Manifest { return p.manifest }

// Have returns a copy of the set of verified pieces.
func (p *Part) Have() Bits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append(Bits(nil), p.have...)
}

// Has reports whether a piece is verified.
func (p *Part) Has(index int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.have.Has(index)
}

// Complete reports whether every piece is verified.
func (p *Part) Complete() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count == p.manifest.Pieces()
}

// VerifiedBytes returns the number of bytes in verified pieces.
func (p *Part) VerifiedBytes() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := int64(p.count) * netproto.PieceSize(p.manifest.Size)
	if last := p.manifest.Pieces() - 1; p.have.Has(last) {
		n += p.manifest.Length(last) - netproto.PieceSize(p.manifest.Size)
	}
	return n
}

// ReadAt reads within verified pieces, to serve them to others. The error has the
// code "gone" if a piece is not verified yet or the part is closed, and is io.EOF
// at the end of the content.
func (p *Part) ReadAt(b []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, netproto.Errorf(netproto.CodeGone, "the offset lies before the first piece")
	}
	want := b[:max(0, min(int64(len(b)), p.manifest.Size-offset))]
	size := netproto.PieceSize(p.manifest.Size)
	for i := offset / size; len(want) > 0 && i*size < offset+int64(len(want)); i++ {
		if !p.Has(int(i)) {
			return 0, netproto.Errorf(netproto.CodeGone, "piece %d is not here yet", i)
		}
	}
	n, err := p.file.ReadAt(want, offset)
	switch {
	case n < len(want) && errors.Is(err, fs.ErrClosed):
		return n, netproto.Errorf(netproto.CodeGone, "the part is closed: %w", err)
	case n < len(want):
		return n, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	case n < len(b):
		return n, io.EOF
	}
	return n, nil
}

var _ io.ReaderAt = (*Part)(nil)

// where returns the destination as a person knows it.
func (p *Part) where() string {
	return filepath.Join(p.root.Name(), filepath.FromSlash(p.dir))
}

func (p *Part) diskError(err error) error { return diskError(err, p.where()) }
