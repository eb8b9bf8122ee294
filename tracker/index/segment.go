package index

import (
	"cmp"
	"slices"

	"centralizedp2p/netproto"
)

// segment is a run that does not change, in the order of netproto.SortSources,
// with what makes searches fast. The place of a version in it is its rank.
type segment struct {
	run
	online   int // so many come first whose content has an online source
	byName   order
	bySize   order
	byNewest order
	lists    gramLists
}

// order is another order of a segment.
type order struct {
	ranks  []uint32 // by place in the order
	places []uint32 // by rank
}

func newOrder(ranks []uint32) order {
	o := order{ranks, make([]uint32, len(ranks))}
	for place, rank := range ranks {
		o.places[rank] = uint32(place)
	}
	return o
}

func (g *segment) bytes() int64 { return g.run.bytes() + int64(24*g.len()) + g.lists.bytes() }

// order is that of a sort; nil for the order of the ranks.
func (g *segment) order(sort netproto.Sort) *order {
	switch sort {
	case netproto.SortName:
		return &g.byName
	case netproto.SortSize:
		return &g.bySize
	case netproto.SortNewest:
		return &g.byNewest
	}
	return nil
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
