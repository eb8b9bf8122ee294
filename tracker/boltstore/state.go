package boltstore

import (
	"slices"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

// peer is an installation that joined once and was not forgotten since.
type peer struct {
	no      uint32
	id      netproto.PeerID
	record  store.Peer
	offline int64        // Unix seconds since when; 0 while it is online
	seen    atomic.Int64 // last sign, in nanoseconds of Store.elapsed
	held    map[*content]holding
	digest  netproto.Digest
}

func (p *peer) holdings() store.Holdings {
	return store.Holdings{Count: len(p.held), Digest: p.digest}
}

// content is all that peers announced about one hash.
type content struct {
	index.Content // added with the oldest of its rows
	rows          []*row
	holders       []*peer // the offline ones too
}

// row is a content as some peers call it.
type row struct {
	id      uint64
	content *content
	rowRecord
	number  index.NameID
	holders int32 // of the content under this row, the offline ones too
}

// holding is what one peer says about one content.
type holding struct {
	row  *row
	part bool
	md5  *[16]byte
}

func (h holding) equal(o holding) bool {
	return h.row == o.row && h.part == o.part &&
		(h.md5 == nil) == (o.md5 == nil) && (h.md5 == nil || *h.md5 == *o.md5)
}

// elapsed is the time since the store was opened, on the monotonic clock: a
// wall clock that is set must not end leases.
func (s *Store) elapsed() time.Duration { return s.config.Now().Sub(s.opened) }

// live tells whether the lease of a peer runs. Until Reap has seen the end of
// a lease, the peer still counts in the index.
func (s *Store) live(p *peer) bool {
	return p.offline == 0 && s.elapsed()-time.Duration(p.seen.Load()) < s.config.Lease
}

// setOnline shows or hides all that a peer holds. offline is the time since
// when, in Unix seconds, or 0.
func (s *Store) setOnline(p *peer, offline int64) {
	was := p.offline == 0
	p.offline = offline
	change := index.Change{Online: 1, Dormant: -1}
	switch {
	case was == (offline == 0):
		return
	case was:
		change = index.Change{Online: -1, Dormant: 1, Seen: offline}
	}
	s.online += change.Online
	names := make([]index.NameID, 0, len(p.held))
	for _, h := range p.held {
		names = append(names, h.row.number)
	}
	s.names.Count(change, names...)
}

// addPeer puts a new peer, which is offline first, into memory.
func (s *Store) addPeer(no uint32, record store.Peer) *peer {
	p := &peer{no: no, id: record.ID(), record: record, offline: 1, held: map[*content]holding{}}
	s.peers[p.id] = p
	return p
}

// addRow puts a new row, and its content where that is new, into memory. Its
// first holder follows.
func (s *Store) addRow(r *row) {
	c := r.content
	if len(c.rows) == 0 {
		s.contents[c.Hash()] = c
	}
	r.number = s.names.AddName(&c.Content, index.Name{Text: r.name, MIME: r.mime, Size: r.size, Folder: r.folder})
	c.rows = append(c.rows, r)
	s.rows = append(s.rows, r)
}

// hold makes h what the peer says about its content.
func (s *Store) hold(p *peer, h holding) {
	c := h.row.content
	old, had := p.held[c]
	p.held[c] = h
	if had && old.row == h.row {
		return
	}
	s.use(p, h.row, 1)
	if had {
		s.use(p, old.row, -1)
		return
	}
	c.holders = append(c.holders, p)
	p.digest = p.digest.Toggle(c.Hash())
}

// release ends what the peer says about a content.
func (s *Store) release(p *peer, c *content) {
	h, had := p.held[c]
	if !had {
		return
	}
	delete(p.held, c)
	p.digest = p.digest.Toggle(c.Hash())
	if i := slices.Index(c.holders, p); i >= 0 {
		c.holders = slices.Delete(c.holders, i, i+1)
	}
	s.use(p, h.row, -1)
}

// use counts a peer in or out as a holder of a row. A row without one is an orphan,
// which Reap forgets when no peer takes it up in the time of a lease: a peer
// that announces all again finds its rows where they were.
func (s *Store) use(p *peer, r *row, delta int) {
	r.holders += int32(delta)
	if r.holders == 0 {
		s.orphans[r] = s.elapsed()
	} else {
		delete(s.orphans, r)
	}
	change := index.Change{Online: delta}
	switch {
	case p.offline != 0:
		change = index.Change{Dormant: delta, Seen: p.offline}
	case delta < 0:
		change.Seen = s.config.Now().Unix()
	}
	s.names.Count(change, r.number)
}

// removeRows forgets rows that nobody holds.
func (s *Store) removeRows(gone []*row) {
	dead := make(map[*row]bool, len(gone))
	for _, r := range gone {
		dead[r] = true
		delete(s.orphans, r)
		s.names.Remove(r.number)
		c := r.content
		if c.rows = slices.DeleteFunc(c.rows, func(o *row) bool { return o == r }); len(c.rows) == 0 {
			delete(s.contents, c.Hash())
		}
	}
	s.rows = slices.DeleteFunc(s.rows, func(r *row) bool { return dead[r] })
}

// resource is a holding in the words of the API.
func (h holding) resource() netproto.Resource {
	r := h.row
	return netproto.Resource{Hash: r.content.Hash(), Size: r.size, Name: r.name, MIME: r.mime, Folder: r.folder, Part: h.part, MD5: hexMD5(h.md5)}
}
