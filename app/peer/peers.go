package peer

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// Peers of a swarm introduce each other: who reads a content here is told of
// the others that this peer is connected to for it, and they of it. An address
// may be made up to have many peers dial somebody who knows nothing of it. So
//   - only addresses are passed on where this peer sees the other one itself,
//     with the port that it claims, as the tracker does;
//   - one that was heard of is dialled once, is forgotten when the right key does
//     not answer, and never is below port 1024;
//   - an address in a private network counts only among peers of private networks;
//   - all downloads together dial at most heardPerAddress peers at one address
//     in heardTime, and heardPerMinute in all.
//
// A lie therefore costs its victim one connection attempt for each peer that
// was told it one by one.
const (
	heardPerAddress = 4
	heardTime       = 10 * time.Minute
	heardPerMinute  = 60
	lowestHeardPort = 1024
	// maxSwarms is how many contents of one peer are remembered.
	maxSwarms = netproto.MaxStreams
	// maxHeardAddresses bounds the memory of what was dialled lately.
	maxHeardAddresses = 10_000
	// courtesy is how long the peer with the smaller key has to connect, so that
	// two that hear of each other make one connection.
	courtesy = 2 * time.Second
)

// hearsay bounds the dialling of addresses that other peers named.
type hearsay struct {
	mu     sync.Mutex
	byNet  map[netip.Prefix]heardOf
	minute time.Time // begin of the running one
	dials  int       // in it
}

type heardOf struct {
	since time.Time
	dials int
}

