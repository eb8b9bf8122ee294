package index

// SetTailRoom makes small segments, so that a test has many of them.
func (x *Index) SetTailRoom(versions int) { x.tailRoom = versions }

// Settle waits for running merges.
func (x *Index) Settle() { x.work.Wait() }

// Size says how large the index is.
type Size struct {
	Names    int // added and not removed
	Tail     int // versions that searches read from end to end
	Segments int
	Bytes    int64 // of names, posting lists and orders; approximate
}

// Size returns the size of the index.
func (x *Index) Size() Size {
	x.mu.RLock()
	defer x.mu.RUnlock()
	size := Size{
		Names: x.names.len() - len(x.freed), Tail: x.tail.len(), Segments: len(x.segments),
		Bytes: x.tail.bytes(),
	}
	for _, g := range x.segments {
		size.Bytes += g.bytes()
	}
	return size
}

func (r *run) bytes() int64 { return int64(len(r.blob) + 12*len(r.versions)) }

func (g *segment) bytes() int64 { return g.run.bytes() + int64(24*g.len()) + g.lists.bytes() }

func (l *gramLists) bytes() int64 {
	return int64(20*len(l.grams) + len(l.raw) + 12*len(l.skips))
}
