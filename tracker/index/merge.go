package index

import (
	"math/bits"
	"runtime"
	"slices"
	"sync"
)

// Sizes, in versions.
const (
	// maxTail is where the tail becomes a segment: reading so much takes less
	// than 0.1 ms.
	maxTail = 8192
	// Of segments of about one size there are fewer than mergeAtOnce; a name is
	// merged once for each power of mergeAtOnce from maxTail to the whole.
	mergeAtOnce = 4
	// maxSegment keeps the places in a segment's blob within 32 bits.
	maxSegment = 1 << 22
)

// Bulk begins a time in which changes are not searchable, and cost less; done
// ends it, and then all is. It is for the load at the start of a store.
func (x *Index) Bulk() (done func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.bulk = true
	return x.endBulk
}

func (x *Index) endBulk() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.bulk = false
	var parts []*segment
	for begin, room := 0, max(x.tailRoom, min(len(x.names)/runtime.GOMAXPROCS(0)+1, maxSegment)); begin < len(x.names); {
		for ; begin < len(x.names) && x.tail.len() < room; begin++ {
			if v := x.names[begin].now; v != nil && v.content.first == NameID(begin) {
				x.publish(v.content)
			}
		}
		if x.tail.len() < x.tailRoom {
			break
		}
		parts = append(parts, &segment{run: x.tail})
		x.tail = run{}
	}
	var built sync.WaitGroup
	for i := range parts {
		built.Go(func() {
			parts[i] = newSegment(living(&parts[i].run), func() bool { return false })
		})
	}
	built.Wait()
	x.segments = append(slices.Clone(x.segments), parts...)
	x.tidy()
}

// tidy begins what has become due. The caller holds the lock.
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

// flush makes a segment of the tail as it is now; changes meanwhile are found
// in the new tail.
func (x *Index) flush() {
	x.mu.RLock()
	tail := x.tail
	x.mu.RUnlock()
	g := newSegment(living(&tail), x.closed.Load)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.flushing = false
	if g == nil {
		return
	}
	x.segments = append(slices.Clone(x.segments), g)
	x.tail = x.tail.from(tail.len())
	x.tidy()
}

// merge puts one segment in the place of several.
func (x *Index) merge(old []*segment) {
	runs := make([]*run, len(old))
	for i, g := range old {
		runs[i] = &g.run
	}
	var merged []*segment
	for some := range slices.Chunk(living(runs...), maxSegment) {
		g := newSegment(some, x.closed.Load)
		if g == nil {
			return
		}
		merged = append(merged, g)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.merging = false
	kept := slices.DeleteFunc(slices.Clone(x.segments), func(g *segment) bool { return slices.Contains(old, g) })
	x.segments = append(kept, merged...)
	x.tidy()
}

// due is the segments to merge next: all when half of what they hold is dead,
// or those of one size when there are enough of them.
func (x *Index) due() []*segment {
	total := 0
	var count, size [32]int // by level
	for _, g := range x.segments {
		total += g.len()
		count[x.level(g)]++
		size[x.level(g)] += g.len()
	}
	if total > 2*(len(x.names)-len(x.freed))+mergeAtOnce*x.tailRoom {
		return x.segments
	}
	for level := range count {
		if count[level] >= mergeAtOnce && size[level] <= maxSegment {
			return slices.DeleteFunc(slices.Clone(x.segments), func(g *segment) bool { return x.level(g) != level })
		}
	}
	return nil
}

// level is the size of a segment in powers of mergeAtOnce.
func (x *Index) level(g *segment) int { return (bits.Len(uint(g.len()/x.tailRoom)) + 1) / 2 }
