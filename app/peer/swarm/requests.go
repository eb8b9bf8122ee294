package swarm

import (
	"context"
	"errors"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// runLane fetches over the source's index-th connection, dialling at if there are
// fewer, until the attempt or the connection ends.
func (a *Attempt) runLane(ctx context.Context, s *source, at netproto.Source, index int) {
	c, err := a.swarms.config.Conns.Connect(ctx, at, index)
	a.mu.Lock()
	a.making--
	if err != nil || ctx.Err() != nil {
		s.lanes--
		if err != nil && ctx.Err() == nil {
			s.fail(err, &a.swarms.config.Timing)
			s.unreached = true
			if s.heard && s.lanes == 0 {
				delete(a.sources, s.Key)
			}
		}
		a.unlock()
		return
	}
	if len(a.lanes) >= a.mostLanes() {
		s.lanes--
		a.unlock()
		return
	}
	now := time.Now()
	l := &lane{attempt: a, source: s, conn: c, reader: c.Reader.(*reader), pace: make(chan struct{}, 1), streams: map[*job]*stream{}, requests: map[*request]struct{}{},
		heard: now, useful: now}
	l.ctx, l.end = context.WithCancel(ctx)
	a.lanes[l] = struct{}{}
	s.made++
	s.heard, s.unreached = false, false
	a.fill(l)
	a.unlock()
	a.swarms.config.Notify()
	for {
		select {
		case <-l.pace:
			l.runPace()
			continue
		case <-c.Ended(): // it may have ended before the first stream was opened
			a.lost(l, errors.New("the connection ended"))
		case <-l.ctx.Done():
			a.mu.Lock()
			a.detach(l)
			a.unlock()
		}
		return
	}
}

// lost ends a lane whose connection is over.
func (a *Attempt) lost(l *lane, err error) {
	a.mu.Lock()
	defer a.unlock()
	if l.over {
		return
	}
	if !errors.Is(err, session.ErrRenewed) {
		l.source.fail(err, &a.swarms.config.Timing)
	}
	a.detach(l)
	a.kick()
	a.Wake()
}

// detach gives back what a lane fetches and lets go of it; the caller holds the
// lock.
func (a *Attempt) detach(l *lane) {
	if l.over {
		return
	}
	l.over = true
	delete(a.lanes, l)
	l.source.lanes--
	l.source.made--
	for r := range l.requests {
		a.drop(r, false)
	}
	for j := range l.streams {
		a.closeStream(l, j)
	}
	l.end()
	a.swarms.config.Notify()
}

func (a *Attempt) closeStream(l *lane, j *job) {
	s := l.streams[j]
	if s == nil {
		return
	}
	delete(l.streams, j)
	if s.have != nil && j.ready() {
		a.uncount(s)
	}
	l.reader.closeStream(s)
}

// lacks tells whether the stream's source does not have all pieces.
func (a *Attempt) lacks(s *stream) bool {
	return s.job.ready() && s.have.Count() < len(s.job.owners)
}

// drop takes a request back; its piece is free again. The caller holds the lock.
func (a *Attempt) drop(r *request, tell bool) {
	if _, ok := r.lane.requests[r]; !ok {
		return
	}
	r.writer.Cancel()
	a.unlink(r, tell)
	a.release(r)
}

// unlink ends a request on its lane; its piece is not free yet.
func (a *Attempt) unlink(r *request, tell bool) {
	delete(r.lane.requests, r)
	r.lane.inflight -= r.owed
	r.lane.unanswered -= r.unanswered()
	r.lane.reader.forget(r, tell)
}

// release makes the piece of a request free again.
func (a *Attempt) release(r *request) {
	j := r.stream.job
	switch {
	case r.spare && j.spares[r.index] == r:
		delete(j.spares, r.index)
	case !r.spare && j.owners[r.index] == r:
		j.owners[r.index] = nil
		j.flying--
		j.give(r.index)
	}
}

// kick has all lanes ask for what they can; the caller holds the lock.
func (a *Attempt) kick() {
	for l := range a.lanes {
		a.fill(l)
	}
}

// fill asks the lane's source for pieces until enough are on their way. The caller
// holds the lock.
func (a *Attempt) fill(l *lane) {
	for !l.over && len(l.requests) < maxLaneRequests {
		if !a.assign(l) {
			return
		}
	}
}

// assign asks for one more piece, of the first job that has one for the lane.
func (a *Attempt) assign(l *lane) bool {
	now := time.Now()
	for _, j := range a.active {
		if j.complete() {
			continue
		}
		if j.given() && l.streams[j] == nil && l.inflight > 0 {
			continue // there is time to open it when this lane has nothing to do
		}
		s := a.streamOf(l, j)
		if s == nil || !j.usable(s, now) {
			continue
		}
		if l.inflight >= l.window(netproto.PieceSize(j.size)) {
			return false
		}
		if i, ok := j.pick(s, now); ok {
			a.ask(s, i, false)
			return true
		}
		if l.inflight == 0 {
			if i, ok := j.takeOver(s); ok {
				a.ask(s, i, true)
				return true
			}
		}
	}
	return false
}

// streamOf is the lane's stream of a job; it is opened if there is none, and again
// some time after the source refused it.
func (a *Attempt) streamOf(l *lane, j *job) *stream {
	s := l.streams[j]
	if s != nil && s.refused && time.Now().After(s.pause) {
		a.closeStream(l, j)
		s = nil
	}
	if s == nil {
		if s = l.reader.openStream(l, j); s == nil {
			return nil
		}
		l.streams[j] = s
		if !a.quiet && (j.hash == a.task.Hash || j.size > netproto.MinPieceSize) {
			l.conn.Send(netproto.Peers{Hash: j.hash, Port: uint16(a.swarms.config.Port())})
		}
		// A whole source of a folder has its small files: asking at once saves
		// a round trip for each of them.
		if j.sure && j.ready() && len(j.owners) == 1 && !l.source.Part {
			s.have = piece.AllBits(1)
			a.count(s)
		}
	}
	if s.refused {
		return nil
	}
	return s
}

func (a *Attempt) ask(s *stream, index int, spare bool) {
	j, l := s.job, s.lane
	length := j.part.Manifest().Length(index)
	a.asked++
	r := &request{number: a.asked, lane: l, stream: s, index: index, length: length, owed: length, spare: spare, writer: j.part.Writer(index, spare)}
	if spare {
		j.spares[index] = r
	} else {
		j.owners[index] = r
		j.flying++
		j.take(index)
	}
	l.requests[r] = struct{}{}
	l.inflight += r.length
	if len(a.limits(l)) == 0 {
		l.ask(r, r.length)
	} else {
		l.wait(r)
	}
	if !spare {
		a.claim(r)
	}
}

// sourceHas notes the pieces of a source, from the first-th on.
func (a *Attempt) sourceHas(s *stream, first int, bits []byte) {
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over || s.lane.streams[s.job] != s {
		return
	}
	counted := s.have != nil && s.job.ready()
	if counted {
		a.uncount(s)
	}
	most := netproto.MaxContentSize / netproto.MaxPieceSize / 8
	if s.job.ready() {
		most = (len(s.job.owners) + 7) / 8
	}
	if need := min(first/8+len(bits), most); need > len(s.have) {
		s.have = append(s.have, make(piece.Bits, need-len(s.have))...)
	}
	if first/8 <= len(s.have) {
		copy(s.have[first/8:], bits)
	}
	if s.have != nil && s.job.ready() {
		a.count(s)
	}
	a.fill(s.lane)
}

func (a *Attempt) sourceGot(s *stream, pieces []uint32) {
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over || s.lane.streams[s.job] != s || s.have == nil {
		return
	}
	ready := s.job.ready()
	before := ready && a.lacks(s)
	for _, p := range pieces {
		i := int(p)
		if i/8 >= len(s.have) || s.have.Has(i) {
			continue
		}
		s.have.Set(i)
		if ready && i < len(s.job.held) {
			s.job.held[i]++
		}
	}
	if before && !a.lacks(s) {
		s.job.partial--
	}
	a.fill(s.lane)
}

// refused notes that a source does not answer a request or, if r is nil, does not
// give the content.
func (a *Attempt) refused(s *stream, r *request, code netproto.Code, place int) {
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over {
		return
	}
	if r != nil && code == netproto.CodeQueued && r.owed < r.length {
		s.lane.takeBack(r, false) // a piece under a limit may take several turns
	} else if r != nil {
		a.drop(r, false)
	}
	s.place = 0
	switch {
	case code == netproto.CodeQueued:
		s.pause, s.place = time.Now().Add(a.swarms.config.Timing.Queued), place
		a.served(s.lane, false)
	case r == nil || code == netproto.CodeGone: // opened anew, it may be there again
		a.setAside(s)
	default:
		s.pause = time.Now().Add(a.swarms.config.Timing.Refused)
	}
	a.kick()
	a.swarms.config.Notify()
}

// turnCame notes that a source which let the stream wait serves it now.
func (a *Attempt) turnCame(s *stream) {
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over || s.refused || s.place == 0 {
		return
	}
	s.pause, s.place = time.Time{}, 0
	s.lane.wakePace()
	a.fill(s.lane)
}

// wrong notes that a source sent bytes that are not of the content.
func (a *Attempt) wrong(r *request) {
	a.mu.Lock()
	defer a.unlock()
	a.punish(r)
}

// punish bans a source: it said itself which size the content has, so wrong
// bytes are its fault. The caller holds the lock.
func (a *Attempt) punish(r *request) {
	l, j := r.lane, r.stream.job
	err := netproto.Errorf(netproto.CodeWrongPiece, "%s", l.conn.Address())
	a.after = append(a.after, func() {
		a.swarms.config.Log.Warn("a peer sent a wrong piece and is banned", "peer", l.conn.Address(), "key", netproto.FingerprintOf(l.conn.Key[:]), "hash", j.hash, "piece", r.index)
	})
	l.source.fail(err, &a.swarms.config.Timing)
	a.drop(r, false)
	a.detach(l)
	a.swarms.config.Conns.Ban(l.conn.Key, err)
	a.doubt(j)
	a.kick()
}

// received counts bytes of a request; done, its piece is complete.
func (a *Attempt) received(r *request, n int, done bool) {
	if part := a.arrived(r, n, done); done && part != nil {
		// Without the lock: a spare piece is written here, and a small file.
		a.finishPiece(r, part, r.writer.Finish())
	}
	a.swarms.config.Notify()
}

// arrived counts bytes of a request. It returns what the piece is part of; nil if
// the request was dropped meanwhile.
func (a *Attempt) arrived(r *request, n int, done bool) growing {
	a.mu.Lock()
	defer a.unlock()
	if _, ok := r.lane.requests[r]; !ok {
		return nil
	}
	now := time.Now()
	if r.lane.measured.IsZero() {
		r.lane.measured, r.lane.delay = now, min(now.Sub(r.lane.heard), maxDelay)
	}
	r.lane.heard, r.lane.useful = now, now
	a.served(r.lane, true)
	r.lane.slow = false
	r.lane.inflight -= int64(n)
	r.lane.unanswered -= int64(n)
	r.owed -= int64(n)
	r.lane.source.got += int64(n)
	r.stream.place = 0
	a.task.Rate.Add(n)
	if done {
		a.unlink(r, false)
	}
	return r.stream.job.part
}

// finishPiece counts a piece that was verified, or not. Of two requests for it the
// first to finish wins, and no further byte of the other is written.
func (a *Attempt) finishPiece(r *request, part growing, err error) {
	a.mu.Lock()
	defer a.unlock()
	j := r.stream.job
	if j.part != part {
		return // it was closed meanwhile
	}
	a.release(r)
	switch {
	case errors.Is(err, piece.ErrWrongPiece):
		a.punish(r)
		return
	case err != nil && !errors.Is(err, piece.ErrTakenOver) && !errors.Is(err, piece.ErrCancelled):
		a.failLocked(err)
		return
	case err == nil && !j.verified.Has(r.index):
		a.addPiece(r)
	}
	if j.verified.Has(r.index) {
		j.take(r.index)
	}
	a.fill(r.lane)
}

// addPiece adds a piece to what is here; the caller holds the lock.
func (a *Attempt) addPiece(r *request) {
	j := r.stream.job
	for _, other := range [...]*request{j.owners[r.index], j.spares[r.index]} {
		if other != nil {
			a.drop(other, true)
		}
	}
	r.lane.source.delay, r.lane.source.failure = 0, nil
	j.verified.Set(r.index)
	j.take(r.index)
	j.missing--
	if !j.sure && r.index == len(j.owners)-1 {
		j.shared.Lock()
		j.sure = true
		j.shared.Unlock()
		a.offer(j)
		a.swarms.tellSwarm(j.hash)
	}
	a.swarms.config.Audience.AnnouncePiece(j, r.index)
	if j.complete() {
		a.closeJob(j)
		a.Wake()
	}
}

// closeJob ends the reading of a job on all lanes; the caller holds the lock.
func (a *Attempt) closeJob(j *job) {
	for l := range a.lanes {
		a.closeStream(l, j)
	}
}
