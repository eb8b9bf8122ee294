//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/look"
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
	t.back.CornerRadius = look.Gap
	t.Layer = container.NewWithoutLayout(t.back, t.text)
	t.Layer.Hide()
	return t
}

// Show puts text below an object, or above it if there is no room below.
func (t *Tips) Show(text string, object fyne.CanvasObject) {
	driver := fyne.CurrentApp().Driver()
	canvas := driver.CanvasForObject(object)
	if canvas == nil || text == "" {
		t.Hide()
		return
	}
	t.text.Text, t.text.TextSize = text, theme.CaptionTextSize()
	t.text.Color, t.back.FillColor = look.Color(look.ColorTipText), look.Color(look.ColorTip)
	size := t.text.MinSize().AddWidthHeight(2*look.GapMedium, 2*look.Gap)
	at := driver.AbsolutePositionForObject(object).AddXY((object.Size().Width-size.Width)/2, object.Size().Height+look.Gap)
	window := canvas.Size()
	at.X = max(look.Gap, min(at.X, window.Width-size.Width-look.Gap))
	if at.Y+size.Height > window.Height {
		at.Y -= object.Size().Height + size.Height + 2*look.Gap
	}
	t.back.Move(at)
	t.back.Resize(size)
	t.text.Move(at.AddXY(look.GapMedium, look.Gap))
	t.text.Resize(t.text.MinSize())
	t.Layer.Show()
	t.Layer.Refresh()
}

// Hide takes the tooltip away.
func (t *Tips) Hide() { t.Layer.Hide() }
