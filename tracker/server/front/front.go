// Package front listens for a tracker: it tells TLS, plain and raw connections apart by their
// first byte, reads what balancers say first, bounds each phase of a connection, and keeps the
// open ones so that they can be cut. It knows no route, no limit and no store.
package front

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/tracker/server/origin"
)

const maxHeaderBytes = 16 << 10

// Times bound every phase of a connection.
type Times struct {
	FirstByte time.Duration
	Header    time.Duration // also of the TLS handshake
	Read      time.Duration // header and body
	Write     time.Duration // from the end of the header to the end of the answer
	Idle      time.Duration
	Stop      time.Duration // for requests under way when the front stops
}

// DefaultTimes give a full body time on a slow line. The idle time spans two
// heartbeats, so a peer keeps its connection.
var DefaultTimes = Times{
	FirstByte: 5 * time.Second,
	Header:    5 * time.Second,
	Read:      20 * time.Second,
	Write:     30 * time.Second,
	Idle:      75 * time.Second,
	Stop:      5 * time.Second,
}

// Config says what becomes of connections. All of it has defaults.
type Config struct {
	TLS    *tls.Config  // none: no handshake succeeds
	Times  Times        // each that is 0 is that of DefaultTimes
	Secure http.Handler // of requests over TLS; http.NotFoundHandler
	Plain  http.Handler // of all others; http.NotFoundHandler
	Log    *slog.Logger // none
	Conns  *Conns       // keeps the open ones; some that nobody can cut

	// Raw takes over a connection whose first byte is netproto.RawRelay; it returns when
	// that has ended. If it is nil, such a connection is like any other.
	Raw func(context.Context, net.Conn)

	// Arrival decides whether a connection from an address is let in; leave is called when it
	// ends. Nil lets in all.
	Arrival func(from netip.Addr) (leave func(), ok bool)

	// Balancers are proxies whose connections begin with a header, see readProxyHeader; Refused
	// counts connections of theirs that have none, and those of others that have one. If it is
	// nil, nobody counts them.
	Balancers origin.Proxies
	Refused   func()
}

// withDefaults returns a config without what would be nil or 0 and must not be.
func (c Config) withDefaults() Config {
	c.Times = Times{
		FirstByte: cmp.Or(c.Times.FirstByte, DefaultTimes.FirstByte),
		Header:    cmp.Or(c.Times.Header, DefaultTimes.Header),
		Read:      cmp.Or(c.Times.Read, DefaultTimes.Read),
		Write:     cmp.Or(c.Times.Write, DefaultTimes.Write),
		Idle:      cmp.Or(c.Times.Idle, DefaultTimes.Idle),
		Stop:      cmp.Or(c.Times.Stop, DefaultTimes.Stop),
	}
	// A server without a handler would answer with the routes that any package registers.
	for _, handler := range []*http.Handler{&c.Secure, &c.Plain} {
		if *handler == nil {
			*handler = http.NotFoundHandler()
		}
	}
	c.Log = cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	if c.Conns == nil {
		c.Conns = NewConns()
	}
	if c.Refused == nil {
		c.Refused = func() {}
	}
	return c
}

// Serve answers on the listeners, at least one, until ctx ends or one of them fails, then
// finishes the requests under way within the time to stop. It closes the listeners.
func Serve(ctx context.Context, c Config, lns ...net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c = c.withDefaults()
	split := newSplitter(lns, c)
	secure, plain := c.server(c.Secure), c.server(c.Plain)

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
	run(func() error {
		<-ctx.Done()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), c.Times.Stop)
		defer done()
		stop(grace, secure, plain)
		return nil
	})
	return group.Wait()
}

func (c *Config) server(handler http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	server := &http.Server{
		Handler:           handler,
		Protocols:         &protocols,
		ReadHeaderTimeout: c.Times.Header,
		ReadTimeout:       c.Times.Read,
		WriteTimeout:      c.Times.Write,
		IdleTimeout:       c.Times.Idle,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	c.Conns.watch(server)
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

// Ports returns the TCP ports of listeners.
func Ports(lns []net.Listener) (list []int) {
	for _, ln := range lns {
		if at, ok := ln.Addr().(*net.TCPAddr); ok && !slices.Contains(list, at.Port) {
			list = append(list, at.Port)
		}
	}
	return list
}
