package swarm

import (
	"bytes"
	"context"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
)

// Where an attempt looks for sources. Trackers name them, and peers name each other.

const (
	// While an attempt knows fewer than fewSources, it asks for others sooner:
	// everybody else may just have begun, too.
	fewSources = 16
	// courtesy is how long the peer with the smaller key has to connect, so that
	// two that hear of each other make one connection.
	courtesy = 2 * time.Second
)

// search is how far an attempt is with asking the trackers.
type search struct {
	attempt *Attempt
	seeking int       // trackers that are being asked
	sought  time.Time // when one answered, or failed to
	seeks   int       // how often they were asked
	lost    time.Time // when the last lane was
}

// look asks the trackers for sources when it is time.
func (s *search) look(ctx context.Context) {
	a := s.attempt
	t := &a.swarms.config.Timing
	a.mu.Lock()
	defer a.unlock()
	wait := t.Sources
	if a.sources.Len() < fewSources {
		wait = min(wait, t.SourcesSoon<<min(s.seeks, 10))
	}
	if len(a.lanes.open) == 0 {
		wait = min(wait, t.Sources/3)
		if time.Since(s.lost) < t.Sources/2 { // a tracker may not have them back yet
			wait = min(wait, t.SourcesSoon)
		}
	}
	if time.Since(s.sought) > wait {
		s.seeks++
		s.seek(ctx)
	}
}

// seek asks the trackers which peers have the content. It does not wait for the
// answers. The caller holds the lock.
func (s *search) seek(ctx context.Context) {
	a := s.attempt
	if s.seeking > 0 {
		return
	}
	trackers := a.swarms.config.Trackers()
	s.seeking = len(trackers)
	for _, t := range trackers {
		a.work.Go(func() { s.seekAt(ctx, t) })
	}
}

// seekAt asks one tracker.
func (s *search) seekAt(ctx context.Context, t Tracker) {
	a := s.attempt
	found, err := t.Sources(ctx, a.task.Hash)
	a.mu.Lock()
	defer a.unlock()
	s.seeking--
	s.sought = time.Now()
	if err != nil {
		a.swarms.config.Log.Debug("asking for sources", "hash", a.task.Hash, "tracker", t.Address(), "error", err)
		return
	}
	for _, src := range found {
		a.sources.Name(src, t.Address())
	}
	a.Wake()
}

// meet makes a connected peer a source. One that is known already is asked again:
// it may have refused because it had nothing yet.
func (a *Attempt) meet(key netproto.PublicKey, at netip.AddrPort) {
	a.mu.Lock()
	defer a.unlock()
	if a.over {
		return
	}
	a.sources.Meet(key, at)
	for l := range a.lanes.open {
		for _, s := range l.streams {
			if l.source.Key == key && s.refused {
				s.pause = time.Time{}
			}
		}
	}
	a.Wake()
}

// hear makes a peer that another one named a source, to be tried once.
func (a *Attempt) hear(p netproto.SwarmPeer) {
	now := time.Now()
	a.mu.Lock()
	defer a.unlock()
	conns := a.swarms.config.Conns
	if a.over || !a.sources.IsNew(p.Key) || !conns.Dials.Hears(p.Address, now) {
		return
	}
	var due time.Time
	if bytes.Compare(a.swarms.config.Key[:], p.Key[:]) > 0 && len(conns.Of(p.Key)) == 0 {
		due = now.Add(courtesy)
	}
	a.sources.Hear(p.Key, p.Address, due)
	a.Wake()
}
