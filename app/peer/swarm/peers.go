package swarm

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Peers of a swarm introduce each other: a peer that reads a content here learns
// about the others that this peer is connected to for it, and they about it. An
// address may be made up to have many peers dial somebody who has no part in it. So
//   - only addresses are passed on at which this peer sees the other one itself,
//     with the port that it claims, as the tracker does;
//   - an address that was heard of is dialled once, is forgotten when the right key
//     does not answer, and is never below port 1024;
//   - an address in a private network counts only among peers of private networks;
//   - all attempts together dial at most heardPerAddress peers at one address in
//     heardTime, and heardPerMinute in all.
//
// A lie therefore costs its victim one connection attempt for each peer that
// was told it one by one.
const (
	heardPerAddress = 4
	heardTime       = 10 * time.Minute
	heardPerMinute  = 60
	// maxHeardAddresses bounds the memory of what was dialled recently.
	maxHeardAddresses = 10_000
	// courtesy is how long the peer with the smaller key has to connect, so that
	// two that hear of each other make one connection.
	courtesy = 2 * time.Second
)

// hearsay bounds the dialling of addresses that other peers named.
type hearsay struct {
	mu     sync.Mutex
	byNet  map[netip.Prefix]heardOf
	minute time.Time // when the running one began
	dials  int       // in it
}

type heardOf struct {
	since time.Time
	dials int
}

// allow tells whether an address may be dialled, and counts it.
func (h *hearsay) allow(address netip.AddrPort, now time.Time) bool {
	if address.Port() < session.LowestPort || !session.IsUnicast(address.Addr()) {
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
	if !address.Addr().IsLoopback() { // no crowd is far away there
		if !h.allowNet(session.Network(address.Addr()), now) {
			return false
		}
	}
	h.dials++
	return true
}

func (h *hearsay) allowNet(at netip.Prefix, now time.Time) bool {
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
func (h *hearsay) forget(now time.Time) bool {
	for at, of := range h.byNet {
		if now.Sub(of.since) > heardTime {
			delete(h.byNet, at)
		}
	}
	return len(h.byNet) < maxHeardAddresses
}

// fits tells whether a peer at one address can be of use to one at another.
func fits(address, reader netip.Addr) bool {
	return !session.InLocalNetwork(address) || session.InLocalNetwork(reader) && address.IsLoopback() == reader.IsLoopback()
}

// Peers takes who else is in the swarm of a content.
func (r *reader) Peers(f netproto.Peers) {
	c, ss := r.conn, r.swarms
	if c.Owner.Reads(f.Hash, true) {
		ss.introduce(c, f.Hash)
	}
	wanted := ss.readers(f.Hash)
	if a := r.gives(f.Hash); a != nil {
		wanted[a] = struct{}{}
	}
	from := c.Remote().Addr()
	at, _ := c.ReachableAt()
	for a := range wanted {
		a.meet(c.Key, at)
		for _, p := range f.Peers {
			if fits(p.Address.Addr(), from) {
				a.hear(p)
			}
		}
	}
}

// readers are the attempts that have a content under way: as what the person asked
// for, or as a file of a folder.
func (ss *Swarms) readers(hash netproto.ContentHash) map[*Attempt]struct{} {
	found := map[*Attempt]struct{}{}
	ss.config.Contents.Select(hash, func(c offer.Content) bool {
		if j, ok := c.(*job); ok && !j.Whole() {
			found[j.attempt] = struct{}{}
		}
		return false
	})
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for a := range ss.byHash[hash] {
		found[a] = struct{}{}
	}
	return found
}

// introduce tells a newcomer about the others in a swarm, and them about it.
func (ss *Swarms) introduce(newcomer *session.Conn, hash netproto.ContentHash) {
	others := slices.DeleteFunc(ss.config.Conns.All(), func(c *session.Conn) bool { return c.Key == newcomer.Key })
	rand.Shuffle(len(others), func(i, k int) { others[i], others[k] = others[k], others[i] })
	own := uint16(ss.config.Port())
	at, reachable := newcomer.ReachableAt()
	told := map[netproto.PublicKey]struct{}{}
	answer := netproto.Peers{Hash: hash, Port: own}
	for _, other := range others {
		if _, twice := told[other.Key]; twice || len(told) == netproto.MaxSwarmPeers {
			continue
		}
		reads := other.Owner.Reads(hash, false)
		if !reads && other.Reader.(*reader).gives(hash) == nil {
			continue
		}
		told[other.Key] = struct{}{}
		if there, ok := other.ReachableAt(); ok && fits(there.Addr(), newcomer.Remote().Addr()) {
			answer.Peers = append(answer.Peers, netproto.SwarmPeer{Key: other.Key, Address: there})
		}
		if reads && reachable && fits(at.Addr(), other.Remote().Addr()) {
			other.Send(netproto.Peers{Hash: hash, Port: own, Peers: []netproto.SwarmPeer{{Key: newcomer.Key, Address: at}}})
		}
	}
	if len(answer.Peers) > 0 {
		newcomer.Send(answer)
	}
}

// tellSwarm tells the connected peers that are in the swarm of a content that it
// can be read here from now on.
func (ss *Swarms) tellSwarm(hash netproto.ContentHash) {
	f := netproto.Peers{Hash: hash, Port: uint16(ss.config.Port())}
	told := map[netproto.PublicKey]struct{}{}
	for _, c := range ss.config.Conns.All() {
		if _, twice := told[c.Key]; !twice && c.InSwarm(hash) {
			told[c.Key] = struct{}{}
			c.Send(f)
		}
	}
}

// meet makes a connected peer a source, or has it asked again: it may have refused
// because it had nothing yet.
func (a *Attempt) meet(key netproto.PublicKey, at netip.AddrPort) {
	a.mu.Lock()
	defer a.unlock()
	if a.over {
		return
	}
	switch s := a.sources[key]; {
	case s == nil:
		a.know(heardSource(key, at))
		if s = a.sources[key]; s != nil {
			s.traded = true
		}
	case s.unreached || s.failure == nil:
		s.unreached, s.retry = false, time.Time{}
	}
	for l := range a.lanes {
		for _, s := range l.streams {
			if l.source.Key == key && s.refused {
				s.pause = time.Time{}
			}
		}
	}
	a.Wake()
}

// hear makes a peer that another one named a source, to be tried once.
func (a *Attempt) hear(p netproto.SwarmPeer) {
	now := time.Now()
	a.mu.Lock()
	defer a.unlock()
	if a.sources[p.Key] != nil || a.over || !a.swarms.hearsay.allow(p.Address, now) {
		return
	}
	a.know(heardSource(p.Key, p.Address))
	if s := a.sources[p.Key]; s != nil {
		s.heard, s.traded = true, true
		if bytes.Compare(a.swarms.config.Key[:], p.Key[:]) > 0 && len(a.swarms.config.Conns.Of(p.Key)) == 0 {
			s.retry = now.Add(courtesy)
		}
	}
	a.Wake()
}

func heardSource(key netproto.PublicKey, at netip.AddrPort) netproto.Source {
	src := netproto.Source{PeerID: netproto.PeerIDOf(key[:]), Key: key, Part: true}
	if at.IsValid() && at.Port() != 0 {
		src.Addresses = []string{at.String()}
	}
	return src
}
