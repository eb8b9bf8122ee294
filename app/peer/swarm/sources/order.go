package sources

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// InOrder returns the sources in the order in which they are tried: first those that
// did not fail, of these those with the better way, of these in turn those that each
// tracker named: one that names many does not keep those of the others waiting. Those
// that failed have their turns in the order in which they are due: the budget of dials
// would otherwise go to the first few again and again.
func (t *Table) InOrder() []*Source {
	list := slices.SortedFunc(maps.Values(t.known), func(a, b *Source) int { return cmp.Or(a.retry.Compare(b.retry), cmp.Compare(a.turn, b.turn)) })
	turns, failed := map[*Source]int{}, map[string]int{}
	for _, s := range list {
		turns[s] = s.turn
		if s.failure == nil {
			continue
		}
		turns[s] = math.MaxInt
		for _, n := range s.namers() {
			turns[s] = min(turns[s], failed[n])
			failed[n]++
		}
	}
	slices.SortStableFunc(list, func(a, b *Source) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(turns[a], turns[b]))
	})
	return list
}

// rank is a source's place among the others, the best 0.
func (s *Source) rank() int {
	n := 0
	switch {
	case s.way == session.WayRelayed:
		n = 2
	case s.way == session.WayCalled || s.way == "" && s.Reach == netproto.ReachableNo:
		n = 1
	}
	if s.Unlikely() {
		n = 3
	}
	if s.failure != nil {
		n += 4
	}
	return n
}

// Unlikely reports whether a connection to a source will hardly come about.
func (s *Source) Unlikely() bool {
	return s.way == "" && s.Reach == netproto.ReachableNo && len(s.trackers) == 0
}

// isWorse reports whether a source makes room before another one.
func (s *Source) isWorse(other *Source) bool {
	if failed := s.failure != nil; failed != (other.failure != nil) {
		return failed
	}
	if got, others := s.Got(), other.Got(); got != others {
		return got < others
	}
	return s.turn > other.turn // whoever names many keeps none of the others out
}
