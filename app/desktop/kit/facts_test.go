//go:build !darwin || cgo

package kit

import (
	"testing"

	"centralizedp2p/app/desktop/kit/kittest"
)

func TestAFactThatChangesKeepsItsWidget(t *testing.T) {
	kittest.New(t)
	f := NewFacts()
	if !f.Set([]Fact{{"Name", "attic"}, {"Address", "attic:5000"}}) {
		t.Error("new facts are not reported")
	}
	name := f.values[0]
	if f.Set([]Fact{{"Name", "cellar\x1b"}, {"Address", "attic:5000"}}) || f.values[0] != name {
		t.Error("a value that changes replaces its widget")
	}
	if got := name.Text; got != `cellar\u{1b}` {
		t.Errorf("a control character is shown: %q", got)
	}
	if !f.Set([]Fact{{"Address", "attic:5000"}}) || len(f.Box.Objects) != 2 {
		t.Errorf("after a fact went there are %d objects", len(f.Box.Objects))
	}
}
