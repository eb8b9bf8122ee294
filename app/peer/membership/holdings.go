package membership

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"iter"
	"math/bits"
	"unique"

	"centralizedp2p/netproto"
)

// held is a [netproto.Resource]. There may be a million.
type held struct {
	hash                 netproto.ContentHash
	name                 string
	mime                 unique.Handle[string] // none in a free place
	size                 int64
	md5                  [md5.Size]byte
	small                bool // it has an MD5
	folder, part, hidden bool

	next uint32 // the number of one whose hash begins in the same way, or of the next free place
}

func heldOf(r *netproto.Resource) held {
	h := held{hash: r.Hash, name: r.Name, mime: unique.Make(r.MIME), size: r.Size, folder: r.Folder, part: r.Part, hidden: r.Hidden}
	h.md5, h.small = netproto.ParseMD5(r.MD5)
	return h
}

func (h *held) resource() netproto.Resource {
	r := netproto.Resource{Hash: h.hash, Size: h.size, Name: h.name, MIME: h.mime.Value(), Folder: h.folder, Part: h.part, Hidden: h.hidden}
	if h.small {
		r.MD5 = hex.EncodeToString(h.md5[:])
	}
	return r
}

// says reports whether h is announced as a resource of other would be.
func (h *held) says(other held) bool {
	other.next = h.next
	return *h == other
}

// holdings are resources by their hash. Each has a number, from 1, until it is dropped: what
// a tracker does not know of a million takes one bit each. A map of them would take twice
// their memory.
type holdings struct {
	rows  [][]held          // of rowLength
	first map[uint64]uint32 // the number of one, by the beginning of its hash
	free  uint32            // the number of a place that was given up; 0 = none
	used  uint32            // numbers that were given out so far
	count int
}

// rowLength holdings fill whole pages of memory.
const rowLength = 1024

func (hs *holdings) at(n uint32) *held { return &hs.rows[(n-1)/rowLength][(n-1)%rowLength] }

// find returns the number of a resource; 0 if there is none.
func (hs *holdings) find(hash netproto.ContentHash) uint32 {
	n := hs.first[beginning(hash)]
	for n != 0 && hs.at(n).hash != hash {
		n = hs.at(n).next
	}
	return n
}

// put adds a resource that is not there yet, and returns its number.
func (hs *holdings) put(h held) uint32 {
	n := hs.free
	if n != 0 {
		hs.free = hs.at(n).next
	} else {
		if int(hs.used) == len(hs.rows)*rowLength {
			hs.rows = append(hs.rows, make([]held, rowLength))
		}
		hs.used++
		n = hs.used
	}
	key := beginning(h.hash)
	h.next = hs.first[key]
	hs.first[key] = n
	*hs.at(n) = h
	hs.count++
	return n
}

// drop removes a resource. Its number may be that of another one afterwards.
func (hs *holdings) drop(n uint32) {
	h := hs.at(n)
	switch before := hs.first[beginning(h.hash)]; {
	case before != n:
		for hs.at(before).next != n {
			before = hs.at(before).next
		}
		hs.at(before).next = h.next
	case h.next != 0:
		hs.first[beginning(h.hash)] = h.next
	default:
		delete(hs.first, beginning(h.hash))
	}
	*h = held{next: hs.free}
	hs.free = n
	hs.count--
}

// all are the numbers of all resources.
func (hs *holdings) all() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for n := uint32(1); n <= hs.used; n++ {
			if hs.at(n).mime != (unique.Handle[string]{}) && !yield(n) {
				return
			}
		}
	}
}

// beginning is the first eight bytes of a hash, which nearly always stand for the whole.
func beginning(hash netproto.ContentHash) uint64 { return binary.LittleEndian.Uint64(hash[:]) }

// marks are a set of numbers.
type marks struct {
	words []uint64
	count int
}

func (m *marks) has(n uint32) bool {
	return int(n/64) < len(m.words) && m.words[n/64]>>(n%64)&1 != 0
}

func (m *marks) set(n uint32) {
	if m.has(n) {
		return
	}
	if more := int(n/64) + 1 - len(m.words); more > 0 {
		m.words = append(m.words, make([]uint64, more)...)
	}
	m.words[n/64] |= 1 << (n % 64)
	m.count++
}

func (m *marks) unset(n uint32) {
	if m.has(n) {
		m.words[n/64] &^= 1 << (n % 64)
		m.count--
	}
}

func (m *marks) clear() { *m = marks{} }

// all are the numbers in their order.
func (m *marks) all() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i, word := range m.words {
			for ; word != 0; word &= word - 1 {
				if !yield(uint32(64*i + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}
