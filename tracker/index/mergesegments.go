package index

import (
	"bytes"
)

// segmentMerge makes one segment of several. Versions keep their order relative
// to each other, so each order of the new segment is the old ones interleaved.
type segmentMerge struct {
	*segment
	old   []*segment
	facts [][]fact   // by segment and rank
	ranks [][]uint32 // new ranks; gone for what has died
	pause func() (stop bool)
}

// mergeSegments makes as few segments out of old as maxSegment allows. It calls
// pause often and returns nil as soon as that says to stop.
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
	if !m.note() || !m.rank() {
		return false
	}
	if m.byName, ok = m.order(m.byNameThenHash(func(g *segment) []uint32 { return g.byName.ranks })); !ok {
		return false
	}
	if m.bySize, ok = m.order(m.byNumberThenHash(
		func(g *segment) []uint32 { return g.bySize.ranks },
		func(f *fact) uint64 { return descending(f.size) })); !ok {
		return false
	}
	if m.byNewest, ok = m.order(m.byNumberThenHash(
		func(g *segment) []uint32 { return g.byNewest.ranks },
		func(f *fact) uint64 { return descending(f.added) })); !ok {
		return false
	}
	lists := make([]*gramLists, len(m.old))
	for i, g := range m.old {
		lists[i] = &g.lists
	}
	m.lists, ok = mergeLists(lists, m.ranks, m.len(), m.pause)
	return ok
}

// note finds what lives and reads its facts.
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

// sequence is an order in which the old segments are interleaved.
type sequence struct {
	of  func(*segment) []uint32                     // the ranks of one segment in that order
	key func(part, rank int) (first, second uint64) // decides most comparisons
	// less decides between equal keys.
	less func(a, b *head) bool
}

func (m *segmentMerge) byNameThenHash(of func(*segment) []uint32) sequence {
	return sequence{
		of: of,
		key: func(part, rank int) (first, second uint64) {
			name := m.old[part].name(rank)
			return prefixOf(name), prefixOf(name[min(len(name), 8):])
		},
		less: m.lessName,
	}
}

func (m *segmentMerge) byNumberThenHash(of func(*segment) []uint32, number func(*fact) uint64) sequence {
	return sequence{
		of: of,
		key: func(part, rank int) (first, second uint64) {
			f := &m.facts[part][rank]
			return number(f), f.hash
		},
		less: func(a, b *head) bool {
			return bytes.Compare(m.old[a.part].versions[a.rank].content.hash[:], m.old[b.part].versions[b.rank].content.hash[:]) < 0
		},
	}
}

// bySources is the order of the ranks.
func (m *segmentMerge) bySources() sequence {
	return sequence{
		of: func(g *segment) []uint32 {
			ranks := make([]uint32, g.len())
			for i := range ranks {
				ranks[i] = uint32(i)
			}
			return ranks
		},
		key: func(part, rank int) (first, second uint64) {
			name := m.old[part].name(rank)
			prefix := prefixOf(name)
			return uint64(^m.facts[part][rank].online)<<32 | prefix>>32, prefix<<32 | prefixOf(name[min(len(name), 8):])>>32
		},
		less: m.lessName,
	}
}

func (m *segmentMerge) lessName(a, b *head) bool {
	return compareNames(&m.old[a.part].run, a.rank, &m.old[b.part].run, b.rank) < 0
}

// rank puts what lives into the new segment.
func (m *segmentMerge) rank() bool {
	return m.interleave(m.bySources(), func(part, rank int) {
		m.ranks[part][rank] = uint32(m.len())
		m.take(&m.old[part].run, rank, m.facts[part][rank].online)
	})
}

// order makes an order of the new segment.
func (m *segmentMerge) order(s sequence) (o order, ok bool) {
	ranks := make([]uint32, 0, m.len())
	if !m.interleave(s, func(part, rank int) { ranks = append(ranks, m.ranks[part][rank]) }) {
		return o, false
	}
	return newOrder(ranks), true
}

// head is the next version of one old segment.
type head struct {
	first, second uint64   // its key
	part, rank    int      // where it is
	rest          []uint32 // the ranks that follow
}

// advance moves to the next version that lives; false means there is none.
func (m *segmentMerge) advance(h *head, s *sequence) bool {
	for len(h.rest) > 0 {
		h.rank, h.rest = int(h.rest[0]), h.rest[1:]
		if m.ranks[h.part][h.rank] != gone {
			h.first, h.second = s.key(h.part, h.rank)
			return true
		}
	}
	return false
}

// interleave takes what lives of all old segments in the order of s. It returns
// false when pause says to stop.
func (m *segmentMerge) interleave(s sequence, take func(part, rank int)) bool {
	heads := heap[head]{before: func(a, b *head) bool {
		if a.first != b.first {
			return a.first < b.first
		}
		if a.second != b.second {
			return a.second < b.second
		}
		return s.less(a, b)
	}}
	for part, g := range m.old {
		if h := (head{part: part, rest: s.of(g)}); m.advance(&h, &s) {
			heads.push(h)
		}
	}
	for n := 0; len(heads.items) > 0; n++ {
		if n%mergeEvery == 0 && m.pause() {
			return false
		}
		top := heads.top()
		take(top.part, top.rank)
		if m.advance(top, &s) {
			heads.fix()
		} else {
			heads.pop()
		}
	}
	return true
}
