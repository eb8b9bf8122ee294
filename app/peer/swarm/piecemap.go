package swarm

import (
	"math"
	"slices"

	"centralizedp2p/netproto"
)

// pieceMap returns the map of all contents, the finished ones first, and how many
// copies the sources have of the active ones. The caller holds the lock.
func (a *Attempt) pieceMap() ([]Cell, float64) {
	total := a.total
	if total <= 0 {
		return nil, 0
	}
	m := newPieceMap(total, len(a.active))
	m.all(a.done, CellVerified, 0)
	copies := math.Inf(1)
	for _, j := range a.active {
		if !j.ready() {
			m.all(max(j.size, 0), CellMissing, 0)
			continue
		}
		held := j.heldBy()
		copies = min(copies, copiesOf(held))
		m.job(j, held)
	}
	m.all(total-m.at, CellMissing, 0)
	if math.IsInf(copies, 1) {
		copies = 0
	}
	return m.cells(), copies
}

// heldBy counts the connected sources that have each piece of a job.
func (j *job) heldBy() []int {
	held := make([]int, len(j.owners))
	seen := map[*source]bool{}
	for l := range j.attempt.lanes.open {
		s := l.streams[j]
		if s == nil || s.have == nil || seen[l.source] {
			continue
		}
		seen[l.source] = true
		for i := range held {
			if s.have.Has(i) {
				held[i]++
			}
		}
	}
	return held
}

// copiesOf is how many whole copies the sources have together, and the part of the
// next one.
func copiesOf(held []int) float64 {
	if len(held) == 0 {
		return 0
	}
	least := slices.Min(held)
	more := 0
	for _, n := range held {
		if n > least {
			more++
		}
	}
	return float64(least) + float64(more)/float64(len(held))
}

// pieceMap is filled from left to right.
type pieceMap struct {
	total, at int64 // bytes
	parts     []cellPart
}

// cellPart sums up what lies in a cell, in bytes.
type cellPart struct {
	verified, inFlight, all int64
	copies                  int // the least, -1 before it is known
}

func newPieceMap(total int64, contents int) *pieceMap {
	n := int64(MaxCells)
	if contents <= 1 {
		n = min(n, int64(netproto.PieceCount(total)))
	}
	m := &pieceMap{total: total, parts: make([]cellPart, max(min(n, total), 1))}
	for i := range m.parts {
		m.parts[i].copies = -1
	}
	return m
}

// all adds a run of bytes of one kind.
func (m *pieceMap) all(length int64, state CellState, copies int) {
	for length > 0 && m.at < m.total {
		n := int64(len(m.parts))
		i := min(int64(float64(m.at)/float64(m.total)*float64(n)), n-1)
		end := m.total
		if i+1 < n {
			end = max(int64(float64(i+1)*float64(m.total)/float64(n)), m.at+1)
		}
		step := min(length, end-m.at)
		part := &m.parts[i]
		part.all += step
		switch state {
		case CellVerified:
			part.verified += step
		case CellInFlight:
			part.inFlight += step
		}
		if part.copies < 0 || copies < part.copies {
			part.copies = copies
		}
		m.at += step
		length -= step
	}
}

func (m *pieceMap) job(j *job, held []int) {
	manifest, have := j.part.Manifest(), j.part.Have()
	for i, owner := range j.owners {
		state := CellMissing
		switch {
		case have.Has(i):
			state = CellVerified
		case owner != nil:
			state = CellInFlight
		}
		m.all(manifest.Length(i), state, held[i])
	}
}

func (m *pieceMap) cells() []Cell {
	cells := make([]Cell, len(m.parts))
	for i, part := range m.parts {
		cells[i] = Cell{State: CellMissing, Copies: max(part.copies, 0)}
		switch {
		case part.all > 0 && part.verified == part.all:
			cells[i].State = CellVerified
		case part.inFlight > 0:
			cells[i].State = CellInFlight
		case part.verified > 0:
			cells[i].State = CellPartly
		}
	}
	return cells
}
