//go:build !darwin || cgo

package search

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
)

// Entry is the field in the top bar. Typing in it searches, whatever page
// is shown.
type Entry struct {
	widget.Entry
	page *Page
}

func newEntry(p *Page) *Entry {
	e := &Entry{page: p}
	e.PlaceHolder = words.L("Search by name")
	e.Icon = theme.SearchIcon()
	e.OnChanged = func(text string) {
		p.window.GoTo(pages.PlaceSearch)
		p.typed(text)
	}
	e.OnSubmitted = func(string) { p.Begin() }
	e.ExtendBaseWidget(e)
	return e
}

// TypedKey moves on to the results, clears the field, and passes on the keys
// that mean nothing in a line of text.
func (e *Entry) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyDown:
		e.page.Focus()
	case fyne.KeyEscape:
		e.SetText("")
	case fyne.KeyF1, fyne.KeyF5, fyne.KeyF8:
		e.page.window.Host().Pressed(event)
	default:
		e.Entry.TypedKey(event)
	}
}
