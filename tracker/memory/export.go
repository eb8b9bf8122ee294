package memory

// Export puts everything into c, as if it was all new. Nobody may write meanwhile.
func (s *Store) Export(c Changes) error {
	m := s.memory
	for _, p := range m.everybody {
		if err := c.PutPeer(p.entry()); err != nil {
			return err
		}
	}
	for _, r := range m.rows {
		if r.holders == gone {
			continue
		}
		if err := c.PutName(m.kept(r)); err != nil {
			return err
		}
	}
	for _, p := range m.everybody {
		for _, h := range p.held {
			if err := c.PutHolding(m.keptHolding(p, h)); err != nil {
				return err
			}
		}
	}
	for _, r := range s.seeds.rows {
		if err := c.PutSeed(r.id, &r.SeedRow); err != nil {
			return err
		}
	}
	for _, list := range s.notes.of {
		for _, n := range list {
			if err := c.PutNote(n.number, &n.Note); err != nil {
				return err
			}
		}
	}
	return s.access.export(c)
}

func (a *access) export(c Changes) error {
	for _, i := range a.invites {
		if err := c.PutInvite(i); err != nil {
			return err
		}
	}
	for _, m := range a.members {
		if err := c.PutMember(m); err != nil {
			return err
		}
	}
	for _, b := range a.bans {
		if err := c.PutBan(b); err != nil {
			return err
		}
	}
	return nil
}
