package swarm

import (
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Which piece is asked for next. The last one of a content comes first, because it
// proves the size. Then come those that the person wants to see first. Of the others
// the rarest goes first, so that every piece soon has several owners. Equally rare ones
// come in order, which suits disks, but each reader begins elsewhere: several readers
// of one source then ask it for different pieces, and get the rest from each other.
//
// Readers of a swarm also tell each other what they fetch from a whole source. For a
// while they ask no whole source for such a piece again, so that the first source sends
// each piece only once. A claim counts once for each piece: a lie costs Timing.Claim
// and no more.

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
	last := len(j.owners) - 1
	if !j.sure && s.takes(last) {
		return last, true
	}
	if j.missing == j.flying {
		return 0, false
	}
	if j.prefer >= 0 {
		for i := j.prefer; i <= last; i++ {
			if s.takes(i) {
				return i, true
			}
		}
	}
	return s.rarest(now)
}

// takes reports whether a piece is free and the stream's source has it.
func (s *stream) takes(i int) bool {
	j := s.job
	return j.free.Has(i) && s.have.Has(i) && !j.part.Has(i)
}

// rarest chooses the first free piece that the fewest sources have.
func (s *stream) rarest(now time.Time) (index int, ok bool) {
	j := s.job
	count := len(j.owners)
	for j.cursor < count && !j.free.Has(j.at(j.cursor)) {
		j.cursor++
	}
	whole := !s.lacks()
	var theirs piece.Bits // left to others
	if whole && j.partial > 0 && !s.lane.idle(now) {
		theirs = j.spared(now)
	}
	patient := whole && !s.lane.idle(now)
	fewest := int32(1<<31 - 1)
	for k := j.cursor; k < count; k++ {
		i := j.at(k)
		if i%8 == 0 && i/8 < len(s.have) && j.free[i/8]&s.have[i/8] == 0 {
			k += min(7, count-1-i) // none of these eight
			continue
		}
		if j.held[i] >= fewest || !s.takes(i) || theirs.Has(i) || patient && j.awaited(i, now) {
			continue
		}
		index, fewest, ok = i, j.held[i], true
		if j.partial == 0 || fewest <= 1 {
			break
		}
	}
	return index, ok
}

// spareTime is how far ahead spared looks.
const spareTime = 2 * time.Second

// spared returns the free pieces that other readers have, if those will give all of them
// within spareTime; nil if not. Whole sources are then left to those that wait for pieces
// that nobody else has. Only readers that give something now count: one that lets others
// wait must not keep a piece from them.
func (j *job) spared(now time.Time) piece.Bits {
	var rate int64
	var theirs piece.Bits
	for l := range j.attempt.lanes.open {
		s := l.streams[j]
		if s == nil || !s.lacks() || !s.gives(now) {
			continue
		}
		rate += l.pace.Rate()
		if theirs == nil {
			theirs = piece.NewBits(len(j.owners))
		}
		for i := range min(len(theirs), len(s.have)) {
			theirs[i] |= s.have[i] & j.free[i]
		}
	}
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
func (j *job) wholes() int32 {
	n := int32(0)
	for l := range j.attempt.lanes.open {
		if s := l.streams[j]; s != nil && s.have != nil && !s.lacks() {
			n++
		}
	}
	return n
}

// at is the k-th piece in the order of this attempt.
func (j *job) at(k int) int {
	if k += j.start; k >= len(j.owners) {
		k -= len(j.owners)
	}
	return k
}

// awaited reports whether another reader is about to have a piece.
func (j *job) awaited(i int, now time.Time) bool {
	if j.claims == nil || j.claims[i].by == nil {
		return false
	}
	c := &j.claims[i]
	return c.by.lane.streams[j] == c.by && !c.by.refused && !c.by.have.Has(i) && now.Sub(c.at) < j.attempt.swarms.config.Timing.Claim
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
		left, spare, mine := j.left(i, s.lane.source, now)
		own := flow.TimeFor(s.lane.pace.Inflight()+r.length, rate)
		tried := !s.lane.source.proven && now.Sub(r.begun) > silent
		if r.lane.source == s.lane.source {
			left, own, tried = r.lane.lag(r.upTo(), now), own+s.lane.pace.Delay(), false
		}
		slow := left > 2*own
		if mine || full && (spare == nil || !slow) || left < worst || left == worst && r.number < last || !slow && !tried {
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
// beyond the first that takes longest, and whether one of them is a source's.
func (j *job) left(index int, of *source, now time.Time) (left time.Duration, slowest *request, mine bool) {
	left = j.owners[index].eta(now)
	var longest time.Duration
	for spare := range j.spares {
		if spare.index != index {
			continue
		}
		eta := spare.eta(now)
		left = min(left, eta)
		mine = mine || spare.lane.source == of
		if eta >= longest {
			longest, slowest = eta, spare
		}
	}
	return left, slowest, mine
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

// take marks a piece as asked for, and give makes it free.
func (j *job) take(i int) { j.free.Clear(i) }

func (j *job) give(i int) {
	j.free.Set(i)
	j.cursor = min(j.cursor, (i-j.start+len(j.owners))%len(j.owners))
}

// tally counts the pieces of a stream's source, by 1 or -1.
func (s *stream) tally(by int32) {
	j := s.job
	for i := range j.held {
		if s.have.Has(i) {
			j.held[i] += by
		}
	}
}

// count and uncount keep how many sources of a job have each piece, and how many lack
// some. The job must be ready, and the source must have said what it has.
func (s *stream) count() {
	s.tally(1)
	if s.lacks() {
		s.job.partial++
	}
}

func (s *stream) uncount() {
	s.tally(-1)
	if s.lacks() {
		s.job.partial--
	}
}
