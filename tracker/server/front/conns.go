package front

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/netaddr"
)

// Conns keeps the open connections, so that a ban can end them.
type Conns struct {
	mu   sync.Mutex
	open map[net.Conn]*connection
}

// connection is what is known about a connection. Its key is known from its first
// request on; a banned key without a request yet is refused then.
type connection struct {
	from netip.Addr
	key  atomic.Pointer[netproto.Fingerprint]
}

type connectionKey struct{} // of a context

// NewConns returns none.
func NewConns() *Conns { return &Conns{open: map[net.Conn]*connection{}} }

// watch lets the registry see every connection of a server.
func (cs *Conns) watch(s *http.Server) {
	s.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		c := &connection{}
		if at, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
			c.from = netaddr.Plain(at.AddrPort().Addr())
		}
		cs.mu.Lock()
		cs.open[conn] = c
		cs.mu.Unlock()
		return context.WithValue(ctx, connectionKey{}, c)
	}
	s.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			cs.mu.Lock()
			delete(cs.open, conn)
			cs.mu.Unlock()
		}
	}
}

// Name notes the key of the connection that a request came over. It is the key of
// the TLS session, not one from a proxy's header: a proxy's connections carry
// requests of many.
func (cs *Conns) Name(r *http.Request) {
	c, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok || r.TLS == nil || c.key.Load() != nil {
		return
	}
	if key, err := identity.KeyOf(*r.TLS); err == nil && key != nil {
		print := netproto.FingerprintOf(key)
		c.key.Store(&print)
	}
}

// Cut closes the connections that it is about and returns how many. The key of a connection
// is zero as long as it is not known.
func (cs *Conns) Cut(about func(key netproto.Fingerprint, from netip.Addr) bool) int {
	cs.mu.Lock()
	var gone []net.Conn
	for conn, c := range cs.open {
		var key netproto.Fingerprint
		if known := c.key.Load(); known != nil {
			key = *known
		}
		if about(key, c.from) {
			gone = append(gone, conn)
		}
	}
	cs.mu.Unlock()
	for _, conn := range gone {
		if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = over.NetConn() // a TLS goodbye could wait for a slow reader
		}
		conn.Close()
	}
	return len(gone)
}
