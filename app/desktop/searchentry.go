//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/words"
)

// searchEntry is the field in the top bar. Typing in it searches, whatever page
// is shown.
type searchEntry struct {
	widget.Entry
	window *window
}

func newSearchEntry(w *window) *searchEntry {
	e := &searchEntry{window: w}
	e.PlaceHolder = words.L("Search by name")
	e.Icon = theme.SearchIcon()
	e.OnChanged = func(text string) {
		if w.place != placeSearch {
			w.goTo(placeSearch)
		}
		w.search().typed(text)
	}
	e.OnSubmitted = func(string) { w.search().begin() }
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey moves on to the results, clears the field, and passes on the keys
// that mean nothing in a line of text.
func (e *searchEntry) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyDown:
		e.window.pages[placeSearch].focus()
	case fyne.KeyEscape:
		e.SetText("")
	case fyne.KeyF1, fyne.KeyF8:
		e.window.keys.typedKey(event)
	default:
		e.Entry.TypedKey(event)
	}
}
