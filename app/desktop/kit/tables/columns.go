//go:build !darwin || cgo

package tables

import (
	"slices"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

// Widths of columns, in pixels at scale 1.
const (
	goodNameWidth = 240 // width of the flexible column below which spare columns disappear
	leastWidth    = 56  // least width of any other column, however short its name is
	mostWidth     = 800 // largest width accepted from the preferences
)

// ColumnShape is how a column is laid out, without what it shows.
type ColumnShape struct {
	ID    string // names the column in the preferences
	Name  words.Phrase
	Width float32 // at first; exactly one column has 0, which makes it the flexible one
	named float32 // width that the name needs
	Align fyne.TextAlign
	// Descending is the direction of the first click on the header.
	Descending bool
	// OneWay columns sort in that direction only.
	OneWay bool
	// Spare columns disappear, the highest number first, when the flexible
	// column gets too narrow.
	Spare int
	// Hidden columns are not shown until the person asks for them.
	Hidden bool
}

func (c ColumnShape) flexible() bool { return c.Width == 0 }

// least returns the width that the column keeps, in which its name is whole.
func (c ColumnShape) least() float32 { return max(leastWidth, c.named) }

// span is where a column is; one with a width of 0 is not shown.
type span struct{ x, width float32 }

// columnSet is the geometry that the header and the rows of a table share.
type columnSet struct {
	shapes []ColumnShape
	// narrow is the width of the flexible column below which spare columns
	// disappear. It sinks when the person makes that column narrower.
	narrow float32
}

func newColumnSet(shapes []ColumnShape) *columnSet {
	return &columnSet{shapes: shapes, narrow: goodNameWidth}
}

func (s *columnSet) flexible() int {
	return slices.IndexFunc(s.shapes, ColumnShape.flexible)
}

// spans places the columns side by side in a width.
func (s *columnSet) spans(width float32) []span {
	spans := make([]span, len(s.shapes))
	left, spare := width+look.GapMedium, 0
	for i, c := range s.shapes {
		if c.Hidden {
			continue
		}
		spans[i].width = c.Width
		left -= c.Width + look.GapMedium
		spare = max(spare, c.Spare)
	}
	for ; left < s.narrow && spare > 0; spare-- {
		for i, c := range s.shapes {
			if c.Spare == spare && !c.Hidden {
				spans[i].width = 0
				left += c.Width + look.GapMedium
			}
		}
	}
	// The other columns give what is still missing, the last one first.
	for i := len(spans) - 1; i >= 0 && left < kit.LeastNameWidth; i-- {
		if give := min(spans[i].width-s.shapes[i].least(), kit.LeastNameWidth-left); give > 0 {
			spans[i].width -= give
			left += give
		}
	}
	spans[s.flexible()].width = max(left, kit.LeastNameWidth)
	x := float32(0)
	for i := range spans {
		if spans[i].width > 0 {
			spans[i].x = x
			x += spans[i].width + look.GapMedium
		}
	}
	return spans
}

// next returns the column shown to the right of another, or -1 if there is
// none.
func next(spans []span, after int) int {
	for i := after + 1; i < len(spans); i++ {
		if spans[i].width > 0 {
			return i
		}
	}
	return -1
}

// drag moves the edge between a column and the next one shown. One of them
// loses what the other gains, so that the edge stays under the pointer.
func (s *columnSet) drag(column int, by, width float32) {
	spans := s.spans(width)
	right := next(spans, column)
	if right < 0 {
		return
	}
	least := func(i int) float32 {
		if s.shapes[i].flexible() {
			return kit.LeastNameWidth
		}
		return s.shapes[i].least()
	}
	by = max(by, least(column)-spans[column].width)
	by = min(by, spans[right].width-least(right))
	spans[column].width += by
	spans[right].width -= by
	for i := range s.shapes {
		switch {
		case spans[i].width == 0:
		case s.shapes[i].flexible():
			s.narrow = min(s.narrow, spans[i].width)
		default:
			s.shapes[i].Width = spans[i].width
		}
	}
}

// fit gives a column the width that its contents need. If it is the flexible
// column, all others get theirs.
func (s *columnSet) fit(column int, needs func(column int) float32) {
	for i := range s.shapes {
		if c := &s.shapes[i]; !c.flexible() && (i == column || s.shapes[column].flexible()) {
			c.Width = min(max(needs(i), c.least()), mostWidth)
		}
	}
}

// least returns the smallest width that the columns can work with.
func (s *columnSet) least() float32 {
	width := float32(kit.LeastNameWidth)
	for _, c := range s.shapes {
		if !c.Hidden && !c.flexible() && c.Spare == 0 {
			width += c.least() + look.GapMedium
		}
	}
	return width
}

// cellLayout lays out cells in the columns, each a little inset from its
// column's edges.
type cellLayout struct {
	set   *columnSet
	inset float32
}

func (l cellLayout) Layout(cells []fyne.CanvasObject, size fyne.Size) {
	for i, at := range l.set.spans(size.Width) {
		if kit.Reveal(nil, cells[i], at.width > 0); at.width > 0 {
			cells[i].Move(fyne.NewPos(at.x+l.inset, 0))
			cells[i].Resize(fyne.NewSize(max(at.width-2*l.inset, 0), size.Height))
		}
	}
}

func (l cellLayout) MinSize(cells []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(l.set.least(), 0)
	for _, cell := range cells {
		size.Height = max(size.Height, cell.MinSize().Height)
	}
	return size
}
