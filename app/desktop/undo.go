//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
)

// undoTime is how long a deed can be undone.
const undoTime = 8 * time.Second

// deed is something that was done and can be undone.
type deed struct {
	words  string
	commit func(context.Context) error // runs if it is not undone; nil if it was done at once
	undo   func(context.Context) error
	rows   []string // downloads that are hidden meanwhile
	counts int      // how many of them are unfinished
}

// undo is a strip below the page for the last deed. What is removed is only
// hidden while that can be undone, and removed after that.
type undo struct {
	window *window
	box    *fyne.Container
	words  *widget.Label
	deed   *deed
	forget func()
	hidden map[string]bool // downloads
	counts int             // unfinished ones among them
}

func newUndo(w *window) *undo { return &undo{window: w, forget: func() {}, hidden: map[string]bool{}} }

// build makes the strip, in the language in use.
func (u *undo) build() {
	u.words = kit.Paragraph("")
	take := widget.NewButtonWithIcon(words.L("Undo"), theme.ContentUndoIcon(), u.takeBack)
	dismiss := kit.NewIconButton(u.window.tips, theme.CancelIcon(), words.L("Close this message"), u.settle)
	u.box = kit.Inset(kit.GapLarge, kit.Gap, kit.NewPlate(theme.ColorNameButton, 8,
		kit.Inset(kit.GapMedium, 0, container.NewBorder(nil, nil, nil, container.NewHBox(container.NewCenter(take), dismiss), u.words))))
	u.box.Hide()
}

// offer shows a deed that can be undone. The one before it stays done.
func (u *undo) offer(d deed) {
	u.settle()
	u.deed = &d
	for _, row := range d.rows {
		u.hidden[row] = true
	}
	u.counts += d.counts
	u.words.SetText(d.words)
	u.window.notice.hide()
	kit.Reveal(u.window.frame.main, u.box, true)
	u.forget = u.window.crossing.after(undoTime, u.settle)
	u.window.crossing.poke()
}

// settle completes the last deed.
func (u *undo) settle() {
	d := u.hide()
	if d == nil || d.commit == nil {
		return
	}
	w := u.window
	w.crossing.start(func(ctx context.Context) func() {
		err := inTime(ctx, d.commit(ctx))
		return func() {
			u.show(d)
			if err != nil {
				w.fail(err)
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
	u.window.act(d.undo, nil)
	u.show(d)
}

// finish completes the last deed while the window closes.
func (u *undo) finish() {
	if d := u.hide(); d != nil && d.commit != nil {
		u.window.crossing.last(func(ctx context.Context) {
			if err := d.commit(ctx); err != nil {
				fyne.LogError("what was removed is still in the list", err)
			}
		})
	}
}

// hide closes the strip and returns its deed, or nil.
func (u *undo) hide() *deed {
	d := u.deed
	u.deed = nil
	u.forget()
	u.forget = func() {}
	if d != nil && u.window.frame != nil {
		kit.Reveal(u.window.frame.main, u.box, false)
	}
	return d
}

// show shows the rows of a deed again, if they still exist.
func (u *undo) show(d *deed) {
	for _, row := range d.rows {
		delete(u.hidden, row)
	}
	u.counts -= d.counts
	u.window.crossing.poke()
}

// visible returns the downloads that are not hidden.
func (u *undo) visible(downloads []face.Download) []face.Download {
	if len(u.hidden) == 0 {
		return downloads
	}
	var visible []face.Download
	for _, d := range downloads {
		if !u.hidden[d.ID] {
			visible = append(visible, d)
		}
	}
	return visible
}

// without returns the status as if the hidden downloads were gone.
func (u *undo) without(status face.Status) face.Status {
	status.Counts.Downloads = max(status.Counts.Downloads-u.counts, 0)
	return status
}

// removeDownloads removes downloads from the list, unless that is undone.
// Running ones stop at once. Of unfinished ones nothing is kept; finished files
// stay.
func (u *undo) removeDownloads(chosen []face.Download) {
	w := u.window
	if len(chosen) == 0 {
		return
	}
	var all, running, finished, unfinished []string
	for _, d := range chosen {
		all = append(all, d.ID)
		if d.IsFinished() {
			finished = append(finished, d.ID)
		} else {
			unfinished = append(unfinished, d.ID)
		}
		if d.IsRunning() {
			running = append(running, d.ID)
		}
	}
	stopped := make(chan struct{}) // closed after the pause, which nothing must overtake
	w.act(func(ctx context.Context) error {
		defer close(stopped)
		if len(running) == 0 {
			return nil
		}
		return w.engine.Pause(ctx, running)
	}, nil)
	u.offer(deed{
		words: words.N("{{.Count}} downloads removed", len(all), words.Values{"Count": words.Count(len(all))}),
		rows:  all, counts: len(unfinished),
		commit: func(ctx context.Context) error {
			<-stopped
			return errors.Join(onAny(ctx, w.engine.Remove, finished), onAny(ctx, w.engine.Cancel, unfinished))
		},
		undo: func(ctx context.Context) error {
			<-stopped
			if len(running) == 0 {
				return nil
			}
			return w.engine.Resume(ctx, running)
		},
	})
}

// stopSharing stops sharing at once. Undone, the same is shared again.
func (u *undo) stopSharing(shares []face.Share) {
	w := u.window
	if len(shares) == 0 {
		return
	}
	var ids []string
	for _, s := range shares {
		ids = append(ids, s.ID)
	}
	w.act(func(ctx context.Context) error { return w.engine.StopSharing(ctx, ids) }, func() {
		u.offer(deed{
			words: words.N("{{.Count}} shares stopped. The files stay where they are.", len(ids),
				words.Values{"Count": words.Count(len(ids))}),
			undo: func(ctx context.Context) error { return w.engine.ShareAgain(ctx, ids) },
		})
	})
}
