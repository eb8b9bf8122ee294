//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// Tips is a layer above the window that shows tooltips. The pointer passes
// through it, so that it is never in the way.
type Tips struct {
	Layer *fyne.Container // fills the window
	back  *canvas.Rectangle
	text  *canvas.Text
}

// NewTips makes the layer. Its owner puts Layer above everything else in the
// window.
func NewTips() *Tips {
	t := &Tips{back: canvas.NewRectangle(color.Transparent), text: canvas.NewText("", color.Transparent)}
	t.back.CornerRadius = Gap
	t.Layer = container.NewWithoutLayout(t.back, t.text)
	t.Layer.Hide()
	return t
}

// show puts text below an object, or above it if there is no room below.
func (t *Tips) show(text string, object fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	canvas := driver.CanvasForObject(object)
	if canvas == nil || text == "" {
		t.Hide()
		return
	}
	t.text.Text, t.text.TextSize = text, theme.CaptionTextSize()
	t.text.Color, t.back.FillColor = themeColor(colorTipText), themeColor(colorTip)
	size := t.text.MinSize().AddWidthHeight(2*GapMedium, 2*Gap)
	at := driver.AbsolutePositionForObject(object).AddXY((object.Size().Width-size.Width)/2, object.Size().Height+Gap)
	window := canvas.Size()
	at.X = max(Gap, min(at.X, window.Width-size.Width-Gap))
	if at.Y+size.Height > window.Height {
		at.Y -= object.Size().Height + size.Height + 2*Gap
	}
	t.back.Move(at)
	t.back.Resize(size)
	t.text.Move(at.AddXY(GapMedium, Gap))
	t.text.Resize(t.text.MinSize())
	t.Layer.Show()
	t.Layer.Refresh()
}

// Hide takes the tooltip away.
func (t *Tips) Hide() { t.Layer.Hide() }
