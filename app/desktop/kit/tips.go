//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/netproto"
)

// Tips is a layer above the window that shows tooltips. The pointer passes
// through it, so that it is never in the way.
type Tips struct {
	Layer *fyne.Container // fills the window
	back  *canvas.Rectangle
	lines []*canvas.Text
}

// NewTips makes the layer. Its owner puts Layer above everything else in the
// window.
func NewTips() *Tips {
	t := &Tips{back: canvas.NewRectangle(color.Transparent)}
	t.back.CornerRadius = look.Gap
	t.Layer = container.NewWithoutLayout(t.back)
	t.Layer.Hide()
	return t
}

// Show puts text below an object, or above it if there is no room below. It has as many
// lines as the text needs in the window.
func (t *Tips) Show(text string, object fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	canvas := driver.CanvasForObject(object)
	if canvas == nil || text == "" {
		t.Hide()
		return
	}
	window := canvas.Size()
	text = netproto.Printable(text)
	size := t.write(text, window.Width-2*look.Gap-2*look.GapMedium).AddWidthHeight(2*look.GapMedium, 2*look.Gap)
	at := driver.AbsolutePositionForObject(object).AddXY((object.Size().Width-size.Width)/2, object.Size().Height+look.Gap)
	at.X = max(look.Gap, min(at.X, window.Width-size.Width-look.Gap))
	if at.Y+size.Height > window.Height {
		at.Y -= object.Size().Height + size.Height + 2*look.Gap
	}
	t.back.Move(at)
	t.back.Resize(size)
	at = at.AddXY(look.GapMedium, look.Gap)
	for _, line := range t.lines {
		line.Move(at)
		line.Resize(line.MinSize())
		at.Y += line.MinSize().Height
	}
	t.Layer.Show()
	t.Layer.Refresh()
}

// write makes the lines of a text within a width, and returns the room that they need.
func (t *Tips) write(text string, width float32) (size fyne.Size) {
	t.back.FillColor = look.Color(look.ColorTip)
	t.lines, t.Layer.Objects = nil, []fyne.CanvasObject{t.back}
	height := theme.CaptionTextSize()
	fits := func(line string) bool { return fyne.MeasureText(line, height, fyne.TextStyle{}).Width <= width }
	for _, part := range words.Wrap(text, fits) {
		line := canvas.NewText(words.CutMiddle(part, fits), look.Color(look.ColorTipText))
		line.TextSize = height
		t.lines = append(t.lines, line)
		t.Layer.Objects = append(t.Layer.Objects, line)
		size = fyne.NewSize(max(size.Width, line.MinSize().Width), size.Height+line.MinSize().Height)
	}
	return size
}

// Hide takes the tooltip away.
func (t *Tips) Hide() { t.Layer.Hide() }
