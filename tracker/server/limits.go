package server

import (
	"cmp"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/netaddr"
	"centralizedp2p/tracker/store"
)

// Limits keep anybody from taking the share of the others. They are counted in
// this process; 0 is without limit. An address is one of IPv4 or a /64 of
// IPv6.
//
// The defaults are for a tracker on a small server. Behind one address can be
// an office, a school or the customers of a provider without enough addresses,
// so the limits of an address are those of a crowd: a peer at rest sends two
// requests in half a minute, and 1,500 of them 100 a second. What many behind
// one address cannot do is take more than a few hundredths of the machine.
type Limits struct {
	// RateAddress and RateKey are in requests a second; what was not used in
	// burstSeconds may come at once. A body counts as one request more for each
	// bytesPerRequest, so that a key announces 4,000 resources a second, and
	// 40,000 at once. A new connection counts as a request of its address.
	RateAddress int
	RateKey     int

	NewKeys            int   // that may join for the first time from one address in an hour
	Connections        int   // that are open, of all
	ConnectionsAddress int   // of one address
	ResourcesAddress   int   // announced by the peers of one address together
	ResourcesKey       int   // announced by one peer
	Peers              int   // online, of all
	BodyBytes          int64 // of bodies longer than smallBody that are under way, of all
}

// Some 40 kB for a connection with TLS, and 3 times its size for a body while
// it is read: with these limits a tracker stays below 1 GiB, and the names it
// holds besides.
const (
	burstSeconds    = 10
	bytesPerRequest = 16 << 10
	smallBody       = 16 << 10
	leastBurst      = 1 + netproto.MaxBodyBytes/bytesPerRequest // or the largest body would never pass
)

// DefaultLimits are those of a tracker that nobody said anything about.
func DefaultLimits() Limits {
	return Limits{
		RateAddress:        100,
		RateKey:            50,
		NewKeys:            500,
		Connections:        16_384,
		ConnectionsAddress: 1024,
		ResourcesAddress:   2_000_000,
		ResourcesKey:       store.DefaultResourcesPerPeer,
		Peers:              100_000,
		BodyBytes:          64 << 20,
	}
}

// ResourcesPerPeer returns ResourcesKey for a store, which always has a limit.
func (l Limits) ResourcesPerPeer() int { return cmp.Or(l.ResourcesKey, math.MaxInt) }

// refusal is an error with the name of the limit that was met, for the counts.
type refusal struct {
	err   *netproto.Error
	limit string
}

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

// Names of the limits in the counts of what was refused. The connections have
// no request, and so no error either.
const (
	limitRateAddress        = "rate-address"
	limitRateKey            = "rate-key"
	limitNewKeys            = "new-keys-address"
	limitConnections        = "connections"
	limitConnectionsAddress = "connections-address"
	limitConnectionRate     = "connection-rate-address"
	limitResourcesAddress   = "resources-address"
	limitPeers              = "peers"
	limitBodies             = "bodies"
	limitStore              = "store" // it does not work
)

// guard holds what the limits are compared with.
type guard struct {
	limits   Limits
	now      func() time.Time
	requests *limit.Rates[netip.Addr]
	arrivals *limit.Rates[netip.Addr] // connections; apart from requests, or those that are open would keep others out
	keys     *limit.Rates[netproto.PeerID]
	newKeys  *limit.Rates[netip.Addr]
	conns    *limit.Conns
	held     *limit.Holdings[netproto.PeerID]
	bodies   atomic.Int64 // bytes under way
}

func newGuard(l Limits) *guard {
	g := &guard{
		limits:   l,
		now:      time.Now,
		requests: ratesOf[netip.Addr](l.RateAddress),
		arrivals: ratesOf[netip.Addr](l.RateAddress),
		keys:     ratesOf[netproto.PeerID](l.RateKey),
		conns:    limit.NewConns(l.Connections, l.ConnectionsAddress),
		held:     limit.NewHoldings[netproto.PeerID](l.ResourcesAddress, max(limit.MaxEntries, l.Peers)),
	}
	if l.NewKeys > 0 {
		g.newKeys = limit.NewRates[netip.Addr](float64(l.NewKeys)/time.Hour.Seconds(), l.NewKeys, limit.MaxEntries)
	}
	return g
}

func ratesOf[K comparable](perSecond int) *limit.Rates[K] {
	if perSecond == 0 {
		return nil
	}
	return limit.NewRates[K](float64(perSecond), max(burstSeconds*perSecond, leastBurst), limit.MaxEntries)
}

func tooMany(name string, wait time.Duration, whose string) error {
	return refusal{&netproto.Error{Code: netproto.CodeTooMany, Detail: whose, RetryAfter: wait}, name}
}

// request takes a request into account before any work is done for it. The
// caller has to call done when it was answered.
//
// A heartbeat of a peer that has joined here counts for its key alone: no
// neighbour can bring it to lose its lease.
func (g *guard) request(r *http.Request, c caller) (done func(), err error) {
	now, cost := g.now(), costOf(r)
	beat := c.key != nil && r.URL.Path == netproto.RouteHeartbeat && r.ContentLength >= 0 && r.ContentLength <= smallBody && g.held.Knows(c.id)
	if !beat {
		if wait := g.requests.Take(limit.Source(c.addr), cost, now); wait > 0 {
			return nil, tooMany(limitRateAddress, wait, "they came from your address")
		}
	}
	if c.key != nil {
		if wait := g.keys.Take(c.id, cost, now); wait > 0 {
			return nil, tooMany(limitRateKey, wait, "they came from this peer")
		}
	}
	return g.body(r)
}

