package seedpeer

import (
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"centralizedp2p/netproto"
)

// Answers a second. The source of a datagram can be forged, and an answer is
// hundreds of times longer than its request: without limits, a Server would be a
// weapon against whoever is named as the source.
const (
	answersPerSource = 50
	answersInAll     = 200 // 2 MB a second
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
	sources map[netip.Prefix]*rate.Limiter
	swept   time.Time
}

func newLimits() *limits {
	return &limits{
		all:     rate.NewLimiter(answersInAll, answersInAll),
		sources: make(map[netip.Prefix]*rate.Limiter),
	}
}

// allow reports whether a source may have one more answer now. A source that has
// used up its share takes nothing from the others.
func (l *limits) allow(source netip.Addr, now time.Time) bool {
	l.sweep(now)
	if l.all.TokensAt(now) < 1 {
		return false
	}
	key := network(source)
	own := l.sources[key]
	if own == nil {
		own = rate.NewLimiter(answersPerSource, answersPerSource)
		l.sources[key] = own
	}
	return own.AllowN(now, 1) && l.all.AllowN(now, 1)
}

// sweep forgets, once a second, the sources that have their full share again.
func (l *limits) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for key, own := range l.sources {
		if own.TokensAt(now) >= answersPerSource {
			delete(l.sources, key)
		}
	}
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
