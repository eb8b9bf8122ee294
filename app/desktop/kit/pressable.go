//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/look"
)

// PaintGround draws the ground of something that can be pressed: filled while
// it is chosen or under the pointer, with a border while it has the focus.
func PaintGround(ground *canvas.Rectangle, radius float32, chosen, hovered, focused bool) {
	fill, stroke, width := color.Color(color.Transparent), color.Color(color.Transparent), float32(0)
	switch {
	case chosen:
		fill = look.Color(theme.ColorNameSelection)
	case hovered:
		fill = look.Color(theme.ColorNameHover)
	}
	if focused {
		stroke, width = look.Color(theme.ColorNamePrimary), 1
	}
	if ground.FillColor == fill && ground.StrokeColor == stroke && ground.StrokeWidth == width && ground.CornerRadius == radius {
		return
	}
	ground.FillColor, ground.StrokeColor, ground.StrokeWidth, ground.CornerRadius = fill, stroke, width, radius
	ground.Refresh()
}

// Pressable makes a widget that embeds it behave like a button: it knows whether the
// pointer is on it and whether it has the focus.
type Pressable struct {
	Hovered, Focused bool
	Changed          func() // redraws the widget
}

// AccessibilityRole tells screen readers that this is a button.
func (p *Pressable) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// MouseIn implements desktop.Hoverable.
func (p *Pressable) MouseIn(*desktop.MouseEvent) { p.Hovered = true; p.Changed() }

// MouseMoved implements desktop.Hoverable.
func (p *Pressable) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (p *Pressable) MouseOut() { p.Hovered = false; p.Changed() }

// FocusGained implements fyne.Focusable.
func (p *Pressable) FocusGained() { p.Focused = true; p.Changed() }

// FocusLost implements fyne.Focusable.
func (p *Pressable) FocusLost() { p.Focused = false; p.Changed() }

// TypedRune implements fyne.Focusable.
func (p *Pressable) TypedRune(rune) {}
