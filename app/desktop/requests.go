//go:build !darwin || cgo

package desktop

import (
	"slices"

	"centralizedp2p/netproto"
)

// requests opens links and files, one decision after another: those that the
// program was started with, and those that other starts of it hand over.
type requests struct {
	crossing *crossing
	incoming <-chan []string      // from other starts of the program; may be nil
	present  func()               // brings the window to the front
	busy     func() bool          // reports whether another decision is open
	link     func(link string)    // asks about a link
	files    func(paths []string) // asks about files
	waiting  []string
}

// follow opens what other starts of the program hand over.
func (r *requests) follow() {
	if r.incoming == nil {
		return
	}
	r.crossing.group.Go(func() {
		for {
			select {
			case <-r.crossing.ctx.Done():
				return
			case open, more := <-r.incoming:
				if !more {
					return
				}
				r.crossing.show(func() { r.add(open) })
			}
		}
	})
}

// add brings the window to the front and asks about what was handed over.
func (r *requests) add(open []string) {
	r.present()
	r.waiting = append(r.waiting, open...)
	r.openNext()
}

// openNext asks about one waiting link, or about all waiting files, unless
// another decision is open. It is called again after each decision.
func (r *requests) openNext() {
	if r.busy() || len(r.waiting) == 0 {
		return
	}
	isLink := func(what string) bool {
		_, err := netproto.ParseLink(what)
		return err == nil
	}
	if i := slices.IndexFunc(r.waiting, isLink); i >= 0 {
		link := r.waiting[i]
		r.waiting = slices.Delete(r.waiting, i, i+1)
		r.link(link)
		return
	}
	paths := r.waiting
	r.waiting = nil
	r.files(paths)
}
