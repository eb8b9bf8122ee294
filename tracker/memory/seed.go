package memory

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Limits for seed clients, which prove nothing.
const (
	maxSeedRows         = 100_000
	maxSeedRowsOfPeer   = 1_000
	maxSeedRowsOfSource = maxSeedRows / 10 // a source is an IPv4 address or an IPv6 /64
)

// seeds is what seed clients registered. It has a lock of its own, so that peers
// never wait for seed clients. The write loop changes it under the lock and
// reads it without.
type seeds struct {
	elapsed func() time.Duration
	lease   time.Duration

	mu      sync.RWMutex
	clients map[netproto.PeerID]*seedPeer
	known   atomic.Int64       // of clients, for heartbeats, which take no lock here
	rows    []*seedRow         // by rising id; never changed in place
	counts  map[netip.Addr]int // of rows, by source; the write loop's own
	budget  *budget
}

// seedPeer is a seed client that registered something.
type seedPeer struct {
	from  netip.Addr
	seen  atomic.Int64  // last sign of life, in nanoseconds of seeds.elapsed
	heard atomic.Int64  // the same, of those given here
	told  time.Duration // when others were told; the write loop's own
	rows  map[string]*seedRow
}

type seedRow struct {
	id uint64
	store.SeedRow
}

func newSeeds(elapsed func() time.Duration, lease time.Duration, b *budget) *seeds {
	return &seeds{elapsed: elapsed, lease: lease, clients: map[netproto.PeerID]*seedPeer{}, counts: map[netip.Addr]int{}, budget: b}
}

func (s *seeds) live(p *seedPeer) bool {
	return s.elapsed()-time.Duration(p.seen.Load()) < s.lease
}

func (s *seeds) renew(p *seedPeer) {
	now := int64(s.elapsed())
	p.seen.Store(now)
	p.heard.Store(now)
}

func (s *seeds) count() int { return int(s.known.Load()) }

// owner returns the seed client with that id while its lease runs, nil if there
// is none. If the id belongs to another address, it returns
// netproto.CodeDenied.
func (s *seeds) owner(id netproto.PeerID, from netip.Addr) (*seedPeer, error) {
	p := s.clients[id]
	if p == nil || !s.live(p) {
		return nil, nil
	}
	if p.from != from {
		return nil, netproto.Errorf(netproto.CodeDenied, "this peer_id is in use from another address")
	}
	return p, nil
}

// add adds a row, or replaces the one with its number, and renews the lease of
// its client.
func (s *seeds) add(r *seedRow) {
	i, known := slices.BinarySearchFunc(s.rows, r.id, func(o *seedRow, id uint64) int { return cmp.Compare(o.id, id) })
	rows := s.rows
	if known {
		s.budget.take(payer(r.From), -rows[i].bytes())
		rows = slices.Clone(rows)
		rows[i] = r
	} else {
		rows = append(rows, r) // the newest has the largest id
		s.counts[sourceOf(r.From)]++
	}
	s.budget.take(payer(r.From), r.bytes())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = rows
	p := s.clients[r.PeerID]
	if p == nil {
		p = &seedPeer{from: r.From, rows: map[string]*seedRow{}}
		s.clients[r.PeerID] = p
		s.known.Add(1)
	}
	s.renew(p)
	p.rows[r.ResourceHash] = r
}

func (s *seeds) rowsOf(id netproto.PeerID) []*seedRow {
	var rows []*seedRow
	if p := s.clients[id]; p != nil {
		for _, r := range p.rows {
			rows = append(rows, r)
		}
	}
	return rows
}

// sourceOf returns what the rows of an address are counted under.
func sourceOf(a netip.Addr) netip.Addr {
	if network, err := a.Prefix(64); err == nil && a.Is6() {
		return network.Addr()
	}
	return a
}

