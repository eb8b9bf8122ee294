// Package limit counts what a tracker gives to whom, so that nobody takes the
// share of others: rates, open connections and announced resources. It knows
// nothing of HTTP, and all of its tables are bounded.
package limit

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"centralizedp2p/tracker/netaddr"
)

// MaxEntries bounds each table by default. If there are more, those that were
// quiet for longest are forgotten and start afresh when they return: a crowd makes
// limits looser, never stricter.
const MaxEntries = 1 << 16

// Source returns what an address is counted under: itself, or the /64 of an IPv6
// address, which is the least that one customer of a provider has (RFC 6177).
func Source(a netip.Addr) netip.Addr {
	a = netaddr.Plain(a)
	if a.Is4() {
		return a
	}
	network, err := a.Prefix(64)
	if err != nil {
		return a // the zero address
	}
	return network.Addr()
}

// Rates is a token bucket for each key. A nil *Rates has no limit. All methods
// are safe for concurrent use.
type Rates[K comparable] struct {
	perSecond rate.Limit
	burst     int
	entries   int

	mu      sync.Mutex
	buckets map[K]*list.Element // of *bucket[K]
	recent  list.List           // the most recent first
	spent   map[K]int           // here, that others were not told of; nil unless shared
}

type bucket[K comparable] struct {
	key    K
	tokens *rate.Limiter
}

// NewRates allows each key perSecond tokens a second, and burst tokens at once
// after it was quiet. It remembers at most entries keys.
func NewRates[K comparable](perSecond float64, burst, entries int) *Rates[K] {
	return &Rates[K]{perSecond: rate.Limit(perSecond), burst: burst, entries: entries, buckets: map[K]*list.Element{}}
}

// Charge takes n tokens for something that was done already, even if there are
// fewer: then the key has to wait until the rest has come in.
func (r *Rates[K]) Charge(key K, n int, now time.Time) {
	if r == nil || n <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.charge(key, n, now)
	r.note(key, n)
}

// charge takes tokens; the caller holds the lock.
func (r *Rates[K]) charge(key K, n int, now time.Time) {
	for tokens := r.bucket(key); n > 0; n -= r.burst {
		tokens.ReserveN(now, min(n, r.burst))
	}
}

// Take takes n tokens and returns 0. If there are fewer, it takes none and returns
// the time after which there will be enough. More than a burst counts as a burst,
// because it could never be taken otherwise.
func (r *Rates[K]) Take(key K, n int, now time.Time) (wait time.Duration) {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.bucket(key).ReserveN(now, min(n, r.burst))
	if wait = taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
		return wait
	}
	r.note(key, min(n, r.burst))
	return 0
}

// bucket returns the tokens of a key. The caller holds the lock.
func (r *Rates[K]) bucket(key K) *rate.Limiter {
	at := r.buckets[key]
	if at == nil {
		at = r.recent.PushFront(&bucket[K]{key, rate.NewLimiter(r.perSecond, r.burst)})
		r.buckets[key] = at
		if len(r.buckets) > r.entries {
			oldest := r.recent.Remove(r.recent.Back()).(*bucket[K])
			delete(r.buckets, oldest.key)
		}
	} else {
		r.recent.MoveToFront(at)
	}
	return at.Value.(*bucket[K]).tokens
}
