//go:build !darwin || cgo

package desktop

import (
	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// drops takes files and folders that a person wants to share, and reviews them.
type drops struct {
	window   pages.Window
	engine   face.Shares
	crossing *crossing
	refuse   func(words.Message)
	reviewed *reviewSheet // open, or nil
}

// dropped answers a drop anywhere on the window; Fyne does not say reliably
// where.
func (d *drops) dropped(uris []fyne.URI) {
	var paths []string
	for _, uri := range uris {
		if uri.Scheme() == "file" {
			paths = append(paths, uri.Path())
		}
	}
	if len(paths) == 0 {
		d.refuse(words.Message{
			What: words.L("What was dropped is not a file"),
			Next: words.L("Save it to a folder first, then drop the file."),
		})
		return
	}
	d.review(paths)
}

// pickFile lets the person choose files to share. Fyne's dialog takes one at a
// time; the review has a button for more, and several can be dropped on the
// window.
func (d *drops) pickFile() {
	sheets := d.window.Sheets()
	sheets.CloseAll()
	sheets.PickFiles(d.review)
}

// pickFolder lets the person choose a folder to share.
func (d *drops) pickFolder() {
	sheets := d.window.Sheets()
	sheets.CloseAll()
	sheets.PickFolder(words.L("Choose a folder to share"), "", func(path string) { d.review([]string{path}) })
}

// review asks which of some paths to share. If that question is already open, it
// adds the paths.
func (d *drops) review(paths []string) {
	if d.reviewed != nil {
		d.reviewed.add(paths)
		return
	}
	d.reviewed = openReview(d.window, d.engine, d.crossing, paths, func() { d.reviewed = nil })
}
