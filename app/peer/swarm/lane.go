package swarm

import (
	"errors"
	"slices"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// What a lane asks for, and how it ends.

// kick has all lanes ask for what they can. The caller holds the lock.
func (ls *lanes) kick() {
	for l := range ls.open {
		l.fill()
	}
}

// fill asks the lane's source for pieces until enough are on their way. The caller
// holds the lock.
func (l *lane) fill() {
	if l.leaving || l.conn.Way == session.WayRelayed && l.attempt.lanes.spare {
		return
	}
	for !l.over && len(l.requests) < maxLaneRequests {
		if !l.assign() {
			return
		}
	}
}

// assign asks for one more piece, of the first job that has one for the lane. It
// reports false if there is none.
func (l *lane) assign() bool {
	now := time.Now()
	for _, j := range l.attempt.active {
		if j.complete() {
			continue
		}
		if j.given() && l.streams[j] == nil && l.pace.Inflight() > 0 {
			continue // it is opened if this lane has nothing else to do
		}
		s := l.streamOf(j)
		if s != nil && s.canProve(now) {
			s.prove()
			return true
		}
		if s == nil || !s.usable(now) {
			continue
		}
		if l.pace.Inflight() >= l.window(netproto.PieceSize(j.size), now) {
			return false
		}
		if i, ok := s.pick(now); ok {
			s.ask(i, false)
			return true
		}
		if l.pace.Inflight() <= l.pace.Trip() {
			if r := s.waiting(now); r != nil && r.drop(true) {
				s.ask(r.index, false)
				return true
			}
			if i, instead, ok := s.takeOver(now); ok {
				if instead != nil {
					instead.drop(true)
				}
				s.ask(i, true)
				return true
			}
		}
	}
	return false
}

// streamOf returns the lane's stream of a job. It opens one if there is none, and
// again some time after the source refused it.
func (l *lane) streamOf(j *job) *stream {
	a := l.attempt
	s := l.streams[j]
	if s != nil && s.refused && time.Now().After(s.pause) {
		l.closeStream(j)
		s = nil
	}
	if s == nil {
		twin := j.described(l.source)
		if s = l.reader.openStream(l, j, twin); s == nil {
			return nil
		}
		l.streams[j] = s
		s.expect(twin)
		s.askAhead()
		if !a.quiet && !a.task.Private && (j.hash == a.task.Hash || j.size > netproto.MinPieceSize) {
			l.conn.Send(netproto.Peers{Hash: j.hash, Port: uint16(a.swarms.config.Port())})
		}
	}
	if s.refused {
		return nil
	}
	return s
}

// expect notes what the source has before it says so, to save a round trip: what it has said
// on another connection, twin, if that is not nil. A whole source has all of what is known.
func (s *stream) expect(twin *stream) {
	switch j := s.job; {
	case twin != nil:
		s.have = slices.Clone(twin.have)
	case j.sure && j.ready() && !s.lane.source.Part:
		s.have = piece.AllBits(len(j.owners))
	}
	if s.have != nil && s.job.ready() {
		s.job.picker.Count(s.have)
	}
}

func (l *lane) closeStream(j *job) {
	s := l.streams[j]
	if s == nil {
		return
	}
	delete(l.streams, j)
	for r := range j.ahead {
		if r.stream == s {
			r.drop(true)
		}
	}
	s.endGathering()
	if s.have != nil && j.ready() {
		j.picker.Uncount(s.have)
	}
	l.reader.closeStream(s)
}

// detach gives back what a lane fetches and lets go of it. The caller holds the
// lock.
func (l *lane) detach() {
	a := l.attempt
	if l.over {
		return
	}
	l.over = true
	delete(a.lanes.open, l)
	l.source.Lost(l.leaving)
	for r := range l.requests {
		r.drop(false)
	}
	for j := range l.streams {
		l.closeStream(j)
	}
	l.end()
	a.swarms.config.Notify()
}

// leave has a relayed lane ask for nothing more, because there is a better way to its
// source by now, and ends it when all that it was asked for has come. Another lane takes
// its place at once. The caller holds the lock.
func (l *lane) leave() {
	if !l.leaving && l.conn.Way == session.WayRelayed {
		if have := l.attempt.swarms.config.Conns.Of(l.source.Key); len(have) > 0 && have[0].Way.Better(l.conn.Way) {
			l.leaving = true
			l.source.Leave()
		}
	}
	if l.leaving && len(l.requests) == 0 {
		l.detach()
	}
}

// lost ends a lane whose connection is over.
func (l *lane) lost(err error) {
	a := l.attempt
	a.mu.Lock()
	defer a.unlock()
	if l.over {
		return
	}
	// A connection that fell silent is made anew at once if the source gave a right piece: a
	// network has changed somewhere, or else the source does not answer, which counts then.
	anew := errors.Is(err, session.ErrRenewed) || errors.Is(err, session.ErrImproved) || errors.Is(err, session.ErrSilent) && l.source.Proven()
	if !anew && !l.leaving {
		l.source.Fail(err, a.swarms.config.Timing.backoff(), time.Now())
	}
	l.detach()
	if len(a.lanes.open) == 0 {
		a.search.seeks, a.search.lost = 0, time.Now() // the trackers may know another way now, or soon
	}
	a.lanes.kick()
	a.Wake()
}

// closeStreams closes the streams of a job on all lanes. The caller holds the lock.
func (j *job) closeStreams() {
	for l := range j.attempt.lanes.open {
		l.closeStream(j)
	}
}
