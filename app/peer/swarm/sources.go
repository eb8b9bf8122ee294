package swarm

import (
	"bytes"
	"context"
	"math"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// The sources that an attempt knows. Trackers name them, and peers name each other.

const (
	// maxSources bounds what one attempt knows.
	maxSources = 200
	// While an attempt knows fewer than fewSources, it asks for others sooner:
	// everybody else may just have begun, too.
	fewSources = 16
	// courtesy is how long the peer with the smaller key has to connect, so that
	// two that hear of each other make one connection.
	courtesy = 2 * time.Second
)

// look asks the trackers for sources when it is time.
func (srcs *sources) look(ctx context.Context) {
	a := srcs.attempt
	t := &a.swarms.config.Timing
	a.mu.Lock()
	defer a.unlock()
	wait := t.Sources
	if len(srcs.known) < fewSources {
		wait = min(wait, t.SourcesSoon<<min(srcs.seeks, 10))
	}
	if len(a.lanes.open) == 0 {
		wait = min(wait, t.Sources/3)
		if time.Since(srcs.lost) < t.Sources/2 { // a tracker may not have them back yet
			wait = min(wait, t.SourcesSoon)
		}
	}
	if time.Since(srcs.sought) > wait {
		srcs.seeks++
		srcs.seek(ctx)
	}
}

// seek asks the trackers which peers have the content. It does not wait for the
// answers. The caller holds the lock.
func (srcs *sources) seek(ctx context.Context) {
	a := srcs.attempt
	if srcs.seeking > 0 {
		return
	}
	trackers := a.swarms.config.Trackers()
	srcs.seeking = len(trackers)
	for _, t := range trackers {
		a.work.Go(func() { srcs.seekAt(ctx, t) })
	}
}

// seekAt asks one tracker.
func (srcs *sources) seekAt(ctx context.Context, t Tracker) {
	a := srcs.attempt
	found, err := t.Sources(ctx, a.task.Hash)
	a.mu.Lock()
	defer a.unlock()
	srcs.seeking--
	srcs.sought = time.Now()
	if err != nil {
		a.swarms.config.Log.Debug("asking for sources", "hash", a.task.Hash, "tracker", t.Address(), "error", err)
		return
	}
	for _, src := range found {
		before := srcs.known[src.Key]
		was := before != nil && before.Callable
		srcs.know(src, t.Address())
		if s := srcs.known[src.Key]; s != nil {
			if s.callableAt(t.Address(), src.Callable); s.Callable && s == before && !was {
				s.retry = time.Time{} // it failed for want of that
			}
		}
	}
	a.Wake()
}

// callableAt notes whether a tracker can call the source. The caller holds the lock.
func (s *source) callableAt(tracker string, callable bool) {
	others := slices.DeleteFunc(slices.Clone(s.trackers), func(t string) bool { return t == tracker })
	if callable {
		others = append(others, tracker)
	}
	s.trackers, s.Callable = others, len(others) > 0
}

// know takes a source from the tracker, which may lie: the key must belong to the
// peer id, and not to a peer that is banned. tracker is "" if another peer named it, or
// itself. When the table is full, a source of less worth is evicted. The caller holds
// the lock.
func (srcs *sources) know(src netproto.Source, tracker string) {
	a, traded := srcs.attempt, tracker == ""
	if src.PeerID == a.swarms.self || netproto.PeerIDOf(src.Key[:]) != src.PeerID || a.swarms.config.Conns.Banned(src.Key) {
		return
	}
	if known := srcs.known[src.Key]; known != nil {
		known.Source, known.heard, known.traded = src.Merge(known.Source), false, false
		srcs.takeTurn(known, tracker)
		known.Addresses = known.Addresses[:min(len(known.Addresses), session.MaxAddresses)]
		return
	}
	before := srcs.evicted[src.Key]
	if len(srcs.known) >= maxSources && !srcs.evict(tracker, before.retry) {
		return
	}
	delete(srcs.evicted, src.Key)
	s := &source{Source: src, setback: before, traded: traded, turn: math.MaxInt}
	srcs.takeTurn(s, tracker)
	srcs.known[src.Key] = s
}

// takeTurn notes that a tracker, or another peer, has named a source.
func (srcs *sources) takeTurn(s *source, tracker string) {
	if slices.Contains(s.namedBy, tracker) {
		return
	}
	if tracker != "" {
		s.namedBy = append(slices.Clip(s.namedBy), tracker)
	}
	if srcs.named == nil {
		srcs.named = map[string]int{}
	}
	s.turn = min(s.turn, srcs.named[tracker])
	srcs.named[tracker]++
}

// evict makes room for a source that a tracker names, or another peer if that is "", and
// reports whether it could: one that failed goes, of several the one that gave least. For
// a source that a tracker names, one goes that only other peers named and that gave
// nothing, or that a tracker named which has more in the table. What such a tracker names
// never takes the place of what those name that have fewer. A source that failed itself,
// and is tried again from due on, only takes the place of one that is tried again later:
// so all of them have their turn. due is zero for all others.
func (srcs *sources) evict(tracker string, due time.Time) bool {
	count := map[string]int{}
	for _, s := range srcs.known {
		for _, t := range s.namers() {
			count[t]++
		}
	}
	var worst *source
	for _, s := range srcs.known {
		others := math.MaxInt
		for _, t := range s.namers() {
			others = min(others, count[t])
		}
		unproven := due.IsZero() && tracker != "" && s.got.Load() == 0 && (s.traded || others > count[tracker]+1)
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
	srcs.giveUp(worst)
	return true
}

// namers returns the trackers that named a source, or "" for other peers.
func (s *source) namers() []string {
	if len(s.namedBy) == 0 {
		return []string{""}
	}
	return s.namedBy
}

func (s *source) isWorse(other *source) bool {
	if failed := s.failure != nil; failed != (other.failure != nil) {
		return failed
	}
	if got, others := s.got.Load(), other.got.Load(); got != others {
		return got < others
	}
	return s.turn > other.turn // whoever names many keeps none of the others out
}

// meet makes a connected peer a source. One that is known already is asked again:
// it may have refused because it had nothing yet.
func (srcs *sources) meet(key netproto.PublicKey, at netip.AddrPort) {
	a := srcs.attempt
	a.mu.Lock()
	defer a.unlock()
	if a.over {
		return
	}
	switch s := srcs.known[key]; {
	case s == nil:
		if srcs.evicted[key].unreached {
			delete(srcs.evicted, key)
		}
		srcs.know(heardSource(key, at), "")
	case s.unreached || s.failure == nil:
		s.unreached, s.retry = false, time.Time{}
	}
	for l := range a.lanes.open {
		for _, s := range l.streams {
			if l.source.Key == key && s.refused {
				s.pause = time.Time{}
			}
		}
	}
	a.Wake()
}

// hear makes a peer that another one named a source, to be tried once.
func (srcs *sources) hear(p netproto.SwarmPeer) {
	a := srcs.attempt
	now := time.Now()
	a.mu.Lock()
	defer a.unlock()
	if _, failed := srcs.evicted[p.Key]; failed || srcs.known[p.Key] != nil || a.over || !a.swarms.config.Conns.Dials.Hears(p.Address, now) {
		return
	}
	srcs.know(heardSource(p.Key, p.Address), "")
	if s := srcs.known[p.Key]; s != nil {
		s.heard = true
		if bytes.Compare(a.swarms.config.Key[:], p.Key[:]) > 0 && len(a.swarms.config.Conns.Of(p.Key)) == 0 {
			s.retry = now.Add(courtesy)
		}
	}
	a.Wake()
}

func heardSource(key netproto.PublicKey, at netip.AddrPort) netproto.Source {
	src := netproto.Source{PeerID: netproto.PeerIDOf(key[:]), Key: key, Part: true}
	if at.IsValid() && at.Port() != 0 {
		src.Addresses = []string{at.String()}
	}
	return src
}
