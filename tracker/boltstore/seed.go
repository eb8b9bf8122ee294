package boltstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Limits for seed clients, who prove nothing.
const (
	maxSeedRows       = 100_000
	maxSeedRowsOfPeer = 1_000
)

// seedPeer is a seed client that registered something.
type seedPeer struct {
	from netip.Addr
	seen atomic.Int64 // last sign, in nanoseconds of Store.elapsed
	rows map[string]*seedRow
}

type seedRow struct {
	id uint64
	store.SeedRow
}

func (s *Store) seedLive(p *seedPeer) bool {
	return s.elapsed()-time.Duration(p.seen.Load()) < s.config.SeedLease
}

// seedOwner is the seed client with that id while its lease runs; it is a
// netproto.CodeDenied when the id belongs to another address.
func (s *Store) seedOwner(id netproto.PeerID, from netip.Addr) (*seedPeer, error) {
	p := s.seeds[id]
	if p == nil || !s.seedLive(p) {
		return nil, nil
	}
	if p.from != from {
		return nil, netproto.Errorf(netproto.CodeDenied, "this peer_id is in use from another address")
	}
	return p, nil
}

// SeedPost writes only where something is new.
func (s *Store) SeedPost(ctx context.Context, post store.SeedRow) error {
	return s.write(ctx, &operation{key: post.PeerID, plan: func(g *group) (func(), error) {
		if err := s.access.admit(nil, post.From); err != nil {
			return nil, err
		}
		owner, err := s.seedOwner(post.PeerID, post.From)
		if err != nil {
			return nil, err
		}
		var dead []*seedRow // of a lease that Reap has not seen the end of
		if owner == nil {
			dead = s.rowsOfSeed(post.PeerID)
		}
		r := &seedRow{SeedRow: post}
		if owner != nil {
			if known := owner.rows[post.ResourceHash]; known != nil {
				r.id, r.Added = known.id, known.Added
				if known.SeedRow == r.SeedRow {
					return func() { owner.seen.Store(int64(s.elapsed())) }, nil
				}
				return func() { s.addSeed(r) }, g.put(bucketSeed, rowKey(r.id), appendSeed(nil, &r.SeedRow))
			}
			if len(owner.rows) >= maxSeedRowsOfPeer {
				return nil, netproto.Errorf(netproto.CodeFull, "a seed client can register %d resources", maxSeedRowsOfPeer)
			}
		}
		if len(s.seedRows) >= maxSeedRows {
			return nil, netproto.Errorf(netproto.CodeFull, "seed clients have registered %d resources", maxSeedRows)
		}
		r.id, r.Added = g.nextSeed, unixMilli(s.config.Now().UnixMilli())
		g.nextSeed++
		for _, old := range dead {
			if err := g.delete(bucketSeed, rowKey(old.id)); err != nil {
				return nil, err
			}
		}
		return func() {
			s.removeSeeds(dead)
			s.addSeed(r)
		}, g.put(bucketSeed, rowKey(r.id), appendSeed(nil, &r.SeedRow))
	}})
}

// SeedHeartbeat renews a lease in memory.
func (s *Store) SeedHeartbeat(_ context.Context, id netproto.PeerID, from netip.Addr) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.seedOwner(id, from)
	if p != nil {
		p.seen.Store(int64(s.elapsed()))
	}
	return err
}

// SeedRows lists rows of living leases in the order in which they came.
func (s *Store) SeedRows(_ context.Context, name string, limit int) ([]store.SeedRow, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var rows []store.SeedRow
	for _, r := range s.seedRows {
		if len(rows) == limit {
			break
		}
		if (name == "" || r.ResourceName == name) && s.seedLive(s.seeds[r.PeerID]) {
			rows = append(rows, r.SeedRow)
		}
	}
	return rows, nil
}

// addSeed puts a row into memory, in the place of one with its number, and
// begins the lease of its client anew.
func (s *Store) addSeed(r *seedRow) {
	p := s.seeds[r.PeerID]
	if p == nil {
		p = &seedPeer{from: r.From, rows: map[string]*seedRow{}}
		s.seeds[r.PeerID] = p
	}
	p.seen.Store(int64(s.elapsed()))
	p.rows[r.ResourceHash] = r
	i, known := slices.BinarySearchFunc(s.seedRows, r.id, func(o *seedRow, id uint64) int { return cmp.Compare(o.id, id) })
	if known {
		s.seedRows[i] = r
		return
	}
	s.seedRows = slices.Insert(s.seedRows, i, r)
}

func (s *Store) rowsOfSeed(id netproto.PeerID) []*seedRow {
	var rows []*seedRow
	if p := s.seeds[id]; p != nil {
		for _, r := range p.rows {
			rows = append(rows, r)
		}
	}
	return rows
}

// removeSeeds forgets rows, and clients without one.
func (s *Store) removeSeeds(gone []*seedRow) {
	if len(gone) == 0 {
		return
	}
	dead := make(map[*seedRow]bool, len(gone))
	for _, r := range gone {
		dead[r] = true
		p := s.seeds[r.PeerID]
		if delete(p.rows, r.ResourceHash); len(p.rows) == 0 {
			delete(s.seeds, r.PeerID)
		}
	}
	s.seedRows = slices.DeleteFunc(s.seedRows, func(r *seedRow) bool { return dead[r] })
}

func (s *Store) loadSeed(k, v []byte) error {
	id := binary.BigEndian.Uint64(k)
	s.nextSeed = id + 1
	r, err := parseSeed(v)
	if err != nil {
		return err
	}
	s.addSeed(&seedRow{id: id, SeedRow: r})
	return nil
}
