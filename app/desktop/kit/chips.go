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

const chipHeight = 28

// Chips are a few names, such as All, Active and Finished; one of them is
// chosen. The left and right arrow keys move between them.
type Chips struct {
	Box     *fyne.Container // what a page shows
	list    []*chip
	Chosen  int // index of the chosen name
	changed func()
}

// NewChips makes chips and chooses the first. It calls changed when
// another one was chosen.
func NewChips(names []words.Phrase, changed func()) *Chips {
	c := &Chips{changed: changed, Box: container.NewHBox()}
	for i, name := range names {
		one := newChip(c, i, name.String())
		c.list = append(c.list, one)
		c.Box.Add(one)
	}
	return c
}

// Count shows a number beside the name at index.
func (c *Chips) Count(index, count int) {
	if chip := c.list[index]; chip.count.Text != words.Count(count) {
		chip.count.SetText(words.Count(count))
		c.Box.Refresh()
	}
}

// Choose chooses the name at index.
func (c *Chips) Choose(index int) {
	if index < 0 || index >= len(c.list) || index == c.Chosen {
		return
	}
	c.Chosen = index
	for _, one := range c.list {
		one.paint()
	}
	c.changed()
}

// chip is one of the names.
type chip struct {
	widget.BaseWidget
	Pressable
	chips       *Chips
	index       int
	name, count *Line
	back        *canvas.Rectangle
}

func newChip(c *Chips, index int, name string) *chip {
	one := &chip{chips: c, index: index, back: canvas.NewRectangle(color.Transparent)}
	one.name, one.count = NewLine(theme.ColorNameForeground, theme.SizeNameText), NewCaption()
	one.name.Whole, one.count.Whole = true, true
	one.name.SetText(name)
	one.Changed = one.paint
	one.ExtendBaseWidget(one)
	return one
}

func (c *chip) CreateRenderer() fyne.WidgetRenderer {
	c.ExtendBaseWidget(c)
	c.paint()
	least := canvas.NewRectangle(color.Transparent)
	least.SetMinSize(fyne.NewSize(0, chipHeight))
	return Rendered(c, container.NewStack(least, c.back,
		Inset(12, 0, container.NewHBox(c.name, c.count))))
}

// Refresh redraws the chip, for another theme too.
func (c *chip) Refresh() {
	c.paint()
	c.BaseWidget.Refresh()
}

func (c *chip) paint() {
	chosen, ink := c.chips.Chosen == c.index, look.ColorCaption
	if chosen {
		ink = theme.ColorNameForeground
	}
	PaintGround(c.back, chipHeight/2, chosen, c.Hovered, c.Focused)
	c.name.Set(c.name.Text, ink)
}

// Tapped chooses the chip.
func (c *chip) Tapped(*fyne.PointEvent) { c.chips.Choose(c.index) }

// AccessibilityLabel returns what a screen reader says.
func (c *chip) AccessibilityLabel() string { return c.name.Text }

// TypedKey chooses the chip for Enter and Space, and moves to its neighbours
// for the arrows.
func (c *chip) TypedKey(event *fyne.KeyEvent) {
	step := 0
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		c.chips.Choose(c.index)
	case fyne.KeyLeft:
		step = -1
	case fyne.KeyRight:
		step = 1
	}
	if to := c.index + step; step != 0 && to >= 0 && to < len(c.chips.list) {
		fyne.CurrentApp().Driver().CanvasForObject(c).Focus(c.chips.list[to])
		c.chips.Choose(to)
	}
}
