package index

import (
	"math"
	"slices"
)

// gone is the rank of a version that has died.
const gone = math.MaxUint32

// mergeEvery is how many names or ranks are merged between two pauses, which
// takes about 0.1 ms.
const mergeEvery = 4096

// mergeLists makes the posting lists of a segment of that size from those its
// names had before. For each old list, ranks has the new rank of each old one, or
// gone; the others ascend. It calls pause often and gives up when that says so.
func mergeLists(lists []*gramLists, ranks [][]uint32, size int, pause func() (stop bool)) (merged gramLists, ok bool) {
	all := share{0, noGram}
	w, set, worked := newListWriter(lists, all), rankSet{marks: newMarks(size)}, 0
	defer set.marks.free()
	ok = true
	eachGram(lists, all, func(gram uint32, places []int) bool {
		set.few, set.many = set.few[:0], false
		for i, place := range places {
			if place >= 0 {
				set.read(lists[i].listAt(place), ranks[i])
				worked += int(lists[i].counts[place])
			}
		}
		set.write(w, gram)
		if worked++; worked >= mergeEvery {
			worked, ok = 0, !pause()
		}
		return ok
	})
	w.close()
	return w.clipped(), ok
}

// rankSet sorts ranks: a few directly, many by marking them.
type rankSet struct {
	few   []uint32
	marks marks
	many  bool
}

// read takes the ranks of a list.
func (s *rankSet) read(p postings, ranks []uint32) {
	// Reading all marks takes about as long as sorting an eighth as many ranks.
	if !s.many && len(s.few)+p.left > len(s.marks)/8 {
		s.many = true
		for _, rank := range s.few {
			s.marks.set(int(rank))
		}
	}
	for p.left > 0 {
		p.read()
		rank := ranks[p.next-1]
		switch {
		case rank == gone:
		case s.many:
			s.marks.set(int(rank))
		default:
			s.few = append(s.few, rank)
		}
	}
}

// write writes the ranks as a list, if there are any, and clears the marks.
func (s *rankSet) write(w *listWriter, gram uint32) {
	if !s.many {
		if len(s.few) == 0 {
			return
		}
		slices.Sort(s.few)
		w.open(gram)
		for _, rank := range s.few {
			w.add(rank)
		}
		return
	}
	opened := false
	s.marks.each(func(rank int) bool {
		if !opened {
			opened = true
			w.open(gram)
		}
		w.add(uint32(rank))
		return true
	})
	clear(s.marks)
}
