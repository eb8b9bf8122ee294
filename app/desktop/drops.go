//go:build !darwin || cgo

package desktop

import (
	"time"

	"fyne.io/fyne/v2"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// dropSettles is how long after a drop the window knows what is under the pointer.
// Fyne tells of the drop before it moves the pointer there, and on Windows and macOS
// it tells of no way there; the position that it gives is the one before the drag.
const dropSettles = 100 * time.Millisecond

// drops takes files and folders that a person wants to share or to send, and reviews
// them.
type drops struct {
	window   pages.Window
	engine   reviewEngine
	crossing *crossing
	bring    func(paths []string, then func(paths []string)) // to the computer of the engine
	refuse   func(words.Message)
	// under returns who is under the pointer now. sure is false if what is dropped
	// may be meant for everybody.
	under    func() (to face.Person, sure, ok bool)
	reviewed *reviewSheet // open, or nil
}

// arrived answers a drop anywhere on the window, once it is known where.
func (d *drops) arrived(uris []fyne.URI) {
	d.crossing.after(dropSettles, func() { d.dropped(uris) })
}

// dropped sends what was dropped on a person, and reviews what was dropped anywhere
// else.
func (d *drops) dropped(uris []fyne.URI) {
	var paths []string
	for _, uri := range uris {
		if uri.Scheme() == "file" {
			paths = append(paths, uri.Path())
		}
	}
	to, sure, ok := d.under()
	switch {
	case len(paths) == 0:
		d.refuse(words.Message{
			What: words.L("What was dropped is not a file"),
			Next: words.L("Save it to a folder first, then drop the file."),
		})
	case ok && sure:
		d.bring(paths, func(paths []string) { d.give(to, paths) })
	case ok:
		d.reviewFor(to, paths)
	default:
		d.review(paths)
	}
}

// pickFile lets the person choose files to share. Fyne's dialog takes one at a
// time; the review has a button for more, and several can be dropped on the
// window.
func (d *drops) pickFile() {
	sheets := d.window.Sheets()
	sheets.CloseAll()
	sheets.PickFiles(d.reviewHere)
}

// pickFolder lets the person choose a folder to share.
func (d *drops) pickFolder() {
	sheets := d.window.Sheets()
	sheets.CloseAll()
	sheets.PickFolder(words.L("Choose a folder to share"), "", func(path string) { d.reviewHere([]string{path}) })
}

// pickFor lets the person choose files, or a folder, to send to somebody.
func (d *drops) pickFor(to face.Person, folder bool) {
	sheets := d.window.Sheets()
	sheets.CloseAll()
	if folder {
		sheets.PickFolder(words.L("Choose a folder to send"), "", func(path string) { d.open(&to, []string{path}) })
		return
	}
	sheets.PickFiles(func(paths []string) { d.open(&to, paths) })
}

// review asks which of some paths of this computer to share.
func (d *drops) review(paths []string) { d.bring(paths, d.reviewHere) }

// reviewHere asks which of some paths of the engine's computer to share. If that question
// is already open, it adds the paths.
func (d *drops) reviewHere(paths []string) {
	if d.reviewed != nil {
		d.reviewed.add(paths)
		return
	}
	d.open(nil, paths)
}

// reviewFor asks which of some paths to send to somebody.
func (d *drops) reviewFor(to face.Person, paths []string) {
	d.bring(paths, func(paths []string) { d.open(&to, paths) })
}

func (d *drops) open(to *face.Person, paths []string) {
	opened := openReview(d.window, d.engine, d.crossing, to, paths, func() { d.reviewed = nil })
	opened.sendInstead = func(to face.Person, paths []string) { d.open(&to, paths) } // which are there already
	d.reviewed = opened
}
