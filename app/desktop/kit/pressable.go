//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
)

// PaintGround draws the ground of something that can be pressed: filled while it
// is chosen or under the pointer, with a border while the keys come to it.
func PaintGround(ground *canvas.Rectangle, radius float32, chosen, hovered, focused bool) {
	fill, stroke, width := color.Color(color.Transparent), color.Color(color.Transparent), float32(0)
	switch {
	case chosen:
		fill = ThemeColor(theme.ColorNameSelection)
	case hovered:
		fill = ThemeColor(theme.ColorNameHover)
	}
	if focused {
		stroke, width = ThemeColor(theme.ColorNamePrimary), 1
	}
	if ground.FillColor == fill && ground.StrokeColor == stroke && ground.StrokeWidth == width && ground.CornerRadius == radius {
		return
	}
	ground.FillColor, ground.StrokeColor, ground.StrokeWidth, ground.CornerRadius = fill, stroke, width, radius
	ground.Refresh()
}

// Pressable is the part of a widget of our own that can be pressed like a
// button: it knows whether the pointer is on it and whether the keys come to it.
type Pressable struct {
	Hovered, Focused bool
	Changed          func() // draws it again
}

// AccessibilityRole is what kind of thing it says it is.
func (p *Pressable) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// MouseIn is called when the pointer comes.
func (p *Pressable) MouseIn(*desktop.MouseEvent) { p.Hovered = true; p.Changed() }

// MouseMoved is part of what Fyne calls a Hoverable.
func (p *Pressable) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is called when it leaves.
func (p *Pressable) MouseOut() { p.Hovered = false; p.Changed() }

// FocusGained is called when the keys begin to come here.
func (p *Pressable) FocusGained() { p.Focused = true; p.Changed() }

// FocusLost is called when they go elsewhere.
func (p *Pressable) FocusLost() { p.Focused = false; p.Changed() }

// TypedRune is part of what Fyne calls a Focusable.
func (p *Pressable) TypedRune(rune) {}
