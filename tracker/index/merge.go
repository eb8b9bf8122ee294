package index

import (
	"math/bits"
	"runtime"
	"slices"
)

// Sizes, in versions.
const (
	// maxTail is the length at which the tail becomes a segment: reading it all
	// takes less than 0.1 ms.
	maxTail = 8192
	// There are fewer than mergeAtOnce segments of about the same size; a name is
	// merged once per power of mergeAtOnce between maxTail and the whole.
	mergeAtOnce = 4
	// maxSegment keeps the positions in a segment's blob within 32 bits.
	maxSegment = 1 << 22
)

// Bulk starts a bulk load: changes are cheaper, and searches do not see them
// until done is called. A store uses it when it opens.
func (x *Index) Bulk() (done func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.bulk = true
	return x.endBulk
}

// bulkRun is how many names one goroutine publishes at a time.
const bulkRun = 1 << 14

func (x *Index) endBulk() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.bulk = false
	x.change++
	workers := runtime.GOMAXPROCS(0)
	runs := make([]*run, (x.names.len()+bulkRun-1)/bulkRun)
	steps := make([]func(), len(runs))
	for n := range steps {
		steps[n] = func() { runs[n] = x.published(n*bulkRun, min((n+1)*bulkRun, x.names.len())) }
	}
	inParallel(workers, steps...)
	x.segments = slices.Clone(x.segments)
	for len(runs) > 0 {
		n, size := 0, 0
		for ; n < len(runs) && (n == 0 || size+runs[n].len() <= maxSegment); n++ {
			size += runs[n].len()
		}
		if size > 0 {
			x.segments = append(x.segments, newSegment(chainRuns(runs[:n]), workers))
		}
		runs = runs[n:]
	}
	x.tidy()
}

// published returns the versions of the contents whose first name has a number
// from first up to end, exclusive.
func (x *Index) published(first, end int) *run {
	var all run
	for id := first; id < end; id++ {
		if v := x.names.at(NameID(id)).now; v != nil && v.content.first == NameID(id) {
			x.renew(v.content, &all)
		}
	}
	return &all
}

// tidy starts the work that has become due. The caller holds the lock.
func (x *Index) tidy() {
	if x.bulk || x.closed.Load() {
		return
	}
	if x.tail.len() >= x.tailRoom && !x.flushing {
		x.flushing = true
		x.work.Go(x.flush)
	}
	if x.merging {
		return
	}
	if due := x.due(); due != nil {
		x.merging = true
		x.work.Go(func() { x.merge(due) })
	}
}

// flush turns the tail as it is now into a segment; changes made meanwhile stay
// in the new tail.
func (x *Index) flush() {
	x.mu.RLock()
	tail := x.tail
	x.mu.RUnlock()
	g := newSegment(&tail, 1)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.flushing = false
	x.segments = append(slices.Clone(x.segments), g)
	x.tail = x.tail.from(tail.len())
	x.tidy()
}

// merge replaces several segments with one. It yields to searches, which never
// wait for longer than a moment.
func (x *Index) merge(old []*segment) {
	merged := mergeSegments(old, func() bool {
		runtime.Gosched()
		return x.closed.Load()
	})
	if merged == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.merging = false
	kept := slices.DeleteFunc(slices.Clone(x.segments), func(g *segment) bool { return slices.Contains(old, g) })
	x.segments = append(kept, merged...)
	x.tidy()
}

// due returns the segments to merge next: all of them if half of what they hold
// is dead, otherwise those of one size if there are enough.
func (x *Index) due() []*segment {
	total := 0
	var count, size [32]int // by level
	for _, g := range x.segments {
		total += g.len()
		count[x.level(g)]++
		size[x.level(g)] += g.len()
	}
	if total > 2*(x.names.len()-len(x.freed))+mergeAtOnce*x.tailRoom {
		return x.segments
	}
	for level := range count {
		if count[level] >= mergeAtOnce && size[level] <= maxSegment {
			return slices.DeleteFunc(slices.Clone(x.segments), func(g *segment) bool { return x.level(g) != level })
		}
	}
	return nil
}

// level returns the size of a segment in powers of mergeAtOnce.
func (x *Index) level(g *segment) int { return (bits.Len(uint(g.len()/x.tailRoom)) + 1) / 2 }
