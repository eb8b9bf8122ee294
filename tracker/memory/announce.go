package memory

import (
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

// announce is the plan of one batch. What it puts on disk is put at once; the
// rest changes memory after the commit.
type announce struct {
	s     *Store
	g     *group
	p     *peer
	reset bool
	now   int64 // Unix milliseconds

	rows    []*row
	held    []holding
	dropped []*content
	refused []netproto.Refusal
	full    *netproto.Error // the last refusal for want of memory
}

func (a *announce) plan(rs []netproto.Resource) error {
	a.now = a.s.config.Now().UnixMilli()
	last := make(map[netproto.ContentHash]int, len(rs)) // if several have one hash, the last counts
	for i, r := range rs {
		last[r.Hash] = i
	}
	if a.reset {
		if err := a.dropAllBut(last); err != nil {
			return err
		}
	}
	count := len(a.p.held) - len(a.dropped)
	for i, r := range rs {
		if last[r.Hash] != i {
			continue
		}
		if a.s.access.contentBanned(r.Hash) {
			a.refused = append(a.refused, netproto.Refusal{Index: i, Code: netproto.CodeBanned})
			continue
		}
		c := a.s.memory.contents.find(r.Hash)
		old, had := a.p.holding(r.Hash)
		if !had && count >= a.s.config.ResourcesPerPeer {
			a.refused = append(a.refused, netproto.Refusal{Index: i, Code: netproto.CodeFull})
			continue
		}
		record := a.s.recordOf(r)
		if a.full = a.room(record, c, had); a.full != nil {
			a.refused = append(a.refused, netproto.Refusal{Index: i, Code: netproto.CodeFull, Detail: a.full.Detail})
			continue
		}
		if !had {
			count++
		}
		if err := a.take(r, record, c, old); err != nil {
			return err
		}
	}
	if a.full != nil && len(a.refused) == len(rs) && len(a.dropped) == 0 {
		return a.full // nothing was put
	}
	return nil
}

// recordOf returns what a resource says about a content's name.
func (s *Store) recordOf(r netproto.Resource) rowRecord {
	return rowRecord{name: r.Name, mime: s.memory.mimes.number([]byte(r.MIME)), size: r.Size, folder: r.Folder, hidden: r.Hidden}
}

// room claims the memory for an element, whose content may be nil.
func (a *announce) room(record rowRecord, c *content, had bool) *netproto.Error {
	var more, charged int64
	if c == nil || c.rowOf(record) == nil {
		more += record.bytes()
	}
	if !had {
		more += bytesOfHolding
		charged = bytesOfHolding + record.bytes()
	}
	if more == 0 {
		return nil
	}
	return a.s.memory.budget.claim(&a.g.claims, a.p.payer, more, charged)
}

func (a *announce) dropAllBut(named map[netproto.ContentHash]int) error {
	for _, h := range a.p.held {
		if _, stays := named[h.content().Hash()]; stays {
			continue
		}
		if err := a.g.DeleteHolding(a.s.memory.keptHolding(a.p, h)); err != nil {
			return err
		}
		a.dropped = append(a.dropped, h.content())
	}
	return nil
}

// take plans one element, whose content may be nil. It writes only what differs
// from what is held.
func (a *announce) take(r netproto.Resource, record rowRecord, c *content, old holding) error {
	entry, err := a.row(r, record, c)
	if err != nil {
		return err
	}
	h := holding{row: entry, part: r.Part, md5: decodeMD5(r.MD5)}
	if old.row != nil && old.same(h) {
		return nil
	}
	if old.row != nil && old.row != h.row {
		if err := a.g.DeleteHolding(a.s.memory.keptHolding(a.p, old)); err != nil {
			return err
		}
	}
	a.held = append(a.held, h)
	return a.g.PutHolding(a.s.memory.keptHolding(a.p, h))
}

// row returns the row of a content, which may be nil, under that name; it makes a
// new one if there is none.
func (a *announce) row(r netproto.Resource, record rowRecord, c *content) (*row, error) {
	if c != nil {
		if known := c.rowOf(record); known != nil {
			return known, nil
		}
	}
	record.added = a.now
	p := a.g.planned[r.Hash]
	switch {
	case p == nil && c == nil:
		p = &planned{content: &content{Content: index.NewContent(r.Hash, unixMilli(record.added))}}
		a.g.planned[r.Hash] = p
	case p == nil:
		p = &planned{content: c}
		a.g.planned[r.Hash] = p
	default:
		for _, known := range p.rows {
			if known.same(record) {
				return known, nil
			}
		}
	}
	entry := &row{id: a.g.next.Name, content: p.content, rowRecord: record}
	a.g.next.Name++
	p.rows = append(p.rows, entry)
	a.rows = append(a.rows, entry)
	return entry, a.g.PutName(a.s.memory.kept(entry))
}

// rowOf returns the row of a content that says the same, or nil.
func (c *content) rowOf(record rowRecord) *row {
	for _, known := range c.rows.all() {
		if known.same(record) {
			return known
		}
	}
	return nil
}

// same reports whether two records say the same, whenever they were added.
func (r rowRecord) same(o rowRecord) bool {
	o.added = r.added
	return r == o
}

func (a *announce) apply() {
	m := a.s.memory
	m.makeRoom(a.p, len(a.rows), len(a.held))
	m.inSteps(len(a.rows), func(i int) { m.addRow(a.rows[i]) })
	m.inSteps(len(a.held), func(i int) { m.hold(a.p, a.held[i]) })
	m.releaseAll(a.p, a.dropped)
}
