package swarm

import (
	"time"

	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/netproto"
)

// How a piece is asked for and given back.

// ask asks the stream's source for a piece; spare says that another source was asked
// before. The caller holds the lock, as it does for all functions here.
func (s *stream) ask(index int, spare bool) {
	a := s.lane.attempt
	j, l := s.job, s.lane
	length := j.part.Manifest().Length(index)
	a.asked++
	r := &request{number: a.asked, lane: l, stream: s, index: index, length: length, spare: spare, part: j.part, writer: j.part.Writer(index, spare)}
	if spare {
		j.spares[r] = struct{}{}
	} else {
		j.owners[index] = r
		j.picker.Take(index)
	}
	r.begin()
	if !spare {
		r.claim()
	}
}

// prove asks the stream's source for its last piece. Its bytes are only verified.
func (s *stream) prove() {
	l, last := s.lane, s.claim.Pieces()-1
	length := s.claim.Length(last)
	s.lane.attempt.asked++
	r := &request{number: l.attempt.asked, lane: l, stream: s, index: last, length: length, spare: true, proof: true,
		writer: s.claim.Proof(last)}
	s.proof = r
	r.begin()
}

// askAhead asks the stream's source for pieces of what it has not described yet, of the size
// that the trackers say: the last one first, which proves the size, and as many as a window
// holds. The requests travel with the one that opens the stream, and save a round trip. Their
// bytes come after the manifest, and are of use only if that confirms the size; see
// [request.await]. Of all sources only the first is asked, on each connection to it.
func (s *stream) askAhead() {
	a, l, j := s.lane.attempt, s.lane, s.job
	if j.m != nil || j.likely <= 0 || manifestBytes(j.likely) > smallManifest || l.source.Part || l.source.Failure() != nil {
		return
	}
	for r := range j.ahead {
		if r.lane.source != l.source {
			return
		}
	}
	if len(j.ahead) == 0 {
		j.ahead, j.guessed = map[*request]struct{}{}, 0
	}
	now, count := time.Now(), netproto.PieceCount(j.likely)
	most := count // after the last one, all in their order
	if a.preference.Set {
		most = 0
	}
	for ; j.guessed <= most && l.pace.Inflight() < l.window(netproto.PieceSize(j.likely), now); j.guessed++ {
		index := count - 1
		if j.guessed > 0 {
			if index = (a.start + j.guessed - 1) % count; index == count-1 {
				continue
			}
		}
		a.asked++
		length := netproto.PieceLength(j.likely, index)
		r := &request{number: a.asked, lane: l, stream: s, index: index, length: length, spare: true, opened: make(chan struct{})}
		j.ahead[r] = struct{}{}
		r.begin()
	}
}

// await waits until a request that was made ahead of the manifest can take its bytes: a
// moment, because the manifest came before them and the unfinished file is being opened.
// It drops the request if there is no use for them: also if the source claims another size on
// this connection. The reading goroutine calls it.
func (r *request) await() {
	if r.opened == nil {
		return
	}
	a := r.lane.attempt
	a.mu.Lock()
	if j := r.stream.job; r.stream.size != j.likely || j.m == nil || j.m.Size != j.likely {
		r.drop(true)
	}
	a.unlock()
	<-r.opened
}

// takeAhead makes the requests that were made ahead ones like the others, now that the part
// is open, if their source says that size, on any connection, and the piece is still missing.
func (j *job) takeAhead() {
	for r := range j.ahead {
		if j.size != j.likely || r.stream.size != j.size && j.described(r.lane.source) == nil || j.part.Has(r.index) {
			r.drop(true)
			continue
		}
		r.part, r.writer, r.spare = j.part, j.part.Writer(r.index, false), false
		j.owners[r.index] = r
		j.picker.Take(r.index)
		r.endAhead()
	}
}

// endAhead lets the reading goroutine go on.
func (r *request) endAhead() {
	close(r.opened)
	delete(r.stream.job.ahead, r)
}

// described returns a stream of the job on which a source claims the size that the job believes
// in; nil if there is none.
func (j *job) described(by *sources.Source) *stream {
	for l := range j.attempt.lanes.open {
		if s := l.streams[j]; l.source == by && s != nil && !s.refused && j.m != nil && s.size == j.m.Size {
			return s
		}
	}
	return nil
}

// begin asks for the bytes of a request, as the limits let them through.
func (r *request) begin() {
	l := r.lane
	r.begun = time.Now()
	r.owed.Store(r.length)
	l.requests[r] = struct{}{}
	l.pace.Begin(r.length, r.begun)
	if len(l.limits()) == 0 {
		l.ask(r, r.length)
	} else {
		l.wait(r)
	}
}

// claim announces to the readers here that a whole source was asked for a piece, if
// no reader has it. A source that lets this peer wait gives nothing: what it was asked
// for is claimed when its first bytes come.
func (r *request) claim() {
	j := r.stream.job
	if r.lane.served && len(j.owners) > 1 && !r.stream.lacks() && j.picker.Held(r.index) <= j.wholes() {
		r.lane.attempt.swarms.config.Audience.AnnounceFetching(j, r.index)
	}
}

// setServed notes whether bytes come from a lane, or its source lets this peer wait.
func (l *lane) setServed(served bool) {
	if l.served == served {
		return
	}
	l.served = served
	if !served {
		l.steady.Store(false)
	}
	for r := range l.requests {
		if !r.spare {
			r.claim()
		}
	}
}

// How a request ends, once: it is dropped, or all its bytes were written and it is ending
// in the reading goroutine. That goroutine does not take the attempt's lock to find out.
const (
	dropped = 1 + iota
	ending
)

// drop takes a request back and makes its piece free; with tell, the source learns of
// it. It reports false if the request has ended, or is ending.
func (r *request) drop(tell bool) bool {
	if _, ok := r.lane.requests[r]; !ok || !r.end.CompareAndSwap(0, dropped) {
		return false
	}
	if r.writer != nil {
		r.writer.Cancel()
	}
	r.unlink(tell)
	r.release()
	return true
}

// unlink ends a request on its lane. Its piece is not free yet.
func (r *request) unlink(tell bool) {
	delete(r.lane.requests, r)
	r.lane.reader.forget(r, tell)
	r.lane.pace.End(r.owed.Load())
}

// endGathering ends the coming of a manifest.
func (s *stream) endGathering() {
	if s.pending != nil {
		s.lane.attempt.swarms.endGathering(s.size)
		s.pending = nil
	}
}

// release makes the piece of a request free.
func (r *request) release() {
	j := r.stream.job
	_, ahead := j.ahead[r]
	switch {
	case ahead:
		r.endAhead()
	case r.stream.proof == r:
		r.stream.proof = nil
	case r.spare:
		delete(j.spares, r)
	case !r.spare && j.owners[r.index] == r:
		j.owners[r.index] = nil
		j.picker.Give(r.index)
	}
}

// othersGive reports whether another source, which is not silent, has the piece of a
// request.
func (r *request) othersGive(now time.Time) bool {
	for l := range r.lane.attempt.lanes.open {
		s := l.streams[r.stream.job]
		if l.source != r.lane.source && !l.slow && s != nil && s.have.Has(r.index) && s.usable(now) {
			return true
		}
	}
	return false
}
