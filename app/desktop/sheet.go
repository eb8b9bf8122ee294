//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
)

// sheet lies above the pages until the person decides. There is one at a time,
// except that a picker may lie above a sheet that asks for files.
type sheet struct {
	window *window
	dialog dialog.Dialog
	below  *sheet
	onGone func() // called after it was closed, for whatever reason
}

// sheets opens what lies above the pages.
type sheets struct {
	window *window
	top    *sheet // nil if none is open
}

// open closes all sheets, then shows content with buttons. size is the most it
// takes; the window may leave less.
func (ss *sheets) open(title string, content fyne.CanvasObject, size fyne.Size, buttons ...fyne.CanvasObject) *sheet {
	w := ss.window
	ss.closeAll()
	w.tips.Hide()
	d := dialog.NewCustomWithoutButtons(title, content, w.win)
	d.SetButtons(buttons)
	return ss.lay(d, size)
}

// lay puts a dialog above the pages, and above a sheet that is open.
func (ss *sheets) lay(d dialog.Dialog, size fyne.Size) *sheet {
	w := ss.window
	s := &sheet{window: w, dialog: d, below: ss.top}
	d.SetOnClosed(func() {
		if ss.top == s {
			ss.top = s.below
		}
		if s.onGone != nil {
			s.onGone()
		}
		w.crossing.after(0, w.requests.openNext)
	})
	ss.top = s
	room := w.win.Canvas().Size().SubtractWidthHeight(2*kit.GapLarge, 2*kit.GapLarge)
	d.Show() // before Resize, because a picker has no size until then
	d.Resize(size.Min(room))
	return s
}

func (s *sheet) close() { s.dialog.Hide() }

// close closes the top sheet, and reports whether there was one.
func (ss *sheets) close() bool {
	if ss.top == nil {
		return false
	}
	ss.top.close()
	return true
}

// closeAll closes everything above the pages.
func (ss *sheets) closeAll() {
	for open := ss.top; open != nil; open = ss.top {
		open.close()
	}
}

// cancelButton makes a button that closes the top sheet.
func (ss *sheets) cancelButton() *widget.Button {
	return widget.NewButton(words.L("Cancel"), func() { ss.close() })
}

// closeButton makes a button that closes a sheet with nothing to cancel.
func (ss *sheets) closeButton() *widget.Button {
	return widget.NewButtonWithIcon(words.L("Close"), theme.CancelIcon(), func() { ss.close() })
}

// decide asks for a decision that cannot be undone.
func (ss *sheets) decide(title, text, yes string, then func()) {
	agree := widget.NewButtonWithIcon(yes, theme.DeleteIcon(), func() {
		ss.close()
		then()
	})
	agree.Importance = widget.DangerImportance
	ss.open(title, kit.Paragraph(text), fyne.NewSize(440, 200), ss.cancelButton(), agree)
}

// pickFile lets the person choose a file, above the sheet that is open.
func (ss *sheets) pickFile(chosen func(path string)) {
	w := ss.window
	picker := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			w.fail(err)
		case file != nil:
			path := file.URI().Path()
			if err := file.Close(); err != nil {
				w.fail(err)
				return
			}
			chosen(path)
		}
	}, w.win)
	picker.SetTitleText(words.L("Choose a file to share"))
	ss.showPicker(picker)
}

// pickFolder lets the person choose a folder, starting at start, above the
// sheet that is open.
func (ss *sheets) pickFolder(title, start string, chosen func(path string)) {
	w := ss.window
	picker := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		switch {
		case err != nil:
			w.fail(err)
		case folder != nil:
			chosen(folder.Path())
		}
	}, w.win)
	picker.SetTitleText(title)
	if start != "" {
		if at, err := storage.ListerForURI(storage.NewFileURI(start)); err == nil {
			picker.SetLocation(at)
		}
	}
	ss.showPicker(picker)
}

func (ss *sheets) showPicker(picker *dialog.FileDialog) {
	w := ss.window
	w.tips.Hide()
	ss.lay(picker, fyne.NewSize(820, 560))
}
