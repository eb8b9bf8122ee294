package memory

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

// Bounds of lists of people. One of 500,000 takes about half a second to sort, so
// that is done for a small part of the time only.
const (
	peopleAtOnce   = 256  // looked at under one lock
	fewPeople      = 2000 // sorted again for whoever asks after a change
	peopleLast     = 2 * time.Second
	peopleRest     = 20     // times as long as it took to sort them
	peopleLooks    = 20_000 // for one page
	ownersAtOnce   = 16     // hits whose owners are found under one lock
	holdersOfOwner = 16     // looked at for the owners of one hit
)

// people keeps everybody in order, for the pages to come.
type people struct {
	mu      sync.Mutex // held while they are sorted
	sorted  []person
	changed uint64 // of memory, before that
	made    time.Duration
	took    time.Duration
}

// person is somebody at a place in the order.
type person struct {
	*peer
	folded string
	away   bool
}

func (p person) compare(o person) int {
	switch {
	case p.away != o.away && o.away:
		return -1
	case p.away != o.away:
		return 1
	}
	return cmp.Or(strings.Compare(p.folded, o.folded), slices.Compare(p.id[:], o.id[:]))
}

func unknownPeer(id netproto.PeerID) error {
	return netproto.Errorf(netproto.CodeNotFound, "nobody with the id %s is known here", id)
}

// inOrder returns everybody, perhaps as it was a little while ago.
func (s *Store) inOrder() []person {
	m, ps := s.memory, s.people
	ps.mu.Lock()
	defer ps.mu.Unlock()
	changed, now := m.changed.Load(), m.elapsed()
	rest := max(peopleLast, peopleRest*ps.took)
	if ps.sorted != nil && (changed == ps.changed || len(ps.sorted) > fewPeople && now-ps.made < rest) {
		return ps.sorted
	}
	began := time.Now()
	sorted := make([]person, 0, len(ps.sorted)+fewPeople)
	for first, more := 0, true; more; first += peopleAtOnce {
		m.mu.RLock()
		for _, p := range m.everybody[min(first, len(m.everybody)):min(first+peopleAtOnce, len(m.everybody))] {
			sorted = append(sorted, person{p, p.folded, p.offline != 0})
		}
		more = first+peopleAtOnce < len(m.everybody)
		m.mu.RUnlock()
	}
	slices.SortFunc(sorted, person.compare)
	sorted = slices.CompactFunc(sorted, func(a, b person) bool { return a.peer == b.peer }) // one may have moved to a later place
	ps.sorted, ps.changed, ps.made, ps.took = sorted, changed, now, time.Since(began)
	return sorted
}

// People looks at the people after the cursor until the page is full.
func (s *Store) People(ctx context.Context, q store.PeopleQuery) (store.FoundPeople, error) {
	found := store.FoundPeople{PeopleResponse: netproto.PeopleResponse{Items: []netproto.Person{}}}
	text := index.Fold(q.Text)
	words, digest := strings.Fields(text), crc32.ChecksumIEEE([]byte(text))
	sorted, first := s.inOrder(), 0
	if q.Cursor != "" {
		after, err := parsePersonCursor(q.Cursor, digest)
		if err != nil {
			return found, err
		}
		first, _ = slices.BinarySearchFunc(sorted, after, func(p, after person) int {
			return cmp.Or(p.compare(after), -1) // behind it
		})
	}
	for some := range slices.Chunk(sorted[first:], peopleAtOnce) {
		if err := ctx.Err(); err != nil {
			return found, err
		}
		if found.Looks >= peopleLooks {
			found.Next = sorted[first+found.Looks-1].cursor(digest)
			return found, nil
		}
		if s.take(&found, some, words, q) {
			found.Next = sorted[first+found.Looks-1].cursor(digest)
			if first+found.Looks == len(sorted) {
				found.Next = ""
			}
			return found, nil
		}
	}
	return found, nil
}

