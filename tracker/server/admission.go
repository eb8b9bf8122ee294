package server

import (
	"errors"
	"net"
	"net/http"
	"sync/atomic"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/store"
)

// within runs a handler if the limits allow the request.
func (s *Server) within(h rest.Handler, w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	done, err := s.guard.request(r, c)
	if err != nil {
		return err
	}
	defer done()
	return h(w, r, c)
}

// limitJoin refuses new keys from an address that has brought too many, and new
// keys while enough peers are online.
func (s *Server) limitJoin(r *http.Request, c origin.Caller) error {
	if s.guard.held.Knows(c.ID) {
		return nil
	}
	if most := s.guard.limits.Peers; most > 0 {
		stats, err := s.store.Stats(r.Context())
		if err != nil {
			return err
		}
		if stats.PeersOnline >= most {
			// A peer that is online already takes no extra place. Asking renews its
			// lease, which does no harm: it is about to join.
			status, _, err := s.store.Heartbeat(r.Context(), c.ID, store.Holdings{})
			if err != nil {
				return err
			}
			if status == netproto.HeartbeatJoin {
				return refusal{netproto.Errorf(netproto.CodeFull, "%d peers are online", most), limitPeers}
			}
		}
	}
	if wait := s.guard.newKeys.Take(limit.Source(c.Addr), 1, s.guard.now()); wait > 0 {
		return tooMany(limitNewKeys, wait, "too many new peers joined from your address")
	}
	return nil
}

// limitAnnounce refuses an announce unread while nothing new would be taken. A peer
// that holds something may announce now and then all the same: it may have less than
// before, or the same.
func (s *Server) limitAnnounce(r *http.Request, c origin.Caller) error {
	full := s.store.Full(r.Context(), c.Addr)
	if full == nil {
		return nil
	}
	g, now, source := s.guard, s.guard.now(), limit.Source(c.Addr)
	if g.held.Count(c.ID) > 0 && g.renewals.Take(c.ID, 1, now) == 0 && g.renewalsNearby.Take(source, 1, now) == 0 {
		return nil
	}
	known, ok := errors.AsType[*netproto.Error](full)
	if !ok {
		return full
	}
	return refusal{&netproto.Error{Code: known.Code, Detail: known.Detail, RetryAfter: renewalPause}, limitMemory}
}

// fullAddress returns the refusal of a resource beyond room.
func (s *Server) fullAddress(index int) netproto.Refusal {
	s.metrics.Refuse(limitResourcesAddress)
	return netproto.Refusal{Index: index, Code: netproto.CodeFull, Detail: "the peers at this address have announced too many resources"}
}

// arrival decides whether a connection is let in; if not, it is closed unread.
// Proxies bring the connections of many.
func (s *Server) arrival(conn net.Conn) (net.Conn, bool) {
	at, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return conn, true // from a listener in memory
	}
	addr := netaddr.Plain(at.AddrPort().Addr())
	source, open := limit.Source(addr), s.guard.conns.Open
	if s.proxies.Trust(addr) {
		open = s.guard.conns.OpenShared
	} else if s.guard.arrivals.Take(source, 1, s.guard.now()) > 0 {
		s.metrics.Refuse(limitConnectionRate)
		return nil, false
	}
	switch open(source) {
	case limit.TooManyInTotal:
		s.metrics.Refuse(limitConnections)
		return nil, false
	case limit.TooManyFromSource:
		s.metrics.Refuse(limitConnectionsAddress)
		return nil, false
	}
	return &countedConn{Conn: conn, done: func() { s.guard.conns.Close(source) }}, true
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
