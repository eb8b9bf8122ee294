package swarm

import (
	"time"

	"centralizedp2p/netproto"
)

// Which piece is asked for next. The last one of a content comes first, because
// it proves the size. Then come those that the person wants to see first. Of the
// others the rarest goes first, so that every piece soon has several owners.
// Equally rare ones come in order, which suits disks, but starting at a place that
// differs from reader to reader: several readers of one source then ask it for
// different pieces, and get the rest from each other.
//
// Readers of a swarm also tell each other what they fetch from a whole source.
// For a while no whole source is asked for such a piece again, so that the first
// source sends each piece only once. A claim counts once for each piece: a lie
// costs Timing.Claim and no more.

// pick chooses a piece to ask the stream's source for.
func (j *job) pick(s *stream, now time.Time) (index int, ok bool) {
	last := len(j.owners) - 1
	if !j.sure && j.takes(s, last) {
		return last, true
	}
	if j.missing == j.flying {
		return 0, false
	}
	if j.prefer >= 0 {
		for i := j.prefer; i <= last; i++ {
			if j.takes(s, i) {
				return i, true
			}
		}
	}
	return j.rarest(s, now)
}

// takes tells whether a piece is free and the stream's source has it.
func (j *job) takes(s *stream, i int) bool {
	return j.free.Has(i) && s.have.Has(i) && !j.part.Has(i)
}

// rarest chooses the first free piece that the fewest sources have.
func (j *job) rarest(s *stream, now time.Time) (index int, ok bool) {
	count := len(j.owners)
	for j.cursor < count && !j.free.Has(j.at(j.cursor)) {
		j.cursor++
	}
	whole := !j.attempt.lacks(s)
	fewest := int32(1<<31 - 1)
	if whole && j.partial > 0 && j.spared() {
		fewest = j.wholes() + 1
	}
	for k := j.cursor; k < count; k++ {
		i := j.at(k)
		if i%8 == 0 && i/8 < len(s.have) && j.free[i/8]&s.have[i/8] == 0 {
			k += min(7, count-1-i) // none of these eight
			continue
		}
		if j.held[i] >= fewest || !j.takes(s, i) || whole && j.awaited(i, now) {
			continue
		}
		index, fewest, ok = i, j.held[i], true
		if j.partial == 0 || fewest <= 1 {
			break
		}
	}
	return index, ok
}

// spareTime is for how long a whole source is not asked for what other readers
// have and are about to give.
const spareTime = 2 * time.Second

// spared tells whether other readers will soon have given all that they have and
// this attempt lacks. Whole sources are then left to those that wait for pieces
// that nobody else has.
func (j *job) spared() bool {
	var rate int64
	wholes := j.wholes()
	for l := range j.attempt.lanes {
		if s := l.streams[j]; s != nil && s.have != nil && !s.refused && j.attempt.lacks(s) {
			rate += max(l.rate.Rate(), netproto.MinPieceSize)
		}
	}
	var left int64
	for i, n := range j.held {
		if n > wholes && j.free.Has(i) {
			left += netproto.PieceSize(j.size)
		}
	}
	return left <= rate*int64(spareTime/time.Second)
}

// wholes is the number of sources that have all pieces.
func (j *job) wholes() int32 {
	n := int32(0)
	for l := range j.attempt.lanes {
		if s := l.streams[j]; s != nil && s.have != nil && !j.attempt.lacks(s) {
			n++
		}
	}
	return n
}

// at is the k-th piece in this reader's order.
func (j *job) at(k int) int {
	if k += j.start; k >= len(j.owners) {
		k -= len(j.owners)
	}
	return k
}

// claim is that another reader fetches a piece.
type claim struct {
	by *stream
	at time.Time // when it was first heard
}

// awaited tells whether another reader is about to have a piece.
func (j *job) awaited(i int, now time.Time) bool {
	if j.claims == nil || j.claims[i].by == nil {
		return false
	}
	c := &j.claims[i]
	return c.by.lane.streams[j] == c.by && !c.by.refused && !c.by.have.Has(i) && now.Sub(c.at) < j.attempt.swarms.config.Timing.Claim
}

// take marks a piece as asked for, and give makes it free again.
func (j *job) take(i int) { j.free.Clear(i) }

func (j *job) give(i int) {
	j.free.Set(i)
	j.cursor = min(j.cursor, (i-j.start+len(j.owners))%len(j.owners))
}

// tally counts the pieces of a stream's source, by 1 or -1.
func (j *job) tally(s *stream, by int32) {
	for i := range j.held {
		if s.have.Has(i) {
			j.held[i] += by
		}
	}
}

// count and uncount keep what a job knows of its sources: how many have each
// piece, and how many lack some. The job is ready, and the source said what it has.
func (a *Attempt) count(s *stream) {
	s.job.tally(s, 1)
	if a.lacks(s) {
		s.job.partial++
	}
}

func (a *Attempt) uncount(s *stream) {
	s.job.tally(s, -1)
	if a.lacks(s) {
		s.job.partial--
	}
}

// claim tells the readers here which piece a whole source was asked for, if no
// reader has it. A source that lets this peer wait gives nothing: what it was
// asked for is claimed when its first bytes come.
func (a *Attempt) claim(r *request) {
	j := r.stream.job
	if r.lane.served && len(j.owners) > 1 && !a.lacks(r.stream) && j.held[r.index] <= j.wholes() {
		a.swarms.config.Audience.AnnounceFetching(j, r.index)
	}
}

// served notes whether bytes come from a lane, or its source lets this peer wait.
func (a *Attempt) served(l *lane, served bool) {
	if l.served == served {
		return
	}
	l.served = served
	for r := range l.requests {
		if !r.spare {
			a.claim(r)
		}
	}
}

// Fetching are the pieces that a whole source was asked for.
func (j *job) Fetching() []uint32 {
	a := j.attempt
	a.mu.Lock()
	defer a.unlock()
	var pieces []uint32
	for i, r := range j.owners {
		if r != nil && r.lane.served && len(pieces) < netproto.MaxFetchingPieces && !a.lacks(r.stream) {
			pieces = append(pieces, uint32(i))
		}
	}
	return pieces
}

// sourceFetches notes what an unfinished source will have soon.
func (a *Attempt) sourceFetches(s *stream, pieces []uint32) {
	a.mu.Lock()
	defer a.unlock()
	j := s.job
	if s.lane.over || s.lane.streams[j] != s || !j.ready() {
		return
	}
	if j.claims == nil {
		j.claims = make([]claim, len(j.owners))
	}
	now := time.Now()
	for _, p := range pieces {
		if i := int(p); i < len(j.claims) && j.claims[i].by == nil {
			j.claims[i] = claim{s, now}
		}
	}
}
