//go:build !darwin || cgo

package kit

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit/kittest"
	"centralizedp2p/app/desktop/words"
)

func TestOneOfTheChipsIsChosenByTapAndByKey(t *testing.T) {
	s := kittest.New(t)
	changes := 0
	c := NewChips([]words.Phrase{"All", "Active", "Finished"}, func() { changes++ })
	s.Show(c.Box)
	test.Tap(c.list[1])
	test.Tap(c.list[1]) // it is chosen already
	if c.Chosen != 1 || changes != 1 {
		t.Errorf("chip %d is chosen, after %d changes", c.Chosen, changes)
	}
	s.Window.Canvas().Focus(c.list[1])
	for _, step := range []struct {
		key     fyne.KeyName
		chosen  int
		focused *chip
	}{{fyne.KeyRight, 2, c.list[2]}, {fyne.KeyRight, 2, c.list[2]}, {fyne.KeyLeft, 1, c.list[1]}, {fyne.KeyLeft, 0, c.list[0]}, {fyne.KeyLeft, 0, c.list[0]}} {
		s.Window.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: step.key})
		if c.Chosen != step.chosen || s.Window.Canvas().Focused() != fyne.Focusable(step.focused) {
			t.Errorf("%s leads to chip %d, not %d", step.key, c.Chosen, step.chosen)
		}
	}
	s.Window.Canvas().Focus(c.list[2])
	c.list[2].TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if c.Chosen != 2 || c.list[2].AccessibilityLabel() != "Finished" {
		t.Errorf("the space bar chooses %d", c.Chosen)
	}
}
