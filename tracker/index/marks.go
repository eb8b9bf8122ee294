package index

import (
	"math/bits"
	"slices"
	"sync"
)

// marks is a set of small numbers.
type marks []uint64

// markRooms holds memory for marks, all of it cleared.
var markRooms = sync.Pool{New: func() any { return new(marks) }}

// newMarks returns an empty set for numbers below n. The caller must free it.
func newMarks(n int) marks {
	room := markRooms.Get().(*marks)
	return slices.Grow((*room)[:0], n/64+1)[:n/64+1]
}

func (m marks) free() {
	clear(m)
	markRooms.Put(&m)
}

func (m marks) set(n int)      { m[n/64] |= 1 << (n % 64) }
func (m marks) has(n int) bool { return m[n/64]&(1<<(n%64)) != 0 }

// eachDown yields the numbers in descending order until yield returns false.
func (m marks) eachDown(yield func(n int) bool) {
	for i := len(m) - 1; i >= 0; i-- {
		for word := m[i]; word != 0; {
			top := bits.Len64(word) - 1
			if word &^= 1 << top; !yield(64*i + top) {
				return
			}
		}
	}
}

// each yields the numbers in ascending order until yield returns false.
func (m marks) each(yield func(n int) bool) {
	for i, word := range m {
		for ; word != 0; word &= word - 1 {
			if !yield(64*i + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}
