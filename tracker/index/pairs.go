package index

import (
	"slices"
	"sync"
)

// A pair is a gram and, in the lower 32 bits, the rank of a name that has it.
// Sorting pairs takes a fraction of the time of looking up a list for each.
const (
	pairDigit  = 12 // bits of a gram that are sorted at a time; a gram has two such digits
	pairDigits = 1 << pairDigit

	// pairNames is how many names are listed at a time: few enough for their
	// pairs to fit into the processor's caches.
	pairNames = 1 << 14
)

// pairRoom is reusable memory for pairs.
type pairRoom struct{ pairs, sorted []uint64 }

var pairRooms = sync.Pool{New: func() any { return new(pairRoom) }}

// listGrams makes the posting lists of a run; kinds holds a gram per rank.
func listGrams(r *run, kinds []uint32, workers int) gramLists {
	parts := make([]*listWriter, (r.len()+pairNames-1)/pairNames)
	steps := make([]func(), len(parts))
	for n := range steps {
		steps[n] = func() { parts[n] = listSome(r, kinds, n*pairNames, min((n+1)*pairNames, r.len())) }
	}
	inParallel(workers, steps...)
	switch len(parts) {
	case 0:
		return gramLists{}
	case 1:
		return parts[0].clipped()
	}
	return chained(parts, workers)
}

// listSome makes the lists of the names from first up to last, exclusive. Their
// ranks count from first.
func listSome(r *run, kinds []uint32, first, last int) *listWriter {
	room := pairRooms.Get().(*pairRoom)
	defer pairRooms.Put(room)
	pairs := room.pairs[:0]
	var grams []uint32
	for i := first; i < last; i++ {
		grams = appendGrams(grams[:0], r.name(i), kinds[i])
		pairs = slices.Grow(pairs, len(grams))
		for _, gram := range grams {
			pairs = append(pairs, uint64(gram)<<32|uint64(i-first))
		}
	}
	room.pairs = pairs
	room.sorted = slices.Grow(room.sorted[:0], len(pairs))[:len(pairs)]
	sortPairs(room.pairs, room.sorted)

	w := &listWriter{gramLists: gramLists{raw: make([]byte, 0, len(pairs)*5/4)}}
	before := ^uint64(0)
	for _, pair := range pairs {
		if pair == before {
			continue // the name has the gram twice
		}
		if pair>>32 != before>>32 {
			w.open(uint32(pair >> 32))
		}
		w.add(uint32(pair))
		before = pair
	}
	w.close()
	return w
}

// sortPairs sorts pairs by gram; their ranks ascend already. room must be as
// large.
func sortPairs(pairs, room []uint64) {
	var low, high [pairDigits]uint32 // how many pairs have the digit, then where the next one goes
	for _, p := range pairs {
		low[p>>32%pairDigits]++
		high[p>>(32+pairDigit)%pairDigits]++
	}
	var beforeLow, beforeHigh uint32
	for i := range pairDigits {
		beforeLow, low[i] = beforeLow+low[i], beforeLow
		beforeHigh, high[i] = beforeHigh+high[i], beforeHigh
	}
	for _, p := range pairs {
		at := &low[p>>32%pairDigits]
		room[*at] = p
		*at++
	}
	for _, p := range room {
		at := &high[p>>(32+pairDigit)%pairDigits]
		pairs[*at] = p
		*at++
	}
}

// chained joins the lists of parts. Each part starts pairNames ranks after the one
// before.
func chained(parts []*listWriter, workers int) gramLists {
	lists := make([]*gramLists, len(parts))
	for i, p := range parts {
		lists[i] = &p.gramLists
	}
	chains := make([]gramLists, workers)
	steps := make([]func(), workers)
	for n, shared := range shares(lists, workers) {
		steps[n] = func() {
			w := newListWriter(lists, shared)
			eachGram(lists, shared, func(gram uint32, places []int) bool {
				w.open(gram)
				for i, place := range places {
					if place >= 0 {
						w.chain(parts[i], place, uint32(i*pairNames))
					}
				}
				return true
			})
			w.close()
			chains[n] = w.clipped()
		}
	}
	inParallel(workers, steps...)
	return joined(chains)
}
