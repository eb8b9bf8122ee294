package peer

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

const (
	// Bytes asked for and not received yet, of one link: minWindow at the begin,
	// then what its rate and its delay want, two pieces at least and maxWindow at
	// most. ahead is what all links of a download together ask for beyond their
	// delays: a kill costs what is on its way.
	minWindow = 1 << 20
	maxWindow = 32 << 20
	ahead     = 10 << 20
	// maxDelay is the longest delay that a window is made for.
	maxDelay = time.Second / 2
	// maxLinkRequests leaves room for other downloads on the connection.
	maxLinkRequests = 64
)

// readerRole is the side of a connection that reads from the other one.
type readerRole struct {
	mu       sync.Mutex
	streams  map[uint32]*stream
	requests map[uint32]*request
	next     uint32
	dropped  int64 // bytes that may still come of requests that were dropped
	over     bool
}

// stream is a content that is read from the other side. Guarded by the
// download's lock.
type stream struct {
	id      uint32
	link    *link
	job     *job
	opened  time.Time
	size    int64           // of the content, as the source says; -1 before it did
	pending *piece.Manifest // on its way
	passed  bool            // its manifest was not wanted when it came
	have    piece.Bits      // of the source; nil before it said so
	pause   time.Time       // not asked again before
	refused bool
	place   int // in the source's queue
}

// request is a piece that is asked for.
type request struct {
	id     uint32
	link   *link
	stream *stream
	index  int
	length int64
	owed   int64 // bytes not received; guarded by the download's lock
	spare  bool

	mu     sync.Mutex    // held while bytes are written
	writer *piece.Writer // the connection's reading goroutine uses it
	dead   bool          // cancelled: whatever still comes is dropped
}

// cancel returns when no byte of the request can be written any more.
func (r *request) cancel() {
	r.mu.Lock()
	r.dead = true
	r.mu.Unlock()
}

func (r *readerRole) open() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.streams)
}

func (r *readerRole) request(id uint32) *request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests[id]
}

func (r *readerRole) stream(id uint32) *stream {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.streams[id]
}

// end tells the links of the connection that it is over.
func (r *readerRole) end(err error) {
	r.mu.Lock()
	r.over = true
	var links []*link
	for _, s := range r.streams {
		if !slices.Contains(links, s.link) {
			links = append(links, s.link)
		}
	}
	r.mu.Unlock()
	for _, l := range links {
		l.download.lost(l, err)
	}
}

// late counts n bytes for a request that is not known; false where they cannot
// be of one that was dropped while they were on their way.
func (r *readerRole) late(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped -= int64(n)
	return r.dropped >= 0
}

// openStream asks for a content; nil when the connection is over or full.
func (c *conn) openStream(l *link, j *job) *stream {
	c.reader.mu.Lock()
	if c.reader.over || len(c.reader.streams) >= netproto.MaxStreams {
		c.reader.mu.Unlock()
		return nil
	}
	c.reader.next++
	s := &stream{id: c.reader.next, link: l, job: j, opened: time.Now(), size: -1}
	c.reader.streams[s.id] = s
	c.reader.mu.Unlock()
	open := netproto.Open{Stream: s.id, Hash: j.hash, Size: -1, Manifest: !j.sure || j.m == nil}
	if j.sure {
		open.Size = j.size
	}
	c.send(open)
	return s
}

func (c *conn) closeStream(s *stream) {
	c.reader.mu.Lock()
	delete(c.reader.streams, s.id)
	c.reader.mu.Unlock()
	c.send(netproto.Close{Stream: s.id})
}

func (c *conn) ask(r *request) {
	c.reader.mu.Lock()
	c.reader.next++
	r.id = c.reader.next
	c.reader.requests[r.id] = r
	c.reader.mu.Unlock()
	c.send(netproto.Get{Stream: r.stream.id, Request: r.id, Piece: uint32(r.index), Length: uint32(r.length)})
}

// forget drops a request; tell also tells the other side.
func (c *conn) forget(r *request, tell bool) {
	c.reader.mu.Lock()
	delete(c.reader.requests, r.id)
	c.reader.dropped += r.owed
	c.reader.mu.Unlock()
	if tell {
		c.send(netproto.Cancel{Request: r.id})
	}
}

