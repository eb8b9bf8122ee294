package index

import "sort"

// Costs of looking into a name and of finding the place of a rank in an order.
// Both are somewhere in memory. The unit is the cost of reading the next
// rank of a list or an order.
const (
	costOfLook  = 50
	costOfPlace = 8
)

// candidates is the function of that name, and counts what it reads.
func (s *search) candidates(lists []postings, first, last int, yield func(rank int) bool) {
	s.spent += candidates(lists, first, last, yield) / readsOfLook
}

// inOrder looks for hits in the places of an order from first up to end,
// exclusive. Frequent terms are soon found there. For others the candidates are
// marked first; if these are few, their places are marked too.
func (s *search) inOrder(g *segment, o *order, first, end int, lists []postings, few int) {
	places := o.ranks[:max(first, end)][first:]
	if len(lists) == 0 {
		s.eachOf(g, places, nil)
		return
	}
	looks := min(len(places), 2*s.limit*g.len()/few) // until the page is full, most likely
	if looks*costOfLook < few+looks {
		if s.eachOf(g, places[:looks], nil) {
			return
		}
		first, places = first+looks, places[looks:]
	}
	if len(places) == 0 {
		return
	}
	marked := newMarks(g.len())
	defer marked.free()
	s.candidates(lists, 0, g.len(), func(rank int) bool {
		marked.set(rank)
		return true
	})
	if few*costOfPlace > looks {
		s.eachOf(g, places, marked)
		return
	}
	byPlace := newMarks(g.len())
	defer byPlace.free()
	marked.each(func(rank int) bool {
		if place := int(o.places[rank]); place >= first && place < end {
			byPlace.set(place)
		}
		return true
	})
	byPlace.each(func(place int) bool {
		rank := o.ranks[place]
		return !s.offer(g.versions[rank], g.name(int(rank)))
	})
}

// inReverse is inOrder from the last place to the first. Without an order the ranks are
// the places.
func (s *search) inReverse(g *segment, o *order, first, end int, lists []postings, few int) {
	down := func(from, to int, marked marks) (done bool) {
		for place := from - 1; place >= to; place-- {
			rank := place
			if o != nil {
				rank = int(o.ranks[place])
			}
			if (marked == nil || marked.has(rank)) && s.offer(g.versions[rank], g.name(rank)) {
				return true
			}
		}
		return false
	}
	if len(lists) == 0 {
		down(end, first, nil)
		return
	}
	looks := min(max(end-first, 0), 2*s.limit*g.len()/few)
	if looks*costOfLook < few+looks {
		if down(end, end-looks, nil) {
			return
		}
		end -= looks
	}
	if end <= first {
		return
	}
	marked := newMarks(g.len())
	defer marked.free()
	s.candidates(lists, 0, g.len(), func(rank int) bool {
		marked.set(rank)
		return true
	})
	if o != nil && few*costOfPlace > looks {
		down(end, first, marked)
		return
	}
	byPlace := marked
	if o != nil {
		byPlace = newMarks(g.len())
		defer byPlace.free()
		marked.each(func(rank int) bool {
			byPlace.set(int(o.places[rank]))
			return true
		})
	}
	byPlace.eachDown(func(place int) bool {
		if place >= end || place < first {
			return place >= first
		}
		rank := place
		if o != nil {
			rank = int(o.ranks[place])
		}
		return !s.offer(g.versions[rank], g.name(rank))
	})
}

// eachOf offers the names of the ranks until the page is full or the walk ends. If
// marked is not nil, it skips ranks that are not marked.
func (s *search) eachOf(g *segment, ranks []uint32, marked marks) (done bool) {
	for _, rank := range ranks {
		if marked != nil && !marked.has(int(rank)) {
			continue
		}
		if s.offer(g.versions[rank], g.name(int(rank))) {
			return true
		}
	}
	return false
}

// sized returns the range of places, first up to end, exclusive, in the order by
// size whose sizes fit.
func (s *search) sized(g *segment) (first, end int) {
	fits := g.bySize.ranks // the largest first
	end = len(fits)
	if s.maxSize >= 0 {
		first = sort.Search(end, func(i int) bool { return g.versions[fits[i]].size <= s.maxSize })
	}
	if s.minSize > 0 {
		end = first + sort.Search(end-first, func(i int) bool { return g.versions[fits[first+i]].size < s.minSize })
	}
	return first, end
}

// dated returns the range of places in the order by time whose times fit.
func (s *search) dated(g *segment) (first, end int) {
	fits := g.byNewest.ranks // the newest first
	end = len(fits)
	if !s.condition.dated() {
		return 0, end
	}
	first = sort.Search(end, func(i int) bool { return g.versions[fits[i]].content.added < s.until })
	end = first + sort.Search(end-first, func(i int) bool { return g.versions[fits[first+i]].content.added < s.since })
	return first, end
}

// first returns the place in an order at which the page can start.
func (s *search) first(g *segment, o *order) int {
	if s.after == nil {
		return 0
	}
	return sort.Search(g.len(), func(i int) bool {
		rank := i
		if o != nil {
			rank = int(o.ranks[i])
		}
		at := placeOf(s.sort, g.versions[rank], g.name(rank))
		return at.compare(s.after) > 0
	})
}

// end returns the place in an order before which a page in reverse can start.
func (s *search) end(g *segment, o *order) int {
	if s.after == nil {
		return g.len()
	}
	return sort.Search(g.len(), func(i int) bool {
		rank := i
		if o != nil {
			rank = int(o.ranks[i])
		}
		at := placeOf(s.sort, g.versions[rank], g.name(rank))
		return at.compare(s.after) >= 0
	})
}
