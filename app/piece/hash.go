package piece

import (
	"context"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
)

// readSize is how many bytes are read and hashed at a time: they stay in the
// processor's cache between the two.
const readSize = 256 << 10

// Hash reads a content of size bytes and returns its manifest. It hashes as many
// pieces at once as there are processors. progress, if not nil, is called from
// several goroutines with the number of bytes just hashed.
func Hash(ctx context.Context, r io.ReaderAt, size int64, progress func(n int)) (*Manifest, error) {
	return hashing{atOnce: runtime.GOMAXPROCS(0), progress: progress}.of(ctx, r, size)
}

// HashBytes returns the hash of a content of one piece.
func HashBytes(content []byte) netproto.ContentHash {
	h := Hasher{}
	h.Write(content)
	return h.Root()
}

// Memory knows the first pieces of a file from an earlier hashing that was
// interrupted. Pieces are hashed independently, so those need not be read again.
type Memory interface {
	// Known returns the chaining values that Done received last, if the file was in
	// exactly this state then, and none otherwise. If there are more of them than
	// the file has pieces, all are ignored.
	Known(state State) []CV
	// Done receives the chaining values of the first pieces, the known ones
	// included, each time that there are more of them. Nobody writes to the slice
	// afterwards. There is one call at a time, and hashing waits for it.
	Done(first []CV)
}

// hashing says how a content is hashed.
type hashing struct {
	atOnce   int              // pieces; each takes a buffer of 256 KiB
	known    []CV             // of the first pieces, which are not read
	done     func(first []CV) // if not nil: as [Memory] has it
	progress func(n int)      // if not nil: as [Hash] has it
}

func (how hashing) of(ctx context.Context, r io.ReaderAt, size int64) (*Manifest, error) {
	m := &Manifest{Size: size}
	count := m.Pieces()
	if count == 1 {
		h, err := hashPiece(ctx, r, 0, size, NewBuffer(min(readSize, max(size, 1))), how.progress)
		if err != nil {
			return nil, err
		}
		m.Hash = h.Root()
		return m, nil
	}
	if len(how.known) > count {
		how.known = nil
	}
	m.CVs = make([]CV, count)
	row := row{cvs: m.CVs, there: NewBits(count), first: copy(m.CVs, how.known), tell: how.done}
	var next atomic.Int64
	next.Store(int64(row.first))
	workers, ctx := errgroup.WithContext(ctx)
	for range min(max(how.atOnce, 1), count-row.first) {
		workers.Go(func() error {
			buf := NewBuffer(readSize)
			for {
				i := int(next.Add(1)) - 1
				if i >= count {
					return nil
				}
				h, err := hashPiece(ctx, r, m.Offset(i), m.Length(i), buf, how.progress)
				if err != nil {
					return err
				}
				row.put(i, h.CV())
			}
		})
	}
	if err := workers.Wait(); err != nil {
		return nil, err
	}
	m.Hash = fold(m.CVs)
	return m, nil
}

// row collects chaining values that come almost in order, and reports those that
// have no gap before them.
type row struct {
	tell func(first []CV) // may be nil

	mu    sync.Mutex
	cvs   []CV
	there Bits // those that were put
	first int  // how many are done without a gap
}

func (r *row) put(i int, cv CV) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cvs[i] = cv
	r.there.Set(i)
	if i != r.first {
		return
	}
	for r.there.Has(r.first) {
		r.first++
	}
	if r.tell != nil {
		r.tell(r.cvs[:r.first:r.first])
	}
}

// Spot reports whether r has the right bytes in the first piece, the last one and
// one between them.
func (m *Manifest) Spot(ctx context.Context, r io.ReaderAt) bool {
	count := m.Pieces()
	for _, i := range slices.Compact([]int{0, count / 2, count - 1}) {
		h, err := hashPiece(ctx, r, m.Offset(i), m.Length(i), NewBuffer(readSize), nil)
		if err != nil || !m.right(i, h) {
			return false
		}
	}
	return true
}

// hashPiece hashes length bytes from offset. If r ends before, the error has the
// code "file-changed".
func hashPiece(ctx context.Context, r io.ReaderAt, offset, length int64, buf []byte, progress func(n int)) (*Hasher, error) {
	h := NewHasher(offset)
	for end := offset + length; offset < end; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := r.ReadAt(buf[:min(int64(len(buf)), end-offset)], offset)
		h.Write(buf[:n])
		offset += int64(n)
		if err != nil && offset < end {
			if err == io.EOF {
				return nil, &netproto.Error{Code: netproto.CodeFileChanged, Cause: io.ErrUnexpectedEOF}
			}
			return nil, err
		}
		if progress != nil {
			progress(n)
		}
	}
	return h, nil
}
