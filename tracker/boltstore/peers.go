package boltstore

import (
	"context"
	"encoding/hex"
	"slices"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Join writes only where something is new.
func (s *Store) Join(ctx context.Context, record store.Peer) (store.Holdings, error) {
	var held store.Holdings
	record = copyOf(record)
	id := record.ID()
	err := s.write(ctx, &operation{key: id, plan: func(g *group) (func(), error) {
		if err := s.access.admit(&record.Key, record.Observed.Addr()); err != nil {
			return nil, err
		}
		p := s.peers[id]
		var no uint32
		if p != nil {
			no = p.no
		} else {
			no = g.nextPeer
			g.nextPeer++
		}
		if p == nil || p.offline != 0 || !samePeer(p.record, record) {
			if err := g.put(bucketPeers, peerKey(no), appendPeer(nil, &record, 0)); err != nil {
				return nil, err
			}
		}
		return func() {
			if p == nil {
				p = s.addPeer(no, record)
			}
			p.record = record
			p.seen.Store(int64(s.elapsed()))
			s.setOnline(p, 0)
			held = p.holdings()
		}, nil
	}})
	if err != nil {
		return store.Holdings{}, err
	}
	return held, nil
}

func samePeer(a, b store.Peer) bool {
	return a.Key == b.Key && a.Name == b.Name && a.Observed == b.Observed &&
		a.SeedPort == b.SeedPort && slices.Equal(a.Candidates, b.Candidates)
}

// Leave notes on disk that the peer is offline, so that a restart does not
// bring it back.
func (s *Store) Leave(ctx context.Context, id netproto.PeerID) error {
	return s.write(ctx, &operation{key: id, plan: func(g *group) (func(), error) {
		p := s.peers[id]
		if p == nil || p.offline != 0 {
			return func() {}, nil
		}
		since := s.config.Now().Unix()
		if err := g.put(bucketPeers, peerKey(p.no), appendPeer(nil, &p.record, since)); err != nil {
			return nil, err
		}
		return func() { s.setOnline(p, since) }, nil
	}})
}

// joined is the online peer with that id, or the refusal.
func (s *Store) joined(id netproto.PeerID) (*peer, error) {
	if p := s.peers[id]; p != nil && s.live(p) {
		return p, nil
	}
	return nil, &netproto.Error{Code: netproto.CodeJoinFirst}
}

// Announce adds, changes and, with reset, ends holdings.
func (s *Store) Announce(ctx context.Context, id netproto.PeerID, rs []netproto.Resource, reset bool) ([]netproto.Refusal, error) {
	var refused []netproto.Refusal
	rs = slices.Clone(rs)
	err := s.write(ctx, &operation{key: id, plan: func(g *group) (func(), error) {
		p, err := s.joined(id)
		if err != nil {
			return nil, err
		}
		a := announce{s: s, g: g, p: p, reset: reset}
		if err := a.plan(rs); err != nil {
			return nil, err
		}
		return func() {
			refused = a.refused
			a.apply()
		}, nil
	}})
	if err != nil {
		return nil, err
	}
	return refused, nil
}

// Withdraw ends holdings.
func (s *Store) Withdraw(ctx context.Context, id netproto.PeerID, hs []netproto.ContentHash) (int, error) {
	removed := 0
	hs = slices.Clone(hs)
	err := s.write(ctx, &operation{key: id, plan: func(g *group) (func(), error) {
		p, err := s.joined(id)
		if err != nil {
			return nil, err
		}
		gone := map[*content]bool{}
		for _, hash := range hs {
			c := s.contents[hash]
			h, had := p.held[c]
			if !had || gone[c] {
				continue
			}
			gone[c] = true
			if err := g.delete(bucketOwn, ownKey(p.no, h.row.id)); err != nil {
				return nil, err
			}
		}
		return func() {
			removed = len(gone)
			for c := range gone {
				s.release(p, c)
			}
		}, nil
	}})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

// decodeMD5 reads 32 hexadecimal digits; the caller has checked them.
func decodeMD5(text string) *[16]byte {
	var sum [16]byte
	if len(text) != 2*len(sum) {
		return nil
	}
	if _, err := hex.Decode(sum[:], []byte(text)); err != nil {
		return nil
	}
	return &sum
}
