package admission

import (
	"cmp"
	"math"
	"time"

	"centralizedp2p/netproto"
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
