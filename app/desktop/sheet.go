//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// sheet is what lies over the pages until a person decided; there is one at a
// time.
type sheet struct {
	window *window
	dialog dialog.Dialog
	onGone func() // after it was closed, however
}

// openSheet shows content with its buttons; an open sheet is closed first.
// size is the most it takes; the window may leave it less.
func (w *window) openSheet(title string, content fyne.CanvasObject, size fyne.Size, buttons ...fyne.CanvasObject) *sheet {
	w.closeSheet()
	w.tips.hide()
	d := dialog.NewCustomWithoutButtons(title, content, w.win)
	d.SetButtons(buttons)
	return w.lay(d, size)
}

// lay puts a dialog over the pages as the sheet.
func (w *window) lay(d dialog.Dialog, size fyne.Size) *sheet {
	s := &sheet{window: w, dialog: d}
	d.SetOnClosed(func() {
		if w.sheet == s {
			w.sheet = nil
		}
		if s.onGone != nil {
			s.onGone()
		}
	})
	w.sheet = s
	room := w.win.Canvas().Size().SubtractWidthHeight(2*gapLarge, 2*gapLarge)
	d.Show() // a picker has no size to change before
	d.Resize(size.Min(room))
	return s
}

func (s *sheet) close() { s.dialog.Hide() }

// closeSheet closes the open sheet, and tells whether there was one.
func (w *window) closeSheet() bool {
	if w.sheet == nil {
		return false
	}
	w.sheet.close()
	return true
}

// cancelButton closes the sheet that is open.
func (w *window) cancelButton() *widget.Button {
	return widget.NewButton(lang.L("Cancel"), func() { w.closeSheet() })
}

// decide asks for a decision that cannot be taken back.
func (w *window) decide(title, words, yes string, then func()) {
	agree := widget.NewButtonWithIcon(yes, theme.DeleteIcon(), func() {
		w.closeSheet()
		then()
	})
	agree.Importance = widget.DangerImportance
	w.openSheet(title, paragraph(words), fyne.NewSize(440, 200), w.cancelButton(), agree)
}

// pickFile chooses a file to share. Fyne's dialog takes one at a time; several
// can be dropped on the window.
func (w *window) pickFile() {
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
			w.review([]string{path})
		}
	}, w.win)
	picker.SetTitleText(lang.L("Choose a file to share"))
	w.showPicker(picker)
}

// pickFolder chooses a folder to share.
func (w *window) pickFolder() {
	w.chooseFolder(lang.L("Choose a folder to share"), "", func(path string) { w.review([]string{path}) })
}

// chooseFolder lets a person choose a folder, beginning where start says.
func (w *window) chooseFolder(title, start string, chosen func(path string)) {
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
	w.showPicker(picker)
}

func (w *window) showPicker(picker *dialog.FileDialog) {
	w.closeSheet()
	w.tips.hide()
	w.lay(picker, fyne.NewSize(820, 560))
}
