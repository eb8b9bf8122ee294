//go:build !darwin || cgo

package desktop

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/netproto"
)

// fact is something with a name.
type fact struct{ name, value string }

// facts shows some facts below each other; they can be selected and copied.
type facts struct {
	box    *fyne.Container
	shown  []fact
	values []*widget.Label
}

func newFacts() *facts { return &facts{box: container.New(layout.NewFormLayout())} }

// set shows other facts; values may come from anywhere. A value that changes
// keeps its widget, and so what is selected in the others. It tells whether
// facts came or went.
func (f *facts) set(list []fact) (rebuilt bool) {
	sameName := func(a, b fact) bool { return a.name == b.name }
	if !slices.EqualFunc(list, f.shown, sameName) {
		f.build(list)
		rebuilt = true
	}
	for i, one := range list {
		if value := netproto.Printable(one.value); f.values[i].Text != value {
			f.values[i].SetText(value)
		}
	}
	f.shown = slices.Clone(list)
	return rebuilt
}

func (f *facts) build(list []fact) {
	f.box.Objects, f.values = nil, nil
	for _, one := range list {
		name := widget.NewLabel(one.name)
		name.Importance = widget.LowImportance
		value := widget.NewLabel("")
		value.Selectable = true
		value.Wrapping = fyne.TextWrapBreak
		f.values = append(f.values, value)
		f.box.Add(name)
		f.box.Add(value)
	}
	f.box.Refresh()
}

// card is a part of a page with a heading above it.
func card(heading string, content ...fyne.CanvasObject) fyne.CanvasObject {
	// The heading stands where the labels below it begin, within their padding.
	box := container.NewVBox(append([]fyne.CanvasObject{inset(gapMedium, 0, newHeading(heading))}, content...)...)
	return newPlate(theme.ColorNameHeaderBackground, 10, inset(gapLarge, 12, box))
}

// formRow puts the name of a field before it, in a column of its own, and
// hints below the field.
type formRow struct{}

// formNames is the share of the width that the names have.
const formNames = 0.45

func newFormRow(name string, field fyne.CanvasObject, hints ...fyne.CanvasObject) *fyne.Container {
	title := newLine(theme.ColorNameForeground, theme.SizeNameText)
	title.SetText(name)
	return container.New(formRow{}, append([]fyne.CanvasObject{title, field}, hints...)...)
}

// Layout is part of fyne.Layout.
func (formRow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := size.Width * formNames
	y := float32(0)
	for i, object := range objects {
		if !object.Visible() {
			continue
		}
		height := object.MinSize().Height
		if i == 0 {
			object.Move(fyne.NewPos(gapMedium, 0))
			object.Resize(fyne.NewSize(left-2*gapMedium, objects[1].MinSize().Height))
			continue
		}
		object.Move(fyne.NewPos(left, y))
		object.Resize(fyne.NewSize(size.Width-left, height))
		y += height
	}
}

// MinSize is part of fyne.Layout.
func (formRow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(2*leastNameWidth, 0)
	for _, object := range objects[1:] {
		if object.Visible() {
			size.Height += object.MinSize().Height
		}
	}
	return size
}

// leading keeps a button from taking the whole width.
func leading(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewHBox(objects...)
}

// scrolled is a page of cards.
func scrolled(cards ...fyne.CanvasObject) *container.Scroll {
	return container.NewVScroll(container.New(layout.NewCustomPaddedVBoxLayout(12), cards...))
}
