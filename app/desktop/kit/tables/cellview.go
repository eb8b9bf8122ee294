//go:build !darwin || cgo

package tables

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

const (
	cellHeight   = 28 // of a row; the list adds a gap of 4
	cellIcon     = 20
	cellPicture  = 26 // in the middle of the place of the icon
	cellMarkIcon = 16
)

// cellsView is a row of a table on the screen.
type cellsView[T comparable] struct {
	widget.BaseWidget
	table *Table[T]
	cells []*cellView
	box   *fyne.Container
}

func newCellsView[T comparable](t *Table[T]) *cellsView[T] {
	v := &cellsView[T]{table: t}
	var objects []fyne.CanvasObject
	for i, c := range t.columns {
		one := newCellView(c.ColumnShape)
		if i == t.header.set.flexible() {
			one.text.TextSize, one.text.CutMiddle = theme.SizeNameText, true
		}
		v.cells = append(v.cells, one)
		objects = append(objects, one)
	}
	v.box = container.New(cellLayout{set: t.header.set, inset: look.GapMedium}, objects...)
	v.ExtendBaseWidget(v)
	return v
}

func (v *cellsView[T]) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	return kit.Rendered(v, v.box)
}

// Refresh lays the cells out again, for other column widths too.
func (v *cellsView[T]) Refresh() { v.box.Refresh() }

func (v *cellsView[T]) Fill(row T) {
	moved := false
	for i, at := range v.table.header.set.spans(v.box.Size().Width) {
		v.cells[i].show(v.table.columns[i].Cell(row))
		moved = moved || (at.width > 0) != v.cells[i].Visible() || v.cells[i].Visible() && at.width-2*look.GapMedium != v.cells[i].Size().Width
	}
	if moved {
		v.box.Refresh()
	}
}

// Hint implements lists.Hinted: what does not fit into the cells.
func (v *cellsView[T]) Hint() string {
	var cut []string
	for _, one := range v.cells {
		if one.Visible() && one.text.IsCut() {
			cut = append(cut, one.text.Text)
		}
	}
	return words.Join(cut...)
}

// cellView is a cell on the screen. It makes its parts when a row first needs
// them.
type cellView struct {
	widget.BaseWidget
	text     *kit.Line
	icon     *widget.Icon
	picture  *canvas.Image
	markIcon *widget.Icon
	mark     *kit.Line
	bar      *kit.Bar
	shown    Cell
	box      *fyne.Container
}

func newCellView(shape ColumnShape) *cellView {
	v := &cellView{text: kit.NewCaption()}
	v.text.Align = shape.Align
	v.box = container.New(cellParts{v}, v.text)
	v.ExtendBaseWidget(v)
	return v
}

func (v *cellView) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	return kit.Rendered(v, v.box)
}

func (v *cellView) Refresh() { v.box.Refresh() }

func (v *cellView) show(c Cell) {
	if c.Ink == "" {
		c.Ink = look.ColorCaption
	}
	if c.Tint == "" {
		c.Tint = c.Ink
	}
	old := v.shown
	v.shown = c
	if v.text.Short != c.Short {
		v.text.Short = c.Short
		v.text.Refresh()
	}
	v.text.Set(c.Text, c.Ink)
	if c.Icon != nil && (old.Icon == nil || old.Icon.Name() != c.Icon.Name() || old.Tint != c.Tint) {
		v.icon = v.ensureIcon(v.icon)
		v.icon.SetResource(look.Tinted(c.Icon, c.Tint))
	}
	if c.Picture != nil && old.Picture != c.Picture {
		if v.picture == nil {
			v.picture = kit.NewPicture(nil)
			v.box.Add(v.picture)
		}
		v.picture.Image = c.Picture
		v.picture.Refresh()
	}
	if c.Mark.Text != "" && (old.Mark.Text != c.Mark.Text || old.Mark.Color != c.Mark.Color) {
		v.markIcon = v.ensureIcon(v.markIcon)
		v.markIcon.SetResource(look.Tinted(c.Mark.Icon, c.Mark.Color))
		if v.mark == nil {
			v.mark = kit.NewCaption()
			v.box.Add(v.mark)
		}
		v.mark.Set(c.Mark.Text, c.Mark.Color)
	}
	if c.Bar {
		if v.bar == nil {
			v.bar = kit.NewBar()
			v.box.Add(v.bar)
		}
		v.bar.Set(c.Done, theme.ColorNamePrimary)
	}
	if (old.Icon == nil) != (c.Icon == nil) || (old.Picture == nil) != (c.Picture == nil) || old.Mark.Text != c.Mark.Text || old.Bar != c.Bar {
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

// needs returns the width that shows the whole cell.
func (v *cellView) needs() float32 {
	width := v.text.FullWidth()
	if v.shown.Icon != nil {
		width += cellIcon + look.GapMedium
	}
	if v.shown.Mark.Text != "" {
		width += cellMarkIcon + look.Gap + v.mark.FullWidth() + look.GapMedium
	}
	return width
}

// cellParts lays out the parts of a cell in a line.
type cellParts struct{ cell *cellView }

func (l cellParts) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	v := l.cell
	left, right := float32(0), size.Width
	place := func(object fyne.CanvasObject, shown bool, x, width, height float32) {
		if kit.Reveal(nil, object, shown); shown {
			object.Move(fyne.NewPos(x, (size.Height-height)/2))
			object.Resize(fyne.NewSize(width, height))
		}
	}
	if v.icon != nil {
		place(v.icon, v.shown.Icon != nil && v.shown.Picture == nil, 0, cellIcon, cellIcon)
	}
	if v.picture != nil {
		place(v.picture, v.shown.Picture != nil, (cellIcon-cellPicture)/2, cellPicture, cellPicture)
	}
	if v.shown.Icon != nil {
		left = cellIcon + look.GapMedium
	}
	if v.mark != nil {
		shown, width := v.shown.Mark.Text != "", v.mark.FullWidth()
		x := right - width
		place(v.mark, shown, x, width, size.Height)
		place(v.markIcon, shown, x-look.Gap-cellMarkIcon, cellMarkIcon, cellMarkIcon)
		if shown {
			right = x - look.Gap - cellMarkIcon - look.GapMedium
		}
	}
	v.text.Move(fyne.NewPos(left, 0))
	v.text.Resize(fyne.NewSize(max(right-left, 0), size.Height))
	if v.bar != nil {
		if kit.Reveal(nil, v.bar, v.shown.Bar); v.shown.Bar {
			v.bar.Move(fyne.NewPos(left, size.Height-kit.BarHeight))
			v.bar.Resize(fyne.NewSize(max(right-left, 0), kit.BarHeight))
		}
	}
}

func (l cellParts) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(look.GapHuge, cellHeight)
}
