package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/pulse"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/server/admission"
)

const (
	maxHeaderBytes = 16 << 10
	reapInterval   = time.Second
	reapPause      = 20 * time.Millisecond // between two pieces of upkeep
	reapBudget     = 1000                  // entries in one piece of upkeep
)

// Serve answers on the listeners, at least one, until ctx ends, then finishes the
// requests under way within 5 seconds and returns nil. It closes the listeners but not
// the store.
func (s *Server) Serve(ctx context.Context, lns ...net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.ports.set(lns)
	split := newSplitter(lns, s.config.Identity.ServerTLS(identity.HTTP, false, nil), s.timeouts.firstByte)
	split.arrival = s.arrival
	split.balancers, split.refused = s.config.Balancers, func() { s.metrics.Refuse(admission.LimitProxyHeader) }
	if s.relay.On() {
		split.raw = s.relayRaw
	}
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
	run(func() error { return s.requests.Run(ctx) })
	run(func() error { return s.reach.Run(ctx) })
	run(func() error { return s.lines.Run(ctx) })
	run(func() error { return s.wishes.Run(ctx) })
	run(func() error { return s.others.Run(ctx) })
	if s.config.Downloads != nil {
		run(func() error { return s.config.Downloads.run(ctx, s.log) })
	}
	run(func() error {
		<-ctx.Done()
		s.relay.Close()
		return nil
	})
	run(func() error {
		<-ctx.Done()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), s.timeouts.stop)
		defer done()
		stop(grace, secure, plain)
		return nil
	})
	return group.Wait()
}

// arrival decides whether a connection is let in; if not, it is closed unread.
// Proxies bring the connections of many.
func (s *Server) arrival(conn net.Conn) (net.Conn, bool) {
	at, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return conn, true // from a listener in memory
	}
	addr := netaddr.Plain(at.AddrPort().Addr())
	leave, refused := s.guard.Arrive(addr, s.proxies.Trust(addr))
	if leave == nil {
		s.metrics.Refuse(refused)
		return nil, false
	}
	return &countedConn{Conn: conn, done: leave}, true
}

// countedConn gives its place back on the first Close.
type countedConn struct {
	net.Conn
	closed atomic.Bool
	done   func()
}

// Raw returns the connection that is counted. It must not be closed.
func (c *countedConn) Raw() net.Conn { return c.Conn }

// Close implements net.Conn.
func (c *countedConn) Close() error {
	err := c.Conn.Close()
	if c.closed.CompareAndSwap(false, true) {
		c.done()
	}
	return err
}

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

// ports are the TCP ports that the server listens on.
type ports struct{ atomic.Pointer[[]int] }

func (p *ports) set(lns []net.Listener) {
	var list []int
	for _, ln := range lns {
		if at, ok := ln.Addr().(*net.TCPAddr); ok && !slices.Contains(list, at.Port) {
			list = append(list, at.Port)
		}
	}
	p.Store(&list)
}

func (p *ports) list() []int {
	if list := p.Load(); list != nil {
		return *list
	}
	return nil
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
