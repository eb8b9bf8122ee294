// Package sources is the table of the peers that have what a download wants: who named them,
// how they failed, how many connections there are to each, whose turn it is to be tried, and
// who makes room when the table is full. It knows neither trackers nor connections; it hears
// what they say and how they end.
//
// Trackers and peers may lie, and name as many sources as they like. So those that each of
// them names take turns, and one that names many keeps none of the others out.
package sources

import (
	"iter"
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

const (
	// Max bounds the sources of one table.
	Max = 200
	// maxEvicted bounds what a table remembers of sources that failed and left it.
	maxEvicted = 2000
	// maxBannedShown bounds the banned sources that a person sees.
	maxBannedShown = 20
)

// Table are the sources of one download. It has no lock: the caller guards it, and its
// sources, with one. Make it with [New].
type Table struct {
	self     netproto.PeerID
	isBanned func(netproto.PublicKey) bool

	known map[netproto.PublicKey]*Source
	// banned are the last ones that sent wrong bytes, for a person to see. They are not
	// known any longer. used counts the sources that gave something and left known.
	banned  []*Source
	used    int
	evicted map[netproto.PublicKey]setback // that failed and left known
	// named is how many sources each tracker has named, "" those that other peers named.
	named map[string]int
}

// New returns an empty table of the peer self. isBanned says which peers must not come in;
// it must not wait.
func New(self netproto.PeerID, isBanned func(netproto.PublicKey) bool) *Table {
	return &Table{self: self, isBanned: isBanned, known: map[netproto.PublicKey]*Source{}, evicted: map[netproto.PublicKey]setback{}, named: map[string]int{}}
}

// Inherit takes over the sources of a table that nobody changes any longer, and what it
// remembers of others: each tracker goes on with its turns, and does not begin anew.
func (t *Table) Inherit(before *Table) {
	t.known, t.banned, t.used, t.evicted, t.named = before.known, before.banned, before.used, before.evicted, before.named
	before.known, before.evicted, before.named = map[netproto.PublicKey]*Source{}, map[netproto.PublicKey]setback{}, map[string]int{}
}

// Len is how many sources are known.
func (t *Table) Len() int { return len(t.known) }

// All are the sources that are known.
func (t *Table) All() iter.Seq[*Source] { return maps.Values(t.known) }

// Banned are the last ones that sent wrong bytes.
func (t *Table) Banned() []*Source { return t.banned }

// Used is how many sources have given something.
func (t *Table) Used() int {
	n := t.used
	for _, s := range t.known {
		if s.Got() > 0 {
			n++
		}
	}
	return n
}

// Name takes a source from a tracker, by the address of that. One that failed and that a
// tracker can call from now on is tried at once: it failed for want of that.
func (t *Table) Name(src netproto.Source, tracker string) {
	before := t.known[src.Key]
	was := before != nil && before.Callable
	t.know(src, tracker)
	s := t.known[src.Key]
	if s == nil {
		return
	}
	if s.callableAt(tracker, src.Callable); s.Callable && s == before && !was {
		s.retry = time.Time{}
	}
}

// Meet makes a connected peer a source; it can be reached at that address, if that is valid.
// One that is known already is tried again: it may have failed because it had nothing yet.
func (t *Table) Meet(key netproto.PublicKey, at netip.AddrPort) {
	switch s := t.known[key]; {
	case s == nil:
		if t.evicted[key].unreached {
			delete(t.evicted, key)
		}
		t.know(heard(key, at), "")
	case s.unreached || s.failure == nil:
		s.unreached, s.retry = false, time.Time{}
	}
}

// IsNew reports whether a peer is not known, and did not fail before.
func (t *Table) IsNew(key netproto.PublicKey) bool {
	_, failed := t.evicted[key]
	return !failed && t.known[key] == nil
}

// Hear makes a new peer that another one named a source, to be tried once, from due on.
func (t *Table) Hear(key netproto.PublicKey, at netip.AddrPort, due time.Time) {
	t.know(heard(key, at), "")
	if s := t.known[key]; s != nil {
		s.heard, s.retry = true, due
	}
}

func heard(key netproto.PublicKey, at netip.AddrPort) netproto.Source {
	src := netproto.Source{PeerID: netproto.PeerIDOf(key[:]), Key: key, Part: true}
	if at.IsValid() && at.Port() != 0 {
		src.Addresses = []string{at.String()}
	}
	return src
}

// know takes a source from a tracker, which may lie: the key must belong to the peer id,
// and not to a peer that is banned. tracker is "" if another peer named it, or itself. When
// the table is full, a source of less worth is evicted.
func (t *Table) know(src netproto.Source, tracker string) {
	if src.PeerID == t.self || netproto.PeerIDOf(src.Key[:]) != src.PeerID || t.isBanned(src.Key) {
		return
	}
	if known := t.known[src.Key]; known != nil {
		known.Source, known.heard, known.traded = src.Merge(known.Source), false, false
		t.takeTurn(known, tracker)
		known.Addresses = known.Addresses[:min(len(known.Addresses), session.MaxAddresses)]
		return
	}
	before := t.evicted[src.Key]
	if len(t.known) >= Max && !t.evict(tracker, before.retry) {
		return
	}
	delete(t.evicted, src.Key)
	s := &Source{Source: src, setback: before, traded: tracker == "", turn: math.MaxInt}
	t.takeTurn(s, tracker)
	t.known[src.Key] = s
}

// takeTurn notes that a tracker, or another peer, has named a source.
func (t *Table) takeTurn(s *Source, tracker string) {
	if slices.Contains(s.namedBy, tracker) {
		return
	}
	if tracker != "" {
		s.namedBy = append(slices.Clip(s.namedBy), tracker)
	}
	s.turn = min(s.turn, t.named[tracker])
	t.named[tracker]++
}

// evict makes room for a source that a tracker names, or another peer if that is "", and
// reports whether it could: one that failed goes, of several the one that gave least. For
// a source that a tracker names, one goes that only other peers named and that gave
// nothing, or that a tracker named which has more in the table. What such a tracker names
// never takes the place of what those name that have fewer. A source that failed itself,
// and is tried again from due on, only takes the place of one that is tried again later:
// so all of them have their turn. due is zero for all others.
func (t *Table) evict(tracker string, due time.Time) bool {
	count := map[string]int{}
	for _, s := range t.known {
		for _, n := range s.namers() {
			count[n]++
		}
	}
	var worst *Source
	for _, s := range t.known {
		others := math.MaxInt
		for _, n := range s.namers() {
			others = min(others, count[n])
		}
		unproven := due.IsZero() && tracker != "" && s.Got() == 0 && (s.traded || others > count[tracker]+1)
		if s.lanes > 0 || !unproven && (s.failure == nil || others < count[tracker] || !due.IsZero() && !s.retry.After(due)) {
			continue
		}
		if worst == nil || s.isWorse(worst) {
			worst = s
		}
	}
	if worst == nil {
		return false
	}
	t.giveUp(worst)
	return true
}

// Unreached notes that the first connection to a source, which was reserved, did not come
// about. One that only another peer named is not tried again.
func (t *Table) Unreached(s *Source, err error, b Backoff, now time.Time) {
	s.Release()
	s.Fail(err, b, now)
	s.unreached = true
	if s.heard && s.lanes == 0 {
		t.giveUp(s)
	}
}

// forget takes a source out of the table.
func (t *Table) forget(s *Source) {
	if t.known[s.Key] != s {
		return
	}
	delete(t.known, s.Key)
	if s.Got() > 0 {
		t.used++
	}
}

// giveUp takes a source out of the table that others are to have the place of. That it
// failed is remembered: named again, it would pass for one that was never tried, and
// would keep those out that never were.
func (t *Table) giveUp(s *Source) {
	if t.known[s.Key] != s {
		return
	}
	t.forget(s)
	if s.failure == nil {
		return
	}
	if _, known := t.evicted[s.Key]; !known && len(t.evicted) >= maxEvicted {
		oldest := s.Key
		for key, b := range t.evicted {
			if oldest == s.Key || b.retry.Before(t.evicted[oldest].retry) {
				oldest = key
			}
		}
		delete(t.evicted, oldest)
	}
	t.evicted[s.Key] = s.setback
}

// Ban takes a source that sent wrong bytes out of the table at once: its place is for
// others.
func (t *Table) Ban(s *Source) {
	if t.known[s.Key] != s {
		return
	}
	t.forget(s)
	if len(t.banned) == maxBannedShown {
		t.banned = t.banned[1:]
	}
	t.banned = append(t.banned, s)
}

// Renew has all sources tried again now: the network has changed.
func (t *Table) Renew() {
	for _, s := range t.known {
		s.retry, s.delay = time.Time{}, 0
	}
	clear(t.evicted)
}

// ForgetAll empties the table: none of the sources could be reached.
func (t *Table) ForgetAll() {
	for _, s := range t.known {
		t.forget(s)
	}
	clear(t.evicted)
}

// Trim keeps only the sources that gave something.
func (t *Table) Trim() {
	t.banned, t.evicted = nil, map[netproto.PublicKey]setback{}
	maps.DeleteFunc(t.known, func(_ netproto.PublicKey, s *Source) bool { return s.Got() == 0 })
}
