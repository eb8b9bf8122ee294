//go:build !darwin || cgo

package lists

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
)

// row is a place on the screen in which a List shows its rows, one after
// another. A press selects at once: waiting for a second click would delay
// every selection by the time of a double click.
type row[T comparable] struct {
	widget.BaseWidget
	list    *List[T]
	view    View[T]
	back    *canvas.Rectangle
	ring    *canvas.Rectangle // while it is at the cursor
	ink     color.Color       // colour of text when the view was drawn last
	index   int
	hovered bool
}

const ringMargin = 2 // around the ring of the cursor

func newRow[T comparable](list *List[T], view View[T]) *row[T] {
	r := &row[T]{list: list, view: view, back: canvas.NewRectangle(color.Transparent), ring: canvas.NewRectangle(color.Transparent)}
	r.ExtendBaseWidget(r)
	return r
}

func (r *row[T]) CreateRenderer() fyne.WidgetRenderer {
	r.ExtendBaseWidget(r)
	return kit.Rendered(r, container.NewStack(r.back, kit.Inset(ringMargin, ringMargin, r.ring), r.view))
}

func (r *row[T]) fill() {
	r.view.Fill(r.list.Rows[r.index])
	// When the theme changes, Fyne redraws only what is on the screen.
	if ink := look.Color(theme.ColorNameForeground); r.ink != ink {
		r.ink = ink
		r.view.Refresh()
	}
	r.paint()
}

// paint shows whether the row is selected, under the pointer, or at the cursor. The ring
// of the cursor lies inside the row: the list cuts off what is on its edge.
func (r *row[T]) paint() {
	radius := r.Theme().Size(theme.SizeNameSelectionRadius)
	kit.PaintGround(r.back, radius, r.list.isSelected(r.index), r.hovered, false)
	kit.PaintGround(r.ring, radius-ringMargin, false, false, r.list.focused && r.list.cursor == r.index)
}

// MouseDown selects. The right button opens the menu of the selected rows.
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

func (r *row[T]) MouseUp(*desktop.MouseEvent) {}

// DoubleTapped opens the row.
func (r *row[T]) DoubleTapped(*fyne.PointEvent) { r.list.open(r.index) }

// MouseIn highlights the row, and shows what does not fit into it in a tooltip.
func (r *row[T]) MouseIn(*desktop.MouseEvent) {
	r.hovered = true
	r.paint()
	if view, ok := r.view.(Hinted); ok && r.list.tips != nil {
		r.list.tips.Show(view.Hint(), r)
	}
}

func (r *row[T]) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends that.
func (r *row[T]) MouseOut() {
	r.hovered = false
	r.paint()
	if r.list.tips != nil {
		r.list.tips.Hide()
	}
}
