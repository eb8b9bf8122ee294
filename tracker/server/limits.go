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

// Limits keep anybody from taking the share of others. This process counts them;
// 0 means no limit. An address is an IPv4 address or an IPv6 /64.
//
// The defaults suit a tracker on a small server. One address can stand for an
// office, a school or the customers of a provider with too few addresses, so the
// limits of an address are those of a crowd: an idle peer sends two requests in
// half a minute, 1,500 of them 100 a second. The crowd behind one address can
// still take no more than a few hundredths of the machine.
type Limits struct {
	// RateAddress and RateKey are requests a second; whatever was not used within
	// burstSeconds may come at once. A body counts as one more request for each
	// bytesPerRequest, so a key can announce 4,000 resources a second and 40,000 at
	// once. A new connection counts as a request from its address.
	RateAddress int
	RateKey     int

	NewKeys            int   // first joins from one address in an hour
	Connections        int   // open at once, in total
	ConnectionsAddress int   // open at once, from one address
	ResourcesAddress   int   // announced by all peers at one address
	ResourcesKey       int   // announced by one peer
	Peers              int   // online at once
	BodyBytes          int64 // of all bodies under way that are longer than smallBody
}

// A TLS connection takes about 40 kB, a body three times its size while it is
// read: with these limits a tracker stays below 1 GiB, not counting the names it
// holds.
const (
	burstSeconds    = 10
	bytesPerRequest = 16 << 10
	smallBody       = 16 << 10
	leastBurst      = 1 + netproto.MaxBodyBytes/bytesPerRequest // enough for the largest body
)

// DefaultLimits returns the limits of a tracker that nobody configured.
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

// refusal is an error with the name of the limit that was hit, for the metrics.
type refusal struct {
	err   *netproto.Error
	limit string
}

func (r refusal) Error() string { return r.err.Error() }
func (r refusal) Unwrap() error { return r.err }

// Names of the limits in the metrics. Limits of connections refuse before any
// request, so they have no error.
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
	limitSearches           = "searches"
	limitStore              = "store" // the store does not work
)

// guard holds the counts that the limits are compared with.
type guard struct {
	limits   Limits
	now      func() time.Time
	requests *limit.Rates[netip.Addr]
	arrivals *limit.Rates[netip.Addr] // connections; counted apart, or requests on open ones would keep others out
	keys     *limit.Rates[netproto.PeerID]
	newKeys  *limit.Rates[netip.Addr]
	conns    *limit.Conns
	held     *limit.Holdings[netproto.PeerID]
	bodies   atomic.Int64 // bytes being read
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

// request counts a request before any work is done for it. The caller must call
// done once it is answered.
//
// A heartbeat of a peer that has joined here counts against its key alone, so no
// neighbour can make it lose its lease.
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

// costOf returns how many requests a request counts as, judging by its header.
func costOf(r *http.Request) int {
	return 1 + int(bodyBytes(r)/bytesPerRequest)
}

// bodyBytes returns the greatest length a body can have; a longer one is refused.
func bodyBytes(r *http.Request) int64 {
	if r.ContentLength < 0 || r.ContentLength > netproto.MaxBodyBytes {
		return netproto.MaxBodyBytes
	}
	return r.ContentLength
}

// body bounds the memory for large bodies. Small ones, including those of
// heartbeats, are always accepted.
func (g *guard) body(r *http.Request) (done func(), err error) {
	n := bodyBytes(r)
	if n <= smallBody || g.limits.BodyBytes == 0 {
		return func() {}, nil
	}
	if g.bodies.Add(n) > g.limits.BodyBytes {
		g.bodies.Add(-n)
		return nil, refusal{&netproto.Error{Code: netproto.CodeFull, Detail: "too many announces are being read", RetryAfter: 2 * time.Second}, limitBodies}
	}
	return func() { g.bodies.Add(-n) }, nil
}

// limitJoin refuses new keys from an address that has brought too many, and new
// keys while enough peers are online.
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
			// A peer that is online already takes no extra place. Asking renews its
			// lease, which does no harm: it is about to join.
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

// holds records how many resources a peer is known to hold.
func (g *guard) holds(c caller, count int) { g.held.Set(c.id, limit.Source(c.addr), count) }

// mayHold records that a peer has announced that many resources.
func (g *guard) mayHold(c caller, announced int, reset bool) {
	if reset {
		g.holds(c, announced)
		return
	}
	g.held.Add(c.id, limit.Source(c.addr), announced)
}

// room returns how many resources of a batch are accepted.
func (g *guard) room(c caller, batch int, reset bool) int {
	return min(batch, g.held.Room(c.id, limit.Source(c.addr), reset))
}

// fullAddress returns the refusal of a resource beyond room.
func (s *Server) fullAddress(index int) netproto.Refusal {
	s.metrics.refuse(limitResourcesAddress)
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
	if s.proxies.trust(addr) {
		open = s.guard.conns.OpenShared
	} else if s.guard.arrivals.Take(source, 1, s.guard.now()) > 0 {
		s.metrics.refuse(limitConnectionRate)
		return nil, false
	}
	switch open(source) {
	case limit.TooManyInTotal:
		s.metrics.refuse(limitConnections)
		return nil, false
	case limit.TooManyFromSource:
		s.metrics.refuse(limitConnectionsAddress)
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

// Close implements net.Conn.
func (c *countedConn) Close() error {
	err := c.Conn.Close()
	if c.closed.CompareAndSwap(false, true) {
		c.done()
	}
	return err
}

// retryAfter returns how long a client is told to wait, in whole seconds from 1:
// the time given in err, or the interval of heartbeats.
func retryAfter(err *netproto.Error) int {
	wait := cmp.Or(err.RetryAfter, netproto.DefaultHeartbeat)
	return max(int(math.Ceil(wait.Seconds())), 1)
}
