package boltstore

import (
	"centralizedp2p/netproto"
)

// announce is the plan of one batch: what is put on disk at once, and what
// changes in memory after the commit.
type announce struct {
	s     *Store
	g     *group
	p     *peer
	reset bool

	rows    []*row
	held    []holding
	dropped []*content
	refused []netproto.Refusal
}

func (a *announce) plan(rs []netproto.Resource) error {
	last := make(map[netproto.ContentHash]int, len(rs)) // of several with one hash the last counts
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
		_, had := a.p.held[a.s.contents[r.Hash]]
		if !had && count >= a.s.config.ResourcesPerPeer {
			a.refused = append(a.refused, netproto.Refusal{Index: i, Code: netproto.CodeFull})
			continue
		}
		if !had {
			count++
		}
		if err := a.take(r); err != nil {
			return err
		}
	}
	return nil
}

func (a *announce) dropAllBut(named map[netproto.ContentHash]int) error {
	for c, h := range a.p.held {
		if _, stays := named[c.hash]; stays {
			continue
		}
		if err := a.g.delete(bucketOwn, ownKey(a.p.no, h.row.id)); err != nil {
			return err
		}
		a.dropped = append(a.dropped, c)
	}
	return nil
}

// take plans one element; it writes only what differs from what is held.
func (a *announce) take(r netproto.Resource) error {
	entry, err := a.row(r)
	if err != nil {
		return err
	}
	h := holding{row: entry, part: r.Part, md5: decodeMD5(r.MD5)}
	old, had := a.p.held[entry.content]
	if had && old.equal(h) {
		return nil
	}
	if had && old.row != h.row {
		if err := a.g.delete(bucketOwn, ownKey(a.p.no, old.row.id)); err != nil {
			return err
		}
	}
	a.held = append(a.held, h)
	return a.g.put(bucketOwn, ownKey(a.p.no, entry.id), appendHolding(nil, h.part, h.md5))
}

// row is the row of a content under that name, a new one where there is none.
func (a *announce) row(r netproto.Resource) (*row, error) {
	record := rowRecord{hash: r.Hash, name: r.Name, mime: r.MIME, size: r.Size, folder: r.Folder}
	c := a.s.contents[r.Hash]
	if c != nil {
		for _, known := range c.rows {
			if known.same(record) {
				return known, nil
			}
		}
	}
	if planned := a.g.rows[record]; planned != nil {
		return planned, nil
	}
	if c == nil {
		c = a.g.contents[r.Hash]
	}
	if c == nil {
		c = &content{hash: r.Hash}
		a.g.contents[r.Hash] = c
	}
	entry := &row{id: a.g.nextRow, content: c, rowRecord: record}
	entry.added = a.s.config.Now().UnixMilli()
	a.g.nextRow++
	a.g.rows[record] = entry
	a.rows = append(a.rows, entry)
	return entry, a.g.put(bucketRows, rowKey(entry.id), appendRow(nil, &entry.rowRecord))
}

// same tells whether two records say the same, whenever they were added.
func (r rowRecord) same(o rowRecord) bool {
	o.added = r.added
	return r == o
}

func (a *announce) apply() {
	for _, r := range a.rows {
		a.s.addRow(r)
	}
	for _, h := range a.held {
		a.s.hold(a.p, h)
	}
	for _, c := range a.dropped {
		a.s.release(a.p, c)
	}
}
