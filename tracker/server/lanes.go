package server

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// Bounds of work that takes long. An ordinary search takes a few hundred looks and
// less than a millisecond; it runs to its end. One that needs more goes on among the
// slow ones; few of those are under way at once.
//
// Everything that takes long shares the places of work, one less than there are
// processors, but at least two: while the system gives the processor of one to
// somebody else, the other goes on.
const (
	quickLooks      = 20_000
	slowLooks       = 200_000
	looksPerRequest = 1000 // a search counts as one more request for each
	workLine        = 512  // pieces of work that may wait
	slowPlaces      = 4    // for each processor: they share the places of work
	slowLine        = 16
	browsers        = 2 // pages of what a peer holds, at once
	browseLine      = 64
	workWait        = time.Second
	decodeWait      = 10 * time.Second
	mendWait        = 10 * time.Millisecond // for the search for suggestions
)

// What the work is, for people and for the metrics.
const (
	searches  = "searches"
	announces = "announces"
	lists     = "lists"
)

// processors is how many there are. Under an attack, a tracker by itself runs more
// goroutines at once: see daemon.Run.
var processors = runtime.GOMAXPROCS(0)

func newWork() *limit.Turns { return limit.NewTurns(max(processors-1, 2), workLine) }

// begin waits for a turn of the caller. If too much waits already, or no place
// becomes free in time, it returns netproto.CodeFull.
func begin(ctx context.Context, t *limit.Turns, c origin.Caller, what string, wait time.Duration) (*limit.Turn, error) {
	turn, err := t.Begin(ctx, limit.Source(c.Addr), wait)
	if errors.Is(err, limit.ErrNoTurn) {
		return nil, refusal{&netproto.Error{Code: netproto.CodeFull, Detail: "too many " + what + " are under way", RetryAfter: 2 * time.Second}, what}
	}
	return turn, err
}

// searcher runs the searches of all routes. It bounds what each costs and how many
// run at once, and charges the caller's address for it.
type searcher struct {
	store    catalogue
	guard    *guard
	work     *limit.Turns
	slow     *limit.Turns
	browsing *limit.Turns
}

// catalogue is what a searcher asks.
type catalogue interface {
	store.Catalogue
	store.People
}

func newSearcher(asked catalogue, g *guard, work *limit.Turns) *searcher {
	return &searcher{store: asked, guard: g, work: work,
		slow: limit.NewTurns(slowPlaces*processors, slowLine), browsing: limit.NewTurns(browsers, browseLine)}
}

// search answers a query. A page that would cost too much ends early, with a
// cursor.
func (s *searcher) search(ctx context.Context, c origin.Caller, q store.Query) (netproto.SearchResponse, error) {
	if q.Owner != (netproto.PeerID{}) {
		return s.searchOf(ctx, c, q)
	}
	q.Looks, q.Plain = quickLooks, true
	found, err := s.run(ctx, c, q)
	left := q.Limit - len(found.Items)
	switch {
	case err != nil:
		return netproto.SearchResponse{}, err
	case found.Short && left > 0:
		q.Looks, q.Cursor, q.Limit = slowLooks, found.Next, left
		rest, err := s.runSlowly(ctx, c, q, workWait)
		switch {
		case err == nil:
			found.Items, found.Next = append(found.Items, rest.Items...), rest.Next
		case len(found.Items) == 0: // else a page that ends early has to do
			return netproto.SearchResponse{}, err
		}
	case len(found.Items) == 0 && q.Cursor == "" && found.Next == "":
		q.Looks, q.Plain = slowLooks, false
		if meant, err := s.runSlowly(ctx, c, q, mendWait); err == nil { // else an answer without suggestions and a correction has to do
			found = meant
		}
	}
	return found.SearchResponse, nil
}

// run runs one search. Others go first who asked for less, even while it runs.
func (s *searcher) run(ctx context.Context, c origin.Caller, q store.Query) (store.Found, error) {
	turn, err := begin(ctx, s.work, c, searches, workWait)
	if err != nil {
		return store.Found{}, err
	}
	defer turn.End()
	q.Yield = turn.Yield
	found, err := s.store.Search(ctx, q)
	s.guard.charge(c, found.Looks)
	return found, err
}

// runSlowly is run for a search that is known to take long.
func (s *searcher) runSlowly(ctx context.Context, c origin.Caller, q store.Query, wait time.Duration) (store.Found, error) {
	turn, err := begin(ctx, s.slow, c, searches, wait)
	if err != nil {
		return store.Found{}, err
	}
	defer turn.End()
	return s.run(ctx, c, q)
}

// searchOf answers a query about what one peer holds.
func (s *searcher) searchOf(ctx context.Context, c origin.Caller, q store.Query) (netproto.SearchResponse, error) {
	turn, err := begin(ctx, s.browsing, c, searches, workWait)
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	defer turn.End()
	found, err := s.run(ctx, c, q)
	return found.SearchResponse, err
}

// browse lists what a peer holds.
func (s *searcher) browse(ctx context.Context, c origin.Caller, id netproto.PeerID, limit int, cursor string) (netproto.SearchResponse, error) {
	turn, err := begin(ctx, s.browsing, c, searches, workWait)
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	defer turn.End()
	found, err := s.store.PeerResources(ctx, id, limit, cursor)
	s.guard.charge(c, found.Looks)
	return found.SearchResponse, err
}

// people lists who is known.
func (s *searcher) people(ctx context.Context, c origin.Caller, q store.PeopleQuery) (netproto.PeopleResponse, error) {
	turn, err := begin(ctx, s.browsing, c, searches, workWait)
	if err != nil {
		return netproto.PeopleResponse{}, err
	}
	defer turn.End()
	found, err := s.store.People(ctx, q)
	s.guard.charge(c, found.Looks)
	return found.PeopleResponse, err
}

// sources lists the peers that hold a content.
func (s *searcher) sources(ctx context.Context, c origin.Caller, hash netproto.ContentHash, limit int) ([]store.Source, error) {
	turn, err := begin(ctx, s.work, c, searches, workWait)
	if err != nil {
		return nil, err
	}
	defer turn.End()
	found, looks, err := s.store.Sources(ctx, hash, limit)
	s.guard.charge(c, looks)
	return found, err
}

// resource describes a content.
func (s *searcher) resource(ctx context.Context, c origin.Caller, hash netproto.ContentHash) (netproto.ResourceResponse, error) {
	turn, err := begin(ctx, s.work, c, searches, workWait)
	if err != nil {
		return netproto.ResourceResponse{}, err
	}
	defer turn.End()
	found, looks, err := s.store.Resource(ctx, hash)
	s.guard.charge(c, looks)
	return found, err
}

// chargeBytes counts an answer as requests from an address, as the same bytes in a
// body would be.
func (g *guard) chargeBytes(from netip.Addr, bytes int) {
	g.requests.Charge(limit.Source(from), bytes/bytesPerRequest, g.now())
}

// charge counts the looks of a search as requests from its address.
func (g *guard) charge(c origin.Caller, looks int) {
	g.requests.Charge(limit.Source(c.Addr), looks/looksPerRequest, g.now())
}