// forget removes rows, and clients that have none left.
func (s *seeds) forget(gone []*seedRow) {
	if len(gone) == 0 {
		return
	}
	dead := make(map[*seedRow]bool, len(gone))
	for _, r := range gone {
		dead[r] = true
	}
	kept := make([]*seedRow, 0, len(s.rows)-len(dead))
	for _, r := range s.rows {
		if !dead[r] {
			kept = append(kept, r)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = kept
	for r := range dead {
		s.budget.take(payer(r.From), -r.bytes())
		from := sourceOf(r.From)
		if s.counts[from]--; s.counts[from] == 0 {
			delete(s.counts, from)
		}
		p := s.clients[r.PeerID]
		if delete(p.rows, r.ResourceHash); len(p.rows) == 0 {
			delete(s.clients, r.PeerID)
			s.known.Add(-1)
		}
	}
}

// SeedPost writes only if something is new.
func (s *Store) SeedPost(ctx context.Context, post store.SeedRow) error {
	return s.writer.write(ctx, &operation{key: post.PeerID, plan: func(g *group) (func(), error) {
		if err := s.access.admit(nil, post.From); err != nil {
			return nil, err
		}
		owner, err := s.seeds.owner(post.PeerID, post.From)
		if err != nil {
			return nil, err
		}
		var dead []*seedRow // of a lease that Reap has not ended yet
		if owner == nil {
			dead = s.seeds.rowsOf(post.PeerID)
		}
		r := &seedRow{SeedRow: post}
		if owner != nil {
			if known := owner.rows[post.ResourceHash]; known != nil {
				r.id, r.Added = known.id, known.Added
				if known.SeedRow == r.SeedRow {
					return func() { s.seeds.renew(owner) }, nil
				}
				return func() { s.seeds.add(r) }, g.PutSeed(r.id, &r.SeedRow)
			}
			if len(owner.rows) >= maxSeedRowsOfPeer {
				return nil, netproto.Errorf(netproto.CodeFull, "a seed client can register %d resources", maxSeedRowsOfPeer)
			}
		}
		if s.seeds.counts[sourceOf(post.From)] >= maxSeedRowsOfSource {
			return nil, netproto.Errorf(netproto.CodeFull, "the seed clients at one address can register %d resources", maxSeedRowsOfSource)
		}
		if len(s.seeds.rows) >= maxSeedRows {
			return nil, netproto.Errorf(netproto.CodeFull, "seed clients have registered %d resources", maxSeedRows)
		}
		if full := s.memory.budget.claim(&g.claims, payer(post.From), r.bytes(), r.bytes()); full != nil {
			return nil, full
		}
		r.id, r.Added = g.next.Seed, unixMilli(s.config.Now().UnixMilli())
		g.next.Seed++
		for _, old := range dead {
			if err := g.DeleteSeed(old.id, &old.SeedRow); err != nil {
				return nil, err
			}
		}
		return func() {
			s.seeds.forget(dead)
			s.seeds.add(r)
		}, g.PutSeed(r.id, &r.SeedRow)
	}})
}

// SeedHeartbeat renews a lease in memory.
func (s *Store) SeedHeartbeat(_ context.Context, id netproto.PeerID, from netip.Addr) error {
	s.seeds.mu.RLock()
	defer s.seeds.mu.RUnlock()
	p, err := s.seeds.owner(id, from)
	if p != nil {
		s.seeds.renew(p)
	}
	return err
}

// SeedRows lists rows of living leases in the order in which they were added.
func (s *Store) SeedRows(_ context.Context, name string, limit int) ([]store.SeedRow, error) {
	s.seeds.mu.RLock()
	defer s.seeds.mu.RUnlock()
	var rows []store.SeedRow
	for _, r := range s.seeds.rows {
		if len(rows) == limit {
			break
		}
		if (name == "" || r.ResourceName == name) && s.seeds.live(s.seeds.clients[r.PeerID]) {
			rows = append(rows, r.SeedRow)
		}
	}
	return rows, nil
}
