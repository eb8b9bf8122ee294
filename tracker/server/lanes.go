package server

import (
	"context"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/store"
)

// Bounds of searches. An ordinary one takes a few hundred looks and less than a
// millisecond; it runs in the quick lane to its end. One that needs more goes on in
// the slow lane, which leaves processors to all others. The quick lane has several
// places for each processor, because the system may stop any of them for a while.
const (
	quickLooks      = 20_000
	quickPlaces     = 4 // for each processor
	slowLooks       = 200_000
	looksPerRequest = 1000 // a search counts as one more request for each
	quickLine       = 256  // searches that may wait for the quick lane
	slowLine        = 16
	browsers        = 2 // pages of what a peer holds, at once
	browseLine      = 64
	laneWait        = time.Second
	decodeLine      = 4096 // announces that may wait to be decoded
	decodeWait      = 10 * time.Second
	mendWait        = 10 * time.Millisecond // for the search for suggestions
)

// searches is what most lanes are for.
const searches = "searches"

// lane lets a few searches, or other work, run at once, and a few more wait.
type lane struct {
	slots   chan struct{}
	what    string // for people
	line    int32
	waiting atomic.Int32
}

func newLane(slots, line int, what string) *lane {
	return &lane{slots: make(chan struct{}, slots), line: int32(line), what: what}
}

// enter waits for a slot. The caller must call leave. If too many wait already, or
// none becomes free in time, it returns netproto.CodeFull.
func (l *lane) enter(ctx context.Context, wait time.Duration) (leave func(), err error) {
	leave = func() { <-l.slots }
	select {
	case l.slots <- struct{}{}:
		return leave, nil
	default:
	}
	defer l.waiting.Add(-1)
	if l.waiting.Add(1) > l.line {
		return nil, l.full()
	}
	late := time.NewTimer(wait)
	defer late.Stop()
	select {
	case l.slots <- struct{}{}:
		return leave, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-late.C:
		return nil, l.full()
	}
}

func (l *lane) full() error {
	return refusal{&netproto.Error{Code: netproto.CodeFull, Detail: "too many " + l.what + " are under way", RetryAfter: 2 * time.Second}, l.what}
}

// searcher runs the searches of all routes. It bounds what each costs and how many
// run at once, and charges the caller's address for it.
type searcher struct {
	store       store.Catalogue
	guard       *guard
	quick, slow *lane
	browsing    *lane
}

func newSearcher(asked store.Catalogue, g *guard) *searcher {
	processors := runtime.GOMAXPROCS(0)
	return &searcher{store: asked, guard: g, quick: newLane(quickPlaces*processors, quickLine, searches),
		slow: newLane(max(processors/2, 1), slowLine, searches), browsing: newLane(browsers, browseLine, searches)}
}

// search answers a query. A page that would cost too much ends early, with a
// cursor.
func (s *searcher) search(ctx context.Context, c caller, q store.Query) (netproto.SearchResponse, error) {
	q.Looks, q.Plain = quickLooks, true
	found, err := s.in(ctx, c, s.quick, q, laneWait)
	left := q.Limit - len(found.Items)
	switch {
	case err != nil:
		return netproto.SearchResponse{}, err
	case found.Short && left > 0:
		q.Looks, q.Cursor, q.Limit = slowLooks, found.Next, left
		rest, err := s.in(ctx, c, s.slow, q, laneWait)
		switch {
		case err == nil:
			found.Items, found.Next = append(found.Items, rest.Items...), rest.Next
		case len(found.Items) == 0: // else a page that ends early has to do
			return netproto.SearchResponse{}, err
		}
	case len(found.Items) == 0 && q.Cursor == "":
		q.Looks, q.Plain = slowLooks, false
		if meant, err := s.in(ctx, c, s.slow, q, mendWait); err == nil { // else an answer without suggestions has to do
			found = meant
		}
	}
	return found.SearchResponse, nil
}

// in runs one search in a lane.
func (s *searcher) in(ctx context.Context, c caller, l *lane, q store.Query, wait time.Duration) (store.Found, error) {
	leave, err := l.enter(ctx, wait)
	if err != nil {
		return store.Found{}, err
	}
	defer leave()
	found, err := s.store.Search(ctx, q)
	s.guard.charge(c, found.Looks)
	return found, err
}

// browse lists what a peer holds.
func (s *searcher) browse(ctx context.Context, c caller, id netproto.PeerID, limit int, cursor string) (netproto.SearchResponse, error) {
	leave, err := s.browsing.enter(ctx, laneWait)
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	defer leave()
	found, err := s.store.PeerResources(ctx, id, limit, cursor)
	s.guard.charge(c, found.Looks)
	return found.SearchResponse, err
}

// chargeBytes counts an answer as requests from an address, as the same bytes in a
// body would be.
func (g *guard) chargeBytes(from netip.Addr, bytes int) {
	g.requests.Charge(limit.Source(from), bytes/bytesPerRequest, g.now())
}

// charge counts the looks of a search as requests from its address.
func (g *guard) charge(c caller, looks int) {
	g.requests.Charge(limit.Source(c.addr), looks/looksPerRequest, g.now())
}
