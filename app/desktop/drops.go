//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/words"
)

// drops takes files and folders that a person wants to share, and reviews them.
type drops struct {
	window   *window
	reviewed *reviewSheet // open, or nil
}

// dropped answers a drop anywhere on the window; Fyne does not say reliably
// where.
func (d *drops) dropped(uris []fyne.URI) {
	w := d.window
	var paths []string
	for _, uri := range uris {
		if uri.Scheme() == "file" {
			paths = append(paths, uri.Path())
		}
	}
	if len(paths) == 0 {
		w.notice.fail(words.Message{
			What: words.L("What was dropped is not a file"),
			Next: words.L("Save it to a folder first, then drop the file."),
		})
		return
	}
	d.review(paths)
}

// pickFile lets the person choose a file to share. Fyne's dialog takes one at a
// time; the review has a button for more, and several can be dropped on the
// window.
func (d *drops) pickFile() {
	w := d.window
	w.sheets.CloseAll()
	w.sheets.PickFile(func(path string) { d.review([]string{path}) })
}

// pickFolder lets the person choose a folder to share.
func (d *drops) pickFolder() {
	w := d.window
	w.sheets.CloseAll()
	w.sheets.PickFolder(words.L("Choose a folder to share"), "", func(path string) { d.review([]string{path}) })
}
