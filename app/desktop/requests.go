//go:build !darwin || cgo

package desktop

import (
	"context"
	"slices"

	"centralizedp2p/netproto"
)

// takeRequests opens what other starts of the program hand over.
func (w *window) takeRequests() {
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
				w.crossing.show(func() { w.requested(open) })
			}
		}
	})
}

// requested brings the window to the front and asks about what was handed over.
func (w *window) requested(open []string) {
	w.present()
	w.waiting = append(w.waiting, open...)
	w.openNext()
}

// present brings the window to the front, out of the tray too.
func (w *window) present() {
	w.win.Show()
	w.win.RequestFocus()
	w.crossing.setHidden(false)
	w.crossing.poke()
}

// openNext asks about one link, or all files, that wait, unless another
// decision is open. Each decision that ends asks again.
func (w *window) openNext() {
	if w.sheet != nil || w.asking || len(w.waiting) == 0 {
		return
	}
	isLink := func(what string) bool {
		_, err := netproto.ParseLink(what)
		return err == nil
	}
	if i := slices.IndexFunc(w.waiting, isLink); i >= 0 {
		link := w.waiting[i]
		w.waiting = slices.Delete(w.waiting, i, i+1)
		w.openLink(link)
		return
	}
	paths := w.waiting
	w.waiting = nil
	w.review(paths)
}

// trayHost tells whether icons in the tray can be seen.
func (w *window) trayHost(ctx context.Context) bool {
	if w.options.TrayHost != nil {
		return w.options.TrayHost(ctx)
	}
	return trayHost(ctx)
}
