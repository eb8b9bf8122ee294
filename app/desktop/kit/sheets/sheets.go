//go:build !darwin || cgo

// Package sheets opens what lies above the window until the person decides: questions,
// forms, and pickers of files.
package sheets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/look"
	"centralizedp2p/app/desktop/words"
)

// Sheet lies above the window until the person decides. There is one at a time,
// except that a picker may lie above a sheet that asks for files.
type Sheet struct {
	dialog  dialog.Dialog
	below   *Sheet
	primary *kit.Button // what Enter presses; nil if there is none
	Gone    func()      // called after it was closed, for whatever reason; may be nil
}

// Sheets opens what lies above a window.
type Sheets struct {
	win  fyne.Window
	tips *kit.Tips
	top  *Sheet // nil if none is open

	failed func(error)
	closed func()
	// Native lets the person choose files, or a folder, in a picker of the system; it
	// calls otherwise if there is none. It may be nil.
	Native func(title string, folder bool, chosen func(paths []string), otherwise func())
}

// New returns the sheets of a window. They call failed if a picker did not
// return what was chosen, and closed after each sheet is closed.
func New(win fyne.Window, tips *kit.Tips, failed func(error), closed func()) *Sheets {
	return &Sheets{win: win, tips: tips, failed: failed, closed: closed}
}

// IsOpen reports whether a sheet or a picker is open.
func (ss *Sheets) IsOpen() bool { return ss.top != nil }

// Open closes all sheets, then shows content with buttons. size is the most it
// takes; the window may leave less.
func (ss *Sheets) Open(title string, content fyne.CanvasObject, size fyne.Size, buttons ...fyne.CanvasObject) *Sheet {
	ss.CloseAll()
	return ss.OpenAbove(title, content, size, buttons...)
}

// OpenAbove is Open, above the sheet that is open.
func (ss *Sheets) OpenAbove(title string, content fyne.CanvasObject, size fyne.Size, buttons ...fyne.CanvasObject) *Sheet {
	ss.tips.Hide()
	d := dialog.NewCustomWithoutButtons("", titled(title, content), ss.win)
	primary := primaryOf(buttons)
	d.SetButtons([]fyne.CanvasObject{container.NewHBox(buttons...)}) // not all as wide as the widest
	s := ss.lay(d, size)
	s.primary = primary
	return s
}

// titled puts a title above the content of a sheet, in line with its texts. Fyne's own
// title would stand at the edge of the sheet.
func titled(title string, content fyne.CanvasObject) fyne.CanvasObject {
	label := widget.NewLabel(title)
	label.TextStyle.Bold = true
	return container.New(titleLayout{}, content, label)
}

// titleLayout gives the content all of the room, and moves the title to where a dialog of
// Fyne has an empty one.
type titleLayout struct{}

func (titleLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	const gap = 14 // between the title and the content
	content, title := objects[0], objects[1]
	content.Move(fyne.NewPos(0, 0))
	content.Resize(size)
	least := title.MinSize()
	title.Move(fyne.NewPos(0, -least.Height-gap))
	title.Resize(fyne.NewSize(size.Width, least.Height))
}

func (titleLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	least := objects[0].MinSize()
	least.Width = max(least.Width, objects[1].MinSize().Width)
	return least
}

// primaryOf returns the button that has a colour. If none has, the last one gets it: a
// person must see what Enter presses. It returns nil without buttons.
func primaryOf(buttons []fyne.CanvasObject) *kit.Button {
	var last *kit.Button
	for _, object := range buttons {
		b, ok := object.(*kit.Button)
		if !ok {
			continue
		}
		if b.Importance == widget.HighImportance || b.Importance == widget.DangerImportance {
			return b
		}
		last = b
	}
	if last != nil {
		last.Importance = widget.HighImportance
		last.Refresh()
	}
	return last
}

// Submit presses the primary button of the top sheet, for Enter. It reports
// whether a sheet is open.
func (ss *Sheets) Submit() bool {
	if ss.top == nil {
		return false
	}
	if b := ss.top.primary; b != nil && !b.Disabled() {
		b.Tapped(nil)
	}
	return true
}

