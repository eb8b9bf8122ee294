package piece

import (
	"slices"

	"centralizedp2p/netproto"
)

// MaxCells bounds the cells of a [Map].
const MaxCells = 512

// CellState is how much of a cell is here.
type CellState string

// The states of a cell.
const (
	CellMissing  CellState = "missing"
	CellInFlight CellState = "in-flight"
	CellPartly   CellState = "partly"
	CellVerified CellState = "verified"
)

// Cell is a part of a content in the map of its pieces.
type Cell struct {
	State  CellState
	Copies int // connected sources that have it all
}

// Map sums up the pieces of a download in a few cells, to be shown. It is filled from
// left to right.
type Map struct {
	total, at int64 // bytes
	parts     []cellPart
}

// cellPart sums up what lies in a cell, in bytes.
type cellPart struct {
	verified, inFlight, all int64
	copies                  int // the least, -1 before it is known
}

// NewMap returns the empty map of a number of contents that have total bytes.
func NewMap(total int64, contents int) *Map {
	n := int64(MaxCells)
	if contents <= 1 {
		n = min(n, int64(netproto.PieceCount(total)))
	}
	m := &Map{total: total, parts: make([]cellPart, max(min(n, total), 1))}
	for i := range m.parts {
		m.parts[i].copies = -1
	}
	return m
}

// Add adds a run of bytes in one state. copies is how many sources have all of it.
func (m *Map) Add(length int64, state CellState, copies int) {
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

// Left is the number of bytes that were not added yet.
func (m *Map) Left() int64 { return m.total - m.at }

// Cells returns the map.
func (m *Map) Cells() []Cell {
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

// CopiesOf is how many whole copies there are if held[i] sources have piece i, and the
// part of the next one.
func CopiesOf(held []int) float64 {
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
