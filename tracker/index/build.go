package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"golang.org/x/sync/errgroup"
)

// fact holds what orders and kinds are derived from. It is read from a version
// once, because a version may be anywhere in memory.
type fact struct {
	size, added int64
	hash        uint64 // its prefix
	online      uint32
	kind        uint32 // its gram
}

func factOf(v *version) fact {
	return fact{v.size, v.content.added, prefixOf(v.content.hash[:]), v.online, v.class.Value().gram}
}

// prefixOf returns the first eight bytes of a text as a number that compares as
// they do.
func prefixOf(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.BigEndian.Uint64(text)
	}
	var first [8]byte
	copy(first[:], text)
	return binary.BigEndian.Uint64(first[:])
}

// descending maps n so that larger values sort first.
func descending(n int64) uint64 { return ^uint64(n) ^ 1<<63 }

// newSegment makes a segment of what lives in a run, with that many workers.
func newSegment(r *run, workers int) *segment {
	b := builder{segment: &segment{}, from: r.living()}
	b.facts = make([]fact, b.from.len())
	for i, v := range b.from.versions {
		b.facts[i] = factOf(v)
	}
	var byName, bySize, byNewest []uint32
	inParallel(workers,
		func() { byName = b.namesInOrder() },
		func() { bySize = b.numbersInOrder(func(f *fact) uint64 { return descending(f.size) }) },
		func() { byNewest = b.numbersInOrder(func(f *fact) uint64 { return descending(f.added) }) })
	b.rank(byName)
	b.byName, b.bySize, b.byNewest = b.ordered(byName), b.ordered(bySize), b.ordered(byNewest)
	b.lists = listGrams(&b.run, b.kinds, workers)
	return b.segment
}

// inParallel runs the steps, as many at a time as there are workers.
func inParallel(workers int, steps ...func()) {
	var group errgroup.Group
	group.SetLimit(workers)
	for _, step := range steps {
		group.Go(func() error {
			step()
			return nil
		})
	}
	group.Wait() // no step fails
}

// builder makes a segment from a run in which nothing is dead.
type builder struct {
	*segment
	from  *run
	facts []fact   // by place in the run
	ranks []uint32 // by place in the run
	kinds []uint32 // grams, by rank
}

// namesInOrder returns the places in the run, ordered by name.
func (b *builder) namesInOrder() []uint32 {
	type key struct {
		first, second uint64 // the start of the name, which decides most comparisons
		place         uint32
	}
	keys := make([]key, b.from.len())
	for i := range keys {
		name := b.from.name(i)
		keys[i] = key{prefixOf(name), prefixOf(name[min(len(name), 8):]), uint32(i)}
	}
	slices.SortFunc(keys, func(a, c key) int {
		if a.first != c.first {
			return cmp.Compare(a.first, c.first)
		}
		if a.second != c.second {
			return cmp.Compare(a.second, c.second)
		}
		return compareNames(b.from, int(a.place), b.from, int(c.place))
	})
	places := make([]uint32, len(keys))
	for i, k := range keys {
		places[i] = k.place
	}
	return places
}

// compareNames compares two versions by name, then hash.
func compareNames(r *run, i int, s *run, k int) int {
	return cmp.Or(bytes.Compare(cut(r.name(i)), cut(s.name(k))), bytes.Compare(r.versions[i].content.hash[:], s.versions[k].content.hash[:]))
}

// numbersInOrder returns the places in the run, ordered by a number, then by hash.
func (b *builder) numbersInOrder(number func(*fact) uint64) []uint32 {
	type key struct {
		number, hash uint64
		place        uint32
	}
	keys := make([]key, len(b.facts))
	for i := range b.facts {
		keys[i] = key{number(&b.facts[i]), b.facts[i].hash, uint32(i)}
	}
	slices.SortFunc(keys, func(a, c key) int {
		if a.number != c.number {
			return cmp.Compare(a.number, c.number)
		}
		if a.hash != c.hash {
			return cmp.Compare(a.hash, c.hash)
		}
		return bytes.Compare(b.from.versions[a.place].content.hash[:], b.from.versions[c.place].content.hash[:])
	})
	places := make([]uint32, len(keys))
	for i, k := range keys {
		places[i] = k.place
	}
	return places
}

// rank puts all versions into the order of sources, then name.
func (b *builder) rank(byName []uint32) {
	order := make([]uint64, len(byName)) // fewer sources, then place by name
	for i, place := range byName {
		order[i] = uint64(^b.facts[place].online)<<32 | uint64(i)
	}
	slices.Sort(order)
	b.run = newRun(len(order), len(b.from.blob))
	b.ranks, b.kinds = make([]uint32, len(order)), make([]uint32, len(order))
	for rank, o := range order {
		place := byName[uint32(o)]
		b.ranks[place], b.kinds[rank] = uint32(rank), b.facts[place].kind
		b.take(b.from, int(place), b.facts[place].online)
	}
}

// ordered turns places in the run into an order.
func (b *builder) ordered(places []uint32) order {
	for i, place := range places {
		places[i] = b.ranks[place]
	}
	return newOrder(places)
}

// take appends a version of a run as the next in rank.
func (g *segment) take(from *run, i int, online uint32) {
	g.run.take(from, i)
	if online > 0 {
		g.online++
	}
}
