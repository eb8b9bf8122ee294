package session

import (
	"net/netip"
	"sync"
	"time"
)

// Peers introduce each other. A liar may name an address so that many peers dial
// somebody who has nothing to do with it. Therefore
//   - a peer passes on only addresses at which it sees the other one itself, with
//     the port that the other claims, as the tracker does;
//   - an address that another peer named is dialled once, is forgotten when the
//     right key does not answer, and is never below port 1024;
//   - an address in a private network counts only among peers of private networks;
//   - all dials together reach at most heardPerAddress peers at one address in
//     heardTime, and heardPerMinute in all.
//
// A lie therefore costs its victim one connection attempt from each peer that
// heard it.
const (
	heardPerAddress = 4
	heardTime       = 10 * time.Minute
	heardPerMinute  = 60
	// maxHeardAddresses bounds how many recently dialled addresses are remembered.
	maxHeardAddresses = 10_000
)

// Hearsay bounds the dialling of addresses that other peers named. The zero value
// is ready.
type Hearsay struct {
	mu     sync.Mutex
	byNet  map[netip.Prefix]heardOf
	minute time.Time // when the current one began
	dials  int       // in it
}

type heardOf struct {
	since time.Time
	dials int
}

// Allow reports whether an address may be dialled, and counts it.
func (h *Hearsay) Allow(address netip.AddrPort, now time.Time) bool {
	if address.Port() < LowestPort || !IsUnicast(address.Addr()) {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.minute) > time.Minute {
		h.minute, h.dials = now, 0
	}
	if h.dials >= heardPerMinute {
		return false
	}
	if !address.Addr().IsLoopback() { // on this computer there is no victim
		if !h.allowNet(Network(address.Addr()), now) {
			return false
		}
	}
	h.dials++
	return true
}

func (h *Hearsay) allowNet(at netip.Prefix, now time.Time) bool {
	of := h.byNet[at]
	if now.Sub(of.since) > heardTime {
		of = heardOf{since: now}
	}
	if of.dials >= heardPerAddress || of.dials == 0 && len(h.byNet) >= maxHeardAddresses && !h.forget(now) {
		return false
	}
	of.dials++
	if h.byNet == nil {
		h.byNet = map[netip.Prefix]heardOf{}
	}
	h.byNet[at] = of
	return true
}

// forget makes room; it reports false if nothing is old enough.
func (h *Hearsay) forget(now time.Time) bool {
	for at, of := range h.byNet {
		if now.Sub(of.since) > heardTime {
			delete(h.byNet, at)
		}
	}
	return len(h.byNet) < maxHeardAddresses
}

// Fits reports whether a peer at one address can be of use to one at another.
func Fits(address, reader netip.Addr) bool {
	return !InLocalNetwork(address) || InLocalNetwork(reader) && address.IsLoopback() == reader.IsLoopback()
}
