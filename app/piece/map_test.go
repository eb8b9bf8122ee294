package piece

import (
	"math"
	"testing"

	"centralizedp2p/netproto"
)

func TestTheMapSumsUpWhatLiesInEachCell(t *testing.T) {
	const total = 10 * MaxCells * netproto.MinPieceSize
	m := NewMap(total, 2)
	m.Add(total/2, CellVerified, 3)
	m.Add(total/4, CellInFlight, 2)
	m.Add(5*netproto.MinPieceSize, CellVerified, 1) // half of a cell
	m.Add(m.Left(), CellMissing, 0)
	cells := m.Cells()
	if len(cells) != MaxCells {
		t.Fatalf("it has %d cells", len(cells))
	}
	for at, want := range map[int]Cell{0: {CellVerified, 3}, MaxCells/2 - 1: {CellVerified, 3}, MaxCells / 2: {CellInFlight, 2},
		MaxCells * 3 / 4: {CellPartly, 0}, MaxCells - 1: {CellMissing, 0}} {
		if cells[at] != want {
			t.Errorf("cell %d is %+v, not %+v", at, cells[at], want)
		}
	}
	small := NewMap(3*netproto.MinPieceSize, 1) // a cell a piece
	small.Add(small.Left(), CellVerified, 1)
	if cells := small.Cells(); len(cells) != 3 || cells[2].State != CellVerified {
		t.Errorf("three pieces are %+v", cells)
	}
	if copies := CopiesOf([]int{2, 1, 2, 2}); math.Abs(copies-1.75) > 1e-9 || CopiesOf(nil) != 0 {
		t.Errorf("there are %g copies", copies)
	}
}