func (c *conn) readManifest(f netproto.Manifest) error {
	s := c.reader.stream(f.Stream)
	if s == nil {
		return nil
	}
	err := s.link.download.manifestPart(s, f)
	if errors.Is(err, piece.ErrManifest) {
		c.engine.ban(c.key, err)
	}
	return err
}

func (c *conn) readHave(f netproto.Have) error {
	if s := c.reader.stream(f.Stream); s != nil {
		s.link.download.sourceHas(s, int(f.First), f.Bits)
	}
	return nil
}

func (c *conn) readUpdate(f netproto.Update) error {
	if s := c.reader.stream(f.Stream); s != nil {
		s.link.download.sourceGot(s, f.Pieces)
	}
	return nil
}

func (c *conn) readFetching(f netproto.Fetching) {
	if s := c.reader.stream(f.Stream); s != nil {
		s.link.download.sourceFetches(s, f.Pieces)
	}
}

func (c *conn) readTurn(f netproto.Turn) {
	if s := c.reader.stream(f.Stream); s != nil {
		s.link.download.turnCame(s)
	}
}

func (c *conn) readRefuse(f netproto.Refuse) error {
	s := c.reader.stream(f.Stream)
	if s == nil {
		return nil
	}
	r := c.reader.request(f.Request)
	if f.Request != 0 && (r == nil || r.stream != s) {
		return nil // cancelled meanwhile
	}
	s.link.download.refused(s, r, f.Code, int(f.Place))
	return nil
}

// link is a connection at work for a download.
type link struct {
	download *download
	source   *source
	conn     *conn
	gone     chan struct{} // closed when the download has let go of it
	held     atomic.Bool   // bytes have come and wait for their turn here

	// Guarded by the download's lock.
	streams  map[*job]*stream
	requests map[*request]struct{}
	inflight int64         // bytes asked for and not received
	heard    time.Time     // bytes came, or were asked for when none were owed
	useful   time.Time     // bytes came
	served   bool          // they come, and this peer waits in no queue
	measured time.Time     // the first bytes came
	delay    time.Duration // from the first request to its first bytes
	rate     meter
	slow     bool // it fell silent, and is asked for one piece at a time until bytes come
	over     bool
}

// window is how many bytes may be on their way: what comes in two round trips,
// so that the line is never idle, and in half a second if that is not much, so
// that little waits in it. A source that failed or fell silent before shows with
// one piece that it is better now. The caller holds the download's lock.
func (l *link) window(pieceSize int64) int64 {
	if l.source.failure != nil || l.slow {
		return 1
	}
	least := 2 * pieceSize
	if l.measured.IsZero() || time.Since(l.measured) < time.Second {
		least = max(least, minWindow) // its rate is not known yet
	}
	rate := l.rate.rate()
	wanted := int64(float64(rate)*2*l.delay.Seconds()) + min(rate/2, ahead/int64(max(len(l.download.links), 1)))
	return max(min(wanted, maxWindow), least)
}

// eta is when what is asked for will have come.
func (l *link) eta() time.Duration {
	if silent := time.Since(l.heard); silent > l.download.engine.timing.silent {
		return silent + duration(l.inflight, max(l.rate.rate(), 1))
	}
	return duration(l.inflight, l.rate.rate())
}

// stalled tells whether the source owes an answer for too long.
func (l *link) stalled(now time.Time, limit time.Duration) bool {
	if l.held.Load() {
		return false
	}
	if l.inflight > 0 {
		return now.Sub(l.heard) > limit
	}
	for _, s := range l.streams {
		if s.have == nil && !s.refused && now.Sub(s.opened) > limit {
			return true
		}
	}
	return false
}

// receive takes bytes of a request, on the connection's reading goroutine.
func (l *link) receive(r *request, b []byte) error {
	r.mu.Lock()
	if r.dead {
		r.mu.Unlock()
		return nil
	}
	began := time.Now()
	_, err := r.writer.Write(b)
	l.download.diskBusy.Add(int64(time.Since(began)))
	done := err == nil && r.writer.Missing() == 0
	r.mu.Unlock()
	l.rate.add(len(b))
	l.source.rate.add(len(b))
	switch {
	case errors.Is(err, piece.ErrWrongPiece):
		l.download.wrong(r)
		return err
	case err != nil:
		l.download.fail(err)
		return nil
	}
	l.download.received(r, len(b), done)
	return nil
}
