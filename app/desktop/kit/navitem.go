//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

const (
	navIcon   = 20
	countRoom = 40 // of a count: "1,234 !"
)

// NavItem is a line of the sidebar: an icon, a name and a count.
type NavItem struct {
	widget.BaseWidget
	Pressable
	tapped   func()
	back     *canvas.Rectangle
	picture  *widget.Icon
	name     *Line
	count    *Line
	content  *fyne.Container // icon, name and count
	resource fyne.Resource
	current  bool
}

// NewNavItem makes an item without a count. It calls tapped for a tap, Enter
// and Space.
func NewNavItem(icon fyne.Resource, name string, tapped func()) *NavItem {
	n := &NavItem{
		tapped:   tapped,
		back:     canvas.NewRectangle(color.Transparent),
		resource: icon,
		name:     NewLine(theme.ColorNameForeground, theme.SizeNameText),
		count:    NewLine(look.ColorCaption, theme.SizeNameCaptionText),
	}
	n.picture = widget.NewIcon(n.resource)
	n.name.SetText(name)
	n.count.Align, n.count.Whole = fyne.TextAlignTrailing, true
	n.content = container.NewBorder(nil, nil, container.NewGridWrap(fyne.NewSquareSize(navIcon), n.picture), n.count, Inset(look.Gap, 0, n.name))
	n.Changed = n.paint
	n.ExtendBaseWidget(n)
	return n
}

// FullWidth returns the width in which the name is whole, even while it is
// bold, beside a count if there may be one.
func (n *NavItem) FullWidth(counted bool) float32 {
	style := n.name.Style
	n.name.Style.Bold = true // as it is while the item is the current one
	width := n.name.FullWidth() + 4*look.GapMedium + navIcon + 3*look.Gap
	n.name.Style = style
	if counted {
		width += countRoom + look.Gap
	}
	return width
}

// CreateRenderer implements fyne.Widget.
func (n *NavItem) CreateRenderer() fyne.WidgetRenderer {
	n.ExtendBaseWidget(n)
	n.paint()
	return Rendered(n, container.NewStack(n.back, Inset(look.GapMedium, 7, n.content)))
}

func (n *NavItem) paint() {
	PaintGround(n.back, 8, n.current, n.Hovered, n.Focused)
}

// Refresh redraws the item, for another theme.
func (n *NavItem) Refresh() {
	n.paint()
	n.BaseWidget.Refresh()
}

// SetCurrent marks the item as the one that is shown, or not.
func (n *NavItem) SetCurrent(current bool) {
	n.current = current
	n.name.Style.Bold = current
	tint := look.ColorCaption
	if current {
		tint = theme.ColorNamePrimary
	}
	n.picture.SetResource(look.Tinted(n.resource, tint))
	n.name.Refresh()
	n.paint()
}

// SetCount shows a number behind the name, unless it is 0. An alarming one
// stands out.
func (n *NavItem) SetCount(count int, alarming bool) {
	text, tint := "", look.ColorCaption
	if count > 0 {
		text = words.Count(count)
	}
	if alarming {
		tint = theme.ColorNameError
		text += " !"
	}
	if n.count.Text != text {
		n.count.Set(text, tint)
		n.content.Refresh()
	}
}

// Tapped runs what the item is for.
func (n *NavItem) Tapped(*fyne.PointEvent) { n.tapped() }

// AccessibilityLabel returns what a screen reader says.
func (n *NavItem) AccessibilityLabel() string { return n.name.Text }

// TypedKey does the same as a tap for Enter and Space.
func (n *NavItem) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		n.tapped()
	}
}
