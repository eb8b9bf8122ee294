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

// sheet is what lies over the pages until a person decided; there is one at a
// time, but that a picker may lie over one that wants more files.
type sheet struct {
	window *window
	dialog dialog.Dialog
	below  *sheet
	onGone func() // after it was closed, however
}

// sheets opens what lies over the pages.
type sheets struct {
	window *window
	top    *sheet // nil: none is open
}

// open shows content with its buttons; open sheets are closed first.
// size is the most it takes; the window may leave it less.
func (ss *sheets) open(title string, content fyne.CanvasObject, size fyne.Size, buttons ...fyne.CanvasObject) *sheet {
	w := ss.window
	ss.closeAll()
	w.tips.Hide()
	d := dialog.NewCustomWithoutButtons(title, content, w.win)
	d.SetButtons(buttons)
	return ss.lay(d, size)
}

// lay puts a dialog over the pages, and over the sheet that is open there.
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
	d.Show() // a picker has no size to change before
	d.Resize(size.Min(room))
	return s
}

func (s *sheet) close() { s.dialog.Hide() }

// close closes the open sheet, and tells whether there was one.
func (ss *sheets) close() bool {
	if ss.top == nil {
		return false
	}
	ss.top.close()
	return true
}

// closeAll closes all that lie over the pages.
func (ss *sheets) closeAll() {
	for open := ss.top; open != nil; open = ss.top {
		open.close()
	}
}

// cancelButton closes the sheet that is open.
func (ss *sheets) cancelButton() *widget.Button {
	return widget.NewButton(words.L("Cancel"), func() { ss.close() })
}

// decide asks for a decision that cannot be taken back.
func (ss *sheets) decide(title, text, yes string, then func()) {
	agree := widget.NewButtonWithIcon(yes, theme.DeleteIcon(), func() {
		ss.close()
		then()
	})
	agree.Importance = widget.DangerImportance
	ss.open(title, kit.Paragraph(text), fyne.NewSize(440, 200), ss.cancelButton(), agree)
}

// pickFile lets a person choose a file, over the sheet that is open.
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

// pickFolder lets a person choose a folder, beginning where start says, over
// the sheet that is open.
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
