package memory

import (
	"cmp"
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

// Loader fills a store with what was kept, before it starts. Peers come before their
// holdings, names too, and names by rising number.
type Loader struct {
	Next Numbers // the caller sets it

	s          *Store
	peers      map[uint32]*peer
	searchable func()

	contents map[netproto.ContentHash]*content // that Named found
	rows     []*row
	held     []namedHolding
}

// Load begins to fill a store that has not started.
func (s *Store) Load() *Loader {
	l := &Loader{s: s, peers: map[uint32]*peer{}, searchable: func() {}}
	if names := s.memory.names; names != nil {
		l.searchable = names.Bulk()
	}
	return l
}

// Peer adds a peer. If it was online, its lease starts now.
func (l *Loader) Peer(p Peer) {
	m := l.s.memory
	// A clock that was ahead for a while must not keep a peer for as long.
	now := m.config.Now().Unix()
	p.Offline, p.Stay.Since = min(p.Offline, now), min(p.Stay.Since, now)
	added := m.addPeer(p.Number, *p.Record)
	m.name(added, *p.Record)
	l.peers[p.Number] = added
	m.setOnline(added, p.Offline)
	added.online = p.Stay
}

// namesOfChunk is how many names are read at a time and share an allocation: what they
// take is a whole number of the allocator's pages.
const namesOfChunk = 1024

// Chunk holds names that were read, each with a content of its own, which is used
// if no earlier name had that hash. One goroutine makes chunks, which another may add.
type Chunk struct {
	mimes    *mediaTypes
	rows     []row
	contents []content
}

// NewChunk returns an empty chunk.
func (l *Loader) NewChunk() *Chunk {
	return &Chunk{mimes: l.s.memory.mimes, rows: make([]row, 0, namesOfChunk), contents: make([]content, 0, namesOfChunk)}
}

// Add adds a name to a chunk that is not full; the media type is that of the bytes.
func (c *Chunk) Add(n Name, mime []byte) {
	i := len(c.rows)
	c.contents = append(c.contents, content{Content: index.NewContent(n.Hash, unixMilli(n.Added))})
	c.rows = append(c.rows, row{id: n.Number, content: &c.contents[i], rowRecord: rowRecord{
		name: n.Text, mime: c.mimes.number(mime), size: n.Size, added: n.Added, folder: n.Folder, hidden: n.Hidden,
	}})
}

// Full reports whether nothing more fits.
func (c *Chunk) Full() bool { return len(c.rows) == namesOfChunk }

// Names adds the names of a chunk, which must not be used again.
func (l *Loader) Names(c *Chunk) {
	m := l.s.memory
	for i := range c.rows {
		r := &c.rows[i]
		if known := m.contents.find(r.content.Hash()); known != nil {
			r.content = known
		}
		m.addRow(r)
	}
}

// Holding adds what a peer holds, by the numbers of the two. It reports whether both
// are known.
func (l *Loader) Holding(peer uint32, name uint64, part bool, md5 *[16]byte) bool {
	p, r := l.peers[peer], l.s.memory.rowNumbered(name)
	if p == nil || r == nil {
		return false
	}
	l.s.memory.hold(p, holding{row: r, part: part, md5: md5})
	return true
}

// Named adds what a peer holds. The numbers in h do not count; the media type is that of
// the bytes. Names get their numbers by age once the store starts.
func (l *Loader) Named(h Holding, mime []byte) bool {
	p := l.s.memory.peers[h.ID]
	if p == nil {
		return false
	}
	c := l.contents[h.Hash]
	if c == nil {
		c = &content{Content: index.NewContent(h.Hash, time.Time{})}
		if l.contents == nil {
			l.contents = map[netproto.ContentHash]*content{}
		}
		l.contents[h.Hash] = c
	}
	record := rowRecord{name: h.Text, mime: l.s.memory.mimes.number(mime), size: h.Size, added: h.Added, folder: h.Folder, hidden: h.Hidden}
	r := c.rowOf(record)
	if r == nil {
		r = &row{content: c, rowRecord: record}
		c.rows.add(r)
		l.rows = append(l.rows, r)
	}
	r.added = min(r.added, record.added)
	l.held = append(l.held, namedHolding{p, holding{row: r, part: h.Part, md5: h.MD5}})
	return true
}

// namedHolding waits until the names are in their order.
type namedHolding struct {
	*peer
	holding
}

// inOrder adds the names that Named found, the oldest first, and then what peers hold.
func (l *Loader) inOrder() {
	slices.SortFunc(l.rows, func(a, b *row) int {
		x, y := a.content.Hash(), b.content.Hash()
		return cmp.Or(cmp.Compare(a.added, b.added), slices.Compare(x[:], y[:]))
	})
	m := l.s.memory
	for _, r := range l.rows {
		if c := r.content; c.Added().IsZero() {
			c.Content, c.rows = index.NewContent(c.Hash(), unixMilli(r.added)), few[*row]{}
		}
		r.id = l.Next.Name
		l.Next.Name++
		m.addRow(r)
	}
	for _, h := range l.held {
		m.hold(h.peer, h.holding)
	}
	l.contents, l.rows, l.held = nil, nil, nil
}

// Seed adds what a seed client registered; its lease starts now.
func (l *Loader) Seed(number uint64, r store.SeedRow) {
	l.s.seeds.add(&seedRow{id: number, SeedRow: r})
}

// Note adds a note.
func (l *Loader) Note(number uint64, n store.Note) {
	n.Left = unixMilli(min(n.Left.UnixMilli(), l.s.config.Now().UnixMilli())) // a clock may have been ahead
	l.s.notes.add(&note{number, n})
}

// Invite adds an invite.
func (l *Loader) Invite(i store.Invite) { l.s.access.invites[i.Hash] = i }

// Member adds a member.
func (l *Loader) Member(m store.Member) { l.s.access.members[m.Key] = m }

// Ban adds a ban.
func (l *Loader) Ban(b store.Ban) { l.s.access.addBan(b) }

// Done ends loading: from now on the store answers. It writes from Start on.
func (l *Loader) Done() {
	l.inOrder()
	m := l.s.memory
	for _, r := range m.rows {
		if r.holders == 0 {
			m.orphans[r] = m.elapsed()
		}
	}
	for _, p := range m.peers {
		m.settle(p)
	}
	l.searchable()
	l.s.writer.next = l.Next
}

// Start ends loading, if Done has not, and begins to write.
func (l *Loader) Start() {
	l.Done()
	l.s.started.Store(true)
	go l.s.writer.loop()
}

// rowNumbered returns the row with that number, or nil. If none was ever forgotten,
// its number gives its place.
func (m *memory) rowNumbered(id uint64) *row {
	if len(m.rows) == 0 || id < m.rows[0].id {
		return nil
	}
	if i := id - m.rows[0].id; i < uint64(len(m.rows)) && m.rows[i].id == id {
		return m.rows[i]
	}
	i, ok := slices.BinarySearchFunc(m.rows, id, func(r *row, id uint64) int { return cmp.Compare(r.id, id) })
	if !ok {
		return nil
	}
	return m.rows[i]
}
