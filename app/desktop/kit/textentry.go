//go:build !darwin || cgo

package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// TextEntry is an entry that passes the keys on that mean nothing in a text: F1,
// F5, F8 and Escape, and Enter unless it is submitted or has several lines.
type TextEntry struct {
	widget.Entry
	pressed func(*fyne.KeyEvent)
}

// NewTextEntry makes an empty entry. pressed receives the keys that are passed
// on.
func NewTextEntry(pressed func(*fyne.KeyEvent)) *TextEntry {
	e := &TextEntry{pressed: pressed}
	e.ExtendBaseWidget(e)
	return e
}

// CreateRenderer implements fyne.Widget.
func (e *TextEntry) CreateRenderer() fyne.WidgetRenderer {
	e.ExtendBaseWidget(e)
	return LaidOut(e, e.Entry.CreateRenderer())
}

// TypedKey implements fyne.Focusable.
func (e *TextEntry) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyF1, fyne.KeyF5, fyne.KeyF8, fyne.KeyEscape:
		e.pressed(event)
	case fyne.KeyReturn, fyne.KeyEnter:
		if e.MultiLine || e.OnSubmitted != nil {
			e.Entry.TypedKey(event)
			return
		}
		e.pressed(event)
	default:
		e.Entry.TypedKey(event)
	}
}
