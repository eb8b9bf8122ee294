package server

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
	"centralizedp2p/tracker/store"
)

// connections keeps the open connections, so that a ban can end them.
type connections struct {
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

func newConnections() *connections { return &connections{open: map[net.Conn]*connection{}} }

// watch lets the registry see every connection of a server.
func (cs *connections) watch(s *http.Server) {
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

// name notes the key of the connection that a request came over. It is the key of
// the TLS session, not one from a proxy's header: a proxy's connections carry
// requests of many.
func (cs *connections) name(r *http.Request) {
	c, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok || r.TLS == nil || c.key.Load() != nil {
		return
	}
	if key, err := identity.KeyOf(*r.TLS); err == nil && key != nil {
		print := netproto.FingerprintOf(key)
		c.key.Store(&print)
	}
}

// cut closes the connections of a key or an address and returns how many.
func (cs *connections) cut(t store.Target) int {
	cs.mu.Lock()
	var gone []net.Conn
	for conn, c := range cs.open {
		key := c.key.Load()
		if !t.Key.IsZero() && key != nil && *key == t.Key || t.Prefix.IsValid() && t.Prefix.Contains(c.from) {
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
