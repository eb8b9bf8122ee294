package index

import (
	"cmp"
	"slices"

	"centralizedp2p/netproto"
)

// segment is an immutable run in the order of netproto.SortSources, with
// everything that makes searches fast. The place of a version in it is its rank.
type segment struct {
	run
	online   int // how many versions, at the front, have an online source
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

// order returns the order of a sort, or nil if that is the order of the ranks.
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

// candidates yields in ascending order the ranks from first up to last,
// exclusive, that all lists contain, until yield returns false. Without lists it
// yields all of these ranks. It returns about how many entries of the lists it
// read.
func candidates(lists []postings, first, last int, yield func(rank int) bool) (read int) {
	if len(lists) == 0 {
		for rank := first; rank < last && yield(rank); rank++ {
		}
		return 0
	}
	for i := range lists {
		read += lists[i].left
	}
	defer func() {
		for i := range lists {
			read -= lists[i].left
		}
	}()
	// Reading one list after the other, instead of all of them rank by rank, is
	// easier on the branch predictor.
	var all, other window
	for base := first; base < last; base += windowRanks {
		least, ok := lists[0].seek(uint32(base))
		if !ok || int(least) >= last {
			return read
		}
		base = int(least)
		end := uint32(min(base+windowRanks, last))
		clear(all[:])
		lists[0].mark(least, end, &all)
		for i := 1; i < len(lists); i++ {
			clear(other[:])
			lists[i].mark(least, end, &other)
			for k := range all {
				all[k] &= other[k]
			}
		}
		more := true
		marks(all[:]).each(func(n int) bool {
			more = yield(base + n)
			return more
		})
		if !more {
			return read
		}
	}
	return read
}

// listsWorth says which lists are worth reading besides the shortest one: those
// at most this many times as long. Looking into a name costs more than reading
// that many ranks, but most searches end early.
const listsWorth = 4

// maxLists is how many lists of one segment are read: the shortest ones leave
// little for others to exclude.
const maxLists = 12

// choose returns the posting lists to read for names that have all grams of all
// terms: at most ofTerm lists of each term, the shortest first.
func (g *segment) choose(terms [][]uint32, ofTerm int) []postings {
	var lists []postings
	byLength := func(a, b postings) int { return cmp.Compare(a.left, b.left) }
	for _, grams := range terms {
		of := make([]postings, 0, len(grams))
		for _, gram := range grams {
			of = append(of, g.lists.list(gram))
		}
		slices.SortFunc(of, byLength)
		lists = append(lists, of[:min(len(of), ofTerm)]...)
	}
	slices.SortFunc(lists, byLength)
	lists = lists[:min(len(lists), maxLists)]
	for i := range lists {
		if lists[i].left > listsWorth*lists[0].left {
			return lists[:i]
		}
	}
	return lists
}
