package memory

import (
	"context"
	"net/netip"
	"slices"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Join writes only if something is new.
func (s *Store) Join(ctx context.Context, record store.Peer) (store.Holdings, error) {
	var held store.Holdings
	record = copyOf(record)
	id := record.ID()
	m := s.memory
	err := s.writer.write(ctx, &operation{key: id, plan: func(g *group) (func(), error) {
		if err := s.access.admit(&record.Key, record.Observed.Addr()); err != nil {
			return nil, err
		}
		p := m.peers[id]
		var no uint32
		if p != nil {
			no = p.no
		} else if err := s.roomForPeer(g, payer(record.Observed.Addr())); err != nil {
			return nil, err
		} else {
			no = g.next.Peer
			g.next.Peer++
		}
		here := Stay{Since: s.config.Now().Unix()}
		if p != nil {
			if here.Before = p.online.Before; p.offline == 0 {
				here.Since = p.online.Since
			}
		}
		if p == nil || p.offline != 0 || !samePeer(p.record, record) {
			if err := g.PutPeer(Peer{Number: no, Record: &record, Stay: here}); err != nil {
				return nil, err
			}
		}
		return func() {
			if p == nil {
				p = m.addPeer(no, record)
			}
			m.arrive(p, record)
			m.setOnline(p, 0)
			p.online = here // since the time that was kept, however long that took
			held = p.settled
		}, nil
	}})
	if err != nil {
		return store.Holdings{}, err
	}
	return held, nil
}

// roomForPeer claims the memory for a new key, or returns netproto.CodeFull.
func (s *Store) roomForPeer(g *group, from netip.Addr) error {
	if len(s.memory.peers) >= s.config.KnownPeers {
		return netproto.Errorf(netproto.CodeFull, "it knows %d peers", len(s.memory.peers))
	}
	if full := s.memory.budget.claim(&g.claims, from, bytesOfPeer, bytesOfPeer); full != nil {
		return full
	}
	return nil
}

func samePeer(a, b store.Peer) bool {
	return a.Key == b.Key && a.Name == b.Name && a.Observed == b.Observed &&
		a.MappedPort == b.MappedPort && a.SeedPort == b.SeedPort && a.Unlisted == b.Unlisted && slices.Equal(a.Candidates, b.Candidates)
}

// Heartbeat renews a lease in memory.
func (s *Store) Heartbeat(_ context.Context, id netproto.PeerID, h store.Holdings) (netproto.HeartbeatStatus, netip.AddrPort, error) {
	m := s.memory
	m.leases.RLock()
	defer m.leases.RUnlock()
	p := m.peers[id]
	if p == nil || !m.live(p) {
		return netproto.HeartbeatJoin, netip.AddrPort{}, nil
	}
	m.renew(p)
	if p.settled != h {
		return netproto.HeartbeatResync, p.record.Outside(), nil
	}
	return netproto.HeartbeatOK, p.record.Outside(), nil
}

// Online finds a peer with a lease.
func (s *Store) Online(_ context.Context, id netproto.PeerID) (store.Peer, error) {
	m := s.memory
	m.mu.RLock()
	defer m.mu.RUnlock()
	p := m.peers[id]
	if p == nil || !m.live(p) {
		return store.Peer{}, netproto.Errorf(netproto.CodeNotFound, "the peer %s is not online", id)
	}
	return copyOf(p.record), nil
}

// Leave records on disk that the peer is offline, so that a restart does not
// bring it back.
func (s *Store) Leave(ctx context.Context, id netproto.PeerID) error {
	return s.writer.write(ctx, &operation{key: id, plan: func(g *group) (func(), error) {
		p := s.memory.peers[id]
		if p == nil || p.offline != 0 {
			return func() {}, nil
		}
		since := s.config.Now().Unix()
		if err := g.PutPeer(p.gone(since)); err != nil {
			return nil, err
		}
		return func() { s.memory.setOnline(p, since) }, nil
	}})
}

// Full asks the budget.
func (s *Store) Full(_ context.Context, from netip.Addr) error {
	if full := s.memory.budget.full(payer(from)); full != nil {
		return full
	}
	return nil
}

// Announce adds, changes and, with reset, ends holdings.
func (s *Store) Announce(ctx context.Context, id netproto.PeerID, rs []netproto.Resource, reset bool) ([]netproto.Refusal, error) {
	var refused []netproto.Refusal
	rs = slices.Clone(rs)
	err := s.writer.write(ctx, &operation{key: id, plan: func(g *group) (func(), error) {
		p, err := s.memory.joined(id)
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
	err := s.writer.write(ctx, &operation{key: id, plan: func(g *group) (func(), error) {
		p, err := s.memory.joined(id)
		if err != nil {
			return nil, err
		}
		var gone []*content
		named := map[*content]bool{}
		for _, hash := range hs {
			h, had := p.holding(hash)
			if !had || named[h.content()] {
				continue
			}
			named[h.content()] = true
			gone = append(gone, h.content())
			if err := g.DeleteHolding(s.memory.keptHolding(p, h)); err != nil {
				return nil, err
			}
		}
		return func() {
			removed = len(gone)
			s.memory.releaseAll(p, gone)
		}, nil
	}})
	if err != nil {
		return 0, err
	}
	return removed, nil
}

// decodeMD5 is the MD5 that a text says; nil if it says none.
func decodeMD5(text string) *[16]byte {
	sum, ok := netproto.ParseMD5(text)
	if !ok {
		return nil
	}
	return &sum
}
