//go:build !darwin || cgo

package desktop

import (
	"slices"

	"centralizedp2p/netproto"
)

// requests opens links and files, one decision after another: those that the
// program was started with, and those that other starts of it hand over.
type requests struct {
	window  *window
	waiting []string
}

// follow opens what other starts of the program hand over.
func (r *requests) follow() {
	w := r.window
	if w.options.Requests == nil {
		return
	}
	w.crossing.group.Go(func() {
		for {
			select {
			case <-w.crossing.ctx.Done():
				return
			case open, more := <-w.options.Requests:
				if !more {
					return
				}
				w.crossing.show(func() { r.add(open) })
			}
		}
	})
}

// add brings the window to the front and asks about what was handed over.
func (r *requests) add(open []string) {
	w := r.window
	w.present()
	r.waiting = append(r.waiting, open...)
	r.openNext()
}

// present brings the window to the front, from the tray too.
func (w *window) present() {
	w.win.Show()
	w.win.RequestFocus()
	w.crossing.setHidden(false)
	w.crossing.poke()
}

// openNext asks about one waiting link, or about all waiting files, unless
// another decision is open. It is called again after each decision.
func (r *requests) openNext() {
	w := r.window
	if w.sheets.IsOpen() || w.asking || len(r.waiting) == 0 {
		return
	}
	isLink := func(what string) bool {
		_, err := netproto.ParseLink(what)
		return err == nil
	}
	if i := slices.IndexFunc(r.waiting, isLink); i >= 0 {
		link := r.waiting[i]
		r.waiting = slices.Delete(r.waiting, i, i+1)
		w.links.open(link)
		return
	}
	paths := r.waiting
	r.waiting = nil
	w.drops.review(paths)
}
