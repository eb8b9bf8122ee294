//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/netproto"
)

// keyboard has the actions of the keys that no widget takes.
type keyboard struct{ window *window }

// typedRune starts a search with what is typed while nothing has the focus. The
// search entry does not have it from the start, because its blinking cursor
// alone costs several percent of a processor on a computer without a graphics
// card.
func (k *keyboard) typedRune(r rune) {
	w := k.window
	if !w.sheets.IsOpen() && !w.asking && r != ' ' { // the space bar pauses and resumes
		k.find()
		w.search().Entry.TypedRune(r)
	}
}

// find is Ctrl+F.
func (k *keyboard) find() {
	w := k.window
	w.goTo(pages.PlaceSearch)
	w.win.Canvas().Focus(w.search().Entry)
	w.search().Entry.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// paste is Ctrl+V. The menus take the keys before any entry sees them, so text
// is passed on to the entry with the focus. A link is opened from anywhere
// except a sheet, which may be waiting for one. While the questions of the first
// start are asked, it answers that for the tracker.
func (k *keyboard) paste() {
	w := k.window
	entry := k.writing()
	text := w.app.Clipboard().Content()
	link, err := netproto.ParseLink(text)
	if err == nil && w.asking && !w.sheets.IsOpen() {
		w.wizard.Paste(link)
		if !link.IsTracker() { // what it names is asked about after the questions
			w.requests.waiting = append(w.requests.waiting, text)
		}
		return
	}
	if entry != nil && (err != nil || w.sheets.IsOpen()) {
		entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: w.app.Clipboard()})
		return
	}
	if err != nil && text != "" && !w.sheets.IsOpen() && !w.asking && w.win.Canvas().Focused() == nil {
		k.find()
		w.search().Entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: w.app.Clipboard()})
		return
	}
	w.links.paste()
}

// undo is Ctrl+Z. An entry with the focus takes it for its text, unless there
// is a deed to undo.
func (k *keyboard) undo() {
	w := k.window
	if entry := k.writing(); entry != nil && w.undo.deed == nil {
		entry.TypedShortcut(&fyne.ShortcutUndo{})
		return
	}
	w.undo.takeBack()
}

// selectAll is Ctrl+A: in what has the focus, else in the rows of the page.
func (k *keyboard) selectAll() {
	w := k.window
	if w.win.Canvas().Focused() == nil {
		w.pages[w.place].Focus()
	}
	if focused, ok := w.win.Canvas().Focused().(fyne.Shortcutable); ok {
		focused.TypedShortcut(&fyne.ShortcutSelectAll{})
	}
}

// writing returns the entry with the focus, or nil.
func (k *keyboard) writing() fyne.Shortcutable {
	w := k.window
	focused := w.win.Canvas().Focused()
	if _, isText := focused.(interface{ SelectedText() string }); !isText {
		return nil
	}
	entry, _ := focused.(fyne.Shortcutable)
	return entry
}

// detailed is a page with a pane of details.
type detailed interface{ ToggleDetails() }

// details is F8.
func (k *keyboard) details() {
	w := k.window
	if page, ok := w.pages[w.place].(detailed); ok && !w.sheets.IsOpen() {
		page.ToggleDetails()
	}
}
