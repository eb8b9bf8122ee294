package remote

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto/localsocket"
)

// Options say what a server is besides its engine.
type Options struct {
	Version string
	Log     *slog.Logger
	// Profile is the folder in which it is remembered what other computers uploaded.
	Profile string
	// Controllers are the keys that may drive the peer over TLS. Without them, it answers
	// on its local socket only.
	Controllers *Book
	// Outward returns the address of this computer for others. It stands for all addresses
	// where the peer listens at all of them.
	Outward func() netip.Addr
}

// reached returns the HOST:PORT at which others reach a listener.
func (o *Options) reached(ln net.Listener) string {
	at := ln.Addr().(*net.TCPAddr).AddrPort()
	if o.Outward != nil && at.Addr().IsUnspecified() {
		at = netip.AddrPortFrom(o.Outward(), at.Port())
	}
	return at.String()
}

// Server answers for an engine.
type Server struct {
	engine  face.Engine
	options Options
	log     *slog.Logger
	pairing *pairing
	streams chan struct{} // full of the event streams that are open
	stalled time.Duration // for one write of an event stream to a caller that does not read

	ctx     context.Context // of all calls; ends when Close begins
	stop    context.CancelFunc
	serving sync.WaitGroup

	mu   sync.Mutex
	http []*http.Server
	far  *Far  // the TLS side; nil if there is none
	page *Page // for browsers; nil if there is none
}

// NewServer returns a server for an engine, which stays the caller's.
func NewServer(engine face.Engine, o Options) *Server {
	s := &Server{engine: engine, options: o, log: o.Log, pairing: &pairing{now: time.Now}, streams: make(chan struct{}, maxStreams), stalled: writeTime}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// ServeLocal answers on the local socket of a profile, which the caller has locked, until
// Close. It returns at once.
func (s *Server) ServeLocal(profile string) error {
	ln, err := localsocket.Listen(Socket(profile))
	if err != nil {
		return err
	}
	s.serve(ln, s.newHTTP(newCaller(s, s.engine).local()))
	return nil
}

func (s *Server) newHTTP(routes http.Handler) *http.Server {
	return &http.Server{
		Handler:           routes,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       2 * silenceTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
	}
}

func (s *Server) serve(ln net.Listener, server *http.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.http = append(s.http, server)
	s.serving.Go(func() {
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("this peer can no longer be driven from elsewhere", slog.Any("error", err))
		}
	})
}

// Close cancels the calls under way and waits for their end.
func (s *Server) Close() error {
	s.stop()
	s.mu.Lock()
	servers := s.http
	s.mu.Unlock()
	var failures []error
	for _, server := range servers {
		failures = append(failures, shutdown(server))
	}
	s.serving.Wait()
	return errors.Join(failures...)
}

// Reload reads the book of controllers again.
func (s *Server) Reload() error {
	if s.options.Controllers == nil {
		return nil
	}
	return s.options.Controllers.Reload()
}

func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), headerTime)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		return server.Close()
	}
	return nil
}
