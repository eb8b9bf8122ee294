//go:build !darwin || cgo

package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/netproto"
)

// Fact is something with a name.
type Fact struct{ Name, Value string }

// Facts shows some facts below each other; they can be selected and copied.
type Facts struct {
	Box    *fyne.Container
	shown  []Fact
	values []*widget.Label
}

func NewFacts() *Facts { return &Facts{Box: container.New(layout.NewFormLayout())} }

// Set shows other facts; values may come from anywhere. A value that changes
// keeps its widget, and so what is selected in the others. It tells whether
// facts came or went.
func (f *Facts) Set(list []Fact) (rebuilt bool) {
	sameName := func(a, b Fact) bool { return a.Name == b.Name }
	if !slices.EqualFunc(list, f.shown, sameName) {
		f.build(list)
		rebuilt = true
	}
	for i, one := range list {
		if value := netproto.Printable(one.Value); f.values[i].Text != value {
			f.values[i].SetText(value)
		}
	}
	f.shown = slices.Clone(list)
	return rebuilt
}

func (f *Facts) build(list []Fact) {
	f.Box.Objects, f.values = nil, nil
	for _, one := range list {
		name := widget.NewLabel(one.Name)
		name.Importance = widget.LowImportance
		value := widget.NewLabel("")
		value.Selectable = true
		value.Wrapping = fyne.TextWrapBreak
		f.values = append(f.values, value)
		f.Box.Add(name)
		f.Box.Add(value)
	}
	f.Box.Refresh()
}

// Card is a part of a page with a heading above it.
func Card(heading string, content ...fyne.CanvasObject) fyne.CanvasObject {
	// The heading stands where the labels below it begin, within their padding.
	box := container.NewVBox(append([]fyne.CanvasObject{Inset(GapMedium, 0, NewHeading(heading))}, content...)...)
	return NewPlate(theme.ColorNameHeaderBackground, 10, Inset(GapLarge, 12, box))
}

// formLayout puts the name of a field before it, in a column of its own, and
// hints below the field.
type formLayout struct{}

// formNames is the share of the width that the names have.
const formNames = 0.45

func FormRow(name string, field fyne.CanvasObject, hints ...fyne.CanvasObject) *fyne.Container {
	title := NewLine(theme.ColorNameForeground, theme.SizeNameText)
	title.SetText(name)
	return container.New(formLayout{}, append([]fyne.CanvasObject{title, field}, hints...)...)
}

// Layout is part of fyne.Layout.
func (formLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := size.Width * formNames
	y := float32(0)
	for i, object := range objects {
		if !object.Visible() {
			continue
		}
		height := object.MinSize().Height
		if i == 0 {
			object.Move(fyne.NewPos(GapMedium, 0))
			object.Resize(fyne.NewSize(left-2*GapMedium, objects[1].MinSize().Height))
			continue
		}
		object.Move(fyne.NewPos(left, y))
		object.Resize(fyne.NewSize(size.Width-left, height))
		y += height
	}
}

// MinSize is part of fyne.Layout.
func (formLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(2*LeastNameWidth, 0)
	for _, object := range objects[1:] {
		if object.Visible() {
			size.Height += object.MinSize().Height
		}
	}
	return size
}

// Leading keeps a button from taking the whole width.
func Leading(objects ...fyne.CanvasObject) fyne.CanvasObject {
	return container.NewHBox(objects...)
}

// Scrolled is a page of cards.
func Scrolled(cards ...fyne.CanvasObject) *container.Scroll {
	return container.NewVScroll(container.New(layout.NewCustomPaddedVBoxLayout(12), cards...))
}
