//go:build !darwin || cgo

package search

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// How old results get while they are looked at. Those of an empty page, and those
// after which the tracker counted other things, are refreshed soon; others may have
// changed without a change in the counts, and are refreshed seldom.
const (
	refreshSoon   = 4 * time.Second
	refreshSeldom = 30 * time.Second
)

// refreshMost is the largest number of hits that is refreshed by itself.
const refreshMost = 1000

// life is what a search knows about the age of its results.
type life struct {
	hits   atomic.Pointer[[]netproto.ContentHash] // all hits; for the goroutine that pulls
	counts counts                                 // what the tracker counted last
	at     time.Time                              // of the last answer
	due    bool                                   // the results are to be refreshed
	forget func()                                 // cancels the refresh that waits for its time; nil if none does
	quiet  bool                                   // what is under way is a refresh
}

// counts are the numbers of a tracker that tell of changes.
type counts struct {
	tracker          string
	peers, resources int
}

// follow notes what the tracker counts now.
func (p *Page) follow(view face.TrackerView) {
	now := counts{view.Address, view.PeersOnline, view.Resources}
	if now != p.life.counts {
		p.life.counts, p.life.due = now, true
	}
	p.refreshInTime()
}

// Shown is called when the page is shown: what is on it may be old.
func (p *Page) Shown() {
	p.life.due = !p.life.at.IsZero()
	p.refreshInTime()
	p.offerOwners()
}

// answered notes the age of the results.
func (p *Page) answered() {
	p.life.at, p.life.due = time.Now(), false
	if p.life.forget != nil {
		p.life.forget()
		p.life.forget = nil
	}
	p.refreshInTime()
}

// refreshInTime refreshes the results once they are old enough.
func (p *Page) refreshInTime() {
	if p.life.forget != nil && !p.life.due || p.life.at.IsZero() {
		return // it waits already, or the first search is not answered
	}
	age := refreshSeldom
	if p.life.due || len(p.found) == 0 {
		age = refreshSoon
	}
	if p.life.forget != nil {
		p.life.forget()
	}
	p.life.forget = p.window.After(max(age-time.Since(p.life.at), 0), func() {
		p.life.forget = nil
		p.life.due = true // if nobody sees the page now, it is refreshed when it is shown
		if p.window.Shows(pages.PlaceSearch) && len(p.found) <= refreshMost && p.failure == nil {
			p.Refresh()
		}
	})
}

// Refresh asks the tracker again, for as many hits as are here, and for who may be
// chosen as their owner. What is looked at stays in its place.
func (p *Page) Refresh() {
	if p.failure != nil {
		p.Begin()
		return
	}
	if p.busy {
		return
	}
	p.stop()
	p.turn++
	turn, request, want := p.turn, p.request(""), len(p.found)
	p.busy, p.life.quiet = true, true
	again, stop := pages.Stoppable(func(ctx context.Context) (face.SearchPage, error) { return p.all(ctx, request, want) })
	p.stop = stop
	pages.Ask(p.window, again, func(page face.SearchPage, err error) {
		if turn != p.turn {
			return
		}
		p.busy = false
		if err == nil && !(slices.Equal(page.Hits, p.found) && page.Next == p.next && page.Corrected == p.correct && slices.Equal(page.Meant, p.meant)) {
			p.take(page)
			p.ShowAnswer()
		}
		p.answered() // old results are better than none; the banner says what is wrong
	})
	p.offerOwners()
}

// all fetches pages until there are as many hits as wanted. It runs beside the UI
// thread.
func (p *Page) all(ctx context.Context, request face.SearchRequest, want int) (face.SearchPage, error) {
	all, err := p.engine.Search(ctx, request)
	for err == nil && all.Next != "" && len(all.Hits) < want {
		request.Cursor = all.Next
		var page face.SearchPage
		page, err = p.engine.Search(ctx, request)
		all.Hits, all.Next = append(all.Hits, page.Hits...), page.Next
	}
	return all, err
}
