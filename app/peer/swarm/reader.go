package swarm

import (
	"sync"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// reader is the side of a connection that reads from the other peer: what is open and
// asked for there. Several attempts may share it. frames.go has what it answers.
type reader struct {
	swarms *Swarms
	conn   *session.Conn

	requests sync.Map // of *request by id, a uint32; changed with the lock held

	mu      sync.Mutex
	streams map[uint32]*stream
	byHash  map[netproto.ContentHash]*stream
	next    uint32
	dropped int64 // bytes that may still come of requests that were dropped
	over    bool
}

// Reader returns the handler that takes what the peer of a connection sends.
func (ss *Swarms) Reader(c *session.Conn) session.Reader {
	return &reader{swarms: ss, conn: c, streams: map[uint32]*stream{}, byHash: map[netproto.ContentHash]*stream{}}
}

// Busy reports whether anything is open at the peer.
func (r *reader) Busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.streams) > 0
}

// request returns the request with an id, nil if there is none any longer. It takes no
// lock.
func (r *reader) request(id uint32) *request {
	if q, ok := r.requests.Load(id); ok {
		return q.(*request)
	}
	return nil
}

// received counts n bytes of a request, which may have been dropped since it was found.
func (r *reader) received(q *request, id uint32, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.request(id) != q {
		r.dropped -= n
		return
	}
	q.owed.Add(-n)
	q.lane.pace.Answer(n)
}

func (r *reader) stream(id uint32) *stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.streams[id]
}

// late counts n bytes for an unknown request. It reports false if they cannot be for
// one that was dropped while they were on their way.
func (r *reader) late(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped -= int64(n)
	return r.dropped >= 0
}

// gives returns the attempt that reads a content from the peer, or nil.
func (r *reader) gives(hash netproto.ContentHash) *Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.byHash[hash]; s != nil {
		return s.lane.attempt
	}
	return nil
}

// openStream asks for a content. It returns nil if the connection is over or full, or
// another attempt reads the content on it: a peer gives it on one stream at a time. twin, if
// not nil, is where the source has described it already.
func (r *reader) openStream(l *lane, j *job, twin *stream) *stream {
	r.mu.Lock()
	if r.over || len(r.streams) >= netproto.MaxStreams || r.byHash[j.hash] != nil {
		r.mu.Unlock()
		return nil
	}
	r.next++
	s := &stream{id: r.next, lane: l, job: j, opened: time.Now(), size: -1}
	r.streams[s.id], r.byHash[j.hash] = s, s
	r.mu.Unlock()
	open := netproto.Open{Stream: s.id, Hash: j.hash, Size: -1, Manifest: j.m == nil || !j.sure && twin == nil}
	switch {
	case j.sure:
		open.Size = j.size
	case twin != nil:
		s.size, open.Size = twin.size, twin.size
	}
	r.conn.Send(open)
	return s
}

func (r *reader) closeStream(s *stream) {
	r.mu.Lock()
	delete(r.streams, s.id)
	r.mu.Unlock()
	r.conn.Send(netproto.Close{Stream: s.id})
	r.mu.Lock() // only now: the other side must not hear of another stream before
	delete(r.byHash, s.job.hash)
	r.mu.Unlock()
}

// ask asks for the next n bytes of a request. The caller holds the attempt's lock.
func (r *reader) ask(q *request, n int64) {
	r.mu.Lock()
	if q.id == 0 {
		r.next++
		q.id = r.next
		r.requests.Store(q.id, q)
	}
	r.mu.Unlock()
	from := q.asked.Add(n) - n // before the answer can come
	r.conn.Send(netproto.Get{Stream: q.stream.id, Request: q.id, Piece: uint32(q.index), Offset: uint32(from), Length: uint32(n)})
}

// forget drops what was asked of a request; with tell, the other side learns of it.
// The caller holds the attempt's lock.
func (r *reader) forget(q *request, tell bool) {
	if q.id == 0 {
		return // nothing was asked yet
	}
	r.mu.Lock()
	r.requests.Delete(q.id)
	left := q.unanswered()
	r.dropped += left
	q.lane.pace.TakeBack(left)
	r.mu.Unlock()
	if tell {
		r.conn.Send(netproto.Cancel{Request: q.id})
	}
	q.id = 0
}
