package sources

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Source is a peer that has what a download wants. Whoever guards its table guards it, except
// for the number of bytes that it gave. The zero value is that of one that nobody named.
type Source struct {
	netproto.Source // as whoever named it says
	setback
	lanes   int          // at work, or being made
	made    int          // at work
	got     atomic.Int64 // bytes
	heard   bool         // only another peer named it, and it is not connected yet
	traded  bool         // another peer, or itself, named it and not the tracker
	reached bool         // a try to connect succeeded
	proven  bool         // it gave a right piece
	alone   bool         // a connection beside those at work was tried in vain
	away    bool         // it is far away, as the connection shows that is being made
	waits   bool         // a connection beside the first was tried in vain before that was made
	// distant ends once it is not away after all.
	distant    context.Context
	endDistant context.CancelFunc
	// beside ends when none is at work any longer, and no further one is wanted.
	beside    context.Context
	endBeside context.CancelFunc
	// trackers are those that can call it, by address, namedBy those that named it. turn
	// is its place among all that one of these named: they take turns.
	trackers, namedBy []string
	turn              int
	way               session.Way // of the last connection; "" before one
}

// setback is how a source failed, and when it is tried again. The zero value is that of
// one that did not.
type setback struct {
	failure   error
	delay     time.Duration
	retry     time.Time
	unreached bool // the last try to connect failed
}

// Backoff is the pause before a source that failed is tried again: at least Least, doubled
// each time up to Most.
type Backoff struct{ Least, Most time.Duration }

// Fail puts a source aside for a while.
func (s *Source) Fail(err error, b Backoff, now time.Time) {
	s.failure = err
	s.delay = min(max(2*s.delay, b.Least), b.Most)
	s.retry = now.Add(s.delay)
}

// Rest has a source not tried before a time.
func (s *Source) Rest(until time.Time) { s.retry = until }

// Prove notes that a source gave a right piece, whatever it did before.
func (s *Source) Prove() { s.delay, s.failure, s.proven = 0, nil, true }

// Give counts n bytes that a source gave. It needs no lock.
func (s *Source) Give(n int) { s.got.Add(int64(n)) }

// Got is how many bytes a source gave. It needs no lock.
func (s *Source) Got() int64 { return s.got.Load() }

// Failure is how a source failed, nil if it gave a right piece since then.
func (s *Source) Failure() error { return s.failure }

// Proven reports whether a source gave a right piece.
func (s *Source) Proven() bool { return s.proven }

// Due reports whether a source may be tried now.
func (s *Source) Due(now time.Time) bool { return !now.Before(s.retry) }

// Reached reports whether a connection to a source was ever made.
func (s *Source) Reached() bool { return s.reached }

// Traded reports whether another peer, or the source itself, named it, and no tracker.
func (s *Source) Traded() bool { return s.traded }

// Trackers are those that can call a source, by address.
func (s *Source) Trackers() []string { return s.trackers }

// NamedBy are the trackers that named a source, by address.
func (s *Source) NamedBy() []string { return s.namedBy }

// callableAt notes whether a tracker can call a source.
func (s *Source) callableAt(tracker string, callable bool) {
	others := slices.DeleteFunc(slices.Clone(s.trackers), func(t string) bool { return t == tracker })
	if callable {
		others = append(others, tracker)
	}
	s.trackers, s.Callable = others, len(others) > 0
}

// namers returns the trackers that named a source, or "" for other peers.
func (s *Source) namers() []string {
	if len(s.namedBy) == 0 {
		return []string{""}
	}
	return s.namedBy
}

// The connections to a source. One is reserved before it is made; then it is connected, and
// later lost, or else released, or the source is refused or unreached.

// Lanes is how many connections to a source are at work or being made, and Made how many are
// at work.
func (s *Source) Lanes() int { return s.lanes }

// Made is how many connections are at work.
func (s *Source) Made() int { return s.made }

// Reserve counts a connection that is being made, and returns its index, from 0.
func (s *Source) Reserve() int {
	s.lanes++
	return s.lanes - 1
}

// Release gives back a connection that was reserved, for a reason that is not the source's.
func (s *Source) Release() { s.lanes-- }

// Refused gives back a connection beside the first that did not come about: the source has
// done nothing wrong.
func (s *Source) Refused() {
	s.Release()
	s.alone, s.away, s.waits = s.made > 0, false, true
}

// Connected notes that a reserved connection is at work. What is wanted beside it ends with
// ctx at the latest.
func (s *Source) Connected(ctx context.Context, way session.Way) {
	if s.made++; s.beside == nil || s.beside.Err() != nil { // not if one that was left has not ended yet
		s.beside, s.endBeside = context.WithCancel(ctx)
	}
	s.heard, s.unreached, s.reached, s.way = false, false, true, way
}

// Leave no longer counts a connection that another one takes the place of. What it was asked
// for still comes, until it is lost.
func (s *Source) Leave() {
	s.lanes--
	s.made--
}

// Lost notes the end of a connection; left says that it was left before.
func (s *Source) Lost(left bool) {
	if !left {
		s.Leave()
	}
	if s.made == 0 && s.endBeside != nil {
		s.endBeside()
		s.alone = false // with the next one, that may be otherwise
	}
}

// Beside ends when no connection is at work any longer, and no further one is wanted. It is
// nil before the first one.
func (s *Source) Beside() context.Context { return s.beside }

// Sighted notes whether a source is far away, as its first connection shows while it is being
// made. Others then need not wait for that one, and end with ctx, or once it is not.
func (s *Source) Sighted(ctx context.Context, away bool) {
	switch {
	case away && !s.away:
		s.distant, s.endDistant = context.WithCancel(ctx)
	case !away && s.away:
		s.endDistant()
	}
	s.away = away
}

// Away reports whether a source is far away, as far as that shows before a connection is made.
func (s *Source) Away() bool { return s.away }

// Distant ends once a source that was sighted far away is not. It is nil before.
func (s *Source) Distant() context.Context { return s.distant }

// MayHaveMore reports whether a source may get one more connection. Whether there can be
// several shows with the first, unless a tracker could connect to the source, or that one is
// slow to come because the source is far away; and if a call made the first, with each of the
// others.
func (s *Source) MayHaveMore() bool {
	switch {
	case s.lanes == 0:
		return true
	case s.alone || s.way == session.WayRelayed:
		return false
	case s.made == 0:
		return (s.away || s.Reach == netproto.ReachableYes && !s.waits) && s.failure == nil
	}
	return s.way != session.WayCalled || s.lanes == s.made
}
