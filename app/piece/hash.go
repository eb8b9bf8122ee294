package piece

import (
	"context"
	"io"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
)

// readSize is how much is read and hashed at a time: it stays in the cache
// between the two.
const readSize = 256 << 10

// Hash reads a content of size bytes and makes its manifest, with as many
// pieces at once as there are processors. progress, if not nil, is called
// from several goroutines with the number of bytes just hashed.
func Hash(ctx context.Context, r io.ReaderAt, size int64, progress func(n int)) (*Manifest, error) {
	return HashWith(ctx, r, size, runtime.GOMAXPROCS(0), progress)
}

// HashWith is Hash with at most so many pieces at once, each of which takes a
// buffer of 256 KiB.
func HashWith(ctx context.Context, r io.ReaderAt, size int64, atOnce int, progress func(n int)) (*Manifest, error) {
	m := &Manifest{Size: size}
	count := m.Pieces()
	if count == 1 {
		h, err := hashPiece(ctx, r, 0, size, NewBuffer(min(readSize, max(size, 1))), progress)
		if err != nil {
			return nil, err
		}
		m.Hash = h.Root()
		return m, nil
	}
	m.CVs = make([]CV, count)
	var next atomic.Int64
	workers, ctx := errgroup.WithContext(ctx)
	for range min(max(atOnce, 1), count) {
		workers.Go(func() error {
			buf := NewBuffer(readSize)
			for {
				i := int(next.Add(1)) - 1
				if i >= count {
					return nil
				}
				h, err := hashPiece(ctx, r, m.Offset(i), m.Length(i), buf, progress)
				if err != nil {
					return err
				}
				m.CVs[i] = h.CV()
			}
		})
	}
	if err := workers.Wait(); err != nil {
		return nil, err
	}
	m.Hash = fold(m.CVs)
	return m, nil
}

// Spot hashes the first piece, the last one and one between them, and tells
// whether r has the right bytes there.
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

// hashPiece hashes length bytes from offset; fewer in the file are an error.
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
