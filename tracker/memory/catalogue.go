package memory

import (
	"cmp"
	"context"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

// holdersAtOnce is how many holders of a content are looked at under one lock.
const holdersAtOnce = 1000

// Sources looks at the holders from a random one on, until it has found enough.
func (s *Store) Sources(_ context.Context, hash netproto.ContentHash, limit int) (sources []store.Source, looks int, err error) {
	for some := range slices.Chunk(s.memory.holdersOf(hash), holdersAtOnce) {
		sources = s.memory.sourcesAmong(sources, some, hash, limit)
		if looks += len(some); len(sources) == limit {
			break
		}
	}
	return sources, looks, nil
}

// holdersOf returns the holders of a content, from a random one on.
func (m *memory) holdersOf(hash netproto.ContentHash) []*peer {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c := m.contents.find(hash)
	if c == nil || len(c.holders.all()) == 0 {
		return nil
	}
	holders := c.holders.all()
	first := rand.IntN(len(holders))
	return slices.Concat(holders[first:], holders[:first])
}

// sourcesAmong appends those of some peers that are online and hold a content, up
// to limit.
func (m *memory) sourcesAmong(sources []store.Source, some []*peer, hash netproto.ContentHash, limit int) []store.Source {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, p := range some {
		if len(sources) == limit {
			break
		}
		if h, holds := p.holding(hash); holds && m.live(p) { // still
			sources = append(sources, store.Source{Peer: copyOf(p.record), Part: h.part})
		}
	}
	return sources
}

// Source finds a holder with a lease.
func (s *Store) Source(_ context.Context, hash netproto.ContentHash, id netproto.PeerID) (store.Source, error) {
	m := s.memory
	m.mu.RLock()
	defer m.mu.RUnlock()
	p := m.peers[id]
	if p == nil || !m.live(p) {
		return store.Source{}, netproto.Errorf(netproto.CodeNotFound, "the peer %s is not online", id)
	}
	held, ok := p.holding(hash)
	if !ok {
		return store.Source{}, netproto.Errorf(netproto.CodeNotFound, "the peer %s has not announced the content %s", id, hash)
	}
	return store.Source{Peer: copyOf(p.record), Part: held.part}, nil
}

// Resource describes a content with an online source.
func (s *Store) Resource(_ context.Context, hash netproto.ContentHash) (answer netproto.ResourceResponse, looks int, err error) {
	m := s.memory
	holders, users := m.holdersOf(hash), map[*row]int{}
	for some := range slices.Chunk(holders, holdersAtOnce) {
		answer.Sources += m.countUsers(users, some, hash)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	c := m.contents.find(hash)
	var rows []*row
	if c != nil {
		rows = slices.DeleteFunc(slices.Clone(c.rows.all()), func(r *row) bool { return users[r] == 0 })
	}
	if shown := slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return r.hidden }); len(shown) > 0 {
		rows = shown // the name under which somebody hides it is not for others
	}
	if looks = len(holders); len(rows) == 0 {
		return netproto.ResourceResponse{}, looks, netproto.Errorf(netproto.CodeNotFound, "no online peer has the content %s", hash)
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(users[b], users[a]) })
	best := rows[0]
	answer.Hash, answer.Name, answer.Size, answer.MIME, answer.Folder = hash, best.name, best.size, m.mimes.texts[best.mime], best.folder
	answer.Added = c.Added()
	m.ownersOf(&answer.Owners, c, m.elapsed())
	named := map[string]bool{}
	for _, r := range rows {
		if looks++; !named[r.name] { // rows may differ in the type alone
			named[r.name] = true
			answer.Names = append(answer.Names, r.name)
		}
	}
	return answer, looks, nil
}

// Shown describes a content that somebody does not hide.
func (s *Store) Shown(_ context.Context, hash netproto.ContentHash) (netproto.Hit, error) {
	m := s.memory
	m.mu.RLock()
	defer m.mu.RUnlock()
	var best *row
	sources := 0
	if c := m.contents.find(hash); c != nil {
		for _, r := range c.rows.all() {
			if !r.hidden && r.online > 0 {
				sources += int(r.online)
				if best == nil || r.online > best.online {
					best = r
				}
			}
		}
	}
	if best == nil {
		return netproto.Hit{}, netproto.Errorf(netproto.CodeNotFound, "no online peer shares the content %s", hash)
	}
	return netproto.Hit{Hash: hash, Name: best.name, Size: best.size, MIME: m.mimes.texts[best.mime], Folder: best.folder, Sources: sources,
		Added: best.content.Added()}, nil
}

