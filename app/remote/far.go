package remote

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// Far is a server's side for other computers: TLS with the keys of the book of
// controllers, and no others.
type Far struct {
	server *Server
	http   *http.Server
	ln     net.Listener

	uploads chan struct{} // full of those that run
	quota   *quota

	mu      sync.Mutex
	folders []string
}

// Bounds are what callers on other computers may use of the disk.
type Bounds struct {
	Folders     []string // absolute; uploads come into the first
	UploadBytes int64    // that uploads may take; 0 is unlimited
}

// ServeTLS answers at [HOST]:PORT, with the key of the peer, until Close of the result or
// of the server. "port-in-use" if another program has the port, "store-unusable" if it
// cannot be read what was uploaded before.
func (s *Server) ServeTLS(listen string, id *identity.Identity, bounds Bounds) (*Far, error) {
	f := &Far{server: s, uploads: make(chan struct{}, maxUploads), quota: &quota{file: filepath.Join(s.options.Profile, fileUploads)}}
	err := f.SetBounds(bounds)
	if err != nil {
		return nil, err
	}
	if f.ln, err = net.Listen("tcp", listen); err != nil {
		return nil, netproto.Errorf(netproto.CodePortInUse, "%w", err)
	}
	config := id.ServerTLS(identity.HTTP, true, func(key ed25519.PublicKey) error {
		if s.options.Controllers.Has(netproto.FingerprintOf(key)) || s.pairing.open() {
			return nil
		}
		return errors.New("this key is not paired")
	})
	f.http = s.newHTTP(newCaller(s, bounded{s.engine, f.Folders}).far(f, id.Fingerprint()))
	s.mu.Lock()
	s.far = f
	s.mu.Unlock()
	s.serve(tls.NewListener(&fewListener{Listener: f.ln, room: make(chan struct{}, maxConnections)}, config), f.http)
	return f, nil
}

// Address returns the HOST:PORT at which other computers reach it.
func (f *Far) Address() string { return f.server.options.reached(f.ln) }

// Folders returns the folders that callers may use.
func (f *Far) Folders() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.folders)
}

// SetBounds changes what callers may use of the disk.
func (f *Far) SetBounds(b Bounds) error {
	if err := f.quota.set(b.UploadBytes); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.folders = b.Folders
	return nil
}

// Close ends the calls from other computers.
func (f *Far) Close() error {
	f.server.mu.Lock()
	f.server.http = slices.DeleteFunc(f.server.http, func(h *http.Server) bool { return h == f.http })
	f.server.far = nil
	f.server.mu.Unlock()
	return f.http.Close()
}

// fewListener hangs up on connections that there is no room for.
type fewListener struct {
	net.Listener
	room chan struct{}
}

// Accept implements net.Listener.
func (l *fewListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.room <- struct{}{}:
			return &countedConn{Conn: conn, left: sync.OnceFunc(func() { <-l.room })}, nil
		default:
			conn.Close()
		}
	}
}

type countedConn struct {
	net.Conn
	left func()
}

// Close implements net.Conn.
func (c *countedConn) Close() error {
	defer c.left()
	return c.Conn.Close()
}
