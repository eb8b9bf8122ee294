package limit

import (
	"net/netip"
	"time"
)

// TimesNetwork is how many times as much as one address a whole network may have: a
// crowd of customers stays below that, and one who has the network to himself, with
// an address for each attempt, does not.
const TimesNetwork = 16

// networkOf returns the network that an address shares with its neighbours: a /24,
// or of IPv6 a /48, which a site can have. This computer has no neighbours.
func networkOf(a netip.Addr) netip.Prefix {
	bits := 48
	switch {
	case a.IsLoopback():
		return prefixOf(a)
	case a.Is4():
		bits = 24
	}
	network, _ := a.Prefix(bits) // the bits always fit
	return network
}

// prefixOf returns an address alone as a network.
func prefixOf(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// SourceRates is a token bucket for each source and a larger one for each network. A
// nil *SourceRates has no limit. All methods are safe for concurrent use.
type SourceRates struct {
	sources  *Rates[netip.Addr]
	networks *Rates[netip.Prefix]
}

// NewSourceRates allows each source as much as NewRates does, and each network
// TimesNetwork times as much.
func NewSourceRates(perSecond float64, burst, entries int) *SourceRates {
	return &SourceRates{
		sources:  NewRates[netip.Addr](perSecond, burst, entries),
		networks: NewRates[netip.Prefix](TimesNetwork*perSecond, TimesNetwork*burst, entries),
	}
}

// Take is Rates.Take. What the network refuses is charged to the source all the same,
// but not the other way round: one source cannot use up what its neighbours have.
func (r *SourceRates) Take(source netip.Addr, n int, now time.Time) (wait time.Duration) {
	if r == nil {
		return 0
	}
	if wait := r.sources.Take(source, n, now); wait > 0 || source.IsLoopback() {
		return wait
	}
	return r.networks.Take(networkOf(source), n, now)
}

// Charge is Rates.Charge.
func (r *SourceRates) Charge(source netip.Addr, n int, now time.Time) {
	if r == nil {
		return
	}
	r.sources.Charge(source, n, now)
	if !source.IsLoopback() {
		r.networks.Charge(networkOf(source), n, now)
	}
}
