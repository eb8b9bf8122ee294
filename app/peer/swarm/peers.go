package swarm

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Peers of a swarm introduce each other: a peer that reads a content here learns
// about the others that this peer is connected to for it, and they about it.

// Peers takes the addresses of other peers in the swarm of a content.
func (r *reader) Peers(f netproto.Peers) {
	c, ss := r.conn, r.swarms
	if c.Owner.Reads(f.Hash, true) && ss.mayIntroduce(introduction{c.Key, f.Hash}, time.Now()) {
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

// readers returns the attempts that are fetching a content, by itself or as a file of
// a folder.
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

// introduction is of a peer to the swarm of a content.
type introduction struct {
	peer netproto.PublicKey
	hash netproto.ContentHash
}

// introduced is how often that was done, and since when.
type introduced struct {
	since time.Time
	times int
}

const (
	// A peer is introduced to one swarm at most introduceTimes in introduceEvery, since it
	// costs a look at every connection and a frame on some. It may come back after its
	// connection broke.
	introduceTimes = 3
	introduceEvery = time.Minute
	// maxIntroduced bounds the memory of recent introductions.
	maxIntroduced = 4096
)

// mayIntroduce reports whether it is time to introduce a peer, and notes that it is done.
func (ss *Swarms) mayIntroduce(i introduction, now time.Time) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	before, ok := ss.introduced[i]
	if !ok && len(ss.introduced) >= maxIntroduced {
		maps.DeleteFunc(ss.introduced, func(_ introduction, of introduced) bool { return now.Sub(of.since) >= introduceEvery })
		if len(ss.introduced) >= maxIntroduced {
			return false
		}
	}
	if now.Sub(before.since) >= introduceEvery {
		before = introduced{since: now}
	}
	before.times++
	ss.introduced[i] = before
	return before.times <= introduceTimes
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
