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

// openSheet shows content with its buttons; open sheets are closed first.
// size is the most it takes; the window may leave it less.
func (w *window) openSheet(title string, content fyne.CanvasObject, size fyne.Size, buttons ...fyne.CanvasObject) *sheet {
	w.closeSheets()
	w.tips.Hide()
	d := dialog.NewCustomWithoutButtons(title, content, w.win)
	d.SetButtons(buttons)
	return w.lay(d, size)
}

// lay puts a dialog over the pages, and over the sheet that is open there.
func (w *window) lay(d dialog.Dialog, size fyne.Size) *sheet {
	s := &sheet{window: w, dialog: d, below: w.sheet}
	d.SetOnClosed(func() {
		if w.sheet == s {
			w.sheet = s.below
		}
		if s.onGone != nil {
			s.onGone()
		}
		w.crossing.after(0, w.openNext)
	})
	w.sheet = s
	room := w.win.Canvas().Size().SubtractWidthHeight(2*kit.GapLarge, 2*kit.GapLarge)
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

// closeSheets closes all that lie over the pages.
func (w *window) closeSheets() {
	for open := w.sheet; open != nil; open = w.sheet {
		open.close()
	}
}

// cancelButton closes the sheet that is open.
func (w *window) cancelButton() *widget.Button {
	return widget.NewButton(words.L("Cancel"), func() { w.closeSheet() })
}

// decide asks for a decision that cannot be taken back.
func (w *window) decide(title, text, yes string, then func()) {
	agree := widget.NewButtonWithIcon(yes, theme.DeleteIcon(), func() {
		w.closeSheet()
		then()
	})
	agree.Importance = widget.DangerImportance
	w.openSheet(title, kit.Paragraph(text), fyne.NewSize(440, 200), w.cancelButton(), agree)
}

// pickFile chooses a file to share. Fyne's dialog takes one at a time; the
// review has a button for more, and several can be dropped on the window.
func (w *window) pickFile() {
	w.closeSheets()
	w.pickFileFor(func(path string) { w.review([]string{path}) })
}

// pickFolder chooses a folder to share.
func (w *window) pickFolder() {
	w.closeSheets()
	w.chooseFolder(words.L("Choose a folder to share"), "", func(path string) { w.review([]string{path}) })
}

// pickFileFor lets a person choose a file, over the sheet that is open.
func (w *window) pickFileFor(chosen func(path string)) {
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
	w.showPicker(picker)
}

// chooseFolder lets a person choose a folder, beginning where start says, over
// the sheet that is open.
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
	w.tips.Hide()
	w.lay(picker, fyne.NewSize(820, 560))
}
