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

// Fact is a value with a name.
type Fact struct{ Name, Value string }

// Facts shows facts below each other. Their values can be selected and copied.
type Facts struct {
	Box    *fyne.Container // what a page shows
	shown  []Fact
	values []*widget.Label
}

// NewFacts makes an empty list of facts.
func NewFacts() *Facts { return &Facts{Box: container.New(layout.NewFormLayout())} }

// Set shows other facts. Values may come from anywhere: they are made safe to
// show. A value that changes keeps its widget, so a selection in the others
// survives. It reports whether facts were added or removed.
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
		value.Wrapping = fyne.TextWrapWord // and within words that are longer than a line
		f.values = append(f.values, value)
		f.Box.Add(name)
		f.Box.Add(value)
	}
	f.Box.Refresh()
}
