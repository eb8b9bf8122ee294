//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// TextEntry is an entry that leaves the function keys, which it has no use for,
// to the window.
type TextEntry struct {
	widget.Entry
	pressed func(*fyne.KeyEvent)
}

func NewTextEntry(pressed func(*fyne.KeyEvent)) *TextEntry {
	e := &TextEntry{pressed: pressed}
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey is called for the keys that are no text.
func (e *TextEntry) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyF1, fyne.KeyF8, fyne.KeyEscape:
		e.pressed(event)
	default:
		e.Entry.TypedKey(event)
	}
}
