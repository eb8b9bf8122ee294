package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"sync"

	"centralizedp2p/netproto"
)

// segment is a run that does not change, in the order of netproto.SortSources,
// with what makes searches fast. The place of a version in it is its rank.
type segment struct {
	run
	online   int // so many come first whose content has an online source
	byName   []uint32
	bySize   []uint32
	byNewest []uint32
	lists    gramLists
}

func (g *segment) bytes() int64 { return g.run.bytes() + int64(12*g.len()) + g.lists.bytes() }

// order is the ranks in the order of a sort; nil where they are in it already.
func (g *segment) order(sort netproto.Sort) []uint32 {
	switch sort {
	case netproto.SortName:
		return g.byName
	case netproto.SortSize:
		return g.bySize
	case netproto.SortNewest:
		return g.byNewest
	}
	return nil
}

// source is a version with its folded name.
type source struct {
	*version
	name []byte
}

// living is what has not died of some runs.
func living(runs ...*run) []source {
	n := 0
	for _, r := range runs {
		n += r.len()
	}
	all := make([]source, 0, n)
	for _, r := range runs {
		for i, v := range r.versions {
			if v.died.Load() == 0 {
				all = append(all, source{v, r.name(i)})
			}
		}
	}
	return all
}

// newSegment makes a segment; it gives up with nil when stop says so.
func newSegment(all []source, stop func() bool) *segment {
	g := &segment{}
	g.rank(all)
	var sorted sync.WaitGroup
	sorted.Go(func() {
		g.bySize = g.sorted(func(v *version) int64 { return -v.size })
		g.byNewest = g.sorted(func(v *version) int64 { return -v.content.added })
	})
	lists, ok := listGrams(&g.run, stop)
	sorted.Wait()
	if !ok {
		return nil
	}
	g.lists = lists
	return g
}

// rank puts the versions into their order.
func (g *segment) rank(all []source) {
	type key struct {
		first, second uint64 // of the name: what most comparisons end with
		i             uint32
	}
	keys := make([]key, len(all))
	size := 0
	for i, s := range all {
		keys[i] = key{prefixOf(s.name), prefixOf(s.name[min(len(s.name), 8):]), uint32(i)}
		size += len(s.name) + 1
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.first != b.first {
			return cmp.Compare(a.first, b.first)
		}
		if a.second != b.second {
			return cmp.Compare(a.second, b.second)
		}
		p, q := &all[a.i], &all[b.i]
		return cmp.Or(bytes.Compare(cut(p.name), cut(q.name)), bytes.Compare(p.content.hash[:], q.content.hash[:]))
	})
	ranks := make([]uint64, len(all)) // fewer sources, then place by name
	for i, k := range keys {
		ranks[i] = uint64(^all[k.i].online)<<32 | uint64(i)
	}
	slices.Sort(ranks)
	g.blob, g.ends, g.versions = make([]byte, 0, size), make([]uint32, len(all)), make([]*version, len(all))
	g.byName = make([]uint32, len(all))
	for rank, r := range ranks {
		place := uint32(r)
		s := &all[keys[place].i]
		g.byName[place] = uint32(rank)
		g.blob = append(append(g.blob, s.name...), '\n')
		g.ends[rank] = uint32(len(g.blob))
		g.versions[rank] = s.version
		if s.version.online > 0 {
			g.online++
		}
	}
}

// prefixOf is the first eight bytes of a text as a number that compares as
// they do.
func prefixOf(text []byte) uint64 {
	var first [8]byte
	copy(first[:], text)
	return binary.BigEndian.Uint64(first[:])
}

// sorted is the ranks by a number, then the hash.
func (g *segment) sorted(number func(*version) int64) []uint32 {
	type key struct {
		number int64
		hash   uint64 // its prefix: many numbers are equal
		rank   uint32
	}
	keys := make([]key, g.len())
	for i, v := range g.versions {
		keys[i] = key{number(v), prefixOf(v.content.hash[:]), uint32(i)}
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.number != b.number {
			return cmp.Compare(a.number, b.number)
		}
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return bytes.Compare(g.versions[a.rank].content.hash[:], g.versions[b.rank].content.hash[:])
	})
	ranks := make([]uint32, len(keys))
	for i, k := range keys {
		ranks[i] = k.rank
	}
	return ranks
}

// candidates yields, rising, the ranks from first to before last that all of
// the lists have, until it yields false. Without lists it yields all ranks.
func candidates(lists []postings, first, last int, yield func(rank int) bool) {
	if len(lists) == 0 {
		for rank := first; rank < last && yield(rank); rank++ {
		}
		return
	}
	least := uint32(first)
next:
	for {
		at, ok := lists[0].seek(least)
		if !ok || int(at) >= last {
			return
		}
		for i := 1; i < len(lists); i++ {
			other, ok := lists[i].seek(at)
			if !ok {
				return
			}
			if other > at {
				least = other
				continue next
			}
		}
		if !yield(int(at)) {
			return
		}
		least = at + 1
	}
}

// A list is worth reading beside one that is listsWorth times as short at the
// most: to look into a name costs about as much as to read so many ranks.
const (
	listsOfTerm = 3
	listsWorth  = 24
)

// choose is the posting lists to read for names that have all grams of all
// terms, the shortest first.
func (g *segment) choose(terms [][]uint32) []postings {
	var lists []postings
	for _, grams := range terms {
		of := make([]postings, 0, len(grams))
		for _, gram := range grams {
			of = append(of, g.lists.list(gram))
		}
		slices.SortFunc(of, func(a, b postings) int { return cmp.Compare(a.left, b.left) })
		lists = append(lists, of[:min(len(of), listsOfTerm)]...)
	}
	slices.SortFunc(lists, func(a, b postings) int { return cmp.Compare(a.left, b.left) })
	for i := range lists {
		if lists[i].left > listsWorth*lists[0].left {
			return lists[:i]
		}
	}
	return lists
}
