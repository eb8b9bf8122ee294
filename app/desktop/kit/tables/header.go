//go:build !darwin || cgo

package tables

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

const (
	headerHeight = 28
	edgeWidth    = look.GapMedium // of the area where the edge of a column can be grabbed
	keyStep      = look.GapMedium // how far an arrow key moves an edge
)

// header is the line above the rows of a table. A click on a name sorts by it,
// and a second one reverses the order. Edges can be dragged; a double click on
// one fits its column. A menu hides and shows columns. On the keyboard, arrows
// move between names, Enter sorts, Shift with an arrow moves the edge, and the
// menu key opens the menu.
type header struct {
	widget.BaseWidget
	set    *columnSet
	cells  []*headerCell
	edges  []*headerEdge
	bottom *canvas.Rectangle

	by         int // column that the rows are sorted by
	descending bool

	sorted  func()            // called when by or descending changed
	shaped  func()            // called when widths or hidden columns changed
	settled func()            // called when such a change is complete
	needs   func(int) float32 // returns the width that the contents of a column need
	menu    func() *fyne.Menu
}

func newHeader(set *columnSet) *header {
	h := &header{set: set, bottom: canvas.NewRectangle(color.Transparent)}
	for i, c := range set.shapes {
		h.cells = append(h.cells, newHeaderCell(h, i, c))
		h.edges = append(h.edges, newHeaderEdge(h, i))
	}
	h.ExtendBaseWidget(h)
	return h
}

func (h *header) sortBy(by int) {
	if h.by == by {
		h.descending = h.descending != !h.set.shapes[by].OneWay
	} else {
		h.by, h.descending = by, h.set.shapes[by].Descending
	}
	h.Refresh()
	h.sorted()
}

func (h *header) reshape() {
	h.Refresh()
	h.shaped()
}

func (h *header) openMenu(over fyne.CanvasObject, at fyne.Position) {
	widget.ShowPopUpMenuAtPosition(h.menu(), fyne.CurrentApp().Driver().CanvasForObject(over), at)
}

// focusBeside focuses the next name shown in the direction of step.
func (h *header) focusBeside(column, step int) {
	for i := column + step; i >= 0 && i < len(h.cells); i += step {
		if h.cells[i].Visible() {
			fyne.CurrentApp().Driver().CanvasForObject(h).Focus(h.cells[i])
			return
		}
	}
}

func (h *header) CreateRenderer() fyne.WidgetRenderer {
	h.ExtendBaseWidget(h)
	r := &headerRenderer{header: h}
	r.apply()
	return kit.LaidOut(h, r)
}

type headerRenderer struct{ header *header }

func (r *headerRenderer) apply() { r.header.bottom.FillColor = look.Color(theme.ColorNameSeparator) }

func (r *headerRenderer) Layout(size fyne.Size) {
	h := r.header
	h.bottom.Move(fyne.NewPos(0, size.Height-1))
	h.bottom.Resize(fyne.NewSize(size.Width, 1))
	spans := h.set.spans(size.Width)
	for i, at := range spans {
		h.cells[i].Hidden = at.width == 0
		h.edges[i].Hidden = at.width == 0 || next(spans, i) < 0
		h.cells[i].Move(fyne.NewPos(at.x, 0))
		h.cells[i].Resize(fyne.NewSize(at.width, size.Height-1))
		h.edges[i].Move(fyne.NewPos(at.x+at.width+(look.GapMedium-edgeWidth)/2, 0))
		h.edges[i].Resize(fyne.NewSize(edgeWidth, size.Height-1))
	}
}

func (r *headerRenderer) MinSize() fyne.Size {
	return fyne.NewSize(r.header.set.least(), headerHeight)
}

func (r *headerRenderer) Refresh() {
	r.apply()
	r.Layout(r.header.Size())
	for i := range r.header.cells {
		r.header.cells[i].Refresh()
		r.header.edges[i].Refresh()
	}
	canvas.Refresh(r.header)
}

func (r *headerRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{r.header.bottom}
	for i := range r.header.cells {
		objects = append(objects, r.header.cells[i], r.header.edges[i])
	}
	return objects
}

func (r *headerRenderer) Destroy() {}

// headerCell is the name of a column.
type headerCell struct {
	widget.BaseWidget
	kit.Pressable
	header *header
	column int
	name   *kit.Line
	mark   *widget.Icon // shows the order
	back   *canvas.Rectangle
}

