package seedpeer

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"centralizedp2p/netproto"
)

// Answers a second. The source of a datagram can be forged, and an answer is
// hundreds of times longer than its request: without limits, a Server would be a
// weapon against whoever is named as the source. In the local network that is a
// neighbour, who could be harmed in easier ways. Anybody else gets so little that
// another weapon would be better: a burst of twenty files, and then one every two
// seconds, 5 kB a second; all of them together get 50 kB a second.
const (
	answersPerSource = 50
	answersInAll     = 200 // 2 MB a second

	answersFarAway      = 0.5 // to each source beyond the local network, and
	answersFarAwayBurst = 20  // at once
	answersFarInAll     = 5
	answersFarBurst     = 100

	networkTimes = 4 // as much as one source for its /24, or /48
)

// allows reports whether the policy lets a source be answered.
func allows(policy netproto.SeedPolicy, source netip.Addr) bool {
	switch policy {
	case netproto.SeedOpen:
		return true
	case netproto.SeedLAN:
		return isLocal(source)
	}
	return false
}

// isLocal reports whether an address belongs to this computer or its own network.
func isLocal(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast()
}

// limits counts answers to each source and in total. It belongs to one goroutine.
// It cannot grow beyond what answersInAll admits between two sweeps.
type limits struct {
	all     *rate.Limiter
	far     *rate.Limiter                  // beyond the local network
	sources map[netip.Prefix]*rate.Limiter // and networks
	swept   time.Time
}

func newLimits() *limits {
	return &limits{
		all:     rate.NewLimiter(answersInAll, answersInAll),
		far:     rate.NewLimiter(answersFarInAll, answersFarBurst),
		sources: make(map[netip.Prefix]*rate.Limiter),
	}
}

// allow reports whether a source may have one more answer now. A source that has
// used up its share takes nothing from the others.
func (l *limits) allow(source netip.Addr, now time.Time) bool {
	l.sweep(now)
	takes := []*rate.Limiter{l.all}
	admits := func(next *rate.Limiter) bool {
		takes = append(takes, next)
		return next.TokensAt(now) >= 1
	}
	// Nothing is remembered of a source before the wider limits admit it.
	switch {
	case l.all.TokensAt(now) < 1:
		return false
	case isLocal(source):
		if !admits(l.of(network(source), answersPerSource, answersPerSource)) {
			return false
		}
	case !admits(l.far), !admits(l.of(around(source), networkTimes*answersFarAway, networkTimes*answersFarAwayBurst)),
		!admits(l.of(network(source), answersFarAway, answersFarAwayBurst)):
		return false
	}
	for _, limiter := range takes {
		limiter.AllowN(now, 1)
	}
	return true
}

// of returns what a source or a network may have.
func (l *limits) of(key netip.Prefix, perSecond rate.Limit, burst int) *rate.Limiter {
	own := l.sources[key]
	if own == nil {
		own = rate.NewLimiter(perSecond, burst)
		l.sources[key] = own
	}
	return own
}

// sweep forgets, once a second, the sources that have their full share again.
func (l *limits) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for key, own := range l.sources {
		if own.TokensAt(now) >= float64(own.Burst()) {
			delete(l.sources, key)
		}
	}
}

// around returns the network that a source shares with its neighbours.
func around(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := 48
	if addr.Is4() {
		bits = 24
	}
	return netip.PrefixFrom(addr, bits).Masked()
}

// network returns what counts as one source: an IPv4 address, or an IPv6 /64, whose
// addresses a single computer may use.
func network(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(addr, bits).Masked()
}
