package admission

import (
	"context"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// Searcher runs the searches of all routes. It bounds what each costs and how many
// run at once, and charges the caller's address for it.
type Searcher struct {
	store    Catalogue
	guard    *Guard
	work     *Work
	slow     *limit.Turns
	browsing *limit.Turns
}

// Catalogue is what a Searcher asks.
type Catalogue interface {
	store.Catalogue
	store.People
}

// NewSearcher returns a searcher whose work shares the places of other work.
func NewSearcher(asked Catalogue, g *Guard, work *Work) *Searcher {
	return &Searcher{store: asked, guard: g, work: work,
		slow: limit.NewTurns(slowPlaces*processors, slowLine), browsing: limit.NewTurns(browsers, browseLine)}
}

// Search answers a query. A page that would cost too much ends early, with a
// cursor.
func (s *Searcher) Search(ctx context.Context, c origin.Caller, q store.Query) (netproto.SearchResponse, error) {
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
func (s *Searcher) run(ctx context.Context, c origin.Caller, q store.Query) (store.Found, error) {
	turn, err := begin(ctx, s.work.turns, c.Addr, searches, workWait)
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
func (s *Searcher) runSlowly(ctx context.Context, c origin.Caller, q store.Query, wait time.Duration) (store.Found, error) {
	turn, err := begin(ctx, s.slow, c.Addr, searches, wait)
	if err != nil {
		return store.Found{}, err
	}
	defer turn.End()
	return s.run(ctx, c, q)
}

// searchOf answers a query about what one peer holds.
func (s *Searcher) searchOf(ctx context.Context, c origin.Caller, q store.Query) (netproto.SearchResponse, error) {
	turn, err := begin(ctx, s.browsing, c.Addr, searches, workWait)
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	defer turn.End()
	found, err := s.run(ctx, c, q)
	return found.SearchResponse, err
}

// Browse lists what a peer holds.
func (s *Searcher) Browse(ctx context.Context, c origin.Caller, id netproto.PeerID, limit int, cursor string) (netproto.SearchResponse, error) {
	turn, err := begin(ctx, s.browsing, c.Addr, searches, workWait)
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	defer turn.End()
	found, err := s.store.PeerResources(ctx, id, limit, cursor)
	s.guard.charge(c, found.Looks)
	return found.SearchResponse, err
}

// People lists who is known.
func (s *Searcher) People(ctx context.Context, c origin.Caller, q store.PeopleQuery) (netproto.PeopleResponse, error) {
	turn, err := begin(ctx, s.browsing, c.Addr, searches, workWait)
	if err != nil {
		return netproto.PeopleResponse{}, err
	}
	defer turn.End()
	found, err := s.store.People(ctx, q)
	s.guard.charge(c, found.Looks)
	return found.PeopleResponse, err
}

// Sources lists the peers that hold a content.
func (s *Searcher) Sources(ctx context.Context, c origin.Caller, hash netproto.ContentHash, limit int) ([]store.Source, error) {
	turn, err := begin(ctx, s.work.turns, c.Addr, searches, workWait)
	if err != nil {
		return nil, err
	}
	defer turn.End()
	found, looks, err := s.store.Sources(ctx, hash, limit)
	s.guard.charge(c, looks)
	return found, err
}

// Resource describes a content.
func (s *Searcher) Resource(ctx context.Context, c origin.Caller, hash netproto.ContentHash) (netproto.ResourceResponse, error) {
	turn, err := begin(ctx, s.work.turns, c.Addr, searches, workWait)
	if err != nil {
		return netproto.ResourceResponse{}, err
	}
	defer turn.End()
	found, looks, err := s.store.Resource(ctx, hash)
	s.guard.charge(c, looks)
	return found, err
}
