//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// cell is what one cell of a table shows: an icon and a text, a mark at the
// end, or a bar below. Only the text is always there.
type cell struct {
	text string
	ink  fyne.ThemeColorName // colorCaption when it is empty
	icon fyne.Resource
	tint fyne.ThemeColorName // of the icon; that of the text when it is empty
	mark stateWords
	bar  bool
	done float64 // of the bar, 0 to 1
}

const (
	cellHeight   = 28 // of a row; the list adds its gap of 4
	cellIcon     = 20
	cellMarkIcon = 16
)

// cellsView is a row of a table.
type cellsView[T comparable] struct {
	widget.BaseWidget
	table *table[T]
	cells []*cellView
	box   *fyne.Container
}

func newCellsView[T comparable](t *table[T]) *cellsView[T] {
	v := &cellsView[T]{table: t}
	var objects []fyne.CanvasObject
	for i, c := range t.columns {
		one := newCellView(c.columnShape)
		if i == t.header.set.flexible() {
			one.text.size, one.text.middle = theme.SizeNameText, true
		}
		v.cells = append(v.cells, one)
		objects = append(objects, one)
	}
	v.box = container.New(cellLayout{set: t.header.set, inset: gapMedium}, objects...)
	v.ExtendBaseWidget(v)
	return v
}

// CreateRenderer is how Fyne draws a widget.
func (v *cellsView[T]) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	return widget.NewSimpleRenderer(v.box)
}

// Refresh draws the cells again, for other widths of columns too.
func (v *cellsView[T]) Refresh() { v.box.Refresh() }

func (v *cellsView[T]) show(row T) {
	moved := false
	for i, at := range v.table.header.set.spans(v.box.Size().Width) {
		v.cells[i].show(v.table.columns[i].cell(row))
		moved = moved || (at.width > 0) != v.cells[i].Visible() || v.cells[i].Visible() && at.width-2*gapMedium != v.cells[i].Size().Width
	}
	if moved {
		v.box.Refresh()
	}
}

// hint is what a tooltip of the row says: what does not fit into its cells.
func (v *cellsView[T]) hint() string {
	var cut []string
	for _, one := range v.cells {
		if one.Visible() && one.text.isCut() {
			cut = append(cut, one.text.text)
		}
	}
	return joined(cut...)
}

// cellView is a cell on the screen. Its parts are made when a row first needs
// them.
type cellView struct {
	widget.BaseWidget
	text     *line
	icon     *widget.Icon
	markIcon *widget.Icon
	mark     *line
	bar      *bar
	shown    cell
	box      *fyne.Container
}

func newCellView(shape columnShape) *cellView {
	v := &cellView{text: newCaption()}
	v.text.align = shape.align
	v.box = container.New(cellParts{v}, v.text)
	v.ExtendBaseWidget(v)
	return v
}

// CreateRenderer is how Fyne draws a widget.
func (v *cellView) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	return widget.NewSimpleRenderer(v.box)
}

// Refresh draws the parts again.
func (v *cellView) Refresh() { v.box.Refresh() }

func (v *cellView) show(c cell) {
	if c.ink == "" {
		c.ink = colorCaption
	}
	if c.tint == "" {
		c.tint = c.ink
	}
	old := v.shown
	v.shown = c
	v.text.set(c.text, c.ink)
	if c.icon != nil && (old.icon == nil || old.icon.Name() != c.icon.Name() || old.tint != c.tint) {
		v.icon = v.ensureIcon(v.icon)
		v.icon.SetResource(tinted(c.icon, c.tint))
	}
	if c.mark.text != "" && (old.mark.text != c.mark.text || old.mark.color != c.mark.color) {
		v.markIcon = v.ensureIcon(v.markIcon)
		v.markIcon.SetResource(tinted(c.mark.icon, c.mark.color))
		if v.mark == nil {
			v.mark = newCaption()
			v.box.Add(v.mark)
		}
		v.mark.set(c.mark.text, c.mark.color)
	}
	if c.bar {
		if v.bar == nil {
			v.bar = newBar()
			v.box.Add(v.bar)
		}
		v.bar.set(c.done, theme.ColorNamePrimary)
	}
	if (old.icon == nil) != (c.icon == nil) || old.mark.text != c.mark.text || old.bar != c.bar {
		v.box.Refresh()
	}
}

func (v *cellView) ensureIcon(icon *widget.Icon) *widget.Icon {
	if icon == nil {
		icon = widget.NewIcon(nil)
		v.box.Add(icon)
	}
	return icon
}

// needs is the width that shows the whole cell.
func (v *cellView) needs() float32 {
	width := v.text.needs()
	if v.shown.icon != nil {
		width += cellIcon + gapMedium
	}
	if v.shown.mark.text != "" {
		width += cellMarkIcon + gap + v.mark.needs() + gapMedium
	}
	return width
}

// cellParts lays the parts of a cell out in a line.
type cellParts struct{ cell *cellView }

// Layout is part of fyne.Layout.
func (l cellParts) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	v := l.cell
	left, right := float32(0), size.Width
	place := func(object fyne.CanvasObject, shown bool, x, width, height float32) {
		if reveal(nil, object, shown); shown {
			object.Move(fyne.NewPos(x, (size.Height-height)/2))
			object.Resize(fyne.NewSize(width, height))
		}
	}
	if v.icon != nil {
		place(v.icon, v.shown.icon != nil, 0, cellIcon, cellIcon)
	}
	if v.shown.icon != nil {
		left = cellIcon + gapMedium
	}
	if v.mark != nil {
		shown, width := v.shown.mark.text != "", v.mark.needs()
		x := right - width
		place(v.mark, shown, x, width, size.Height)
		place(v.markIcon, shown, x-gap-cellMarkIcon, cellMarkIcon, cellMarkIcon)
		if shown {
			right = x - gap - cellMarkIcon - gapMedium
		}
	}
	v.text.Move(fyne.NewPos(left, 0))
	v.text.Resize(fyne.NewSize(max(right-left, 0), size.Height))
	if v.bar != nil {
		if reveal(nil, v.bar, v.shown.bar); v.shown.bar {
			v.bar.Move(fyne.NewPos(left, size.Height-barHeight))
			v.bar.Resize(fyne.NewSize(max(right-left, 0), barHeight))
		}
	}
}

// MinSize is part of fyne.Layout.
func (l cellParts) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(gapHuge, cellHeight)
}