// take adds those of some people who are wanted, and reports whether the page is full.
func (s *Store) take(found *store.FoundPeople, some []person, words []string, q store.PeopleQuery) bool {
	m := s.memory
	m.mu.RLock()
	defer m.mu.RUnlock()
	s.access.mu.RLock()
	defer s.access.mu.RUnlock()
	for _, p := range some {
		if len(found.Items) == q.Limit {
			return true
		}
		found.Looks++
		if m.peers[p.id] != p.peer || p.record.Unlisted || !hasWords(p.folded, words) || s.access.admit(&p.record.Key, p.record.Observed.Addr()) != nil {
			continue
		}
		if _, member := s.access.members[p.record.Key]; q.Members && !member {
			continue
		}
		found.Items = append(found.Items, m.describe(p.peer))
	}
	return len(found.Items) == q.Limit
}

func hasWords(folded string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(folded, word) {
			return false
		}
	}
	return true
}

// describe returns a peer as others see it. The caller holds the lock.
func (m *memory) describe(p *peer) netproto.Person {
	said := netproto.Person{PeerID: p.id, Key: p.record.Key, Name: p.record.Name, Online: m.live(p), Resources: p.shown, Bytes: p.bytes}
	switch {
	case said.Online:
	case p.offline != 0:
		said.LastSeen = time.Unix(p.offline, 0).UTC()
	default: // its lease is over, and Reap has not seen that yet
		said.LastSeen = m.opened.Add(time.Duration(p.seen.Load())).UTC().Truncate(time.Second)
	}
	return said
}

// Person finds a peer that has joined.
func (s *Store) Person(_ context.Context, id netproto.PeerID) (netproto.Person, error) {
	m := s.memory
	m.mu.RLock()
	defer m.mu.RUnlock()
	s.access.mu.RLock()
	defer s.access.mu.RUnlock()
	p := m.peers[id]
	if p == nil || s.access.admit(&p.record.Key, p.record.Observed.Addr()) != nil {
		return netproto.Person{}, unknownPeer(id)
	}
	return m.describe(p), nil
}

// A cursor of people is u8 1 = away | u32 digest of the text | 16 bytes id | folded
// name.
const personCursorBytes = 1 + 4 + 16

func (p person) cursor(digest uint32) string {
	raw := []byte{0}
	if p.away {
		raw[0] = 1
	}
	raw = append(binary.BigEndian.AppendUint32(raw, digest), p.id[:]...)
	return base64.RawURLEncoding.EncodeToString(append(raw, p.folded...))
}

func parsePersonCursor(text string, digest uint32) (person, error) {
	wrong := netproto.Errorf(netproto.CodeInvalid, "the cursor is damaged, or of another query")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < personCursorBytes || raw[0] > 1 || binary.BigEndian.Uint32(raw[1:]) != digest {
		return person{}, wrong
	}
	after := person{peer: &peer{}, away: raw[0] == 1, folded: string(raw[personCursorBytes:])}
	copy(after.id[:], raw[5:])
	if after.cursor(digest) != text { // the decoder passes over line ends
		return person{}, wrong
	}
	return after, nil
}

// nameOwners names some of the online sources of each hit, and returns what that cost
// in looks.
func (m *memory) nameOwners(page *index.Page) (looks int) {
	now := m.elapsed()
	for first := 0; first < len(page.Hits); first += ownersAtOnce {
		m.mu.RLock()
		for i := first; i < min(first+ownersAtOnce, len(page.Hits)); i++ {
			looks += m.ownersOf(&page.Hits[i].Owners, around(page.Contents[i]), now)
		}
		m.mu.RUnlock()
	}
	return looks
}

// ownersOf writes down the first listed sources of a content, as far as it looks. They
// stay the same as long as nobody goes. The caller holds the lock.
func (m *memory) ownersOf(owners *netproto.Owners, c *content, now time.Duration) (looks int) {
	found, holders := 0, c.holders.all()
	for _, p := range holders[:min(len(holders), holdersOfOwner)] {
		if found == len(owners) {
			break
		}
		looks++
		if p.offline != 0 || p.record.Unlisted || now-time.Duration(p.seen.Load()) >= m.config.Lease || c.hiddenBy(p) {
			continue
		}
		owners[found] = netproto.Owner{PeerID: p.id, Name: p.record.Name}
		found++
	}
	return looks
}
