package index

import (
	"bytes"
)

// segmentMerge makes one segment of several. A version never changes its place
// beside others, so every order of the new one is the old ones interleaved.
type segmentMerge struct {
	*segment
	old   []*segment
	facts [][]fact   // by segment and rank
	ranks [][]uint32 // new ones; gone for what has died
	pause func() (stop bool)
}

// mergeSegments makes as few segments of some as maxSegment allows; nil when
// pause, which is called often, says to stop.
func mergeSegments(old []*segment, pause func() (stop bool)) []*segment {
	merged := []*segment{}
	for len(old) > 0 {
		n, size := 0, 0
		for n < len(old) && (n == 0 || size+old[n].len() <= maxSegment) {
			size += old[n].len()
			n++
		}
		m := segmentMerge{segment: &segment{}, old: old[:n], pause: pause}
		if !m.merge() {
			return nil
		}
		if old = old[n:]; m.len() > 0 {
			merged = append(merged, m.segment)
		}
	}
	return merged
}

func (m *segmentMerge) merge() (ok bool) {
	if !m.note() || !m.rank() || !m.orderNames() {
		return false
	}
	if m.bySize, ok = m.orderNumbers(func(g *segment) []uint32 { return g.bySize.ranks }, func(f *fact) uint64 { return falling(f.size) }); !ok {
		return false
	}
	if m.byNewest, ok = m.orderNumbers(func(g *segment) []uint32 { return g.byNewest.ranks }, func(f *fact) uint64 { return falling(f.added) }); !ok {
		return false
	}
	lists := make([]*gramLists, len(m.old))
	for i, g := range m.old {
		lists[i] = &g.lists
	}
	m.lists, ok = mergeLists(lists, m.ranks, m.len(), m.pause)
	return ok
}

// note finds out what lives, and reads it.
func (m *segmentMerge) note() bool {
	m.facts, m.ranks = make([][]fact, len(m.old)), make([][]uint32, len(m.old))
	versions, size := 0, 0
	for i, g := range m.old {
		m.facts[i], m.ranks[i] = make([]fact, g.len()), make([]uint32, g.len())
		for rank, v := range g.versions {
			if rank%mergeEvery == 0 && m.pause() {
				return false
			}
			if v.died.Load() != 0 {
				m.ranks[i][rank] = gone
				continue
			}
			m.facts[i][rank] = factOf(v)
			versions++
			size += len(g.name(rank)) + 1
		}
	}
	m.run = newRun(versions, size)
	return true
}

func (m *segmentMerge) rank() bool {
	return m.interleave(func(*segment) []uint32 { return nil },
		func(part, rank int) (first, second uint64) {
			name := m.old[part].name(rank)
			prefix := prefixOf(name)
			return uint64(^m.facts[part][rank].online)<<32 | prefix>>32, prefix<<32 | prefixOf(name[min(len(name), 8):])>>32
		},
		m.lessName,
		func(part, rank int) {
			m.ranks[part][rank] = uint32(m.len())
			m.take(&m.old[part].run, rank, m.facts[part][rank].online)
		})
}

func (m *segmentMerge) orderNames() bool {
	ranks := make([]uint32, 0, m.len())
	ok := m.interleave(func(g *segment) []uint32 { return g.byName.ranks },
		func(part, rank int) (first, second uint64) {
			name := m.old[part].name(rank)
			return prefixOf(name), prefixOf(name[min(len(name), 8):])
		},
		m.lessName,
		func(part, rank int) { ranks = append(ranks, m.ranks[part][rank]) })
	if ok {
		m.byName = newOrder(ranks)
	}
	return ok
}

func (m *segmentMerge) orderNumbers(of func(*segment) []uint32, number func(*fact) uint64) (o order, ok bool) {
	ranks := make([]uint32, 0, m.len())
	ok = m.interleave(of,
		func(part, rank int) (first, second uint64) {
			f := &m.facts[part][rank]
			return number(f), f.hash
		},
		func(a, b *head) bool {
			return bytes.Compare(m.old[a.part].versions[a.rank].content.hash[:], m.old[b.part].versions[b.rank].content.hash[:]) < 0
		},
		func(part, rank int) { ranks = append(ranks, m.ranks[part][rank]) })
	if !ok {
		return o, false
	}
	return newOrder(ranks), true
}

func (m *segmentMerge) lessName(a, b *head) bool {
	return compareNames(&m.old[a.part].run, a.rank, &m.old[b.part].run, b.rank) < 0
}

// head is what comes next of one old segment.
type head struct {
	first, second uint64 // what most comparisons end with
	part, rank    int
	rest          []uint32 // of the order; nil where that is the order of ranks
}

// interleave takes what lives of all old segments in an order: that in which
// key rises, and less where two keys are equal.
func (m *segmentMerge) interleave(order func(*segment) []uint32, key func(part, rank int) (first, second uint64), less func(a, b *head) bool, take func(part, rank int)) bool {
	var heads []head // a heap, the next one on top
	advance := func(h *head) bool {
		ranks := m.ranks[h.part]
		for {
			if h.rest != nil {
				if len(h.rest) == 0 {
					return false
				}
				h.rank, h.rest = int(h.rest[0]), h.rest[1:]
			} else if h.rank++; h.rank >= len(ranks) {
				return false
			}
			if ranks[h.rank] != gone {
				h.first, h.second = key(h.part, h.rank)
				return true
			}
		}
	}
	before := func(a, b *head) bool {
		if a.first != b.first {
			return a.first < b.first
		}
		if a.second != b.second {
			return a.second < b.second
		}
		return less(a, b)
	}
	down := func(i int) {
		for {
			least := i
			for child := 2*i + 1; child <= 2*i+2 && child < len(heads); child++ {
				if before(&heads[child], &heads[least]) {
					least = child
				}
			}
			if least == i {
				return
			}
			heads[i], heads[least] = heads[least], heads[i]
			i = least
		}
	}
	for part, g := range m.old {
		if h := (head{part: part, rank: -1, rest: order(g)}); advance(&h) {
			heads = append(heads, h)
		}
	}
	for i := len(heads) / 2; i >= 0; i-- {
		down(i)
	}
	for n := 0; len(heads) > 0; n++ {
		if n%mergeEvery == 0 && m.pause() {
			return false
		}
		take(heads[0].part, heads[0].rank)
		if !advance(&heads[0]) {
			heads[0] = heads[len(heads)-1]
			heads = heads[:len(heads)-1]
		}
		down(0)
	}
	return true
}
