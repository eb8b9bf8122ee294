package session

import (
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/netproto"
)

// Way says how a connection came about. A person reads it, and programs do.
type Way string

// The ways, the best first.
const (
	WayLAN     Way = "lan"     // to or from an address in the local network
	WayDirect  Way = "direct"  // to or from a public address
	WayRouter  Way = "router"  // to a port that the peer's router passes on
	WayCalled  Way = "called"  // a tracker rang the peer, and one of both came through
	WayRelayed Way = "relayed" // a tracker passes the bytes on
)

// Ways lists all ways, the best first.
var Ways = []Way{WayLAN, WayDirect, WayRouter, WayCalled, WayRelayed}

func (w Way) rank() int { return slices.Index(Ways, w) }

// Better reports whether a way is to be used before another.
func (w Way) Better(other Way) bool { return w.rank() < other.rank() }

// Arranged reports whether a tracker brought the two peers together: nobody else reaches
// the peer where it is seen.
func (w Way) Arranged() bool { return w == WayCalled || w == WayRelayed }

// WayCounts says how many connections there are of each way. It is also what programs
// read: ways without one are left out.
type WayCounts struct {
	LAN     int `json:"lan,omitempty"`
	Direct  int `json:"direct,omitempty"`
	Router  int `json:"router,omitempty"`
	Called  int `json:"called,omitempty"`
	Relayed int `json:"relayed,omitempty"`
}

// Add counts a connection.
func (c *WayCounts) Add(w Way) {
	switch w {
	case WayLAN:
		c.LAN++
	case WayDirect:
		c.Direct++
	case WayRouter:
		c.Router++
	case WayCalled:
		c.Called++
	case WayRelayed:
		c.Relayed++
	}
}

// directWay is the way of a connection to or from an address without a call.
func directWay(ip netip.Addr) Way {
	if InLocalNetwork(ip) {
		return WayLAN
	}
	return WayDirect
}

// Target is a peer to connect to, and what is known of the ways to it.
type Target struct {
	netproto.Source
	Hash     netproto.ContentHash // that is wanted of it: it is called for that
	Trackers []string             // host:port of those that can call it
	NamedBy  []string             // host:port of those that named it
	NoRelay  bool                 // a relay is not worth it
	Beside   bool                 // its first connection is being made besides: it is not called for this one
	// Trip learns how long TCP took to connect, about a round trip, before the handshake is
	// over. It must not wait; nil: nobody does.
	Trip func(time.Duration)
}

// Named is why the addresses of the target are dialled.
func (t *Target) Named() Named { return Named{t.NamedBy, t.Hash} }

// NoRelayError is why a peer that no call reached was not relayed.
type NoRelayError struct {
	Why   netproto.NoRelay // "" if the tracker does not say it
	Again *time.Time       // from when on there is a relay; nil if that is not known
}

func (e *NoRelayError) Error() string { return "the tracker relays nothing now" }