// headerNeeds returns the width in which the name of a column is whole, even
// beside the mark of the order.
func headerNeeds(name words.Phrase) float32 {
	title := kit.NewCaption()
	title.Style.Bold = true
	title.SetText(name.String())
	return title.FullWidth() + 3*look.GapMedium
}

func newHeaderCell(h *header, column int, shape ColumnShape) *headerCell {
	c := &headerCell{header: h, column: column, name: kit.NewCaption(), mark: widget.NewIcon(nil), back: canvas.NewRectangle(color.Transparent)}
	c.name.Align = shape.Align
	c.name.Style.Bold = true
	c.name.SetText(shape.Name.String())
	c.Changed = c.paint
	c.ExtendBaseWidget(c)
	return c
}

func (c *headerCell) CreateRenderer() fyne.WidgetRenderer {
	c.ExtendBaseWidget(c)
	c.paint()
	return kit.Rendered(c, container.NewStack(c.back, container.New(headerCellLayout{c}, c.name, c.mark)))
}

// Refresh redraws the name and the mark.
func (c *headerCell) Refresh() {
	c.paint()
	c.BaseWidget.Refresh()
}

func (c *headerCell) paint() {
	kit.PaintGround(c.back, look.Gap, false, c.Hovered, c.Focused)
	ink := look.ColorCaption
	if c.header.by == c.column {
		ink = theme.ColorNameForeground
		mark := theme.MenuDropUpIcon()
		if c.header.descending {
			mark = theme.MenuDropDownIcon()
		}
		c.mark.SetResource(mark)
	}
	c.mark.Hidden = c.header.by != c.column
	c.name.Set(c.name.Text, ink)
}

// headerCellLayout puts the mark of the order beside the name, on the side that
// the text is not aligned to.
type headerCellLayout struct{ cell *headerCell }

func (l headerCellLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	const markSize = 16
	c := l.cell
	x, width := look.GapMedium, size.Width-2*look.GapMedium
	needs := fyne.MeasureText(c.name.Text, c.name.Theme().Size(c.name.TextSize), c.name.Style).Width
	markX := min(x+needs+2, size.Width-markSize)
	if c.name.Align == fyne.TextAlignTrailing {
		markX = max(x+width-needs-markSize-2, 0)
	}
	c.mark.Move(fyne.NewPos(markX, (size.Height-markSize)/2))
	c.mark.Resize(fyne.NewSquareSize(markSize))
	if c.header.by == c.column && needs+markSize > width {
		width = max(width-look.GapMedium, 0)
		if c.name.Align == fyne.TextAlignTrailing {
			x += look.GapMedium
		}
	}
	c.name.Move(fyne.NewPos(x, 0))
	c.name.Resize(fyne.NewSize(width, size.Height))
}

func (l headerCellLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(leastWidth, headerHeight-1)
}

// Tapped sorts by the column.
func (c *headerCell) Tapped(*fyne.PointEvent) { c.header.sortBy(c.column) }

// TappedSecondary opens the menu of the columns.
func (c *headerCell) TappedSecondary(event *fyne.PointEvent) {
	c.header.openMenu(c, event.AbsolutePosition)
}

// AccessibilityLabel returns what a screen reader says.
func (c *headerCell) AccessibilityLabel() string { return c.name.Text }

// TypedKey sorts, moves the edge or the focus, or opens the menu.
func (c *headerCell) TypedKey(event *fyne.KeyEvent) {
	h := c.header
	shift := lists.HeldKeys()&fyne.KeyModifierShift != 0
	switch {
	case event.Name == fyne.KeyReturn, event.Name == fyne.KeyEnter, event.Name == fyne.KeySpace:
		h.sortBy(c.column)
	case event.Name == fyne.KeyLeft && shift:
		h.edges[c.column].move(-keyStep)
		h.settled()
	case event.Name == fyne.KeyRight && shift:
		h.edges[c.column].move(keyStep)
		h.settled()
	case event.Name == fyne.KeyLeft:
		h.focusBeside(c.column, -1)
	case event.Name == fyne.KeyRight:
		h.focusBeside(c.column, 1)
	case lists.IsMenuKey(event.Name, lists.HeldKeys()):
		h.openMenu(c, fyne.CurrentApp().Driver().AbsolutePositionForObject(c).AddXY(look.GapMedium, headerHeight))
	}
}
