package session

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/netproto"
)

const (
	// banTime is how long a peer that sent a wrong piece is refused.
	banTime = 24 * time.Hour
	// networkBanTime is how long a network is refused from which many of them came.
	// It is shorter, because others may be in it.
	networkBanTime = time.Hour
	// maxBanned bounds how many bans are remembered, and how many networks.
	maxBanned = 10_000
	// manyBanned is how many networks stay when the table is full: room for many is
	// made at once, so that going through the table is rare.
	manyBanned = maxBanned * 7 / 8
)

var (
	errBanned        = errors.New("this peer sent wrong bytes before")
	errBannedNetwork = errors.New("many peers of its network sent wrong bytes")
)

// liarsOf says how many keys have to send wrong bytes within banTime before the
// network that they came from is refused as well: first the computer, then what a
// customer of a provider has, then its neighbourhood. Behind one IPv4 address there
// may be many customers, so it takes more. A neighbourhood is refused only if they
// came from several places in it, so one of them, which may lie again each time its own
// hour is over, never has its neighbours shut out.
func liarsOf(ip netip.Addr) []liars {
	if ip.Is4() {
		return []liars{{32, 8, 1}, {24, 32, 4}}
	}
	return []liars{{128, 2, 1}, {64, 4, 1}, {48, 16, 4}}
}

// liars is how many keys, and from how many places in it, have a network refused.
type liars struct{ bits, most, places int }

// bans are the keys that sent wrong bytes, and the networks that they came from. The
// caller holds a lock.
type bans struct {
	keys     map[netproto.PublicKey]time.Time // until when
	networks map[netip.Prefix]*suspect
}

// suspect is a network from which wrong bytes came.
type suspect struct {
	liars  int
	places []netip.Prefix // where they came from, as many as matter
	since  time.Time      // the first of them
	until  time.Time      // it is refused
}

// ban refuses a key for a day. from says where it came from, if that is known. A
// computer in the local network is left to its keys.
func (b *bans) ban(key netproto.PublicKey, from []netip.Addr, now time.Time) {
	known := b.holds(key, now)
	if b.keys == nil {
		b.keys, b.networks = map[netproto.PublicKey]time.Time{}, map[netip.Prefix]*suspect{}
	}
	if len(b.keys) >= maxBanned {
		for k := range b.keys { // an arbitrary one: an attacker that minted this many keys will not reuse each of them
			delete(b.keys, k)
			break
		}
	}
	b.keys[key] = now.Add(banTime)
	if known {
		return
	}
	counted := map[netip.Prefix]bool{}
	for _, ip := range from {
		if ip = ip.Unmap().WithZone(""); !ip.IsValid() || InLocalNetwork(ip) {
			continue
		}
		place := netip.PrefixFrom(ip, ip.BitLen())
		for _, step := range liarsOf(ip) {
			network, _ := ip.Prefix(step.bits) // the bits always fit
			if !counted[network] {
				counted[network] = true
				b.suspect(network, place, step, now)
			}
			place = network
		}
	}
}

// suspect counts a liar for a network; place is where in it the liar is.
func (b *bans) suspect(network, place netip.Prefix, step liars, now time.Time) {
	s := b.networks[network]
	if s == nil {
		if len(b.networks) >= maxBanned {
			b.forget(now)
		}
		s = &suspect{since: now}
		b.networks[network] = s
	}
	if s.over(now) {
		*s = suspect{since: now}
	}
	if len(s.places) < step.places && !slices.Contains(s.places, place) {
		s.places = append(s.places, place)
	}
	if s.liars++; s.liars >= step.most && len(s.places) >= step.places {
		*s = suspect{since: now, until: now.Add(networkBanTime)} // after that, it has to lie as often again
	}
}

// over reports whether nothing counts against a network now.
func (s *suspect) over(now time.Time) bool {
	return now.After(s.until) && now.Sub(s.since) > banTime
}

// forget makes room for networks: it drops those that are innocent by now, then
// arbitrary ones that are not refused, and one that is refused only if all are.
func (b *bans) forget(now time.Time) {
	for network, s := range b.networks {
		if s.over(now) {
			delete(b.networks, network)
		}
	}
	for network, s := range b.networks {
		if len(b.networks) <= manyBanned {
			return
		}
		if now.After(s.until) {
			delete(b.networks, network)
		}
	}
	for network := range b.networks {
		if len(b.networks) < maxBanned {
			return
		}
		delete(b.networks, network)
	}
}

// holds reports whether a key is refused.
func (b *bans) holds(key netproto.PublicKey, now time.Time) bool {
	until, ok := b.keys[key]
	if ok && now.After(until) {
		delete(b.keys, key)
		return false
	}
	return ok
}

// refuses reports whether an address is in a network that is refused.
func (b *bans) refuses(ip netip.Addr, now time.Time) bool {
	if len(b.networks) == 0 || !ip.IsValid() {
		return false
	}
	ip = ip.Unmap().WithZone("")
	for _, step := range liarsOf(ip) {
		network, _ := ip.Prefix(step.bits) // the bits always fit
		if s := b.networks[network]; s != nil && now.Before(s.until) {
			return true
		}
	}
	return false
}
