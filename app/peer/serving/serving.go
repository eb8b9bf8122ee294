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
	"context"
	"log/slog"
	"sync"
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
	// Sent counts bytes of a content that went to a peer; whole says that the
	// peer has all of it now.
	Sent func(peer netproto.PublicKey, hash netproto.ContentHash, bytes int, whole bool)
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
	byKey map[uploadKey]*upload
	ended []*upload // in the order in which they ended; some may have gone on since
	count uint64    // of all uploads ever
}

// New returns a server. [Server.Run] must run while others connect.
func New(config Config) *Server {
	return &Server{config: config, slots: newSlots(config.Slots, config.AdaptiveSlots, config.Timing), byKey: map[uploadKey]*upload{},
		readers: readers{byContent: map[offer.Content]map[*stream]struct{}{}}}
}

// SetSlots changes how many peers are served at a time.
func (s *Server) SetSlots(n int, adaptive bool) { s.slots.set(n, adaptive) }

// Run tells peers that their turn has come, and adapts the slots, until ctx ends.
func (s *Server) Run(ctx context.Context, conns *session.Conns) error {
	review := time.NewTicker(s.config.Timing.SlotReview)
	defer review.Stop()
	defer s.work.Wait()
	meter := &s.config.Traffic.UpMeter
	at, before := time.Now(), meter.Total()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-review.C:
			s.slots.left(func(key netproto.PublicKey) bool { return len(conns.Of(key)) > 0 })
			total := meter.Total() // the rate of the meter, over five seconds, would show the effect of a slot too late
			s.slots.review(now, int64(float64(total-before)/now.Sub(at).Seconds()), s.config.Traffic.Up.Limit())
			at, before = now, total
		case <-s.slots.call:
		}
		for _, key := range s.slots.called() {
			for _, c := range conns.Of(key) {
				c.Owner.(*owner).callIn()
			}
		}
	}
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

// AnnouncePiece tells every peer that reads a content here that it has one more piece.
func (s *Server) AnnouncePiece(of offer.Content, piece int) {
	s.readers.tell(of, func(stream uint32) netproto.Frame {
		return netproto.Update{Stream: stream, Pieces: []uint32{uint32(piece)}}
	})
}

// AnnounceFetching tells every peer that reads a content here that it will soon have a
// piece.
func (s *Server) AnnounceFetching(of offer.Content, piece int) {
	s.readers.tell(of, func(stream uint32) netproto.Frame {
		return netproto.Fetching{Stream: stream, Pieces: []uint32{uint32(piece)}}
	})
}

func (r *readers) tell(of offer.Content, frame func(stream uint32) netproto.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.byContent[of] {
		s.owner.conn.Send(frame(s.id))
	}
}
