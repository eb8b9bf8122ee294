package boltstore

import (
	"context"
)

// overdue is what upkeep has to do, as far as the budget goes.
type overdue struct {
	ended    []*peer // their lease is over
	dormant  []*peer // their retention is over, with as many of their holdings as fit
	releases map[*peer][]*content
	orphans  []*row
	seeds    []*seedRow
	full     bool // the budget did not suffice
}

func (o *overdue) empty() bool {
	return len(o.ended) == 0 && len(o.dormant) == 0 && len(o.orphans) == 0 && len(o.seeds) == 0
}

// Reap looks under the read lock, so that upkeep with nothing to do costs no
// turn of the writer, and plans again in the writer where there is something.
func (s *Store) Reap(ctx context.Context, budget int) (bool, error) {
	s.mu.RLock()
	idle := s.overdue(budget).empty()
	s.mu.RUnlock()
	if idle {
		return false, nil
	}
	more := false
	err := s.write(ctx, &operation{alone: true, plan: func(g *group) (func(), error) {
		o := s.overdue(budget)
		now := s.config.Now().Unix()
		if err := s.planReap(g, o, now); err != nil {
			return nil, err
		}
		return func() {
			more = o.full
			s.applyReap(o, now)
		}, nil
	}})
	if err != nil {
		return false, err
	}
	return more, nil
}

func (s *Store) overdue(budget int) *overdue {
	o := &overdue{releases: map[*peer][]*content{}}
	spend := func() bool {
		budget--
		o.full = budget < 0
		return !o.full
	}
	retained := s.config.Now().Add(-s.config.Retention).Unix()
	for _, p := range s.peers {
		switch {
		case p.offline == 0 && !s.live(p):
			if !spend() {
				return o
			}
			o.ended = append(o.ended, p)
		case p.offline != 0 && p.offline < retained:
			if !spend() {
				return o
			}
			o.dormant = append(o.dormant, p)
			for c := range p.held {
				if !spend() {
					return o
				}
				o.releases[p] = append(o.releases[p], c)
			}
		}
	}
	for r, since := range s.orphans {
		if s.elapsed()-since < s.config.Lease {
			continue
		}
		if !spend() {
			return o
		}
		o.orphans = append(o.orphans, r)
	}
	for _, p := range s.seeds {
		if s.seedLive(p) {
			continue
		}
		for _, r := range p.rows {
			if !spend() {
				return o
			}
			o.seeds = append(o.seeds, r)
		}
	}
	return o
}

func (s *Store) planReap(g *group, o *overdue, now int64) error {
	for _, p := range o.ended {
		if err := g.put(bucketPeers, peerKey(p.no), appendPeer(nil, &p.record, now)); err != nil {
			return err
		}
	}
	for _, p := range o.dormant {
		for _, c := range o.releases[p] {
			if err := g.delete(bucketOwn, ownKey(p.no, p.held[c].row.id)); err != nil {
				return err
			}
		}
		if len(o.releases[p]) == len(p.held) {
			if err := g.delete(bucketPeers, peerKey(p.no)); err != nil {
				return err
			}
		}
	}
	for _, r := range o.orphans {
		if err := g.delete(bucketRows, rowKey(r.id)); err != nil {
			return err
		}
	}
	for _, r := range o.seeds {
		if err := g.delete(bucketSeed, rowKey(r.id)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) applyReap(o *overdue, now int64) {
	for _, p := range o.ended {
		s.setOnline(p, now)
	}
	for _, p := range o.dormant {
		for _, c := range o.releases[p] {
			s.release(p, c)
		}
		if len(p.held) == 0 {
			delete(s.peers, p.id)
		}
	}
	if len(o.orphans) > 0 {
		s.removeRows(o.orphans)
	}
	s.removeSeeds(o.seeds)
}
