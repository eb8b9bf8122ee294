// Package serving is the side of this peer that others read from: it answers their
// requests, serves a few peers at a time, and keeps the list of uploads. It gives
// only what the register offers.
//
// Locks, outer first: owner.mu, then one of readers.mu, slots.mu, Server.mu and
// upload.mu. No file is opened, read or closed, and no content declared broken,
// with one of them held: each connection has a goroutine of its own for that, so
// a disk that hangs holds up the bytes of one connection and nothing else.
package serving

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Timing says how long peers are served and kept waiting.
type Timing struct {
	// SlotIdle is how long a peer keeps its slot without a request, and
	// SlotPatience its place in the queue without asking again.
	SlotIdle, SlotPatience time.Duration
	// SlotTurn is how long a peer is served while others wait, and SlotReview how
	// often to check whether there is room for more of them.
	SlotTurn, SlotReview time.Duration
}

// StandardTiming is for everyday use.
var StandardTiming = Timing{SlotIdle: 3 * time.Second, SlotPatience: 30 * time.Second, SlotTurn: 10 * time.Second, SlotReview: time.Second}

// Config is what a server needs of the peer.
type Config struct {
	Contents *offer.Register
	Traffic  *flow.Traffic
	Log      *slog.Logger
	Timing   Timing
	// Refuses reports whether a peer gets nothing here; it must not wait.
	Refuses func(peer netproto.PublicKey) bool
	// Sent counts bytes that went to a peer. It is called for every frame, and must not wait.
	Sent func(peer netproto.PublicKey, bytes int)
	// Had counts the same bytes for their content, some frames at a time: at the latest
	// when the peer has all of the content, which whole says, or closes it.
	Had func(peer netproto.PublicKey, hash netproto.ContentHash, bytes int, whole bool)
	// Notify says that something a person sees has changed; it must not wait.
	Notify        func()
	Slots         int // peers served at a time
	AdaptiveSlots bool
}

// Server answers other peers. See [Server.Owner].
type Server struct {
	config  Config
	slots   *slots
	readers readers
	work    sync.WaitGroup // of the goroutines that read files

	mu    sync.Mutex
	over  bool // Run has ended
	byKey map[uploadKey]*upload
	stops map[uploadKey]struct{} // uploads that the person stopped
	ended []*upload              // in the order in which they ended; some may have gone on since
	count uint64                 // of all uploads ever
}

// owner is the side of a connection that the other peer reads from.
type owner struct {
	server   *Server
	conn     *session.Conn
	courtesy *flow.Courtesy
	start    sync.Once     // of the goroutine that reads files
	asked    chan struct{} // there is something to read
	ready    chan frame    // read, to be written

	// Only the writing goroutine uses these, and End after it.
	counted *upload   // of the last frame, see tell
	told    time.Time // when it was told last

	mu      sync.Mutex
	over    bool
	streams map[uint32]*stream
	byHash  map[netproto.ContentHash]*stream
	opening []*stream   // not answered yet
	opened  atomic.Bool // perhaps some are: the writer, which asks for every frame, looks only then
	queue   []*get
	sending *get // taken off the queue, not answered to its end
	hold    hold
}

// stream is a content that the peer opened here. It holds no manifest: a peer may
// open many.
type stream struct {
	owner    *owner
	id       uint32
	content  offer.Content
	hash     netproto.ContentHash
	size     int64 // bytes
	manifest bool  // the peer wants it
	upload   *upload
	file     offer.Reader // opened with the first get; nil after the stream ended
	queued   bool         // the peer was told to wait for a slot
	// introduced is set once Reads was asked about the stream with first.
	introduced bool
}

// get is a request that is not fully answered.
type get struct {
	netproto.Get
	stream *stream
	sent   uint32 // bytes that were read; only the reading goroutine uses it, and read
	read   bool   // all of it was read
	slot   *slot  // of the peer, which it holds; nil: it needs none
}

// upload is one content on its way to one peer, over any number of connections.
type upload struct {
	server *Server
	id     string
	number uint64 // counts uploads by their start
	key    uploadKey
	size   int64
	rate   flow.Meter
	sent   atomic.Int64
	untold atomic.Int64 // of these bytes, see tell
	place  atomic.Int32
	// stopped says that the person stopped it. It is asked for each piece, unlike [Server.stops].
	stopped atomic.Bool

	mu      sync.Mutex
	streams int
	kept    bool   // it is among those that ended
	name    string // of the peer
	address string
	ended   time.Time
}

// uploadKey identifies an upload.
type uploadKey struct {
	peer    netproto.PublicKey // zero for seed clients
	hash    netproto.ContentHash
	address string // of seed clients, which have nothing else
}

// readers are the streams that read each content and learn of new pieces.
type readers struct {
	mu        sync.Mutex
	byContent map[offer.Content]map[*stream]struct{}
}

func (r *readers) add(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byContent[s.content] == nil {
		r.byContent[s.content] = map[*stream]struct{}{}
	}
	r.byContent[s.content][s] = struct{}{}
}

func (r *readers) remove(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byContent[s.content], s)
	if len(r.byContent[s.content]) == 0 {
		delete(r.byContent, s.content)
	}
}

func (r *readers) tell(of offer.Content, frame func(stream uint32) netproto.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.byContent[of] {
		s.owner.conn.Send(frame(s.id))
	}
}
