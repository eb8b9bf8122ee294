//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// textEntry is an entry that leaves the function keys, which it has no use for,
// to the window.
type textEntry struct {
	widget.Entry
	pressed func(*fyne.KeyEvent)
}

func newTextEntry(pressed func(*fyne.KeyEvent)) *textEntry {
	e := &textEntry{pressed: pressed}
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey is called for the keys that are no text.
func (e *textEntry) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyF1, fyne.KeyF8, fyne.KeyEscape:
		e.pressed(event)
	default:
		e.Entry.TypedKey(event)
	}
}
