//go:build !darwin || cgo

package kit

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/kit/kittest"
)

func TestATextEntryPassesOnTheKeysOfTheWindow(t *testing.T) {
	s := kittest.New(t)
	var passed []fyne.KeyName
	e := NewTextEntry(func(event *fyne.KeyEvent) { passed = append(passed, event.Name) })
	s.Show(e)
	e.SetText("abc")
	for _, key := range []fyne.KeyName{fyne.KeyF1, fyne.KeyDelete, fyne.KeyF8, fyne.KeyEscape} {
		e.TypedKey(&fyne.KeyEvent{Name: key})
	}
	if want := []fyne.KeyName{fyne.KeyF1, fyne.KeyF8, fyne.KeyEscape}; !slices.Equal(passed, want) || e.Text != "bc" {
		t.Errorf("passed on are %v, and the text is %q", passed, e.Text)
	}
}
