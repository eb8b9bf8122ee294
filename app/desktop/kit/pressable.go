//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
)

// paintGround draws the ground of something that can be pressed: filled while
// it is chosen or under the pointer, with a border while it has the focus.
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

// pressable makes a widget behave like a button: it knows whether the pointer
// is on it and whether it has the focus.
type pressable struct {
	hovered, focused bool
	changed          func() // redraws the widget
}

// AccessibilityRole tells screen readers that this is a button.
func (p *pressable) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (p *pressable) MouseIn(*desktop.MouseEvent) { p.hovered = true; p.changed() }

func (p *pressable) MouseMoved(*desktop.MouseEvent) {}

func (p *pressable) MouseOut() { p.hovered = false; p.changed() }

func (p *pressable) FocusGained() { p.focused = true; p.changed() }

func (p *pressable) FocusLost() { p.focused = false; p.changed() }

func (p *pressable) TypedRune(rune) {}
