// Package boltstore is a tracker's store in one file, by bbolt, for one
// process. Everything that is asked for stands in memory too; the file is what
// survives. Its form is written down in codec.go.
package boltstore

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

var errClosed = errors.New("the store is closed")

// Store is a store.Store.
type Store struct {
	db     *bbolt.DB
	config store.Config
	opened time.Time

	queue    chan *operation
	closing  chan struct{}
	stopped  chan struct{} // the write loop has ended
	closeAll func() error

	// Only the write loop changes what follows, under mu; others read under it.
	mu       sync.RWMutex
	peers    map[netproto.PeerID]*peer
	contents map[netproto.ContentHash]*content
	rows     []*row // by rising id
	orphans  map[*row]time.Duration
	online   int // peers that count as online in the index
	seeds    map[netproto.PeerID]*seedPeer
	seedRows []*seedRow // by rising id
	nextRow  uint64
	nextPeer uint32
	nextSeed uint64

	names  *index.Index
	access access
}

// Open opens the store in the file, or makes a new one there. It is a
// store.Opener. The error is a netproto.CodeStore that names the file.
func Open(file string, config store.Config) (store.Store, error) {
	s, err := open(file, config)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func open(file string, config store.Config) (*Store, error) {
	config = config.WithDefaults()
	var db *bbolt.DB
	err := guard(func() (err error) {
		db, err = openDB(file, config.Logger)
		return err
	})
	if errors.Is(err, errDamagedPage) {
		err = damagedError(file, err)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{
		db: db, config: config, opened: config.Now(),
		queue: make(chan *operation, maxQueue), closing: make(chan struct{}), stopped: make(chan struct{}),
		peers:    map[netproto.PeerID]*peer{},
		contents: map[netproto.ContentHash]*content{},
		orphans:  map[*row]time.Duration{},
		seeds:    map[netproto.PeerID]*seedPeer{},
		names:    index.New(),
		access:   newAccess(),
	}
	loaded := s.names.Bulk()
	if err := guard(s.load); err != nil {
		db.Close()
		return nil, damagedError(file, err)
	}
	loaded()
	s.closeAll = sync.OnceValue(func() error {
		close(s.closing)
		<-s.stopped
		s.names.Close()
		return db.Close()
	})
	go s.writeLoop()
	return s, nil
}

// Close waits for a commit that runs, and refuses what waits behind it.
func (s *Store) Close() error { return s.closeAll() }

// Ready is nil until the store is closed.
func (s *Store) Ready(context.Context) error {
	select {
	case <-s.closing:
		return errClosed
	default:
		return nil
	}
}

// Heartbeat renews a lease in memory.
func (s *Store) Heartbeat(_ context.Context, id netproto.PeerID, h store.Holdings) (netproto.HeartbeatStatus, netip.AddrPort, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.peers[id]
	if p == nil || !s.live(p) {
		return netproto.HeartbeatJoin, netip.AddrPort{}, nil
	}
	p.seen.Store(int64(s.elapsed()))
	if p.holdings() != h {
		return netproto.HeartbeatResync, p.record.Observed, nil
	}
	return netproto.HeartbeatOK, p.record.Observed, nil
}

// Sources lists online holders.
func (s *Store) Sources(_ context.Context, hash netproto.ContentHash, limit int) ([]store.Source, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c := s.contents[hash]
	if c == nil {
		return nil, nil
	}
	var live []*peer
	for _, p := range c.holders {
		if s.live(p) {
			live = append(live, p)
		}
	}
	if len(live) > limit {
		rand.Shuffle(len(live), func(i, j int) { live[i], live[j] = live[j], live[i] })
		live = live[:limit]
	}
	sources := make([]store.Source, len(live))
	for i, p := range live {
		sources[i] = store.Source{Peer: copyOf(p.record), Part: p.held[c].part}
	}
	return sources, nil
}

// Resource describes a content with an online source.
func (s *Store) Resource(_ context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var answer netproto.ResourceResponse
	c := s.contents[hash]
	if c == nil {
		return answer, netproto.Errorf(netproto.CodeNotFound, "no online peer has the content %s", hash)
	}
	users := map[*row]int{}
	for _, p := range c.holders {
		if s.live(p) {
			users[p.held[c].row]++
			answer.Sources++
		}
	}
	if answer.Sources == 0 {
		return answer, netproto.Errorf(netproto.CodeNotFound, "no online peer has the content %s", hash)
	}
	rows := slices.DeleteFunc(slices.Clone(c.rows), func(r *row) bool { return users[r] == 0 })
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(users[b], users[a]) })
	best := rows[0]
	answer.Hash, answer.Name, answer.Size, answer.MIME, answer.Folder = hash, best.name, best.size, best.mime, best.folder
	answer.Added = c.Added()
	for _, r := range rows {
		if !slices.Contains(answer.Names, r.name) { // rows may differ in the type only
			answer.Names = append(answer.Names, r.name)
		}
	}
	return answer, nil
}

