package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Ban remembers the ban and hides its target in one commit.
func (s *Store) Ban(ctx context.Context, b store.Ban) error {
	return s.writer.write(ctx, &operation{alone: true, plan: func(g *group) (func(), error) {
		if _, known := s.access.bans[b.Target]; !known && len(s.access.bans) >= store.MaxBans {
			return nil, netproto.Errorf(netproto.CodeFull, "%d bans are in force", store.MaxBans)
		}
		hide, err := s.planHide(g, b.Target)
		if err != nil {
			return nil, err
		}
		return func() {
			hide()
			s.access.change(func() { s.access.addBan(b) })
		}, g.PutBan(b)
	}})
}

// planHide removes the target of a ban from view.
func (s *Store) planHide(g *group, t store.Target) (func(), error) {
	switch t.Kind() {
	case "key":
		return s.planExpel(g, func(key netproto.PublicKey) bool { return netproto.FingerprintOf(key[:]) == t.Key })
	case "hash":
		return s.planForget(g, t.Hash)
	}
	hide, err := s.planOffline(g, func(p *peer) bool { return t.Prefix.Contains(p.record.Observed.Addr()) })
	if err != nil {
		return nil, err
	}
	forget, err := s.planForgetNotes(g, func(n *note) bool { return t.Prefix.Contains(n.From) })
	if err != nil {
		return nil, err
	}
	var rows []*seedRow
	for _, r := range s.seeds.rows {
		if !t.Prefix.Contains(r.From) {
			continue
		}
		if err := g.DeleteSeed(r.id, &r.SeedRow); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return func() {
		hide()
		forget()
		s.seeds.forget(rows)
	}, nil
}

// planForget ends all holdings of a content and forgets its names. Its holders
// notice that their counts differ, announce again, and learn why it is refused.
func (s *Store) planForget(g *group, hash netproto.ContentHash) (func(), error) {
	c := s.memory.contents.find(hash)
	if c == nil {
		return func() {}, nil
	}
	holders, rows := slices.Clone(c.holders.all()), slices.Clone(c.rows.all())
	for _, p := range holders {
		h, _ := p.holding(hash)
		if err := g.DeleteHolding(s.memory.keptHolding(p, h)); err != nil {
			return nil, err
		}
	}
	for _, r := range rows {
		if err := g.DeleteName(s.memory.kept(r)); err != nil {
			return nil, err
		}
	}
	return func() {
		for _, p := range holders {
			s.memory.releaseAll(p, []*content{c})
		}
		s.memory.forget(rows)
	}, nil
}

// Unban ends a ban.
func (s *Store) Unban(ctx context.Context, t store.Target) error {
	return s.writer.write(ctx, &operation{alone: true, plan: func(g *group) (func(), error) {
		if _, known := s.access.bans[t]; !known {
			return nil, netproto.Errorf(netproto.CodeNotFound, "%s is not banned", t)
		}
		return func() { s.access.change(func() { s.access.removeBan(t) }) }, g.DeleteBan(t)
	}})
}

// Bans asks memory.
func (s *Store) Bans(context.Context) ([]store.Ban, error) {
	s.access.mu.RLock()
	list := make([]store.Ban, 0, len(s.access.bans))
	for _, b := range s.access.bans {
		list = append(list, b)
	}
	s.access.mu.RUnlock()
	slices.SortFunc(list, func(a, b store.Ban) int {
		return cmp.Or(b.Since.Compare(a.Since), strings.Compare(a.Target.String(), b.Target.String()))
	})
	return list, nil
}
