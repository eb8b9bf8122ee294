package memory

import "context"

// overdue is what upkeep has to do, as far as the budget goes.
type overdue struct {
	ended    []*peer // their lease is over
	dormant  []*peer // their retention is over, with as many of their holdings as fit
	releases map[*peer][]*content
	orphans  []*row
	seeds    []*seedRow
	notes    []*note
	full     bool // the budget did not suffice
}

// Reap runs in the write loop, which looks without a lock; with nothing to do it
// writes nothing.
func (s *Store) Reap(ctx context.Context, budget int) (bool, error) {
	s.listings.forget(s.memory.elapsed())
	more := false
	err := s.writer.write(ctx, &operation{alone: true, plan: func(g *group) (func(), error) {
		o := s.findOverdue(budget)
		now := s.config.Now().Unix()
		if err := o.plan(s.memory, g, now); err != nil {
			return nil, err
		}
		return func() {
			more = o.full
			o.apply(s.memory, now)
			s.seeds.forget(o.seeds)
			s.notes.forget(o.notes)
		}, nil
	}})
	if err != nil {
		return false, err
	}
	return more, nil
}

func (s *Store) findOverdue(budget int) *overdue {
	o := &overdue{releases: map[*peer][]*content{}}
	spend := func() bool {
		budget--
		o.full = budget < 0
		return !o.full
	}
	m := s.memory
	now := s.config.Now().Unix()
	for _, p := range m.peers {
		switch {
		case p.offline == 0 && !m.live(p):
			if !spend() {
				return o
			}
			o.ended = append(o.ended, p)
		case p.offline != 0 && !m.retained(p, now):
			if !spend() {
				return o
			}
			o.dormant = append(o.dormant, p)
			for _, h := range p.held {
				if !spend() {
					return o
				}
				o.releases[p] = append(o.releases[p], h.content())
			}
		}
	}
	for r, since := range m.orphans {
		if m.elapsed()-since < s.config.Lease {
			continue
		}
		if !spend() {
			return o
		}
		o.orphans = append(o.orphans, r)
	}
	for to, list := range s.notes.of {
		known := m.peers[to] != nil
		for _, n := range list {
			if known && !n.over(s.config.Now()) {
				continue
			}
			if !spend() {
				return o
			}
			o.notes = append(o.notes, n)
		}
	}
	for _, p := range s.seeds.clients {
		if s.seeds.live(p) {
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

func (o *overdue) plan(m *memory, g *group, now int64) error {
	for _, p := range o.ended {
		if err := g.PutPeer(p.gone(now)); err != nil {
			return err
		}
	}
	for _, p := range o.dormant {
		for _, c := range o.releases[p] {
			h, _ := p.holding(c.Hash())
			if err := g.DeleteHolding(m.keptHolding(p, h)); err != nil {
				return err
			}
		}
		if len(o.releases[p]) == len(p.held) {
			if err := g.DeletePeer(p.entry()); err != nil {
				return err
			}
		}
	}
	for _, r := range o.orphans {
		if err := g.DeleteName(m.kept(r)); err != nil {
			return err
		}
	}
	for _, n := range o.notes {
		if err := g.DeleteNote(n.number, &n.Note); err != nil {
			return err
		}
	}
	for _, r := range o.seeds {
		if err := g.DeleteSeed(r.id, &r.SeedRow); err != nil {
			return err
		}
	}
	return nil
}

func (o *overdue) apply(m *memory, now int64) {
	for _, p := range o.ended {
		m.setOnline(p, now)
	}
	for _, p := range o.dormant {
		m.releaseAll(p, o.releases[p])
		if len(p.held) == 0 {
			m.removePeer(p)
		}
	}
	m.forget(o.orphans)
}