// allow tells whether an address may be dialled, and counts it.
func (h *hearsay) allow(address netip.AddrPort, now time.Time) bool {
	if address.Port() < lowestHeardPort || !isUnicast(address.Addr()) {
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
		if !h.allowNet(network(address.Addr()), now) {
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

// forget makes room; false where nothing is old enough.
func (h *hearsay) forget(now time.Time) bool {
	for at, of := range h.byNet {
		if now.Sub(of.since) > heardTime {
			delete(h.byNet, at)
		}
	}
	return len(h.byNet) < maxHeardAddresses
}

// network is what one person has at the least: an IPv4 address, or a /64.
func network(ip netip.Addr) netip.Prefix {
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	at, _ := ip.WithZone("").Prefix(bits) // the bits fit the address
	return at
}

// inLocalNetwork tells whether an address is of this computer or of the local network.
func inLocalNetwork(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

// fits tells whether a peer at one address can be of use to one at another.
func fits(address, reader netip.Addr) bool {
	return !inLocalNetwork(address) || inLocalNetwork(reader) && address.IsLoopback() == reader.IsLoopback()
}

// remote is where this side sees the peer.
func (c *conn) remote() netip.AddrPort {
	a, ok := c.tls.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := a.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// reachableAt is where others can reach the peer, if that is known.
func (c *conn) reachableAt() (netip.AddrPort, bool) {
	at := c.remote()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dialled {
		at = netip.AddrPortFrom(at.Addr(), c.port)
	}
	return at, at.IsValid() && at.Port() >= lowestHeardPort
}

// reads tells whether the peer has a content open here, and whether that is
// the first time that it is asked for with first.
func (c *conn) reads(hash netproto.ContentHash, first bool) bool {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	for _, s := range c.owner.streams {
		if s.upload.key.hash == hash && !(first && s.introduced) {
			s.introduced = s.introduced || first
			return true
		}
	}
	return false
}

// gives is the download that reads a content from the peer, or nil.
func (r *readerRole) gives(hash netproto.ContentHash) *download {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.streams {
		if s.job.hash == hash {
			return s.link.download
		}
	}
	return nil
}

// readPeers is told who else is in the swarm of a content.
func (c *conn) readPeers(f netproto.Peers) {
	c.mu.Lock()
	c.port = f.Port
	if c.swarms == nil {
		c.swarms = map[netproto.ContentHash]struct{}{}
	}
	if len(c.swarms) < maxSwarms {
		c.swarms[f.Hash] = struct{}{}
	}
	c.mu.Unlock()
	e := c.engine
	if c.reads(f.Hash, true) {
		e.introduce(c, f.Hash)
	}
	wanted := e.readers(f.Hash)
	if d := c.reader.gives(f.Hash); d != nil {
		wanted[d] = struct{}{}
	}
	from := c.remote().Addr()
	at, _ := c.reachableAt()
	for d := range wanted {
		d.meet(c.key, at)
		for _, p := range f.Peers {
			if fits(p.Address.Addr(), from) {
				d.hear(p)
			}
		}
	}
}

// readers are the downloads that have a content under way: as what the person
// asked for, or as a file of a folder.
func (e *Engine) readers(hash netproto.ContentHash) map[*download]struct{} {
	found := map[*download]struct{}{}
	e.contents.mu.RLock()
	for _, o := range e.contents.offersOf(hash) {
		if j, ok := o.content.(*job); ok && !j.whole() {
			found[j.download] = struct{}{}
		}
	}
	e.contents.mu.RUnlock()
	e.downloads.mu.Lock()
	defer e.downloads.mu.Unlock()
	for _, d := range e.downloads.byHash[hash] {
		found[d] = struct{}{}
	}
	return found
}

// introduce tells a newcomer of the others in a swarm, and them of it.
func (e *Engine) introduce(newcomer *conn, hash netproto.ContentHash) {
	var others []*conn
	e.conns.mu.Lock()
	for key, list := range e.conns.byKey {
		if key != newcomer.key {
			others = append(others, list...)
		}
	}
	e.conns.mu.Unlock()
	rand.Shuffle(len(others), func(i, k int) { others[i], others[k] = others[k], others[i] })
	own := uint16(e.Port())
	at, reachable := newcomer.reachableAt()
	told := map[netproto.PublicKey]struct{}{}
	answer := netproto.Peers{Hash: hash, Port: own}
	for _, other := range others {
		if _, twice := told[other.key]; twice || len(told) == netproto.MaxSwarmPeers {
			continue
		}
		reads := other.reads(hash, false)
		if !reads && other.reader.gives(hash) == nil {
			continue
		}
		told[other.key] = struct{}{}
		if there, ok := other.reachableAt(); ok && fits(there.Addr(), newcomer.remote().Addr()) {
			answer.Peers = append(answer.Peers, netproto.SwarmPeer{Key: other.key, Address: there})
		}
		if reads && reachable && fits(at.Addr(), other.remote().Addr()) {
			other.send(netproto.Peers{Hash: hash, Port: own, Peers: []netproto.SwarmPeer{{Key: newcomer.key, Address: at}}})
		}
	}
	if len(answer.Peers) > 0 {
		newcomer.send(answer)
	}
}

// tellSwarm tells the connected peers that are in the swarm of a content that
// it can be read here from now on.
func (e *Engine) tellSwarm(hash netproto.ContentHash) {
	f := netproto.Peers{Hash: hash, Port: uint16(e.Port())}
	e.conns.mu.Lock()
	defer e.conns.mu.Unlock()
	for _, list := range e.conns.byKey {
		if c := list[0]; c.isIn(hash) {
			c.send(f)
		}
	}
}

func (c *conn) isIn(hash netproto.ContentHash) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, in := c.swarms[hash]
	return in
}

// meet makes a peer that is connected to this one a source, or one that is to
// be asked again: it may have refused because it had nothing yet.
func (d *download) meet(key netproto.PublicKey, at netip.AddrPort) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancel == nil {
		return
	}
	switch s := d.sources[key]; {
	case s == nil:
		d.know(heardSource(key, at))
		if s = d.sources[key]; s != nil {
			s.traded = true
		}
	case s.unreached || s.failure == nil:
		s.unreached, s.retry = false, time.Time{}
	}
	for l := range d.links {
		for _, s := range l.streams {
			if l.source.Key == key && s.refused {
				s.pause = time.Time{}
			}
		}
	}
	d.wake()
}

// hear makes a peer that another one named a source, to be tried once.
func (d *download) hear(p netproto.SwarmPeer) {
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sources[p.Key] != nil || d.cancel == nil || !d.engine.hearsay.allow(p.Address, now) {
		return
	}
	d.know(heardSource(p.Key, p.Address))
	if s := d.sources[p.Key]; s != nil {
		s.heard, s.traded = true, true
		own := d.engine.identity.Key()
		if bytes.Compare(own, p.Key[:]) > 0 && !d.engine.conns.knows(p.Key) {
			s.retry = now.Add(courtesy)
		}
	}
	d.wake()
}

func heardSource(key netproto.PublicKey, at netip.AddrPort) netproto.Source {
	src := netproto.Source{PeerID: netproto.PeerIDOf(key[:]), Key: key, Part: true}
	if at.IsValid() && at.Port() != 0 {
		src.Addresses = []string{at.String()}
	}
	return src
}

// knows tells whether there is a connection to a peer.
func (cs *conns) knows(key netproto.PublicKey) bool { return len(cs.of(key)) > 0 }
