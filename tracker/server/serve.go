package server

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/pulse"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/front"
)

const (
	reapInterval = time.Second
	reapPause    = 20 * time.Millisecond // between two pieces of upkeep
	reapBudget   = 1000                  // entries in one piece of upkeep
)

// Serve answers on the listeners, at least one, until ctx ends, then finishes the
// requests under way within 5 seconds and returns nil. It closes the listeners but not
// the store.
func (s *Server) Serve(ctx context.Context, lns ...net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ports := front.Ports(lns)
	s.ports.Store(&ports)

	var group errgroup.Group
	run := func(f func(context.Context) error) {
		group.Go(func() error {
			defer cancel() // when one ends, all end
			return f(ctx)
		})
	}
	run(func(ctx context.Context) error { return front.Serve(ctx, s.front(), lns...) })
	run(s.upkeep)
	run(s.requests.Run)
	run(s.reach.Run)
	run(s.lines.Run)
	run(s.wishes.Run)
	run(s.others.Run)
	if s.config.Downloads != nil {
		run(func(ctx context.Context) error { return s.config.Downloads.Run(ctx, s.log) })
	}
	run(func(ctx context.Context) error {
		<-ctx.Done()
		s.relay.Close()
		return nil
	})
	return group.Wait()
}

// front says what becomes of connections.
func (s *Server) front() front.Config {
	c := front.Config{
		TLS: s.config.Identity.ServerTLS(identity.HTTP, false, nil), Times: s.times, Log: s.log, Conns: s.conns,
		Secure: s.secureRoutes(), Plain: s.plainRoutes(), Arrival: s.arrival,
		Balancers: s.config.Balancers, Refused: func() { s.metrics.Refuse(admission.LimitProxyHeader) },
	}
	if s.relay.On() {
		c.Raw = s.relayRaw
	}
	return c
}

// arrival decides whether a connection is let in. Proxies bring the connections of many.
func (s *Server) arrival(from netip.Addr) (leave func(), ok bool) {
	leave, refused := s.guard.Arrive(from, s.proxies.Trust(from))
	if leave == nil {
		s.metrics.Refuse(refused)
	}
	return leave, leave != nil
}

// upkeep ends leases and forgets what is past its retention, until ctx ends. It
// pauses after every piece, or writes of peers would wait behind one piece after
// another.
func (s *Server) upkeep(ctx context.Context) error {
	told := "" // a lasting failure is logged once
	for {
		more, err := s.store.Reap(ctx, reapBudget)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			told = ""
		case err.Error() != told:
			told = err.Error()
			s.log.Error("upkeep of the store failed", slog.Any("error", err))
		}
		pause := pulse.Within(reapInterval, reapInterval)
		if more {
			pause = reapPause
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}
