package swarm

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// courtesy is how long the peer with the smaller key has to connect, so that two
// that hear of each other make one connection.
const courtesy = 2 * time.Second

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
			if session.Fits(p.Address.Addr(), from) {
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
		if there, ok := other.ReachableAt(); ok && session.Fits(there.Addr(), newcomer.Remote().Addr()) {
			answer.Peers = append(answer.Peers, netproto.SwarmPeer{Key: other.Key, Address: there})
		}
		if reads && reachable && session.Fits(at.Addr(), other.Remote().Addr()) {
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
	if a.sources[p.Key] != nil || a.over || !a.swarms.hearsay.Allow(p.Address, now) {
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
