// Package piece is bytes on disk: the hash tree with which every piece can be
// verified alone, the file in which a download grows, and the file from which a
// share is read. It knows no sockets.
package piece

import (
	"errors"
	"fmt"
	"sync"

	"lukechampine.com/blake3/guts"

	"centralizedp2p/netproto"
)

// groupSize is how many bytes BLAKE3 hashes at once with the widest vectors:
// 16 KiB.
const groupSize = guts.MaxSIMD * guts.ChunkSize

type group = [groupSize]byte

// groups holds buffers for the ends of pieces and for bytes that come in odd
// portions.
var groups = sync.Pool{New: func() any { return new(group) }}

// CV is the chaining value of a piece: the node of the hash tree above it.
type CV = [32]byte

// Hasher computes the chaining value of one piece while its bytes come in
// order. Bytes that come in multiples of 16 KiB are hashed without a copy.
type Hasher struct {
	counter uint64    // of the chunk after the last group taken
	buf     *group    // an incomplete group, or nil
	n       int       // bytes in buf
	last    guts.Node // of the newest complete group, not yet on the stack
	some    bool      // last is set
	count   uint64    // of groups on the stack
	stack   [][8]uint32
}

// NewHasher returns a Hasher for the piece that begins at offset, in bytes of the
// content.
func NewHasher(offset int64) *Hasher {
	return &Hasher{counter: uint64(offset) / guts.ChunkSize}
}

// Write takes the next bytes of the piece; it never fails.
func (h *Hasher) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		if h.n == 0 && len(p) >= groupSize {
			h.take((*group)(p), groupSize)
			p = p[groupSize:]
			continue
		}
		if h.buf == nil {
			h.buf = groups.Get().(*group)
		}
		c := copy(h.buf[h.n:], p)
		h.n += c
		p = p[c:]
		if h.n == groupSize {
			h.take(h.buf, groupSize)
			h.n = 0
		}
	}
	return total, nil
}

// take adds a group; the one before it is now known not to be the last.
func (h *Hasher) take(buf *group, n int) {
	if h.some {
		h.push(guts.ChainingValue(h.last))
	}
	h.last = guts.CompressBuffer(buf, n, &guts.IV, h.counter, 0)
	h.some = true
	h.counter += uint64(n+guts.ChunkSize-1) / guts.ChunkSize
}

func (h *Hasher) push(cv [8]uint32) {
	h.count++
	for n := h.count; n&1 == 0; n >>= 1 {
		top := len(h.stack) - 1
		cv = guts.ChainingValue(guts.ParentNode(h.stack[top], cv, &guts.IV, 0))
		h.stack = h.stack[:top]
	}
	h.stack = append(h.stack, cv)
}

// node returns the top of the tree; nothing may be written afterwards.
func (h *Hasher) node() guts.Node {
	if h.buf == nil && !h.some {
		h.buf = groups.Get().(*group)
	}
	if h.n > 0 || !h.some {
		h.take(h.buf, h.n)
		h.n = 0
	}
	if h.buf != nil {
		groups.Put(h.buf)
		h.buf = nil
	}
	node := h.last
	for i := len(h.stack) - 1; i >= 0; i-- {
		node = guts.ParentNode(h.stack[i], guts.ChainingValue(node), &guts.IV, 0)
	}
	return node
}

// CV ends the piece and returns its chaining value.
func (h *Hasher) CV() CV {
	return cvBytes(guts.ChainingValue(h.node()))
}

// Root ends a piece that is the whole content, and returns its hash.
func (h *Hasher) Root() netproto.ContentHash { return root(h.node()) }

func root(node guts.Node) netproto.ContentHash {
	node.Flags |= guts.FlagRoot
	out := guts.WordsToBytes(guts.CompressNode(node))
	return netproto.ContentHash(out[:32])
}

func cvBytes(words [8]uint32) CV {
	var wide [16]uint32
	copy(wide[:], words[:])
	out := guts.WordsToBytes(wide)
	return CV(out[:32])
}

func cvWords(cv CV) [8]uint32 {
	var wide [64]byte
	copy(wide[:], cv[:])
	words := guts.BytesToWords(wide)
	return [8]uint32(words[:8])
}

// Manifest holds what each piece of a content is verified with.
type Manifest struct {
	Hash netproto.ContentHash
	Size int64 // bytes
	CVs  []CV  // one for each piece; none if there is one piece, which Hash verifies
}

// ErrManifest is returned for a manifest that does not fold to its hash.
var ErrManifest = errors.New("the manifest does not belong to the content")

// Check folds the chaining values and compares the result with the hash. A
// manifest of one piece has nothing to fold: its only piece will be checked.
func (m *Manifest) Check() error {
	if m.Size < 0 || m.Size > netproto.MaxContentSize {
		return fmt.Errorf("%w: a size of %d bytes", ErrManifest, m.Size)
	}
	count := m.Pieces()
	if count == 1 && len(m.CVs) == 0 {
		return nil
	}
	if count == 1 || len(m.CVs) != count {
		return fmt.Errorf("%w: %d hashes for %d pieces", ErrManifest, len(m.CVs), count)
	}
	if fold(m.CVs) != m.Hash {
		return ErrManifest
	}
	return nil
}

// fold returns the hash of the content whose pieces, two or more, have these
// chaining values.
func fold(cvs []CV) netproto.ContentHash {
	last := len(cvs) - 1
	var tree Hasher // only its stack: the pieces are equal subtrees
	for _, cv := range cvs[:last] {
		tree.push(cvWords(cv))
	}
	right := cvWords(cvs[last])
	for i := len(tree.stack) - 1; i > 0; i-- {
		right = guts.ChainingValue(guts.ParentNode(tree.stack[i], right, &guts.IV, 0))
	}
	return root(guts.ParentNode(tree.stack[0], right, &guts.IV, 0))
}

// Pieces returns the number of pieces.
func (m *Manifest) Pieces() int { return netproto.PieceCount(m.Size) }

// Offset returns where a piece begins in the content, in bytes.
func (m *Manifest) Offset(index int) int64 { return int64(index) * netproto.PieceSize(m.Size) }

// Length returns the number of bytes in a piece.
func (m *Manifest) Length(index int) int64 { return netproto.PieceLength(m.Size, index) }

// right reports whether a hasher that took a whole piece took the right bytes.
func (m *Manifest) right(index int, h *Hasher) bool {
	if len(m.CVs) == 0 {
		return h.Root() == m.Hash
	}
	return h.CV() == m.CVs[index]
}