// within runs a handler if the limits allow the request.
func (s *Server) within(h handler, w http.ResponseWriter, r *http.Request, c caller) error {
	done, err := s.guard.request(r, c)
	if err != nil {
		return err
	}
	defer done()
	return h(w, r, c)
}

// costOf is a request in requests, by what is known of it when its header has
// been read.
func costOf(r *http.Request) int {
	return 1 + int(bodyBytes(r)/bytesPerRequest)
}

// bodyBytes is how long a body will be at the most; a longer one is refused.
func bodyBytes(r *http.Request) int64 {
	if r.ContentLength < 0 || r.ContentLength > netproto.MaxBodyBytes {
		return netproto.MaxBodyBytes
	}
	return r.ContentLength
}

// body keeps the memory for large bodies bounded. Small ones, those of
// heartbeats among them, are always taken.
func (g *guard) body(r *http.Request) (done func(), err error) {
	n := bodyBytes(r)
	if n <= smallBody || g.limits.BodyBytes == 0 {
		return func() {}, nil
	}
	if g.bodies.Add(n) > g.limits.BodyBytes {
		g.bodies.Add(-n)
		return nil, refusal{&netproto.Error{Code: netproto.CodeFull, Detail: "too many announces are under way", RetryAfter: 2 * time.Second}, limitBodies}
	}
	return func() { g.bodies.Add(-n) }, nil
}

// limitJoin refuses new keys from an address that has brought too many, and those
// that come when enough peers are online.
func (s *Server) limitJoin(r *http.Request, c caller) error {
	if s.guard.held.Knows(c.id) {
		return nil
	}
	if most := s.guard.limits.Peers; most > 0 {
		stats, err := s.store.Stats(r.Context())
		if err != nil {
			return err
		}
		if stats.PeersOnline >= most {
			// One that is online already takes no place. That its lease is
			// renewed by the question does no harm: it is about to join.
			status, _, err := s.store.Heartbeat(r.Context(), c.id, store.Holdings{})
			if err != nil {
				return err
			}
			if status == netproto.HeartbeatJoin {
				return refusal{netproto.Errorf(netproto.CodeFull, "%d peers are online", most), limitPeers}
			}
		}
	}
	if wait := s.guard.newKeys.Take(limit.Source(c.addr), 1, s.guard.now()); wait > 0 {
		return tooMany(limitNewKeys, wait, "too many new peers joined from your address")
	}
	return nil
}

// holds says how many resources a peer is known to hold.
func (g *guard) holds(c caller, count int) { g.held.Set(c.id, limit.Source(c.addr), count) }

// mayHold is called after an announce of so many.
func (g *guard) mayHold(c caller, announced int, reset bool) {
	if reset {
		g.holds(c, announced)
		return
	}
	g.held.Add(c.id, limit.Source(c.addr), announced)
}

// room is how many resources of a batch are taken.
func (g *guard) room(c caller, batch int, reset bool) int {
	return min(batch, g.held.Room(c.id, limit.Source(c.addr), reset))
}

// fullAddress is why the others of a batch are not.
func (s *Server) fullAddress(index int) netproto.Refusal {
	s.refuse(limitResourcesAddress)
	return netproto.Refusal{Index: index, Code: netproto.CodeFull, Detail: "the peers at this address have announced too many resources"}
}

// arrival lets a connection in, or not: then it is closed before anything was
// read. Proxies bring the connections of many.
func (s *Server) arrival(conn net.Conn) (net.Conn, bool) {
	at, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return conn, true // of a listener in memory
	}
	addr := netaddr.Plain(at.AddrPort().Addr())
	source, open := limit.Source(addr), s.guard.conns.Open
	if s.proxies.trust(addr) {
		open = s.guard.conns.OpenShared
	} else if s.guard.arrivals.Take(source, 1, s.guard.now()) > 0 {
		s.refuse(limitConnectionRate)
		return nil, false
	}
	switch open(source) {
	case limit.TooManyInAll:
		s.refuse(limitConnections)
		return nil, false
	case limit.TooManyOfThis:
		s.refuse(limitConnectionsAddress)
		return nil, false
	}
	return &countedConn{Conn: conn, done: func() { s.guard.conns.Close(source) }}, true
}

// countedConn is given back with its first Close.
type countedConn struct {
	net.Conn
	closed atomic.Bool
	done   func()
}

// Close is of net.Conn.
func (c *countedConn) Close() error {
	err := c.Conn.Close()
	if c.closed.CompareAndSwap(false, true) {
		c.done()
	}
	return err
}

// retryAfter is what a client is told to wait, in whole seconds from 1: until
// the time that is known, or a heartbeat's time.
func retryAfter(err *netproto.Error) int {
	wait := cmp.Or(err.RetryAfter, netproto.DefaultHeartbeat)
	return max(int(math.Ceil(wait.Seconds())), 1)
}