// lay puts a dialog above the window, and above a sheet that is open.
func (ss *Sheets) lay(d dialog.Dialog, size fyne.Size) *Sheet {
	s := &Sheet{dialog: d, below: ss.top}
	d.SetOnClosed(func() {
		if ss.top == s {
			ss.top = s.below
		}
		if s.Gone != nil {
			s.Gone()
		}
		ss.closed()
	})
	ss.top = s
	room := ss.win.Canvas().Size().SubtractWidthHeight(2*look.GapLarge, 2*look.GapLarge)
	d.Show()      // before Resize, because a picker has no size until then
	for range 2 { // only with a width it is known how high texts are
		d.Resize(size.Min(room))
	}
	ss.win.Canvas().Overlays().Top().Refresh() // else the middle is that of the least size
	return s
}

func (s *Sheet) close() { s.dialog.Hide() }

// Close closes the top sheet, and reports whether there was one.
func (ss *Sheets) Close() bool {
	if ss.top == nil {
		return false
	}
	ss.top.close()
	return true
}

// CloseAll closes everything above the pages.
func (ss *Sheets) CloseAll() {
	for open := ss.top; open != nil; open = ss.top {
		open.close()
	}
}

// CancelButton makes a button that closes the top sheet.
func (ss *Sheets) CancelButton() *kit.Button {
	return kit.NewButton(words.L("Cancel"), func() { ss.Close() })
}

// CloseButton makes a button that closes a sheet with nothing to cancel.
func (ss *Sheets) CloseButton() *kit.Button {
	return kit.NewButtonWithIcon(words.L("Close"), theme.CancelIcon(), func() { ss.Close() })
}

// Decide asks for a decision that cannot be undone.
func (ss *Sheets) Decide(title, text, yes string, then func()) {
	agree := kit.NewButtonWithIcon(yes, theme.DeleteIcon(), func() {
		ss.Close()
		then()
	})
	agree.Importance = widget.DangerImportance
	ss.Open(title, kit.Paragraph(text), fyne.NewSize(440, 200), ss.CancelButton(), agree)
}

// PickFiles lets the person choose files, in the picker of the system, or one file
// above the sheet that is open.
func (ss *Sheets) PickFiles(chosen func(paths []string)) {
	ss.natively(words.L("Choose files to share"), false, chosen, func() {
		ss.pickFile(func(path string) { chosen([]string{path}) })
	})
}

func (ss *Sheets) natively(title string, folder bool, chosen func(paths []string), otherwise func()) {
	if ss.Native == nil {
		otherwise()
		return
	}
	ss.Native(title, folder, chosen, otherwise)
}

func (ss *Sheets) pickFile(chosen func(path string)) {
	picker := dialog.NewFileOpen(func(file fyne.URIReadCloser, err error) {
		switch {
		case err != nil:
			ss.failed(err)
		case file != nil:
			path := file.URI().Path()
			if err := file.Close(); err != nil {
				ss.failed(err)
				return
			}
			chosen(path)
		}
	}, ss.win)
	picker.SetTitleText(words.L("Choose a file to share"))
	ss.showPicker(picker)
}

// PickFolder lets the person choose a folder, in the picker of the system, or above
// the sheet that is open, starting at start.
func (ss *Sheets) PickFolder(title, start string, chosen func(path string)) {
	ss.natively(title, true, func(paths []string) { chosen(paths[0]) }, func() { ss.pickFolder(title, start, chosen) })
}

func (ss *Sheets) pickFolder(title, start string, chosen func(path string)) {
	picker := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		switch {
		case err != nil:
			ss.failed(err)
		case folder != nil:
			chosen(folder.Path())
		}
	}, ss.win)
	picker.SetTitleText(title)
	if start != "" {
		if at, err := storage.ListerForURI(storage.NewFileURI(start)); err == nil {
			picker.SetLocation(at)
		}
	}
	ss.showPicker(picker)
}

func (ss *Sheets) showPicker(picker *dialog.FileDialog) {
	ss.tips.Hide()
	ss.lay(picker, fyne.NewSize(820, 560))
}
