package memory

import (
	"math"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

// memory is everything that is asked for about peers and what they announced.
// Only the write loop changes it: it takes mu to change and reads without. All
// others read under mu. The index has a lock of its own.
//
// Announces and searches for sources need mu, so nobody holds it for long: whatever
// touches many peers, contents or rows does so in steps, between which it lets go.
// Heartbeats do not need it. They read under leases, which is held for a few
// instructions only.
type memory struct {
	config store.Config
	opened time.Time
	names  *index.Index // nil with Config.NoSearch
	shown  shown        // counts without names
	mimes  *mediaTypes  // the write loop adds to them
	budget *budget

	orphans map[*row]time.Duration // since when; the write loop's own

	mu       sync.RWMutex
	contents table[*content]
	rows     []*row // by rising id, gone ones included
	gone     int    // of rows

	leases sync.RWMutex // taken within mu; also guards record, offline and settled of each peer
	peers  map[netproto.PeerID]*peer
	online int // peers that count as online in the index

	everybody []*peer       // the same as peers, in no order
	changed   atomic.Uint64 // how often something about people changed
}

// change runs a change of peers, under both locks: others read them under either.
func (m *memory) change(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases.Lock()
	defer m.leases.Unlock()
	f()
}

func newMemory(config store.Config) *memory {
	m := &memory{
		config: config, opened: config.Now(), mimes: newMediaTypes(), budget: newBudget(config.Memory),
		orphans:  map[*row]time.Duration{},
		peers:    map[netproto.PeerID]*peer{},
		contents: table[*content]{hashOf: func(c *content) netproto.ContentHash { return c.Hash() }},
	}
	if !config.NoSearch {
		m.names = index.New()
	}
	return m
}

// searchable reports whether a row is in the index.
func (m *memory) searchable(r *row) bool { return m.names != nil && !r.hidden }

// peer is an installation that has joined and was not forgotten since.
type peer struct {
	no      uint32
	id      netproto.PeerID
	record  store.Peer
	offline int64 // Unix seconds since when; 0 while it is online
	online  Stay
	payer   netip.Addr    // see budget
	charged int64         // to the payer, for what the peer holds and for itself
	seen    atomic.Int64  // last sign of life, in nanoseconds of memory.elapsed
	heard   atomic.Int64  // the same, of those given here
	told    time.Duration // when others were told; the write loop's own
	held    []holding
	places  table[uint32] // of each content in held, plus 1
	changes uint64        // of held, so far
	shown   int           // of held, without those that it hides
	bytes   int64         // of them
	folded  string        // its name, for the order of people
	among   int           // place in memory.everybody
	digest  netproto.Digest
	settled store.Holdings // of the last write that is complete
}

// content is everything that peers announced about one hash. What a hit needs stands
// side by side.
type content struct {
	index.Content            // added with the oldest of its rows
	holders       few[*peer] // including offline ones
	rows          few[*row]
	hidden        int32 // of rows
	online        int32 // sources of those that are not hidden; without an index, which counts them
}

// around returns the content that the index has a part of: all those in memory.names
// are parts of one. Looking up 50 hashes would be a tenth of the work of a search.
func around(part *index.Content) *content {
	return (*content)(unsafe.Add(unsafe.Pointer(part), -int(unsafe.Offsetof(content{}.Content))))
}

// hiddenBy reports whether a holder of the content hides it.
func (c *content) hiddenBy(p *peer) bool {
	if c.hidden == 0 {
		return false
	}
	h, _ := p.holding(c.Hash())
	return h.row.hidden
}

// rowRecord is one of the names of a content.
type rowRecord struct {
	name   string
	size   int64
	added  int64  // Unix milliseconds
	mime   uint16 // see mediaTypes
	folder bool
	hidden bool // in no list, and in no index
}

// row is a content under the name that some peers give it.
type row struct {
	id      uint64
	content *content
	rowRecord
	number  index.NameID // if it is searchable
	holders int32        // of the content under this row, including offline ones; or gone
	online  int32        // of them
}

// gone stands for the holders of a row that was forgotten but not swept yet.
const gone = -1

// Stay is how long a peer was online, all in all.
type Stay struct {
	Before int64 // seconds, until the last time it went
	Since  int64 // Unix seconds; 0 while it is offline
}

// MaxStay bounds Stay.Before.
const MaxStay = math.MaxInt64 / retentionOfStay

// total returns the seconds online until now, in Unix seconds.
func (s Stay) total(now int64) int64 {
	if s.Since == 0 {
		return s.Before
	}
	return s.Before + max(now-s.Since, 0)
}

func (s *Stay) end(now int64) { *s = Stay{Before: s.total(now)} }

// What an offline peer held is kept this many times as long as it was online, from
// leastRetention to Config.Retention: a key that was there for a minute cannot fill
// a store for a month.
const (
	retentionOfStay = 24
	leastRetention  = int64(time.Hour / time.Second)
)

// retained reports whether the holdings of an offline peer are still kept.
func (m *memory) retained(p *peer, now int64) bool {
	most := int64(m.config.Retention / time.Second)
	return now-p.offline <= min(max(retentionOfStay*p.online.Before, leastRetention), most)
}

// stepSize is how many entries change under one lock: that takes less than
// 0.1 ms.
const stepSize = 64

// inSteps calls change for each number below n under the lock, which it
// releases after every few.
func (m *memory) inSteps(n int, change func(i int)) {
	for first := 0; first < n; first += stepSize {
		m.mu.Lock()
		for i := first; i < min(first+stepSize, n); i++ {
			change(i)
		}
		m.mu.Unlock()
	}
}

// elapsed returns the time since the store was opened, on the monotonic clock:
// setting the wall clock must not end leases.
func (m *memory) elapsed() time.Duration { return m.config.Now().Sub(m.opened) }

// live reports whether the lease of a peer runs. Until Reap has seen the end of
// a lease, the peer still counts in the index.
func (m *memory) live(p *peer) bool {
	return p.offline == 0 && m.elapsed()-time.Duration(p.seen.Load()) < m.config.Lease
}

// renew extends the lease of a peer.
func (m *memory) renew(p *peer) {
	now := int64(m.elapsed())
	p.seen.Store(now)
	p.heard.Store(now)
}

// joined returns the online peer with that id, or the refusal.
func (m *memory) joined(id netproto.PeerID) (*peer, error) {
	if p := m.peers[id]; p != nil && m.live(p) {
		return p, nil
	}
	return nil, &netproto.Error{Code: netproto.CodeJoinFirst}
}

// addPeer adds a new peer, offline at first.
func (m *memory) addPeer(no uint32, record store.Peer) *peer {
	p := &peer{no: no, id: record.ID(), record: record, offline: 1, payer: payer(record.Observed.Addr())}
	p.places.hashOf = func(place uint32) netproto.ContentHash { return p.held[place-1].content().Hash() }
	m.budget.used.Add(bytesOfPeer)
	m.charge(p, bytesOfPeer)
	m.change(func() {
		m.peers[p.id] = p
		p.among = len(m.everybody)
		m.everybody = append(m.everybody, p)
	})
	return p
}

// arrive notes a join: what the peer says about itself, and a sign of life.
func (m *memory) arrive(p *peer, record store.Peer) {
	m.name(p, record)
	m.renew(p)
	m.move(p)
}

// move charges the address that a peer has now for what it holds.
func (m *memory) move(p *peer) {
	if now := payer(p.record.Observed.Addr()); now != p.payer {
		m.budget.charge(p.payer, -p.charged)
		m.budget.charge(now, p.charged)
		p.payer = now
	}
}

// name notes what a peer says about itself.
func (m *memory) name(p *peer, record store.Peer) {
	folded := index.Fold(record.Name)
	m.change(func() { p.record, p.folded = record, folded })
	m.changed.Add(1)
}

// charge counts bytes for the address of a peer.
func (m *memory) charge(p *peer, bytes int64) {
	p.charged += bytes
	m.budget.charge(p.payer, bytes)
}

func (m *memory) removePeer(p *peer) {
	m.change(func() {
		delete(m.peers, p.id)
		last := len(m.everybody) - 1
		m.everybody[p.among] = m.everybody[last]
		m.everybody[p.among].among = p.among
		m.everybody[last] = nil
		m.everybody = m.everybody[:last]
	})
	m.changed.Add(1)
	m.budget.used.Add(-bytesOfPeer)
	m.charge(p, -bytesOfPeer)
}

// setOnline shows or hides everything a peer holds. offline is the time since
// when, in Unix seconds, or 0.
func (m *memory) setOnline(p *peer, offline int64) {
	was := p.offline == 0
	change := index.Change{Online: 1, Dormant: -1}
	if was {
		change = index.Change{Online: -1, Dormant: 1, Seen: offline}
	}
	if was && offline != 0 {
		p.online.end(offline)
	} else if !was && offline == 0 {
		p.online.Since = m.config.Now().Unix()
	}
	m.change(func() {
		p.offline = offline
		if was != (offline == 0) {
			m.online += change.Online
		}
	})
	m.changed.Add(1)
	if was == (offline == 0) {
		return
	}
	names := make([]index.NameID, 0, len(p.held))
	m.inSteps(len(p.held), func(i int) {
		r := p.held[i].row
		r.online += int32(change.Online)
		m.count(r, change.Online)
		if m.searchable(r) {
			names = append(names, r.number)
		}
	})
	if len(names) > 0 {
		m.names.Count(change, names...) // in steps of its own
	}
}

// settle ends a write to the holdings of a peer: from now on heartbeats are
// compared with its result.
func (m *memory) settle(p *peer) {
	m.change(func() { p.settled = store.Holdings{Count: len(p.held), Digest: p.digest} })
}

// addRow adds a new row, and its content if that is new. A holder must follow.
// The caller holds the lock.
func (m *memory) addRow(r *row) {
	c := r.content
	if len(c.rows.all()) == 0 {
		m.contents.add(c)
	}
	m.budget.used.Add(r.bytes())
	if m.searchable(r) {
		r.number = m.names.AddName(&c.Content, index.Name{Text: r.name, MIME: m.mimes.texts[r.mime], Size: r.size, Folder: r.folder})
	}
	if c.rows.add(r); r.hidden {
		c.hidden++
	}
	m.rows = append(m.rows, r)
}

// use counts a peer in or out as a holder of a row. A row without one is an
// orphan, which Reap forgets if no peer takes it up within the time of a lease:
// a peer that announces everything again finds its rows where they were.
func (m *memory) use(p *peer, r *row, delta int) {
	r.holders += int32(delta)
	if p.offline == 0 {
		r.online += int32(delta)
	}
	if r.holders == 0 {
		m.orphans[r] = m.elapsed()
	} else {
		delete(m.orphans, r)
	}
	if r.hidden {
		return
	}
	p.shown += delta
	p.bytes += int64(delta) * r.size
	if m.names == nil {
		if p.offline == 0 {
			m.count(r, delta)
		}
		return
	}
	change := index.Change{Online: delta}
	switch {
	case p.offline != 0:
		change = index.Change{Dormant: delta, Seen: p.offline}
	case delta < 0:
		change.Seen = m.config.Now().Unix()
	}
	m.names.Count(change, r.number)
}

// forget removes rows that nobody holds.
func (m *memory) forget(rows []*row) {
	m.inSteps(len(rows), func(i int) {
		r := rows[i]
		c := r.content
		m.weigh(c, -1)
		r.holders = gone
		m.gone++
		m.budget.used.Add(-r.bytes())
		if r.hidden {
			c.hidden--
		}
		left := slices.DeleteFunc(c.rows.all(), func(o *row) bool { return o == r })
		if c.rows.cut(len(left)); len(left) == 0 {
			m.contents.remove(c)
		}
		m.weigh(c, 1)
	})
	for _, r := range rows {
		delete(m.orphans, r)
		if m.searchable(r) {
			m.names.Remove(r.number)
		}
	}
	if m.gone > len(m.rows)/4 {
		m.sweep()
	}
}

// sweep drops the rows that are gone. Only the write loop changes rows, so the
// copy needs no lock.
func (m *memory) sweep() {
	kept := make([]*row, 0, len(m.rows)-m.gone)
	for _, r := range m.rows {
		if r.holders != gone {
			kept = append(kept, r)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows, m.gone = kept, 0
}
