//go:build !darwin || cgo

package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/netproto"
)

// Fact is a value with a name. A value can be selected and copied as it is, unless it is
// Said: then it consists of words of the program, and is broken into lines as the
// language breaks them.
type Fact struct {
	Name, Value string
	Said        bool
}

// Facts shows facts below each other.
type Facts struct {
	Box    *fyne.Container // what a page shows
	shown  []Fact          // safe to show
	values []factValue
}

// factValue is the widget of a value.
type factValue interface {
	fyne.CanvasObject
	SetText(text string)
}

// NewFacts makes an empty list of facts.
func NewFacts() *Facts { return &Facts{Box: container.New(layout.NewFormLayout())} }

// Set shows other facts. Values may come from anywhere: they are made safe to
// show. A value that changes keeps its widget, so a selection in the others
// survives. It reports whether facts were added or removed.
func (f *Facts) Set(list []Fact) (rebuilt bool) {
	list = slices.Clone(list)
	for i := range list {
		list[i].Value = netproto.Printable(list[i].Value)
	}
	sameName := func(a, b Fact) bool { return a.Name == b.Name && a.Said == b.Said }
	if !slices.EqualFunc(list, f.shown, sameName) {
		f.build(list)
		rebuilt = true
	}
	for i, one := range list {
		if rebuilt || f.shown[i].Value != one.Value {
			f.values[i].SetText(one.Value)
		}
	}
	f.shown = list
	return rebuilt
}

func (f *Facts) build(list []Fact) {
	f.Box.Objects, f.values = nil, nil
	for _, one := range list {
		name := widget.NewLabel(one.Name)
		name.Importance = widget.LowImportance
		value := newFactValue(one.Said)
		f.values = append(f.values, value)
		f.Box.Add(name)
		f.Box.Add(value)
	}
	f.Box.Refresh()
}

func newFactValue(said bool) factValue {
	if said {
		return Paragraph("")
	}
	value := widget.NewLabel("")
	value.Selectable = true
	value.Wrapping = fyne.TextWrapWord // and within words that are longer than a line
	return value
}
