package index

import (
	"encoding/binary"
	"slices"
	"sort"
)

// gramLists holds for each gram the ranks of the names that have it: ascending,
// as varints of the difference to the rank before, the first to -1.
type gramLists struct {
	grams  []uint32 // ascending
	counts []uint32 // of ranks in each list
	starts []uint64 // of each list in raw
	jumps  []uint32 // start of each list in skips
	raw    []byte
	skips  []skip
}

// skip is a place in a list from which reading can start.
type skip struct {
	next   uint32 // the rank before it, plus 1
	at     uint32 // bytes from the start of the list
	before uint32 // ranks before it
}

// skipEvery is the number of ranks between two skips, which can be up to three
// times as many: it bounds what is read to find one rank.
const skipEvery = 64

// list returns the posting list of a gram, empty if no name has it.
func (l *gramLists) list(gram uint32) postings {
	i, ok := slices.BinarySearch(l.grams, gram)
	if !ok {
		return postings{}
	}
	return l.listAt(i)
}

func (l *gramLists) listAt(i int) postings {
	count := int(l.counts[i])
	p := postings{raw: l.raw[l.starts[i]:], skips: l.skips[l.jumps[i]:], count: count, left: count}
	if i+1 < len(l.grams) {
		p.raw = l.raw[l.starts[i]:l.starts[i+1]]
		p.skips = l.skips[l.jumps[i]:l.jumps[i+1]]
	}
	return p
}

// postings reads a posting list from its start.
type postings struct {
	raw   []byte
	skips []skip // ahead, or passed since the last jump
	at    int    // in raw
	count int    // ranks
	left  int    // ranks not read yet
	next  uint32 // the rank read last, plus 1
}

// seek reads on to the first rank that is at least least.
func (p *postings) seek(least uint32) (rank uint32, ok bool) {
	if p.next > least {
		return p.next - 1, true
	}
	if len(p.skips) > 0 && p.skips[0].next <= least {
		p.jump(least)
	}
	for p.left > 0 {
		p.read()
		if p.next > least {
			return p.next - 1, true
		}
	}
	return 0, false
}

// read reads one rank.
func (p *postings) read() {
	delta := uint64(p.raw[p.at])
	p.at++
	if delta >= 0x80 {
		rest, n := binary.Uvarint(p.raw[p.at:])
		delta = delta&0x7f | rest<<7
		p.at += n
	}
	p.next += uint32(delta)
	p.left--
}

// window marks consecutive ranks: enough to read a list in one go, few enough to
// stay in the processor's nearest cache.
type window [windowRanks / 64]uint64

const windowRanks = 1 << 14

// mark reads the ranks from first up to end, exclusive, and marks them in w. They
// are at most windowRanks.
func (p *postings) mark(first, end uint32, w *window) {
	if _, ok := p.seek(first); !ok {
		return
	}
	raw, next, left := p.raw[p.at:], p.next, p.left
	for next <= end {
		n := next - 1 - first
		w[n/64%uint32(len(w))] |= 1 << (n % 64)
		if left == 0 {
			break
		}
		left--
		if delta := raw[0]; delta < 0x80 {
			next, raw = next+uint32(delta), raw[1:]
			continue
		}
		delta, size := binary.Uvarint(raw)
		next, raw = next+uint32(delta), raw[size:]
	}
	p.at, p.next, p.left = len(p.raw)-len(raw), next, left
}

// jump goes to the last skip before least, unless that was passed already.
func (p *postings) jump(least uint32) {
	n := 1
	for n < len(p.skips) && p.skips[n].next <= least {
		n *= 2
	}
	n = n/2 + sort.Search(min(n, len(p.skips))-n/2, func(i int) bool { return p.skips[n/2+i].next > least })
	to := p.skips[n-1]
	p.skips = p.skips[n:]
	if to.next > p.next {
		p.at, p.next, p.left = int(to.at), to.next, p.count-int(to.before)
	}
}

// listWriter writes posting lists in ascending order of their grams. None is
// empty.
type listWriter struct {
	gramLists
	lasts  []uint32 // the last rank of each list, plus 1
	next   uint32   // the rank written last, plus 1
	count  uint32   // ranks in the open list
	jumped uint32   // ranks before its last skip
	start  int      // of the open list in raw
}

// open starts a list.
func (w *listWriter) open(gram uint32) {
	w.close()
	w.grams = append(w.grams, gram)
	w.starts = append(w.starts, uint64(len(w.raw)))
	w.jumps = append(w.jumps, uint32(len(w.skips)))
	w.next, w.count, w.jumped, w.start = 0, 0, 0, len(w.raw)
}

// close ends the open list, if there is one.
func (w *listWriter) close() {
	if w.count > 0 {
		w.counts, w.lasts = append(w.counts, w.count), append(w.lasts, w.next)
	}
}

