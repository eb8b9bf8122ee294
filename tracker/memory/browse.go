package memory

import (
	"context"
	"slices"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

// Sorting the names of a peer that holds many takes long, and it may change what it
// holds all the time.
const (
	fewNames     = 2000 // sorted for each page, in about a millisecond
	listingLasts = 10 * time.Second
	maxListed    = 1_000_000 // names in all listings that are kept
	namesOfLook  = 2         // sorting that many costs about as much as a look
)

// listings keeps the names of peers that hold many in order, for the pages to come.
type listings struct {
	mu   sync.Mutex // held while one is made
	kept map[*peer]keptListing
	all  int // names
}

type keptListing struct {
	*index.Listing
	changes uint64 // of the peer's holdings before it was made
	made    time.Duration
}

// PeerResources lists what a peer holds. A listing of many names may be a few
// seconds old.
func (s *Store) PeerResources(ctx context.Context, id netproto.PeerID, limit int, cursor string) (store.Found, error) {
	if s.memory.names == nil {
		return store.Found{}, errNoSearch
	}
	listing, looks, err := s.listing(ctx, id)
	if err != nil {
		return store.Found{}, err
	}
	page, err := s.memory.names.Page(listing, id.String(), limit, cursor)
	return store.Found{SearchResponse: netproto.SearchResponse{Items: page.Hits, Next: page.Next}, Looks: looks + page.Looks}, err
}

// listing returns what an online peer holds, by name, and what it cost in looks.
func (s *Store) listing(ctx context.Context, id netproto.PeerID) (*index.Listing, int, error) {
	m, ls := s.memory, s.listings
	p, err := m.onlinePeer(id)
	if err != nil {
		return nil, 0, err
	}
	m.mu.RLock()
	many := len(p.held) > fewNames
	m.mu.RUnlock()
	if !many {
		made := m.names.List(m.picksOf(p))
		return made, made.Len() / namesOfLook, nil
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	m.mu.RLock()
	changes := p.changes
	m.mu.RUnlock()
	now := m.elapsed()
	if kept, ok := ls.kept[p]; ok && (kept.changes == changes || now-kept.made < listingLasts) {
		return kept.Listing, 0, nil
	}
	if err := ctx.Err(); err != nil { // the caller went while others were served
		return nil, 0, err
	}
	made := m.names.List(m.picksOf(p))
	ls.keep(p, keptListing{made, changes, now})
	return made, made.Len() / namesOfLook, nil
}

// onlinePeer returns a peer that is online; netproto.CodeNotFound if it is not.
func (m *memory) onlinePeer(id netproto.PeerID) (*peer, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if p := m.peers[id]; p != nil && m.live(p) {
		return p, nil
	}
	return nil, netproto.Errorf(netproto.CodeNotFound, "no peer with the id %s is online", id)
}

// keep keeps a listing instead of the one of that peer, and of others if there are
// too many names.
func (ls *listings) keep(p *peer, l keptListing) {
	if old, ok := ls.kept[p]; ok {
		ls.all -= old.Len()
		delete(ls.kept, p)
	}
	for other, old := range ls.kept {
		if ls.all+l.Len() <= maxListed {
			break
		}
		ls.all -= old.Len()
		delete(ls.kept, other)
	}
	ls.kept[p] = l
	ls.all += l.Len()
}

// forget drops listings of peers that went or have not been asked for lately.
func (ls *listings) forget(now time.Duration) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for p, l := range ls.kept {
		if now-l.made > 6*listingLasts {
			ls.all -= l.Len()
			delete(ls.kept, p)
		}
	}
}

// picksOf returns the names under which a peer holds contents.
func (m *memory) picksOf(p *peer) []index.Pick {
	m.mu.RLock()
	held := slices.Clone(p.held)
	m.mu.RUnlock()
	picks := make([]index.Pick, 0, len(held))
	for some := range slices.Chunk(held, rowsAtOnce) {
		m.mu.RLock()
		for _, old := range some {
			if h, holds := p.holding(old.content().Hash()); holds && !h.row.hidden { // still
				picks = append(picks, index.Pick{Content: &h.content().Content, Name: h.row.number})
			}
		}
		m.mu.RUnlock()
	}
	return picks
}