// countUsers counts by row which of some peers are online and hold a content.
func (m *memory) countUsers(users map[*row]int, some []*peer, hash netproto.ContentHash) (all int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, p := range some {
		if h, holds := p.holding(hash); holds && m.live(p) {
			users[h.row]++
			all++
		}
	}
	return all
}

// errNoSearch is what those get who search where the names are not kept for that.
var errNoSearch = netproto.Errorf(netproto.CodeWrongNode, "it does not search")

// Search asks the index.
func (s *Store) Search(ctx context.Context, q store.Query) (store.Found, error) {
	if s.memory.names == nil {
		return store.Found{}, errNoSearch
	}
	asked := index.Query{Text: q.Text, Kind: q.Kind, MinSize: q.MinSize, MaxSize: q.MaxSize, Since: q.Since, Until: q.Until,
		Sort: q.Sort, Reverse: q.Reverse, Limit: q.Limit, Cursor: q.Cursor, Offline: q.Offline, Plain: q.Plain, Looks: q.Looks, Yield: q.Yield}
	if q.Owner != (netproto.PeerID{}) {
		p, err := s.memory.onlinePeer(q.Owner)
		if err != nil {
			return store.Found{}, err
		}
		asked.Among, asked.Scope = s.memory.picksOf(p), q.Owner.String()
	}
	return s.search(ctx, asked)
}

func (s *Store) search(ctx context.Context, q index.Query) (store.Found, error) {
	page, err := s.memory.names.Search(ctx, q)
	page.Looks += s.memory.nameOwners(&page)
	return store.Found{
		SearchResponse: netproto.SearchResponse{Items: page.Hits, Next: page.Next, Suggestions: page.Suggestions, Corrected: page.Corrected},
		Looks:          page.Looks, Short: page.Short,
	}, err
}

// rowsAtOnce is how many rows or holdings are read under one lock.
const rowsAtOnce = 1000

// Offers walks over the rows in the order in which they were added.
func (s *Store) Offers(_ context.Context, name string, limit int) ([]store.Offer, error) {
	if s.memory.names == nil {
		return nil, errNoSearch
	}
	var offers []store.Offer
	for some := range slices.Chunk(s.rowsNamed(name), rowsAtOnce) {
		var full bool
		if offers, full = s.memory.offers(offers, some, limit); full {
			break
		}
	}
	return offers, nil
}

// namesakes is how many contents of one name are looked at.
const namesakes = 2000

// rowsNamed returns the rows with that name, or all, by rising id.
func (s *Store) rowsNamed(name string) []*row {
	m := s.memory
	if name == "" {
		m.mu.RLock()
		defer m.mu.RUnlock()
		return m.rows // later rows are appended, and a sweep makes a copy
	}
	named := m.names.Exact(name, namesakes)
	m.mu.RLock()
	defer m.mu.RUnlock()
	var rows []*row
	for _, hash := range named {
		if c := m.contents.find(hash); c != nil {
			rows = append(rows, c.named(name)...)
		}
	}
	slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.id, b.id) })
	return rows
}

// offers appends what online peers hold of the rows, up to limit.
func (m *memory) offers(offers []store.Offer, rows []*row, limit int) (more []store.Offer, full bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, r := range rows {
		if r.holders <= 0 || r.online == 0 || r.hidden {
			continue
		}
		for _, p := range r.content.holders.all() {
			h, _ := p.holding(r.content.Hash())
			if h.row != r || p.record.Unlisted || !m.live(p) {
				continue
			}
			if len(offers) >= limit {
				return offers, true
			}
			offers = append(offers, store.Offer{Peer: copyOf(p.record), Resource: m.resource(h), Added: unixMilli(r.added)})
		}
	}
	return offers, false
}

// named returns the rows of a content with that name; they differ in the type
// alone.
func (c *content) named(name string) []*row {
	return slices.DeleteFunc(slices.Clone(c.rows.all()), func(r *row) bool { return r.name != name })
}

// Stats counts.
func (s *Store) Stats(context.Context) (netproto.Stats, error) {
	stats := netproto.Stats{SeedPeers: s.seeds.count()}
	if names := s.memory.names; names != nil {
		stats.Resources, stats.Bytes = names.Online()
	} else {
		stats.Resources, stats.Bytes = int(s.memory.shown.contents.Load()), s.memory.shown.bytes.Load()
	}
	s.memory.leases.RLock()
	defer s.memory.leases.RUnlock()
	stats.PeersOnline, stats.PeersKnown = s.memory.online, len(s.memory.peers)
	return stats, nil
}

func copyOf(p store.Peer) store.Peer {
	p.Candidates = slices.Clone(p.Candidates)
	return p
}

func unixMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

func hexMD5(sum *[16]byte) string {
	if sum == nil {
		return ""
	}
	return hex.EncodeToString(sum[:])
}
