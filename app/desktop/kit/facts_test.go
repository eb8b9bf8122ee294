//go:build !darwin || cgo

package kit

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit/kittest"
)

func TestAFactThatChangesKeepsItsWidget(t *testing.T) {
	kittest.New(t)
	f := NewFacts()
	if !f.Set([]Fact{{Name: "Name", Value: "attic"}, {Name: "Address", Value: "attic:5000"}}) {
		t.Error("new facts are not reported")
	}
	name := f.values[0].(*widget.Label)
	if f.Set([]Fact{{Name: "Name", Value: "cellar\x1b"}, {Name: "Address", Value: "attic:5000"}}) || f.values[0] != factValue(name) {
		t.Error("a value that changes replaces its widget")
	}
	if got := name.Text; got != `cellar\u{1b}` {
		t.Errorf("a control character is shown: %q", got)
	}
	if !f.Set([]Fact{{Name: "Address", Value: "attic:5000"}}) || len(f.Box.Objects) != 2 {
		t.Errorf("after a fact went there are %d objects", len(f.Box.Objects))
	}
}

func TestAFactOfOurWordsIsBrokenAsItsLanguageBreaksLinesAndOthersAreCopiedAsTheyAre(t *testing.T) {
	const said, copied = "Joignable\u00a0: non · réponse en 12\u00a0ms · 34\u00a0Mo partagés ici", "Grace\u00a0Hopper, Rear Admiral of the Navy"
	s := kittest.New(t)
	f := NewFacts()
	f.Set([]Fact{{Name: "A", Value: said, Said: true}, {Name: "B", Value: copied}})
	s.Show(f.Box)
	for width := float32(180); width < 500; width += 7 {
		s.Window.Resize(fyne.NewSize(width, 300))
		lines := drawnLines(f.values[0])
		for _, together := range []string{"Joignable :", "12 ms", "34 Mo"} {
			if !slices.ContainsFunc(lines, func(line string) bool {
				return strings.Contains(strings.ReplaceAll(line, "\u00a0", " "), together)
			}) {
				t.Errorf("at %v %q is broken: %q", width, together, lines)
			}
		}
		if label := f.values[1].(*widget.Label); !label.Selectable || label.Text != copied {
			t.Errorf("at %v what is copied is %q", width, label.Text)
		}
	}
}
