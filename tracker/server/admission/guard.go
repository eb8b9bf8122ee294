// Package admission decides what a request, a connection or a piece of work may cost, and
// refuses what would take the share of others. It knows no route; a refusal carries the name
// of its limit.
package admission

import (
	"net/http"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/server/origin"
)

// Guard holds the counts that the limits are compared with.
type Guard struct {
	Now func() time.Time // the clock of the limits

	limits   Limits
	notes    noteRates
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

// NewGuard returns a guard that has counted nothing.
func NewGuard(l Limits) *Guard {
	l = l.within()
	g := &Guard{
		limits:   l,
		Now:      time.Now,
		notes:    newNoteRates(),
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

// Request counts a request before any work is done for it. The caller must call
// done once it is answered.
//
// A heartbeat of a peer that has joined here counts against its key alone, so no
// neighbour can make it lose its lease.
func (g *Guard) Request(r *http.Request, c origin.Caller) (done func(), err error) {
	now, cost := g.Now(), costOf(r)
	beat := c.Key != nil && r.URL.Path == netproto.RouteHeartbeat && r.ContentLength >= 0 && r.ContentLength <= smallBody && g.held.Knows(c.ID)
	if !beat {
		if wait := g.requests.Take(limit.Source(c.Addr), cost, now); wait > 0 {
			return nil, TooMany(limitRateAddress, wait, "they came from your address")
		}
	}
	if c.Key != nil {
		if wait := g.keys.Take(c.ID, cost, now); wait > 0 {
			return nil, TooMany(limitRateKey, wait, "they came from this peer")
		}
	}
	return g.body(r, c)
}

// costOf returns how many requests a request counts as, judging by its header.
func costOf(r *http.Request) int {
	return 1 + int(BodyBytes(r)/bytesPerRequest)
}

// BodyBytes returns the greatest length a body can have; a longer one is refused.
func BodyBytes(r *http.Request) int64 {
	if r.ContentLength < 0 || r.ContentLength > netproto.MaxBodyBytes {
		return netproto.MaxBodyBytes
	}
	return r.ContentLength
}

// body bounds the memory for large bodies, in all and for each address. Small ones,
// including those of heartbeats, are always accepted.
func (g *Guard) body(r *http.Request, c origin.Caller) (done func(), err error) {
	n, source := BodyBytes(r), limit.Source(c.Addr)
	if n <= smallBody || g.bodies == nil {
		return func() {}, nil
	}
	if !g.bodies.Take(source, n) {
		return nil, Refusal{&netproto.Error{Code: netproto.CodeFull, Detail: "too many announces are being read", RetryAfter: 2 * time.Second}, limitBodies}
	}
	return func() { g.bodies.Give(source, n) }, nil
}

// Holds records how many resources a peer is known to hold.
func (g *Guard) Holds(c origin.Caller, count int) { g.held.Set(c.ID, limit.Source(c.Addr), count) }

// MayHold records that a peer has announced that many resources.
func (g *Guard) MayHold(c origin.Caller, announced int, reset bool) {
	if reset {
		g.Holds(c, announced)
		return
	}
	g.held.Add(c.ID, limit.Source(c.Addr), announced)
}

// Room returns how many resources of a batch are accepted.
func (g *Guard) Room(c origin.Caller, batch int, reset bool) int {
	return min(batch, g.held.Room(c.ID, limit.Source(c.Addr), reset))
}

// ChargeBytes counts an answer as requests from an address, as the same bytes in a
// body would be.
func (g *Guard) ChargeBytes(from netip.Addr, bytes int) {
	g.requests.Charge(limit.Source(from), bytes/bytesPerRequest, g.Now())
}

// charge counts the looks of a search as requests from its address.
func (g *Guard) charge(c origin.Caller, looks int) {
	g.requests.Charge(limit.Source(c.Addr), looks/looksPerRequest, g.Now())
}

// Frame counts a frame of a line before any work is done for it. A heartbeat counts
// against the peer alone, as it does by request.
func (g *Guard) Frame(id netproto.PeerID, from netip.Addr, beat bool) error {
	if !beat {
		if err := g.Approach(from); err != nil {
			return err
		}
	}
	if wait := g.keys.Take(id, 1, g.Now()); wait > 0 {
		return TooMany(limitRateKey, wait, "they came from this peer")
	}
	return nil
}

// Approach counts what comes from an address, but from no peer that is known.
func (g *Guard) Approach(from netip.Addr) error {
	if wait := g.requests.Take(limit.Source(from), 1, g.Now()); wait > 0 {
		return TooMany(limitRateAddress, wait, "they came from your address")
	}
	return nil
}

// ResourcesPerPeer returns how many resources a peer may announce.
func (g *Guard) ResourcesPerPeer() int { return g.limits.ResourcesPerPeer() }

// Shared returns the rates that count for all nodes, by the names under which nodes tell each
// other. Connections are not among them: those are a node's own.
func (g *Guard) Shared() map[string]limit.Shared {
	return map[string]limit.Shared{
		"requests": g.requests, "keys": g.keys, "new-keys": g.newKeys,
		"notes-minute": g.notes.minute, "notes-hour": g.notes.hour, "notes-minute-address": g.notes.minuteAt, "notes-hour-address": g.notes.hourAt,
	}
}
