//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// row is a place on the screen in which a rowList shows one of its rows after
// another. Presses select at once; waiting for a second click would make every
// selection late by the time of a double click.
type row[T comparable] struct {
	widget.BaseWidget
	list    *RowList[T]
	view    RowView[T]
	back    *canvas.Rectangle
	ink     color.Color // the colour of text when the view was drawn last
	index   int
	hovered bool
}

func newRow[T comparable](list *RowList[T], view RowView[T]) *row[T] {
	r := &row[T]{list: list, view: view, back: canvas.NewRectangle(color.Transparent)}
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer is how Fyne draws a widget.
func (r *row[T]) CreateRenderer() fyne.WidgetRenderer {
	r.ExtendBaseWidget(r)
	return widget.NewSimpleRenderer(container.NewStack(r.back, r.view))
}

func (r *row[T]) fill() {
	r.view.Fill(r.list.Rows[r.index])
	// Fyne draws only what is on the screen again when the theme changes.
	if ink := ThemeColor(theme.ColorNameForeground); r.ink != ink {
		r.ink = ink
		r.view.Refresh()
	}
	r.paint()
}

// paint shows whether the row is selected, under the pointer or the cursor.
func (r *row[T]) paint() {
	PaintGround(r.back, r.Theme().Size(theme.SizeNameSelectionRadius),
		r.list.isSelected(r.index), r.hovered, r.list.focused && r.list.cursor == r.index)
}

// MouseDown selects; the right button opens the menu of the selected rows.
func (r *row[T]) MouseDown(event *desktop.MouseEvent) {
	r.list.Focus()
	if event.Button != desktop.MouseButtonSecondary {
		r.list.pick(r.index, event.Modifier)
		return
	}
	if !r.list.isSelected(r.index) {
		r.list.SelectOnly(r.index)
	}
	r.list.openMenu(event.AbsolutePosition)
}

// MouseUp is part of what Fyne calls a Mouseable.
func (r *row[T]) MouseUp(*desktop.MouseEvent) {}

// DoubleTapped opens the row.
func (r *row[T]) DoubleTapped(*fyne.PointEvent) { r.list.open(r.index) }

// MouseIn marks the row under the pointer, and shows in full what does not fit
// into it.
func (r *row[T]) MouseIn(*desktop.MouseEvent) {
	r.hovered = true
	r.paint()
	if view, ok := r.view.(interface{ hint() string }); ok && r.list.Tips != nil {
		r.list.Tips.show(view.hint(), r)
	}
}

// MouseMoved is part of what Fyne calls a Hoverable.
func (r *row[T]) MouseMoved(*desktop.MouseEvent) {}

// MouseOut takes the mark away.
func (r *row[T]) MouseOut() {
	r.hovered = false
	r.paint()
	if r.list.Tips != nil {
		r.list.Tips.Hide()
	}
}
