//go:build !darwin || cgo

package desktop

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
)

// paintGround draws the ground of something that can be pressed: filled while it
// is chosen or under the pointer, with a border while the keys come to it.
func paintGround(ground *canvas.Rectangle, radius float32, chosen, hovered, focused bool) {
	fill, stroke, width := color.Color(color.Transparent), color.Color(color.Transparent), float32(0)
	switch {
	case chosen:
		fill = themeColor(theme.ColorNameSelection)
	case hovered:
		fill = themeColor(theme.ColorNameHover)
	}
	if focused {
		stroke, width = themeColor(theme.ColorNamePrimary), 1
	}
	if ground.FillColor == fill && ground.StrokeColor == stroke && ground.StrokeWidth == width && ground.CornerRadius == radius {
		return
	}
	ground.FillColor, ground.StrokeColor, ground.StrokeWidth, ground.CornerRadius = fill, stroke, width, radius
	ground.Refresh()
}

// pressable is the part of a widget of our own that can be pressed like a
// button: it knows whether the pointer is on it and whether the keys come to it.
type pressable struct {
	hovered, focused bool
	changed          func() // draws it again
}

// AccessibilityRole is what kind of thing it says it is.
func (p *pressable) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// MouseIn is called when the pointer comes.
func (p *pressable) MouseIn(*desktop.MouseEvent) { p.hovered = true; p.changed() }

// MouseMoved is part of what Fyne calls a Hoverable.
func (p *pressable) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is called when it leaves.
func (p *pressable) MouseOut() { p.hovered = false; p.changed() }

// FocusGained is called when the keys begin to come here.
func (p *pressable) FocusGained() { p.focused = true; p.changed() }

// FocusLost is called when they go elsewhere.
func (p *pressable) FocusLost() { p.focused = false; p.changed() }

// TypedRune is part of what Fyne calls a Focusable.
func (p *pressable) TypedRune(rune) {}
