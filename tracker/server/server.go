// Package server answers the requests of peers and seed clients on one TCP port
// from a store.Store. The package comment of netproto describes what they say.
//
// Each noun has its file: peers, resources, search, sources, access. Every
// request comes in through routes.go, which maps methods and paths to handlers;
// Owner is the way in for the tracker's owner.
package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/seedapi"
	"centralizedp2p/tracker/store"
)

// timeouts bound every phase of a connection.
type timeouts struct {
	firstByte time.Duration
	header    time.Duration // also of the TLS handshake
	read      time.Duration // header and body
	write     time.Duration // from the end of the header to the end of the answer
	idle      time.Duration
	stop      time.Duration // for requests under way when the server stops
}

// defaultTimeouts give a full body time on a slow line. The idle time spans two
// heartbeats, so a peer keeps its connection.
var defaultTimeouts = timeouts{
	firstByte: 5 * time.Second,
	header:    5 * time.Second,
	read:      20 * time.Second,
	write:     30 * time.Second,
	idle:      75 * time.Second,
	stop:      5 * time.Second,
}

const (
	maxHeaderBytes = 16 << 10
	reapInterval   = time.Second
	reapPause      = 20 * time.Millisecond // between two pieces of upkeep
	reapBudget     = 1000                  // entries in one piece of upkeep
)

// Config describes a tracker. Store and Identity are required, the rest has
// defaults.
type Config struct {
	Store       store.Store
	Identity    *identity.Identity
	Name        string              // shown to people
	Version     string              // of the program
	Access      Access              // AccessOpen
	SeedClients netproto.SeedPolicy // netproto.SeedLAN; always SeedOff with AccessInvite
	Heartbeat   time.Duration       // interval for peers in whole seconds; netproto.DefaultHeartbeat
	Limits      *Limits             // DefaultLimits
	Proxies     []netip.Prefix      // reverse proxies whose headers are believed; none
	PublicURL   string              // HOST:PORT in links; what the visitor used
	Metrics     MetricsPolicy       // MetricsPrivate
	AccessLog   bool                // log every request
	Logger      *slog.Logger        // none
}

// Server answers requests. It can serve once.
type Server struct {
	config   Config
	store    store.Store
	seed     *seedapi.API
	log      *slog.Logger
	timeouts timeouts
	conns    *connections
	requests atomic.Uint64 // answered so far
	rate     meter         // of requests
	metrics  *metrics
	guard    *guard
	searches *searcher
	proxies  proxies
	reach    *reach
}

// New returns a server; Serve runs it.
func New(c Config) *Server {
	if c.Access == "" {
		c.Access = AccessOpen
	}
	if c.Access == AccessInvite {
		c.SeedClients = netproto.SeedOff
	}
	if c.SeedClients == "" {
		c.SeedClients = netproto.SeedLAN
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = netproto.DefaultHeartbeat
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: c, store: c.Store, log: c.Logger, timeouts: defaultTimeouts, conns: newConnections()}
	limits := DefaultLimits()
	if c.Limits != nil {
		limits = *c.Limits
	}
	s.guard, s.proxies, s.reach = newGuard(limits), c.Proxies, newReach(c.Identity, s.config.lease(), c.Logger)
	s.searches = newSearcher(s.store, s.guard)
	s.seed = &seedapi.API{Store: c.Store, Policy: c.SeedClients, ReadBody: readBody}
	s.rate.total = s.requests.Load
	s.metrics = newMetrics(s)
	return s
}

// Serve answers on the listener until ctx ends, then finishes the requests under
// way within 5 seconds and returns nil. It closes the listener but not the store.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	split := newSplitter(ln, s.config.Identity.ServerTLS(identity.HTTP, false, nil), s.timeouts.firstByte)
	split.arrival = s.arrival
	secure := s.httpServer(s.secureRoutes())
	plain := s.httpServer(s.plainRoutes())

	var group errgroup.Group
	run := func(f func() error) {
		group.Go(func() error {
			defer cancel() // when one ends, all end
			return f()
		})
	}
	run(func() error { return split.run(ctx) })
	run(func() error { return ended(secure.Serve(split.secure)) })
	run(func() error { return ended(plain.Serve(split.plain)) })
	run(func() error { return s.upkeep(ctx) })
	run(func() error { return s.rate.run(ctx) })
	run(func() error { return s.reach.run(ctx) })
	run(func() error {
		<-ctx.Done()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), s.timeouts.stop)
		defer done()
		stop(grace, secure, plain)
		return nil
	})
	return group.Wait()
}

// Requests returns how many requests the server has answered.
func (s *Server) Requests() uint64 { return s.requests.Load() }

// SeedClients returns the policy in force, which Access may have tightened.
func (s *Server) SeedClients() netproto.SeedPolicy { return s.config.SeedClients }

func (s *Server) httpServer(handler http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	server := &http.Server{
		Handler:           handler,
		Protocols:         &protocols,
		ReadHeaderTimeout: s.timeouts.header,
		ReadTimeout:       s.timeouts.read,
		WriteTimeout:      s.timeouts.write,
		IdleTimeout:       s.timeouts.idle,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.conns.watch(server)
	return server
}

// stop finishes all servers at the same time and closes whatever is left when
// grace ends.
func stop(grace context.Context, servers ...*http.Server) {
	var group errgroup.Group
	for _, server := range servers {
		group.Go(func() error {
			if server.Shutdown(grace) != nil {
				server.Close()
			}
			return nil
		})
	}
	group.Wait()
}

func ended(err error) error {
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
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
		pause := reapInterval
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
