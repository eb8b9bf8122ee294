package swarm

import (
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Which piece is asked for next. The last one of a content comes first, because it
// proves the size. Then come those that the person wants to see first. The others come as
// the picker says, which also knows what other readers fetch from whole sources: no whole
// source is asked for that, for Timing.Claim.

// usable reports whether a stream can be asked for pieces: its source has something,
// and says the same size of the content as the job.
func (s *stream) usable(now time.Time) bool {
	j := s.job
	return j.ready() && s.have != nil && !now.Before(s.pause) && (s.size == j.size || s.size < 0 && j.sure)
}

// canProve reports whether the stream's source can be asked to prove the size that it
// claims, which is not the one that the job believes in.
func (s *stream) canProve(now time.Time) bool {
	j := s.job
	return !j.sure && j.m != nil && s.claim != nil && s.claim.Size != j.m.Size && s.proof == nil && !s.refused && !now.Before(s.pause) &&
		s.have.Has(s.claim.Pieces()-1)
}

// pick chooses a piece to ask the stream's source for.
func (s *stream) pick(now time.Time) (index int, ok bool) {
	j := s.job
	p := j.picker
	if last := len(j.owners) - 1; !j.sure && p.Takes(s.have, last) {
		return last, true
	}
	if p.Exhausted() {
		return 0, false
	}
	if j.prefer >= 0 {
		if i, ok := p.InOrder(s.have, j.prefer); ok {
			return i, true
		}
	}
	if s.lacks() || s.lane.idle(now) {
		return p.Rarest(s.have, nil, 0, now)
	}
	var theirs piece.Bits // left to others
	if p.Partial() {
		theirs = j.spared(now)
	}
	return p.Rarest(s.have, theirs, j.attempt.swarms.config.Timing.Claim, now)
}

// spareTime is how far ahead spared looks.
const spareTime = 2 * time.Second

// spared returns the free pieces that other readers have, if those will give all of them
// within spareTime; nil if not. Whole sources are then left to those that wait for pieces
// that nobody else has. Only readers that give something now count: one that lets others
// wait must not keep a piece from them.
func (j *job) spared(now time.Time) piece.Bits {
	var rate int64
	var haves []piece.Bits
	for l := range j.attempt.lanes.open {
		s := l.streams[j]
		if s == nil || !s.lacks() || !s.gives(now) {
			continue
		}
		rate += l.pace.Rate()
		haves = append(haves, s.have)
	}
	if len(haves) == 0 {
		return nil
	}
	theirs := j.picker.FreeOf(haves)
	if int64(theirs.Count())*netproto.PieceSize(j.size) > rate*int64(spareTime/time.Second) {
		return nil
	}
	return theirs
}

// gives reports whether a stream can be asked for pieces and bytes come over its lane.
func (s *stream) gives(now time.Time) bool {
	l := s.lane
	return s.usable(now) && s.place == 0 && !s.refused && l.served && !l.slow && l.pace.Measured() && l.pace.Barren(now) < spareTime
}

// idle reports whether a lane has had nothing to do for so long that its source must
// not be spared any longer: the others have not given what they seemed to have.
func (l *lane) idle(now time.Time) bool {
	return l.pace.Inflight() == 0 && l.pace.Barren(now) > l.attempt.swarms.config.Timing.Silent
}

// wholes is the number of sources that have all pieces.
func (j *job) wholes() int {
	n := 0
	for l := range j.attempt.lanes.open {
		if s := l.streams[j]; s != nil && s.have != nil && !s.lacks() {
			n++
		}
	}
	return n
}

// waiting returns the request that waits longest of those that other lanes to the stream's
// source were asked for last, if this lane would have its piece sooner. It can be taken back
// before any of its bytes is on its way, so nothing comes twice. It is nil if there is none.
func (s *stream) waiting(now time.Time) (longest *request) {
	l, most := s.lane, time.Duration(0)
	if len(l.limits()) > 0 { // which is what they wait for
		return nil
	}
	for other := range l.attempt.lanes.open {
		if other == l || other.source != l.source {
			continue
		}
		r := s.job.lastOf(other)
		if r == nil || !s.have.Has(r.index) {
			continue
		}
		waits, own := other.pace.Waits(r.length, now), flow.TimeFor(l.pace.Inflight()+r.length, l.pace.Now(now))+l.pace.Delay()
		if waits > most && waits+flow.TimeFor(r.length, other.pace.Now(now)) > own {
			most, longest = waits, r
		}
	}
	return longest
}

// lastOf is the request for a piece of a job that a lane was asked for after all others, if
// that has brought nothing yet and nobody else was asked for the piece; nil if there is none.
func (j *job) lastOf(l *lane) (last *request) {
	for r := range l.requests {
		if last == nil || r.number > last.number {
			last = r
		}
	}
	if last == nil || last.stream.job != j || last.index >= len(j.owners) || j.owners[last.index] != last || last.owed.Load() < last.length {
		return nil
	}
	for spare := range j.spares {
		if spare.index == last.index {
			return nil
		}
	}
	return last
}

// takeOver chooses the piece with which other lanes take longest, of those of one lane
// the one that was asked for last, if the stream's source would need less than half the
// time. Lanes to the same source share its line: of those it counts when each piece comes.
// A source that has given nothing yet is also tried on a piece that others are slow with:
// of many sources that only seem to give something, the one that does is then soon found.
// If there are too many requests for one piece already, instead is the one to give up.
func (s *stream) takeOver(now time.Time) (index int, instead *request, ok bool) {
	j := s.job
	n := int64(len(j.spares))
	full := n >= maxSpares || n > 0 && (n+1)*netproto.PieceSize(j.size) > maxSpareBytes
	rate, silent := s.lane.pace.Rate(), j.attempt.swarms.config.Timing.Silent
	var worst time.Duration
	var last uint64
	for i, r := range j.owners {
		if r == nil || r.lane == s.lane || !s.have.Has(i) {
			continue
		}
		left, spare, taken := j.left(i, s.lane.source, now)
		own := flow.TimeFor(s.lane.pace.Inflight()+r.length, rate)
		tried := !s.lane.source.Proven() && now.Sub(r.begun) > silent
		if r.lane.source == s.lane.source {
			left, own, tried = r.lane.lag(r.upTo(), rate, now), own+s.lane.pace.Delay(), false
		}
		slow := left > 2*own
		if taken || full && (spare == nil || !slow) || left < worst || left == worst && r.number < last || !slow && !tried {
			continue
		}
		index, worst, last, ok = i, left, r.number, true
		if instead = nil; full {
			instead = spare
		}
	}
	return index, instead, ok
}

// left returns how long it takes until a piece that is asked for is here, the request
// beyond the first that takes longest, and whether nobody is to be asked for it again: one of
// them is a source's own, or has all its bytes, and only the disk is waited for.
func (j *job) left(index int, of *sources.Source, now time.Time) (left time.Duration, slowest *request, taken bool) {
	owner := j.owners[index]
	left, taken = owner.eta(now), owner.owed.Load() == 0
	var longest time.Duration
	for spare := range j.spares {
		if spare.index != index {
			continue
		}
		eta := spare.eta(now)
		left = min(left, eta)
		taken = taken || spare.lane.source == of || spare.owed.Load() == 0
		if eta >= longest {
			longest, slowest = eta, spare
		}
	}
	return left, slowest, taken
}

// upTo is how many bytes come over a request's lane until its own are here: what was asked
// for first comes first.
func (r *request) upTo() int64 {
	var n int64
	for other := range r.lane.requests {
		if other.number <= r.number {
			n += other.owed.Load()
		}
	}
	return n
}

// eta is how long a request will take; long if its source lets this peer wait.
func (r *request) eta(now time.Time) time.Duration {
	if r.stream.place > 0 || now.Before(r.stream.pause) {
		return time.Hour
	}
	return r.lane.pace.ETA(r.lane.attempt.swarms.config.Timing.Silent, now)
}

// These bound the memory of pieces that are fetched twice.
const (
	maxSpares     = 24
	maxSpareBytes = 32 << 20
)
