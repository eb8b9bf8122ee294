package server

import (
	"cmp"
	"math"
	"net/http"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// Limits keep anybody from taking the share of others. This process counts them;
// 0 means no limit. An address is an IPv4 address or an IPv6 /64. Its network, a /24
// or an IPv6 /48, has 16 times the rates and new keys of an address, and four times
// the connections.
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

	// Memory is what the whole tracker may take, in bytes, roughly: half of it for
	// what peers and seed clients put into the store, a quarter for connections, a
	// sixteenth for bodies; the rest is for answers and for the garbage collector.
	// Connections and BodyBytes are never more than fits in there.
	Memory int64
}

// A TLS connection takes about 40 kB, a body three times its size while it is read.
const (
	burstSeconds    = 10
	bytesPerRequest = 16 << 10
	smallBody       = 16 << 10
	connectionBytes = 40 << 10
	renewalPause    = 30 * time.Second
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
		Memory:             machineMemory() / 2,
	}
}

// StoreMemory returns the part of Memory that is for a store; 0 means no limit.
func (l Limits) StoreMemory() int64 { return l.Memory / 2 }

// within returns the limits with Connections and BodyBytes as Memory allows them.
func (l Limits) within() Limits {
	if l.Memory == 0 {
		return l
	}
	least := func(limit, most int64) int64 {
		if limit == 0 {
			return most
		}
		return min(limit, most)
	}
	l.Connections = int(least(int64(l.Connections), max(l.Memory/4/connectionBytes, 64)))
	l.BodyBytes = least(l.BodyBytes, max(l.Memory/16, 2*netproto.MaxBodyBytes))
	return l
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
	limitMemory             = "memory" // of the store
	limitStore              = "store"  // the store does not work
	limitProxyHeader        = "proxy-header"
	limitCalls              = "calls"
	limitCallsPair          = "calls-pair"
	limitRelay              = "relay"
	limitNotes              = "notes"
	limitNotesAddress       = "notes-address"
	limitNotesWaiting       = "notes-waiting" // for one receiver, of one sender, or in all
)

// guard holds the counts that the limits are compared with.
type guard struct {
	limits   Limits
	now      func() time.Time
	requests *limit.SourceRates
	arrivals *limit.SourceRates // connections; counted apart, or requests on open ones would keep others out
	keys     *limit.Rates[netproto.PeerID]
	newKeys  *limit.SourceRates
	conns    *limit.Conns
	held     *limit.Holdings[netproto.PeerID]
	bodies   *limit.Amounts // bytes being read; nil without a limit

	// Announces that are read although the store is full: they may end more than they
	// add.
	renewals       *limit.Rates[netproto.PeerID]
	renewalsNearby *limit.Rates[netip.Addr]
}

func newGuard(l Limits) *guard {
	l = l.within()
	g := &guard{
		limits:   l,
		now:      time.Now,
		requests: sourceRatesOf(l.RateAddress),
		arrivals: sourceRatesOf(l.RateAddress),
		keys:     ratesOf[netproto.PeerID](l.RateKey),
		conns:    limit.NewConns(l.Connections, l.ConnectionsAddress),
		held:     limit.NewHoldings[netproto.PeerID](l.ResourcesAddress, max(limit.MaxEntries, l.Peers)),
	}
	if l.BodyBytes > 0 {
		g.bodies = limit.NewAmounts(l.BodyBytes)
	}
	if l.Memory > 0 {
		g.renewals = limit.NewRates[netproto.PeerID](1/renewalPause.Seconds(), 1, limit.MaxEntries)
		g.renewalsNearby = limit.NewRates[netip.Addr](1, 10, limit.MaxEntries)
	}
	if l.NewKeys > 0 {
		g.newKeys = limit.NewSourceRates(float64(l.NewKeys)/time.Hour.Seconds(), l.NewKeys, limit.MaxEntries)
	}
	return g
}

func ratesOf[K comparable](perSecond int) *limit.Rates[K] {
	if perSecond == 0 {
		return nil
	}
	return limit.NewRates[K](float64(perSecond), max(burstSeconds*perSecond, leastBurst), limit.MaxEntries)
}

func sourceRatesOf(perSecond int) *limit.SourceRates {
	if perSecond == 0 {
		return nil
	}
	return limit.NewSourceRates(float64(perSecond), max(burstSeconds*perSecond, leastBurst), limit.MaxEntries)
}

func tooMany(name string, wait time.Duration, whose string) error {
	return refusal{&netproto.Error{Code: netproto.CodeTooMany, Detail: whose, RetryAfter: wait}, name}
}

// request counts a request before any work is done for it. The caller must call
// done once it is answered.
//
// A heartbeat of a peer that has joined here counts against its key alone, so no
// neighbour can make it lose its lease.
func (g *guard) request(r *http.Request, c origin.Caller) (done func(), err error) {
	now, cost := g.now(), costOf(r)
	beat := c.Key != nil && r.URL.Path == netproto.RouteHeartbeat && r.ContentLength >= 0 && r.ContentLength <= smallBody && g.held.Knows(c.ID)
	if !beat {
		if wait := g.requests.Take(limit.Source(c.Addr), cost, now); wait > 0 {
			return nil, tooMany(limitRateAddress, wait, "they came from your address")
		}
	}
	if c.Key != nil {
		if wait := g.keys.Take(c.ID, cost, now); wait > 0 {
			return nil, tooMany(limitRateKey, wait, "they came from this peer")
		}
	}
	return g.body(r, c)
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

// body bounds the memory for large bodies, in all and for each address. Small ones,
// including those of heartbeats, are always accepted.
func (g *guard) body(r *http.Request, c origin.Caller) (done func(), err error) {
	n, source := bodyBytes(r), limit.Source(c.Addr)
	if n <= smallBody || g.bodies == nil {
		return func() {}, nil
	}
	if !g.bodies.Take(source, n) {
		return nil, refusal{&netproto.Error{Code: netproto.CodeFull, Detail: "too many announces are being read", RetryAfter: 2 * time.Second}, limitBodies}
	}
	return func() { g.bodies.Give(source, n) }, nil
}

// holds records how many resources a peer is known to hold.
func (g *guard) holds(c origin.Caller, count int) { g.held.Set(c.ID, limit.Source(c.Addr), count) }

// mayHold records that a peer has announced that many resources.
func (g *guard) mayHold(c origin.Caller, announced int, reset bool) {
	if reset {
		g.holds(c, announced)
		return
	}
	g.held.Add(c.ID, limit.Source(c.Addr), announced)
}

// room returns how many resources of a batch are accepted.
func (g *guard) room(c origin.Caller, batch int, reset bool) int {
	return min(batch, g.held.Room(c.ID, limit.Source(c.Addr), reset))
}

// retryAfter returns how long a client is told to wait, in whole seconds from 1:
// the time given in err, or the interval of heartbeats.
func retryAfter(err *netproto.Error) int {
	wait := cmp.Or(err.RetryAfter, netproto.DefaultHeartbeat)
	return max(int(math.Ceil(wait.Seconds())), 1)
}
