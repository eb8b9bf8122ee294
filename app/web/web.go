// Package web has pages for people without the app: a [Link] hands out what this
// computer offers, and an [Inbox] takes files from a phone. Both are plain HTTP for the
// local network, off until somebody asks for one, each at a port and a path of its own
// that nobody can guess.
//
// The package knows no window and no engine. Bytes come from [Contents], in the time
// that [Limits] allow.
package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/sites"
)

// Contents opens what is offered on this computer.
type Contents interface {
	// OpenContent opens a content by its hash. The error has the code "gone" if it is
	// no longer offered. Reads fail with "file-changed" once the file is another one.
	OpenContent(hash netproto.ContentHash) (Reader, error)
}

// Reader reads a content.
type Reader interface {
	io.ReaderAt
	io.Closer
}

// Limits let bytes pass in the time that the person allows, and count them.
type Limits interface {
	PassUp(ctx context.Context, to netip.Addr, bytes int) error
	PassDown(ctx context.Context, from netip.Addr, bytes int) error
}

const (
	// step is how many bytes pass at a time, and stall how long a browser may take for
	// them before its connection ends.
	step  = 256 << 10
	stall = 30 * time.Second
	// farewell is how long answers under way have when a page closes.
	farewell = 2 * time.Second
)

// NewSecret returns the part of an address that nobody can guess.
func NewSecret() string { return strings.ToLower(rand.Text()) }

// Server serves one page. It is open until it is closed.
type Server struct {
	server *http.Server
	ended  chan struct{}
	err    error // valid once ended is closed
}

// Serve serves a page at a listener, which it closes in the end.
func Serve(ln net.Listener, page http.Handler, log *slog.Logger) *Server {
	s := &Server{ended: make(chan struct{})}
	s.server = &http.Server{
		Handler: page, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		// What takes longer moves its deadline on, step by step.
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: stall, WriteTimeout: stall,
		IdleTimeout: stall, MaxHeaderBytes: 16 << 10,
	}
	go func() {
		defer close(s.ended)
		if err := s.server.Serve(bounded(ln)); err != http.ErrServerClosed { //nolint:errorlint // Serve says that it is never wrapped
			s.err = err
		}
	}()
	return s
}

// Ended is closed when the page is no longer served; Close then says why.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// Close ends the page. Answers under way have two seconds.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if s.server.Shutdown(ctx) != nil {
		s.server.Close()
	}
	<-s.ended
	return s.err
}

// guard lets in who may see a page, and hands the rest of the path to page.
func guard(secret string, w http.ResponseWriter, r *http.Request, page func(w http.ResponseWriter, r *http.Request, rest string)) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	from, ok := fromOf(r)
	switch {
	case !ok || !isNear(from):
		http.Error(w, "This page is for the local network.", http.StatusForbidden)
	case !sites.NamesAddress(r.Host):
		http.Error(w, "This page has no name: use its address.", http.StatusMisdirectedRequest)
	case sites.FromAnother(r):
		http.Error(w, "A web page of another site sent this.", http.StatusForbidden)
	default:
		given, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if subtle.ConstantTimeCompare([]byte(given), []byte(secret)) != 1 {
			http.Error(w, "There is nothing here. Check the address.", http.StatusNotFound)
			return
		}
		if !strings.HasPrefix(r.URL.Path, "/"+secret+"/") { // relative links on the page need the slash
			http.Redirect(w, r, "/"+secret+"/", http.StatusSeeOther)
			return
		}
		page(w, r, rest)
	}
}

// policy lets a page use its own files and nothing else: no name in it can do harm,
// however it is made.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

func fromOf(r *http.Request) (netip.Addr, bool) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return at.Addr().Unmap().WithZone(""), err == nil
}

// carrier is 100.64.0.0/10, which some household networks and tunnels use (RFC 6598).
var carrier = netip.MustParsePrefix("100.64.0.0/10")

// isNear reports whether an address is in the local network: a private one, or one of a
// network that this computer is in.
func isNear(a netip.Addr) bool {
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || carrier.Contains(a) {
		return true
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, o := range own {
		if n, ok := o.(*net.IPNet); ok && n.Contains(a.AsSlice()) {
			return true
		}
	}
	return false
}
