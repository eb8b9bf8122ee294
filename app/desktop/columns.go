//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// column is one of the columns of a table of rows.
type column struct {
	name  phrase
	width float32 // 0 takes what the others leave; one column has it
	align fyne.TextAlign
	// falling is the direction that the first click on the header sorts in.
	falling bool
	// spare columns leave, the highest first, when the name gets too narrow.
	spare int
}

// columnLayout lays cells out in columns; header and rows share it.
type columnLayout []column

// rowCells lays out the cells of a row below those of the header, whose buttons
// keep a distance from their text.
type rowCells struct{ columnLayout }

// Layout is part of fyne.Layout.
func (r rowCells) Layout(cells []fyne.CanvasObject, size fyne.Size) {
	r.columnLayout.Layout(cells, size)
	for _, cell := range cells {
		cell.Move(cell.Position().AddXY(gapMedium, 0))
		cell.Resize(cell.Size().SubtractWidthHeight(2*gapMedium, 0))
	}
}

// Widths of the column that takes what the others leave.
const (
	leastNameWidth = 160
	goodNameWidth  = 240
)

// fit is what the flexible column gets of a width, and which of the spare
// columns leave for it.
func (columns columnLayout) fit(width float32) (name float32, gone func(column) bool) {
	name = width + gapMedium
	spare := 0
	for _, c := range columns {
		name -= c.width + gapMedium
		spare = max(spare, c.spare)
	}
	limit := spare + 1
	for ; name < goodNameWidth && limit > 1; limit-- {
		for _, c := range columns {
			if c.spare == limit-1 {
				name += c.width + gapMedium
			}
		}
	}
	return max(name, leastNameWidth), func(c column) bool { return c.spare >= limit }
}

// Layout is part of fyne.Layout.
func (columns columnLayout) Layout(cells []fyne.CanvasObject, size fyne.Size) {
	name, gone := columns.fit(size.Width)
	x := float32(0)
	for i, cell := range cells {
		reveal(nil, cell, !gone(columns[i]))
		if gone(columns[i]) {
			continue
		}
		width := columns[i].width
		if width == 0 {
			width = name
		}
		cell.Move(fyne.NewPos(x, 0))
		cell.Resize(fyne.NewSize(width, size.Height))
		x += width + gapMedium
	}
}

// MinSize is part of fyne.Layout.
func (columns columnLayout) MinSize(cells []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(leastNameWidth-gapMedium, 0)
	for i, cell := range cells {
		if columns[i].spare == 0 {
			size.Width += columns[i].width + gapMedium
		}
		size.Height = max(size.Height, cell.MinSize().Height)
	}
	return size
}

// header is the line above the rows; a click on a name sorts by it, a second
// one turns the order round.
type header struct {
	columns columnLayout
	cells   []*headerCell
	by      int
	falling bool
	changed func()
	box     *fyne.Container
}

func newHeader(columns columnLayout, by int, changed func()) *header {
	h := &header{columns: columns, by: by, falling: columns[by].falling, changed: changed, box: container.New(columns)}
	for i, c := range columns {
		cell := newHeaderCell(c, func() { h.sortBy(i) })
		h.cells = append(h.cells, cell)
		h.box.Add(cell)
	}
	h.show()
	return h
}

func (h *header) sortBy(by int) {
	if h.by == by {
		h.falling = !h.falling
	} else {
		h.by, h.falling = by, h.columns[by].falling
	}
	h.show()
	h.changed()
}

func (h *header) show() {
	for i, cell := range h.cells {
		var mark fyne.Resource
		switch {
		case i != h.by:
		case h.falling:
			mark = theme.MenuDropDownIcon()
		default:
			mark = theme.MenuDropUpIcon()
		}
		cell.SetIcon(mark)
	}
}

// headerCell is the name of a column.
type headerCell struct{ widget.Button }

func newHeaderCell(c column, tapped func()) *headerCell {
	cell := &headerCell{}
	cell.Text, cell.OnTapped = c.name.String(), tapped
	cell.Importance = widget.LowImportance
	cell.IconPlacement = widget.ButtonIconTrailingText
	cell.Alignment = widget.ButtonAlignLeading
	if c.align == fyne.TextAlignTrailing {
		cell.Alignment = widget.ButtonAlignTrailing
	}
	cell.ExtendBaseWidget(cell)
	return cell
}
