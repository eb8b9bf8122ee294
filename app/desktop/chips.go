//go:build !darwin || cgo

package desktop

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

const chipHeight = 28

// chips are a few names of which one is chosen: All, Active, Finished. The
// arrow keys go from one to the next.
type chips struct {
	box     *fyne.Container
	list    []*chip
	chosen  int
	changed func()
}

func newChips(names []phrase, changed func()) *chips {
	c := &chips{changed: changed, box: container.NewHBox()}
	for i, name := range names {
		one := newChip(c, i, name.String())
		c.list = append(c.list, one)
		c.box.Add(one)
	}
	return c
}

// count says how many there are of what a chip names.
func (c *chips) count(index, count int) {
	if chip := c.list[index]; chip.count.text != countWords(count) {
		chip.count.SetText(countWords(count))
		c.box.Refresh()
	}
}

func (c *chips) choose(index int) {
	if index < 0 || index >= len(c.list) || index == c.chosen {
		return
	}
	c.chosen = index
	for _, one := range c.list {
		one.paint()
	}
	c.changed()
}

// chip is one of the names.
type chip struct {
	widget.BaseWidget
	pressable
	chips       *chips
	index       int
	name, count *line
	back        *canvas.Rectangle
}

func newChip(c *chips, index int, name string) *chip {
	one := &chip{chips: c, index: index, back: canvas.NewRectangle(color.Transparent)}
	one.name, one.count = newLine(theme.ColorNameForeground, theme.SizeNameText), newCaption()
	one.name.whole, one.count.whole = true, true
	one.name.SetText(name)
	one.changed = one.paint
	one.ExtendBaseWidget(one)
	return one
}

// CreateRenderer is how Fyne draws a widget.
func (c *chip) CreateRenderer() fyne.WidgetRenderer {
	c.ExtendBaseWidget(c)
	c.paint()
	least := canvas.NewRectangle(color.Transparent)
	least.SetMinSize(fyne.NewSize(0, chipHeight))
	return widget.NewSimpleRenderer(container.NewStack(least, c.back,
		inset(12, 0, container.NewHBox(c.name, c.count))))
}

// Refresh draws the chip again, for another theme too.
func (c *chip) Refresh() {
	c.paint()
	c.BaseWidget.Refresh()
}

func (c *chip) paint() {
	chosen, ink := c.chips.chosen == c.index, colorCaption
	if chosen {
		ink = theme.ColorNameForeground
	}
	paintGround(c.back, chipHeight/2, chosen, c.hovered, c.focused)
	c.name.set(c.name.text, ink)
}

// Tapped chooses the chip.
func (c *chip) Tapped(*fyne.PointEvent) { c.chips.choose(c.index) }

// AccessibilityLabel is what a screen reader says.
func (c *chip) AccessibilityLabel() string { return c.name.text }

// TypedKey chooses for Enter and Space, and goes on for the arrows.
func (c *chip) TypedKey(event *fyne.KeyEvent) {
	step := 0
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		c.chips.choose(c.index)
	case fyne.KeyLeft:
		step = -1
	case fyne.KeyRight:
		step = 1
	}
	if to := c.index + step; step != 0 && to >= 0 && to < len(c.chips.list) {
		fyne.CurrentApp().Driver().CanvasForObject(c).Focus(c.chips.list[to])
		c.chips.choose(to)
	}
}
