package swarm

import (
	"errors"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// What a source says about a stream, and the bytes that it sends for a request. The
// reading goroutine of a connection calls the on methods and receive, without a lock.

// onHave notes which pieces a source has, from the first-th on.
func (s *stream) onHave(first int, bits []byte) {
	a := s.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over || s.lane.streams[s.job] != s {
		return
	}
	counted := s.have != nil && s.job.ready()
	if counted {
		s.job.picker.Uncount(s.have)
	}
	most := netproto.MaxContentSize / netproto.MaxPieceSize / 8
	switch {
	case s.size >= 0: // which it claims itself
		most = (netproto.PieceCount(s.size) + 7) / 8
	case s.job.ready():
		most = (len(s.job.owners) + 7) / 8
	}
	if need := min(first/8+len(bits), most); need > len(s.have) {
		s.have = append(s.have, make(piece.Bits, need-len(s.have))...)
	}
	if first/8 <= len(s.have) {
		copy(s.have[first/8:], bits)
	}
	if s.have != nil && s.job.ready() {
		s.job.picker.Count(s.have)
	}
	s.lane.fill()
}

// onUpdate notes which pieces a source has got since then.
func (s *stream) onUpdate(pieces []uint32) {
	a := s.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over || s.lane.streams[s.job] != s || s.have == nil {
		return
	}
	if s.job.ready() {
		s.job.picker.Gain(s.have, pieces)
	} else {
		for _, p := range pieces {
			if i := int(p); i/8 < len(s.have) {
				s.have.Set(i)
			}
		}
	}
	s.lane.fill()
}

// onFetching notes which pieces an unfinished source will have soon.
func (s *stream) onFetching(pieces []uint32) {
	a := s.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	j := s.job
	if s.lane.over || s.lane.streams[j] != s || !j.ready() {
		return
	}
	j.picker.Claim(s, pieces, time.Now())
}

// Fetches makes a stream a [picker.Claimer]. The caller holds the lock.
func (s *stream) Fetches(piece int) bool {
	return s.lane.streams[s.job] == s && !s.refused && !s.have.Has(piece)
}

// onAttributes collects the attributes of the folder's files. They come in order, and
// the first source that sends some is believed.
func (s *stream) onAttributes(f netproto.Attributes) {
	a := s.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over || s.lane.streams[s.job] != s || !a.task.Folder || s.job.hash != a.task.Hash {
		return
	}
	if f.First == 0 && (a.attributesBy == nil || a.attributesBy.lane.over) {
		a.attributes, a.attributesBy = nil, s
	}
	if a.attributesBy == s && int(f.First)*netproto.AttributeBytes == len(a.attributes) {
		a.attributes = append(a.attributes, f.Packed...)
	}
}

// onTurn notes that the source serves a stream that waited in its queue.
func (s *stream) onTurn() {
	a := s.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over || s.refused || s.place == 0 {
		return
	}
	s.pause, s.place = time.Time{}, 0
	s.lane.wakePace()
	s.lane.fill()
}

// onRefuse notes that a source refuses a request or, if r is nil, the content.
func (s *stream) onRefuse(r *request, code netproto.Code, place int) {
	a := s.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	if s.lane.over {
		return
	}
	ahead := r != nil && r.opened != nil
	if r != nil && code == netproto.CodeQueued && r.owed.Load() < r.length {
		s.lane.takeBack(r, false) // a piece under a limit may take several turns
	} else if r != nil {
		r.drop(false)
	}
	s.place = 0
	switch {
	case ahead && code == netproto.CodeDenied: // it has no such piece: the size was wrong
	case code == netproto.CodeQueued:
		s.pause, s.place = time.Now().Add(a.swarms.config.Timing.Queued), place
		s.lane.setServed(false)
	case r == nil || code == netproto.CodeGone: // opened anew, it may be there again
		s.setAside()
		if code == netproto.CodeBusy {
			s.pause = time.Now().Add(a.swarms.config.Timing.Queued)
		}
	case code == netproto.CodeBusy:
		s.pause = time.Now().Add(a.swarms.config.Timing.Queued)
	default:
		s.pause = time.Now().Add(a.swarms.config.Timing.Refused)
	}
	a.lanes.kick()
	a.swarms.config.Notify()
}

// receive takes bytes of a request that has an id. An error is the fault of the source.
func (l *lane) receive(r *request, id uint32, b []byte) error {
	start := time.Now()
	_, err := r.writer.Write(b)
	now := time.Now()
	l.attempt.diskBusy.Add(int64(now.Sub(start)))
	l.pace.Count(len(b))
	l.reader.received(r, id, int64(len(b)))
	switch {
	case errors.Is(err, piece.ErrCancelled): // the request was dropped
	case errors.Is(err, piece.ErrWrongPiece):
		r.wrong()
		return err
	case err != nil:
		l.attempt.fail(err)
	default:
		r.arrived(len(b), now)
	}
	return nil
}

// arrived counts bytes of a request that were written.
func (r *request) arrived(n int, now time.Time) {
	l := r.lane
	if !l.steady.Load() {
		l.settle(r.stream, now)
	}
	l.pace.Came(n, now)
	l.source.Give(n)
	l.attempt.task.Rate.Add(n)
	if r.writer.Missing() == 0 && r.end.CompareAndSwap(0, ending) {
		// Without the lock: this writes a spare piece, and a small file.
		r.finish(r.writer.Finish())
	}
	l.attempt.swarms.config.Notify()
}

// settle notes what bytes show of a lane besides their number: its delay with the first
// ones, and that the source gives again what it let this peer wait for.
func (l *lane) settle(s *stream, now time.Time) {
	a := l.attempt
	a.mu.Lock()
	defer a.unlock()
	if l.over {
		return
	}
	if l.pace.Measure(l.first, now) {
		way, took := l.conn.Way, l.first.Sub(l.begun)
		a.after = append(a.after, func() {
			a.swarms.config.Log.Debug("first bytes of a source", "way", way, "ms", took.Milliseconds())
		})
	}
	l.setServed(true)
	l.slow = false
	s.place = 0
	for _, other := range l.streams {
		if other.place > 0 {
			return
		}
	}
	l.steady.Store(true)
}

// finish ends a complete request; err says whether its piece was right. Of two requests
// for a piece the first to finish wins, and no further byte of the other is written.
func (r *request) finish(err error) {
	a := r.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	j := r.stream.job
	r.unlink(false)
	if r.proof && r.stream.proof != r || !r.proof && j.part != r.part {
		return // it was closed meanwhile
	}
	r.release()
	switch {
	case errors.Is(err, piece.ErrWrongPiece):
		r.punish()
		return
	case err != nil && !errors.Is(err, piece.ErrTakenOver) && !errors.Is(err, piece.ErrCancelled):
		a.failLocked(err)
		return
	case r.proof:
		if err == nil {
			r.lane.source.Prove()
			j.settle(r.stream.claim)
		}
		return
	case err == nil && !j.picker.Verified(r.index):
		r.addPiece()
	}
	r.lane.fill()
}

// addPiece counts a verified piece. The caller holds the lock.
func (r *request) addPiece() {
	a := r.lane.attempt
	j := r.stream.job
	if owner := j.owners[r.index]; owner != nil {
		owner.drop(true)
	}
	for spare := range j.spares {
		if spare.index == r.index {
			spare.drop(true)
		}
	}
	r.lane.source.Prove()
	j.picker.Verify(r.index)
	if !j.sure && r.index == len(j.owners)-1 {
		j.shared.Lock()
		j.sure = true
		j.shared.Unlock()
		j.offer()
		a.swarms.tellSwarm(j.hash)
		j.refuseOthers()
	}
	a.swarms.config.Audience.AnnouncePiece(j, r.index)
	if j.complete() {
		j.closeStreams()
		a.Wake()
	}
}

// refuseOthers stops asking the sources that claim another size than the proven one.
func (j *job) refuseOthers() {
	for l := range j.attempt.lanes.open {
		if s := l.streams[j]; s != nil && s.size >= 0 && s.size != j.size {
			s.setAside()
		}
	}
}

// wrong notes that a source sent wrong bytes.
func (r *request) wrong() {
	a := r.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	r.punish()
}

// punish bans the source of a request. It claimed the size of the content itself, so
// wrong bytes are its fault. The caller holds the lock.
func (r *request) punish() {
	a := r.lane.attempt
	l, j := r.lane, r.stream.job
	err := netproto.Errorf(netproto.CodeWrongPiece, "%s", l.conn.Address())
	a.after = append(a.after, func() {
		a.swarms.config.Log.Warn("a peer sent a wrong piece and is banned",
			"peer", l.conn.Address(), "key", netproto.FingerprintOf(l.conn.Key[:]), "hash", j.hash, "piece", r.index)
	})
	l.source.Fail(err, a.swarms.config.Timing.backoff(), time.Now())
	r.drop(false)
	l.detach()
	a.swarms.config.Conns.Ban(l.conn.Key, err)
	a.sources.Ban(l.source)
	a.lanes.kick()
}
