//go:build !darwin || cgo

package tables

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

// headerEdge is the edge to the right of a column.
type headerEdge struct {
	widget.BaseWidget
	header *header
	column int
	mark   *canvas.Rectangle
}

func newHeaderEdge(h *header, column int) *headerEdge {
	e := &headerEdge{header: h, column: column, mark: canvas.NewRectangle(color.Transparent)}
	e.ExtendBaseWidget(e)
	return e
}

func (e *headerEdge) CreateRenderer() fyne.WidgetRenderer {
	e.ExtendBaseWidget(e)
	e.paint(theme.ColorNameSeparator)
	return kit.Rendered(e, container.New(edgeLayout{}, e.mark))
}

// edgeLayout draws the mark as a thin line in the middle.
type edgeLayout struct{}

func (edgeLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	objects[0].Move(fyne.NewPos((size.Width-1)/2, look.GapMedium-2))
	objects[0].Resize(fyne.NewSize(1, size.Height-2*look.GapMedium+4))
}

func (edgeLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(edgeWidth, headerHeight-1)
}

func (e *headerEdge) paint(color fyne.ThemeColorName) {
	e.mark.FillColor = look.Color(color)
	e.mark.Refresh()
}

// Refresh redraws the mark, for another theme.
func (e *headerEdge) Refresh() {
	e.paint(theme.ColorNameSeparator)
	e.BaseWidget.Refresh()
}

func (e *headerEdge) move(by float32) {
	e.header.set.drag(e.column, by, e.header.Size().Width)
	e.header.reshape()
}

// Dragged moves the edge.
func (e *headerEdge) Dragged(event *fyne.DragEvent) { e.move(event.Dragged.DX) }

// DragEnd completes the change.
func (e *headerEdge) DragEnd() { e.header.settled() }

// DoubleTapped fits the column to the left of the edge.
func (e *headerEdge) DoubleTapped(*fyne.PointEvent) {
	e.header.set.fit(e.column, e.header.needs)
	e.header.reshape()
	e.header.settled()
}

// Cursor shows that the edge can be moved.
func (e *headerEdge) Cursor() desktop.Cursor { return desktop.HResizeCursor }

// MouseIn highlights the edge.
func (e *headerEdge) MouseIn(*desktop.MouseEvent) { e.paint(theme.ColorNamePrimary) }

func (e *headerEdge) MouseMoved(*desktop.MouseEvent) {}

// MouseOut ends the highlight.
func (e *headerEdge) MouseOut() { e.paint(theme.ColorNameSeparator) }
