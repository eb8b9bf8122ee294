package remote

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
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

	mu      sync.Mutex
	folders []string
}

// ServeTLS answers at [HOST]:PORT, with the key of the peer, until Close of the result or
// of the server. folders are those that callers may use, absolute. "port-in-use" if
// another program has the port.
func (s *Server) ServeTLS(listen string, id *identity.Identity, folders []string) (*Far, error) {
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodePortInUse, "%w", err)
	}
	f := &Far{server: s, ln: ln, uploads: make(chan struct{}, maxUploads)}
	f.SetFolders(folders)
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
	s.serve(tls.NewListener(&fewListener{Listener: ln, room: make(chan struct{}, maxConnections)}, config), f.http)
	return f, nil
}

// Address returns where it listens.
func (f *Far) Address() string { return f.ln.Addr().String() }

// Folders returns what callers may use of the disk.
func (f *Far) Folders() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.folders)
}

// SetFolders changes what callers may use of the disk.
func (f *Far) SetFolders(folders []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.folders = folders
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
