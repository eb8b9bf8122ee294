package serving

import (
	"context"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

// New returns a server. [Server.Run] must run while others connect.
func New(config Config) *Server {
	return &Server{config: config, slots: newSlots(config.Slots, config.AdaptiveSlots, config.Timing), byKey: map[uploadKey]*upload{},
		stops: map[uploadKey]struct{}{}, readers: readers{byContent: map[offer.Content]map[*stream]struct{}{}}}
}

// SetSlots changes how many peers are served at a time.
func (s *Server) SetSlots(n int, adaptive bool) { s.slots.set(n, adaptive) }

// Run tells peers that their turn has come, and adapts the slots, until ctx ends.
func (s *Server) Run(ctx context.Context, conns *session.Conns) error {
	review := pulse.NewTicker(s.config.Timing.SlotReview)
	defer review.Stop()
	defer s.finish()
	meter := &s.config.Traffic.UpMeter
	at, before := time.Now(), meter.Total()
	for {
		review.Rest(s.slots.idle())
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

// reading runs work that Run waits for, unless Run has ended.
func (s *Server) reading(work func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.work.Go(work)
	}
}

// finish waits for what has begun. Connections may end later.
func (s *Server) finish() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.work.Wait()
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
