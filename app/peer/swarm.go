package peer

import (
	"context"
	"errors"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// runLink works with the index-th connection to a source, which is at that
// place, until one of them ends.
func (d *download) runLink(ctx context.Context, s *source, at netproto.Source, index int) {
	c, err := d.engine.connect(ctx, at, index)
	d.mu.Lock()
	d.making--
	if err != nil || ctx.Err() != nil {
		s.links--
		if err != nil && ctx.Err() == nil {
			s.fail(err, &d.engine.timing)
			s.unreached = true
			if s.heard && s.links == 0 {
				delete(d.sources, s.Key)
			}
		}
		d.mu.Unlock()
		return
	}
	if len(d.links) >= d.mostLinks() {
		s.links--
		d.mu.Unlock()
		return
	}
	now := time.Now()
	l := &link{download: d, source: s, conn: c, gone: make(chan struct{}), streams: map[*job]*stream{}, requests: map[*request]struct{}{}, heard: now, useful: now}
	d.links[l] = struct{}{}
	s.made++
	s.heard, s.unreached = false, false
	d.fill(l)
	d.mu.Unlock()
	d.engine.notify()
	select {
	case <-l.gone:
	case <-c.ended: // it may have ended before the first stream was opened
		d.lost(l, errors.New("the connection ended"))
	case <-ctx.Done():
		d.mu.Lock()
		d.detach(l)
		d.mu.Unlock()
	}
}

// lost is told that a connection is over.
func (d *download) lost(l *link, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l.over {
		return
	}
	if !errors.Is(err, errRenewed) {
		l.source.fail(err, &d.engine.timing)
	}
	d.detach(l)
	d.kick()
	d.wake()
}

// detach gives back what a link was asked for and lets go of it; the caller
// holds the lock.
func (d *download) detach(l *link) {
	if l.over {
		return
	}
	l.over = true
	delete(d.links, l)
	l.source.links--
	l.source.made--
	for r := range l.requests {
		d.drop(r, false)
	}
	for j := range l.streams {
		d.closeStream(l, j)
	}
	close(l.gone)
	d.engine.notify()
}

func (d *download) closeStream(l *link, j *job) {
	s := l.streams[j]
	if s == nil {
		return
	}
	delete(l.streams, j)
	if s.have != nil && j.ready() {
		d.uncount(s)
	}
	l.conn.closeStream(s)
}

// lacks tells whether the stream's source has not all pieces.
func (d *download) lacks(s *stream) bool {
	return s.job.ready() && s.have.Count() < len(s.job.owners)
}

// drop takes a request back; its piece is free again. The caller holds the lock.
func (d *download) drop(r *request, tell bool) {
	if _, ok := r.link.requests[r]; !ok {
		return
	}
	r.cancel()
	d.unlink(r, tell)
	d.release(r)
}

// unlink ends a request on its link; its piece is still nobody else's.
func (d *download) unlink(r *request, tell bool) {
	delete(r.link.requests, r)
	r.link.inflight -= r.owed
	r.link.conn.forget(r, tell)
}

// release makes the piece of a request free again.
func (d *download) release(r *request) {
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

// kick gives all links what they can do; the caller holds the lock.
func (d *download) kick() {
	for l := range d.links {
		d.fill(l)
	}
}

// fill asks the link's source for pieces until enough are on their way. The
// caller holds the lock.
func (d *download) fill(l *link) {
	for !l.over && len(l.requests) < maxLinkRequests {
		if !d.assign(l) {
			return
		}
	}
}

// assign asks for one piece more, of the first job that has one for the link.
func (d *download) assign(l *link) bool {
	now := time.Now()
	for _, j := range d.active {
		if j.complete() {
			continue
		}
		if j.given() && l.streams[j] == nil && l.inflight > 0 {
			continue // there is time to open it when this link has nothing to do
		}
		s := d.streamOf(l, j)
		if s == nil || !j.usable(s, now) {
			continue
		}
		if l.inflight >= l.window(netproto.PieceSize(j.size)) {
			return false
		}
		if i, ok := j.pick(s, now); ok {
			d.ask(s, i, false)
			return true
		}
		if l.inflight == 0 {
			if i, ok := j.takeOver(s); ok {
				d.ask(s, i, true)
				return true
			}
		}
	}
	return false
}

// streamOf is the link's stream of a job; it is opened where there is none,
// and again some time after the source refused it.
func (d *download) streamOf(l *link, j *job) *stream {
	s := l.streams[j]
	if s != nil && s.refused && time.Now().After(s.pause) {
		d.closeStream(l, j)
		s = nil
	}
	if s == nil {
		if s = l.conn.openStream(l, j); s == nil {
			return nil
		}
		l.streams[j] = s
		if !d.quiet && (j.hash == d.record.Hash || j.size > netproto.MinPieceSize) {
			l.conn.send(netproto.Peers{Hash: j.hash, Port: uint16(d.engine.Port())})
		}
		// A whole source of a folder has its small files: asking at once saves
		// a round trip for each of them.
		if j.sure && j.ready() && len(j.owners) == 1 && !l.source.Part {
			s.have = piece.AllBits(1)
			d.count(s)
		}
	}
	if s.refused {
		return nil
	}
	return s
}

func (d *download) ask(s *stream, index int, spare bool) {
	j, l := s.job, s.link
	length := j.part.Manifest().Length(index)
	r := &request{link: l, stream: s, index: index, length: length, owed: length, spare: spare, writer: j.part.Writer(index, spare)}
	if spare {
		j.spares[index] = r
	} else {
		j.owners[index] = r
		j.flying++
		j.take(index)
	}
	if l.inflight == 0 {
		l.heard = time.Now()
	}
	l.requests[r] = struct{}{}
	l.inflight += r.length
	l.conn.ask(r)
	if !spare {
		d.claim(r)
	}
}

// sourceHas is given the pieces of a source, from the first-th on.
func (d *download) sourceHas(s *stream, first int, bits []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.link.over || s.link.streams[s.job] != s {
		return
	}
	counted := s.have != nil && s.job.ready()
	if counted {
		d.uncount(s)
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
		d.count(s)
	}
	d.fill(s.link)
}

func (d *download) sourceGot(s *stream, pieces []uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.link.over || s.link.streams[s.job] != s || s.have == nil {
		return
	}
	ready := s.job.ready()
	before := ready && d.lacks(s)
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
	if before && !d.lacks(s) {
		s.job.partial--
	}
	d.fill(s.link)
}

// refused is told that a source does not answer a request, or, where r is nil,
// that it does not give the content.
func (d *download) refused(s *stream, r *request, code netproto.Code, place int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.link.over {
		return
	}
	if r != nil {
		d.drop(r, false)
	}
	s.place = 0
	switch {
	case code == netproto.CodeQueued:
		s.pause, s.place = time.Now().Add(d.engine.timing.queued), place
		d.served(s.link, false)
	case r == nil || code == netproto.CodeGone: // opened anew, it may be there again
		d.setAside(s)
	default:
		s.pause = time.Now().Add(d.engine.timing.refused)
	}
	d.kick()
	d.engine.notify()
}

// turnCame is told that a source which let the stream wait serves it now.
func (d *download) turnCame(s *stream) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.link.over || s.refused || s.place == 0 {
		return
	}
	s.pause, s.place = time.Time{}, 0
	d.fill(s.link)
}

// wrong is told that a source sent bytes that are not of the content.
func (d *download) wrong(r *request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.punish(r)
}

// punish bans a source: it said itself which size the content has, so wrong
// bytes are its fault. The caller holds the lock.
func (d *download) punish(r *request) {
	l, j := r.link, r.stream.job
	err := netproto.Errorf(netproto.CodeWrongPiece, "%s", l.conn.address())
	d.engine.log.Warn("a peer sent a wrong piece and is banned", "peer", l.conn.address(), "key", netproto.FingerprintOf(l.conn.key[:]), "hash", j.hash, "piece", r.index)
	l.source.fail(err, &d.engine.timing)
	d.drop(r, false)
	d.detach(l)
	d.engine.ban(l.conn.key, err)
	d.doubt(j)
	d.kick()
}

// received counts bytes of a request; done, its piece is complete.
func (d *download) received(r *request, n int, done bool) {
	if part := d.arrived(r, n, done); done && part != nil {
		// Without the lock: a spare piece is written here, and a small file.
		d.finishPiece(r, part, r.writer.Finish())
	}
	d.engine.notify()
}

// arrived counts bytes of a request. It gives what the piece is part of; nil
// where the request was dropped meanwhile.
func (d *download) arrived(r *request, n int, done bool) growing {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := r.link.requests[r]; !ok {
		return nil
	}
	now := time.Now()
	if r.link.measured.IsZero() {
		r.link.measured, r.link.delay = now, min(now.Sub(r.link.heard), maxDelay)
	}
	r.link.heard, r.link.useful = now, now
	d.served(r.link, true)
	r.link.slow = false
	r.link.inflight -= int64(n)
	r.owed -= int64(n)
	r.link.source.got += int64(n)
	r.stream.place = 0
	d.rate.add(n)
	if done {
		d.unlink(r, false)
	}
	return r.stream.job.part
}

// finishPiece counts a piece that was verified, or not. Of two requests for it
// the first to finish wins, and no byte of the other is written any more.
func (d *download) finishPiece(r *request, part growing, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := r.stream.job
	if j.part != part {
		return // it was closed meanwhile
	}
	d.release(r)
	switch {
	case errors.Is(err, piece.ErrWrongPiece):
		d.punish(r)
		return
	case err != nil && !errors.Is(err, piece.ErrTakenOver):
		d.failLocked(err)
		return
	case err == nil && !j.verified.Has(r.index):
		d.addPiece(r)
	}
	if j.verified.Has(r.index) {
		j.take(r.index)
	}
	d.fill(r.link)
}

// addPiece adds a piece to what is here; the caller holds the lock.
func (d *download) addPiece(r *request) {
	j := r.stream.job
	for _, other := range [...]*request{j.owners[r.index], j.spares[r.index]} {
		if other != nil {
			d.drop(other, true)
		}
	}
	r.link.source.delay, r.link.source.failure = 0, nil
	j.verified.Set(r.index)
	j.take(r.index)
	j.missing--
	if !j.sure && r.index == len(j.owners)-1 {
		j.shared.Lock()
		j.sure = true
		j.shared.Unlock()
		d.offer(j)
		d.engine.tellSwarm(j.hash)
	}
	d.engine.conns.announcePiece(j, r.index)
	if j.complete() {
		d.closeJob(j)
		d.wake()
	}
}

// closeJob ends the reading of a job on all links; the caller holds the lock.
func (d *download) closeJob(j *job) {
	for l := range d.links {
		d.closeStream(l, j)
	}
}
