package swarm

import (
	"math"

	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/app/piece"
)

// pieceMap returns the map of all contents, the finished ones first, and how many
// copies the sources have of the active ones. The caller holds the lock.
func (a *Attempt) pieceMap() ([]piece.Cell, float64) {
	total := a.total
	if total <= 0 {
		return nil, 0
	}
	m := piece.NewMap(total, len(a.active))
	m.Add(a.done, piece.CellVerified, 0)
	copies := math.Inf(1)
	for _, j := range a.active {
		if !j.ready() {
			m.Add(max(j.size, 0), piece.CellMissing, 0)
			continue
		}
		held := j.heldBy()
		copies = min(copies, piece.CopiesOf(held))
		j.addTo(m, held)
	}
	m.Add(m.Left(), piece.CellMissing, 0)
	if math.IsInf(copies, 1) {
		copies = 0
	}
	return m.Cells(), copies
}

// heldBy counts the connected sources that have each piece of a job.
func (j *job) heldBy() []int {
	held := make([]int, len(j.owners))
	seen := map[*sources.Source]bool{}
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

// addTo adds the pieces of a job to the map.
func (j *job) addTo(m *piece.Map, held []int) {
	manifest, have := j.part.Manifest(), j.part.Have()
	for i, owner := range j.owners {
		state := piece.CellMissing
		switch {
		case have.Has(i):
			state = piece.CellVerified
		case owner != nil:
			state = piece.CellInFlight
		}
		m.Add(manifest.Length(i), state, held[i])
	}
}
