package memory

import (
	"hash/maphash"
	"math/bits"

	"centralizedp2p/netproto"
)

// table finds things by the hash of the content that they are about, which they know
// themselves: a map would keep each hash again and take five times the memory. The zero
// value of T is no thing. Whoever asks which contents there are can choose their hashes,
// but not their slots: these depend on a seed.
type table[T comparable] struct {
	hashOf func(T) netproto.ContentHash
	slots  []T // a thing is in the first free slot from its own on
	used   int
}

var slotSeed = maphash.MakeSeed()

// slot returns the slot of a hash. Slots rise with what the seed makes of hashes, so
// that a table that grows is copied from its start to its end.
func (t *table[T]) slot(hash netproto.ContentHash) int {
	slot, _ := bits.Mul64(maphash.Bytes(slotSeed, hash[:]), uint64(len(t.slots)))
	return int(slot)
}

func (t *table[T]) after(slot int) int {
	if slot++; slot < len(t.slots) {
		return slot
	}
	return 0
}

// find returns the thing of a hash, or the zero value.
func (t *table[T]) find(hash netproto.ContentHash) (found T) {
	if t.used == 0 {
		return found
	}
	var none T
	for i := t.slot(hash); t.slots[i] != none; i = t.after(i) {
		if t.hashOf(t.slots[i]) == hash {
			return t.slots[i]
		}
	}
	return none
}

// add adds a thing whose hash no other has.
func (t *table[T]) add(thing T) {
	t.slots = t.grown(1)
	t.used++
	t.put(thing)
}

func (t *table[T]) put(thing T) {
	var none T
	i := t.slot(t.hashOf(thing))
	for t.slots[i] != none {
		i = t.after(i)
	}
	t.slots[i] = thing
}

// grown returns slots that have room for n more things: a copy if they are too few. A
// third stays free, so that a free slot is never far.
func (t *table[T]) grown(n int) []T {
	if n += t.used; n <= len(t.slots)/3*2 {
		return t.slots
	}
	more := table[T]{hashOf: t.hashOf, slots: make([]T, max(n, t.used/2*3)/2*3+6)}
	var none T
	for _, thing := range t.slots {
		if thing != none {
			more.put(thing)
		}
	}
	return more.slots
}

// change puts another thing of the same hash into the place of one that is there.
func (t *table[T]) change(hash netproto.ContentHash, from, to T) {
	i := t.slot(hash)
	for t.slots[i] != from {
		i = t.after(i)
	}
	t.slots[i] = to
}

// remove removes a thing. Those behind it move up, as far as they may.
func (t *table[T]) remove(thing T) {
	free := t.slot(t.hashOf(thing))
	for t.slots[free] != thing {
		free = t.after(free)
	}
	var none T
	for i := t.after(free); t.slots[i] != none; i = t.after(i) {
		// It may stay if its own slot lies behind the free one, up to i, going round.
		own := t.slot(t.hashOf(t.slots[i]))
		if free < i && free < own && own <= i || i < free && (own <= i || free < own) {
			continue
		}
		t.slots[free], free = t.slots[i], i
	}
	t.slots[free] = none
	t.used--
}

// few are things that mostly are one. None of them is the zero value.
type few[T comparable] struct {
	one  [1]T
	more *[]T // instead of one
}

// all returns them; it may be changed in place.
func (f *few[T]) all() []T {
	var none T
	switch {
	case f.more != nil:
		return *f.more
	case f.one[0] == none:
		return nil
	}
	return f.one[:]
}

func (f *few[T]) add(thing T) {
	all := f.all()
	if f.more == nil && len(all) == 0 {
		f.one[0] = thing
		return
	}
	all = append(all, thing)
	*f = few[T]{more: &all}
}

// cut keeps the first n and clears the others.
func (f *few[T]) cut(n int) {
	all := f.all()
	clear(all[n:])
	if f.more != nil {
		*f.more = all[:n]
	}
}
