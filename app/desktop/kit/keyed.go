//go:build !darwin || cgo

package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/look"
)

// Fyne gives a key to what has the focus, and to nothing else. The widgets of this
// file use the keys of Fyne's own, and pass on all others, such as Escape and Enter
// in a sheet.

// passOn hands a key to the window if it means something there, and nothing to
// Fyne's widgets. It reports whether it did.
func passOn(from fyne.CanvasObject, event *fyne.KeyEvent) bool {
	switch event.Name {
	case fyne.KeyEscape, fyne.KeyReturn, fyne.KeyEnter, fyne.KeyF1, fyne.KeyF5, fyne.KeyF8:
	default:
		return false
	}
	if canvas := fyne.CurrentApp().Driver().CanvasForObject(from); canvas != nil {
		if typed := canvas.OnTypedKey(); typed != nil {
			typed(event)
		}
	}
	return true
}

// Button is a button that Enter presses, too, and that has a ring while it has the
// focus.
type Button struct {
	widget.Button
	focused bool
}

// NewButton makes a button with a text.
func NewButton(text string, tapped func()) *Button { return NewButtonWithIcon(text, nil, tapped) }

// NewButtonWithIcon makes a button with an icon before its text.
func NewButtonWithIcon(text string, icon fyne.Resource, tapped func()) *Button {
	b := &Button{}
	b.Text, b.Icon, b.OnTapped = text, icon, tapped
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey presses the button for Enter and Space, and passes other keys on.
func (b *Button) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		b.Tapped(nil)
	default:
		passOn(b, event)
	}
}

// FocusGained implements fyne.Focusable.
func (b *Button) FocusGained() {
	b.focused = true
	b.Button.FocusGained()
}

// FocusLost implements fyne.Focusable.
func (b *Button) FocusLost() {
	b.focused = false
	b.Button.FocusLost()
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	r := &ringed{WidgetRenderer: b.Button.CreateRenderer(), has: &b.focused, ring: canvas.NewRectangle(color.Transparent)}
	r.paint()
	return LaidOut(b, r)
}

// ringed draws a ring in a button that has the focus. Fyne only blends the colour of
// the button with that of the focus, which are the same on a primary button.
type ringed struct {
	fyne.WidgetRenderer
	has  *bool // the focus
	ring *canvas.Rectangle
}

const (
	ringWidth = 2
	ringInset = 2
)

func (r *ringed) Layout(size fyne.Size) {
	r.WidgetRenderer.Layout(size)
	r.ring.Move(fyne.NewSquareOffsetPos(ringInset))
	r.ring.Resize(size.SubtractWidthHeight(2*ringInset, 2*ringInset))
}

func (r *ringed) Refresh() {
	r.WidgetRenderer.Refresh()
	r.paint()
}

func (r *ringed) paint() {
	r.ring.StrokeWidth, r.ring.CornerRadius = ringWidth, look.Size(theme.SizeNameButtonRadius)-ringInset
	r.ring.StrokeColor = look.Color(theme.ColorNameBackground)
	r.ring.Hidden = !*r.has
	r.ring.Refresh()
}

func (r *ringed) Objects() []fyne.CanvasObject { return append(r.WidgetRenderer.Objects(), r.ring) }

// Check is a check box that passes on the keys that it does not use.
type Check struct{ widget.Check }

// NewCheck makes a check box. changed may be nil.
func NewCheck(text string, changed func(bool)) *Check {
	c := &Check{}
	c.Text, c.OnChanged = text, changed
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey implements fyne.Focusable. Space comes as a letter.
func (c *Check) TypedKey(event *fyne.KeyEvent) { passOn(c, event) }

// CreateRenderer implements fyne.Widget.
func (c *Check) CreateRenderer() fyne.WidgetRenderer {
	c.ExtendBaseWidget(c)
	return LaidOut(c, c.Check.CreateRenderer())
}

// Select is a choice that passes on the keys that it does not use.
type Select struct{ widget.Select }

// NewSelect makes a choice. changed may be nil.
func NewSelect(options []string, changed func(string)) *Select {
	s := &Select{}
	s.Options, s.OnChanged = options, changed
	s.ExtendBaseWidget(s)
	return s
}

// TypedKey implements fyne.Focusable.
func (s *Select) TypedKey(event *fyne.KeyEvent) {
	if !passOn(s, event) {
		s.Select.TypedKey(event)
	}
}

// CreateRenderer implements fyne.Widget.
func (s *Select) CreateRenderer() fyne.WidgetRenderer {
	s.ExtendBaseWidget(s)
	return LaidOut(s, s.Select.CreateRenderer())
}

// Tree is a tree that passes on the keys that it does not use.
type Tree struct{ widget.Tree }

// NewTree makes a tree; see widget.NewTree.
func NewTree(children func(string) []string, isBranch func(string) bool, create func(bool) fyne.CanvasObject,
	update func(string, bool, fyne.CanvasObject)) *Tree {
	t := &Tree{}
	t.ChildUIDs, t.IsBranch, t.CreateNode, t.UpdateNode = children, isBranch, create, update
	t.ExtendBaseWidget(t)
	return t
}

// TypedKey implements fyne.Focusable.
func (t *Tree) TypedKey(event *fyne.KeyEvent) {
	if !passOn(t, event) {
		t.Tree.TypedKey(event)
	}
}

// CreateRenderer implements fyne.Widget.
func (t *Tree) CreateRenderer() fyne.WidgetRenderer {
	t.ExtendBaseWidget(t)
	return LaidOut(t, t.Tree.CreateRenderer())
}

// List is a list without a selection that passes on the keys that it does not use.
type List struct{ widget.List }

// NewList makes a list; see widget.NewList.
func NewList(length func() int, create func() fyne.CanvasObject, update func(int, fyne.CanvasObject)) *List {
	l := &List{}
	l.Length, l.CreateItem, l.UpdateItem = length, create, update
	l.ExtendBaseWidget(l)
	return l
}

// TypedKey implements fyne.Focusable.
func (l *List) TypedKey(event *fyne.KeyEvent) {
	if !passOn(l, event) {
		l.List.TypedKey(event)
	}
}

// CreateRenderer implements fyne.Widget.
func (l *List) CreateRenderer() fyne.WidgetRenderer {
	l.ExtendBaseWidget(l)
	return LaidOut(l, l.List.CreateRenderer())
}
