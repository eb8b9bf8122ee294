package piece

import "math/bits"

// Bits is a set of pieces, most significant bit first, as in a have frame.
type Bits []byte

// NewBits returns an empty set for n pieces.
func NewBits(n int) Bits { return make(Bits, (n+7)/8) }

// AllBits returns the full set of n pieces.
func AllBits(n int) Bits {
	b := NewBits(n)
	for i := range b {
		b[i] = 0xff
	}
	if n%8 != 0 {
		b[len(b)-1] = 0xff << (8 - n%8)
	}
	return b
}

// Has reports whether a piece is in the set. Any index is allowed.
func (b Bits) Has(i int) bool { return i >= 0 && i/8 < len(b) && b[i/8]&(0x80>>(i%8)) != 0 }

// Set adds a piece.
func (b Bits) Set(i int) { b[i/8] |= 0x80 >> (i % 8) }

// Clear removes a piece.
func (b Bits) Clear(i int) { b[i/8] &^= 0x80 >> (i % 8) }

// Count returns the number of pieces in the set.
func (b Bits) Count() int {
	n := 0
	for _, v := range b {
		n += bits.OnesCount8(v)
	}
	return n
}
