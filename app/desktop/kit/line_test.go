//go:build !darwin || cgo

package kit

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit/kittest"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

func TestALineNeverAsksForTheWidthOfItsTextUnlessItIsToBeWhole(t *testing.T) {
	kittest.New(t)
	for _, whole := range []bool{false, true} {
		l := NewCaption()
		l.Whole = whole
		before := l.MinSize().Width
		l.SetText(strings.Repeat("long ", 40))
		if grew := l.MinSize().Width > before; grew != whole {
			t.Errorf("whole is %v, and the line asks for %v instead of %v", whole, l.MinSize().Width, before)
		}
	}
}

func TestALineIsCutAtTheWidthThatItGets(t *testing.T) {
	s := kittest.New(t)
	l := NewLine(theme.ColorNameForeground, theme.SizeNameText)
	s.Show(l)
	l.SetText(words.Join("Finished", "28 MB", "a\u202eb"))
	drawn := test.WidgetRenderer(l).Objects()[0].(*canvas.Text)
	if drawn.Text != `Finished · 28 MB · a\u{202e}b` || l.IsCut() {
		t.Errorf("it reads %q", drawn.Text)
	}
	l.Resize(fyne.NewSize(110, 20))
	if drawn.Text != "Finished · …" || !l.IsCut() {
		t.Errorf("in 110 pixels it reads %q", drawn.Text)
	}
	l.Set("other", theme.ColorNameError)
	if drawn.Text != "other" || drawn.Color != look.Color(theme.ColorNameError) {
		t.Errorf("it reads %q in %v", drawn.Text, drawn.Color)
	}
}

func TestAShortTextIsShownWhereTheWholeOneDoesNotFit(t *testing.T) {
	s := kittest.New(t)
	l := NewCaption()
	l.Short = "Connected"
	l.SetText(words.Join(l.Short, "The router opens no port. Switch on UPnP in its settings."))
	s.Show(l)
	drawn := func() string { return test.TempWidgetRenderer(t, l).Objects()[0].(*canvas.Text).Text }
	if got := drawn(); got != "Connected" {
		t.Errorf("in %v it reads %q", l.Size(), got)
	}
	s.Window.Resize(fyne.NewSize(900, 100))
	if got := drawn(); got != l.Text {
		t.Errorf("in %v it reads %q", l.Size(), got)
	}
}