// Search asks the index.
func (s *Store) Search(_ context.Context, q store.Query) (netproto.SearchResponse, error) {
	return s.search(index.Query{Text: q.Text, Kind: q.Kind, MinSize: q.MinSize, MaxSize: q.MaxSize, Sort: q.Sort, Limit: q.Limit, Cursor: q.Cursor, Offline: q.Offline})
}

// PeerResources lists what a peer holds.
func (s *Store) PeerResources(_ context.Context, id netproto.PeerID, limit int, cursor string) (netproto.SearchResponse, error) {
	held, err := s.heldBy(id)
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	return s.search(index.Query{MaxSize: -1, Sort: netproto.SortName, Limit: limit, Cursor: cursor, Among: held, Scope: id.String()})
}

// heldBy is the names under which an online peer holds contents.
func (s *Store) heldBy(id netproto.PeerID) (*index.Selection, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := s.peers[id]
	if p == nil || !s.live(p) {
		return nil, netproto.Errorf(netproto.CodeNotFound, "no peer with the id %s is online", id)
	}
	held := make([]index.NameID, 0, len(p.held))
	for _, h := range p.held {
		held = append(held, h.row.number)
	}
	return s.names.Select(held), nil
}

func (s *Store) search(q index.Query) (netproto.SearchResponse, error) {
	page, err := s.names.Search(q)
	return netproto.SearchResponse{Items: page.Hits, Next: page.Next, Suggestions: page.Suggestions}, err
}

// Offers walks over the rows in the order in which they came.
func (s *Store) Offers(_ context.Context, name string, limit int) ([]store.Offer, error) {
	named := s.names.Exact(name)
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows := s.rows
	if name != "" {
		rows = nil
		for _, hash := range named {
			if c := s.contents[hash]; c != nil {
				rows = append(rows, c.named(name)...)
			}
		}
		slices.SortFunc(rows, func(a, b *row) int { return cmp.Compare(a.id, b.id) })
	}
	var offers []store.Offer
	for _, r := range rows {
		if r.holders == 0 {
			continue
		}
		for _, p := range r.content.holders {
			h := p.held[r.content]
			if h.row != r || !s.live(p) {
				continue
			}
			if len(offers) == limit {
				return offers, nil
			}
			offers = append(offers, store.Offer{Peer: copyOf(p.record), Resource: h.resource(), Added: unixMilli(r.added)})
		}
	}
	return offers, nil
}

// named is the rows of a content under that name; they differ in the type only.
func (c *content) named(name string) []*row {
	return slices.DeleteFunc(slices.Clone(c.rows), func(r *row) bool { return r.name != name })
}

// Stats counts.
func (s *Store) Stats(context.Context) (netproto.Stats, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	contents, bytes := s.names.Online()
	return netproto.Stats{PeersOnline: s.online, PeersKnown: len(s.peers), Resources: contents, Bytes: bytes, SeedPeers: len(s.seeds)}, nil
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