// add writes a rank, which must be larger than the one before.
func (w *listWriter) add(rank uint32) {
	if w.count-w.jumped >= skipEvery {
		w.skips = append(w.skips, skip{w.next, uint32(len(w.raw) - w.start), w.count})
		w.jumped = w.count
	}
	w.count++
	delta := rank + 1 - w.next
	w.next = rank + 1
	if delta < 0x80 {
		w.raw = append(w.raw, byte(delta))
		return
	}
	w.raw = binary.AppendUvarint(w.raw, uint64(delta))
}

// chain writes the ranks of another writer's list, each plus offset. Its bytes
// stay as they are, except for the first rank.
func (w *listWriter) chain(from *listWriter, i int, offset uint32) {
	p := from.listAt(i)
	p.read()
	w.add(offset + p.next - 1)
	before, start := w.count-1, uint32(len(w.raw)-w.start-p.at)
	for _, s := range p.skips {
		w.skips = append(w.skips, skip{s.next + offset, s.at + start, s.before + before})
		w.jumped = s.before + before
	}
	w.raw = append(w.raw, p.raw[p.at:]...)
	w.count, w.next = before+uint32(p.count), from.lasts[i]+offset
}

// clipped returns what was written, in little more memory than it needs.
func (w *listWriter) clipped() gramLists {
	return gramLists{
		grams: clipped(w.grams), counts: clipped(w.counts), starts: clipped(w.starts),
		jumps: clipped(w.jumps), raw: clipped(w.raw), skips: clipped(w.skips),
	}
}

func clipped[T any](s []T) []T {
	if cap(s)-len(s) > len(s)/16 {
		return append(make([]T, 0, len(s)), s...)
	}
	return s
}

// joined joins lists of ascending ranges of grams.
func joined(parts []gramLists) gramLists {
	if len(parts) == 1 {
		return parts[0]
	}
	var l gramLists
	var grams, raw, skips int
	for i := range parts {
		grams, raw, skips = grams+len(parts[i].grams), raw+len(parts[i].raw), skips+len(parts[i].skips)
	}
	l.grams, l.counts = make([]uint32, 0, grams), make([]uint32, 0, grams)
	l.starts, l.jumps = make([]uint64, 0, grams), make([]uint32, 0, grams)
	l.raw, l.skips = make([]byte, 0, raw), make([]skip, 0, skips)
	for i := range parts {
		p := &parts[i]
		for k := range p.grams {
			l.starts = append(l.starts, p.starts[k]+uint64(len(l.raw)))
			l.jumps = append(l.jumps, p.jumps[k]+uint32(len(l.skips)))
		}
		l.grams, l.counts = append(l.grams, p.grams...), append(l.counts, p.counts...)
		l.raw, l.skips = append(l.raw, p.raw...), append(l.skips, p.skips...)
	}
	return l
}

// noGram is larger than all grams.
const noGram = 1 << 24

// share is a range of grams, from first up to last, exclusive.
type share struct{ first, last uint32 }

// shares divides the grams of lists into n ranges of about the same work.
func shares(lists []*gramLists, n int) []share {
	largest := slices.MaxFunc(lists, func(a, b *gramLists) int { return len(a.raw) - len(b.raw) })
	all, first := make([]share, n), uint32(0)
	for i := range all {
		last := uint32(noGram)
		if k, _ := slices.BinarySearch(largest.starts, uint64(len(largest.raw)*(i+1)/n)); i < n-1 && k < len(largest.grams) {
			last = largest.grams[k]
		}
		all[i], first = share{first, last}, last
	}
	return all
}

// newListWriter returns a writer with room for a share of the lists.
func newListWriter(lists []*gramLists, s share) *listWriter {
	room := 0
	for _, l := range lists {
		room += int(l.startOf(s.last) - l.startOf(s.first))
	}
	return &listWriter{gramLists: gramLists{raw: make([]byte, 0, room)}}
}

// startOf returns where in raw the lists of that gram and all later ones start.
func (l *gramLists) startOf(gram uint32) uint64 {
	i, _ := slices.BinarySearch(l.grams, gram)
	if i == len(l.grams) {
		return uint64(len(l.raw))
	}
	return l.starts[i]
}

// eachGram yields the grams of a share in order, with the place that each of the
// lists has for it, or -1, until yield returns false.
func eachGram(lists []*gramLists, s share, yield func(gram uint32, places []int) bool) {
	at, places := make([]int, len(lists)), make([]int, len(lists))
	for i, l := range lists {
		at[i], _ = slices.BinarySearch(l.grams, s.first)
	}
	for {
		gram := s.last
		for i, l := range lists {
			if at[i] < len(l.grams) {
				gram = min(gram, l.grams[at[i]])
			}
		}
		if gram == s.last {
			return
		}
		for i, l := range lists {
			places[i] = -1
			if at[i] < len(l.grams) && l.grams[at[i]] == gram {
				places[i] = at[i]
				at[i]++
			}
		}
		if !yield(gram, places) {
			return
		}
	}
}
