//go:build !darwin || cgo

package desktop

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// undoTime is how long a deed can be undone.
const undoTime = 8 * time.Second

// undo floats above the page for the last deed. What is removed is only
// hidden while that can be undone, and removed after that.
type undo struct {
	window   pages.Window
	crossing *crossing
	shown    func() // called before it is shown
	moved    func() // called when it takes other room
	box      *fyne.Container
	words    *kit.Text
	deed     *pages.Deed
	forget   func()
	hidden   map[string]bool // downloads
	counts   int             // unfinished ones among them
}

func newUndo(w pages.Window, c *crossing, shown, moved func()) *undo {
	return &undo{window: w, crossing: c, shown: shown, moved: moved, forget: func() {}, hidden: map[string]bool{}}
}

// build makes the strip, in the language in use.
func (u *undo) build() {
	u.words = kit.Paragraph("")
	take := kit.NewButtonWithIcon(words.L("Undo"), theme.ContentUndoIcon(), u.takeBack)
	dismiss := kit.NewIconButton(u.window.Host().Tips, theme.CancelIcon(), words.L("Close this message"), u.settle)
	u.box = toast(nil, container.NewHBox(container.NewCenter(take), dismiss), u.words)
	u.box.Hide()
}

// Offer shows a deed that can be undone. The one before it stays done.
func (u *undo) Offer(d pages.Deed) {
	u.settle()
	u.deed = &d
	for _, row := range d.Rows {
		u.hidden[row] = true
	}
	u.counts += d.Counts
	u.words.SetText(d.Words)
	u.shown()
	if kit.Reveal(nil, u.box, true) {
		u.moved()
	}
	u.forget = u.window.After(undoTime, u.settle)
	u.window.Poke()
}

// settle completes the last deed.
func (u *undo) settle() {
	d := u.hide()
	if d == nil || d.Commit == nil {
		return
	}
	w := u.window
	w.Start(func(ctx context.Context) func() {
		err := pages.InTime(ctx, d.Commit(ctx))
		return func() {
			u.show(d)
			if err != nil {
				w.Fail(err)
			}
		}
	})
}

// takeBack undoes the last deed, for the button and for Ctrl+Z.
func (u *undo) takeBack() {
	if u.deed == nil {
		return
	}
	d := u.deed
	u.hide()
	u.window.Act(d.Undo, nil)
	u.show(d)
}

// finish completes the last deed while the window closes.
func (u *undo) finish() {
	if d := u.hide(); d != nil && d.Commit != nil {
		u.crossing.last(func(ctx context.Context) {
			if err := d.Commit(ctx); err != nil {
				fyne.LogError("what was removed is still in the list", err)
			}
		})
	}
}

// hide closes the strip and returns its deed, or nil.
func (u *undo) hide() *pages.Deed {
	d := u.deed
	u.deed = nil
	u.forget()
	u.forget = func() {}
	if d != nil && kit.Reveal(nil, u.box, false) {
		u.moved()
	}
	return d
}

// show shows the rows of a deed again, if they still exist.
func (u *undo) show(d *pages.Deed) {
	for _, row := range d.Rows {
		delete(u.hidden, row)
	}
	u.counts -= d.Counts
	u.window.Poke()
}

// Hides reports whether a download is hidden by a deed that can be undone.
func (u *undo) Hides(download string) bool { return u.hidden[download] }

// without returns the status as if the hidden downloads were gone.
func (u *undo) without(status face.Status) face.Status {
	status.Counts.Downloads = max(status.Counts.Downloads-u.counts, 0)
	return status
}
