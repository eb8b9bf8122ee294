package session

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/netproto"
)

// MaxConnsPerKey bounds the connections to one peer, both ways. It is twice as many as a
// download makes: if the network of a peer changes, it makes new ones before the old ones
// are found to be dead here.
const MaxConnsPerKey = 16

const (
	maxConns = 512 // incoming, all peers
	// maxConnsPerAddress bounds the incoming connections from one address, which
	// several people may share.
	maxConnsPerAddress = 64
)

// place is that of one connection among those to a peer.
type place struct {
	key   netproto.PublicKey
	index int
}

// dialling is held while a connection is made, so that two downloads do not make two
// for one place.
type dialling struct {
	turn  chan struct{} // of capacity 1
	users int           // goroutines that hold it or wait for it
}

func (cs *Conns) add(c *Conn) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.byKey[c.Key]) >= MaxConnsPerKey {
		return false
	}
	cs.byKey[c.Key] = append(cs.byKey[c.Key], c)
	for _, came := range cs.awaited[c.Key] {
		select {
		case came <- struct{}{}:
		default:
		}
	}
	return true
}

func (cs *Conns) remove(c *Conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	list := cs.byKey[c.Key]
	for i, other := range list {
		if other == c {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(cs.byKey, c.Key)
		return
	}
	cs.byKey[c.Key] = list
}

// Of returns the living connections to a peer, the best way first.
func (cs *Conns) Of(key netproto.PublicKey) []*Conn {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	var alive []*Conn
	for _, c := range cs.byKey[key] {
		if c.alive() {
			alive = append(alive, c)
		}
	}
	slices.SortStableFunc(alive, func(a, b *Conn) int { return cmp.Compare(a.Way.rank(), b.Way.rank()) })
	return alive
}

// dialling waits for the turn to dial for a place; done gives it back.
func (cs *Conns) dialling(ctx context.Context, at place) (done func(), err error) {
	cs.mu.Lock()
	d := cs.dials[at]
	if d == nil {
		d = &dialling{turn: make(chan struct{}, 1)}
		cs.dials[at] = d
	}
	d.users++
	cs.mu.Unlock()
	leave := func() {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		if d.users--; d.users == 0 {
			delete(cs.dials, at)
		}
	}
	select {
	case d.turn <- struct{}{}:
		return func() { <-d.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// Ban ends every connection to a peer that sent wrong bytes and refuses new ones for a
// day. The handlers of those connections learn why. A network from which many such
// peers came is refused for an hour.
func (cs *Conns) Ban(key netproto.PublicKey, why error) {
	cs.mu.Lock()
	list := append([]*Conn(nil), cs.byKey[key]...)
	var from []netip.Addr
	for _, c := range list {
		from = append(from, c.Remote().Addr())
	}
	cs.bans.ban(key, from, time.Now())
	cs.mu.Unlock()
	for _, c := range list {
		c.Close(why)
	}
}

// Banned reports whether a peer is refused because of wrong bytes.
func (cs *Conns) Banned(key netproto.PublicKey) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.bans.holds(key, time.Now())
}

// refuses reports whether an address is in a network from which many wrong bytes came.
func (cs *Conns) refuses(ip netip.Addr) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.bans.refuses(ip, time.Now())
}

// BeginDial reports whether an address may be dialled to reach a key: see [Dials.Begin].
// Nobody in a network from which many wrong bytes came is dialled.
func (cs *Conns) BeginDial(key netproto.PublicKey, at netip.AddrPort, named Named) (end func(answered bool), err error) {
	if cs.refuses(at.Addr()) {
		return nil, errBannedNetwork
	}
	return cs.Dials.Begin(key, at, named, time.Now())
}

func (cs *Conns) refuseBanned(key ed25519.PublicKey) error {
	if cs.Banned(netproto.PublicKey(key)) {
		return errBanned
	}
	return nil
}

// All returns all connections, in no order.
func (cs *Conns) All() []*Conn {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	all := make([]*Conn, 0, len(cs.byKey))
	for _, list := range cs.byKey {
		all = append(all, list...)
	}
	return all
}

// ErrImproved ends a relayed connection that a better one has replaced.
var ErrImproved = errors.New("there is a better way to the peer")

// ErrSilent ends connections on which nothing comes any longer, not even an answer to a
// ping.
var ErrSilent = errors.New("nothing comes any longer")

// ErrRenewed ends connections that [Conns.Renew] found dead.
var ErrRenewed = errors.New("the network changed, or the computer slept")

// Renew gives up what is being dialled and closes the connections that are dead,
// after the computer slept or changed its network.
func (cs *Conns) Renew(dead func(*Conn) bool) {
	cs.Dials.Renew()
	cs.mu.Lock()
	cs.endEpoch()
	cs.epoch, cs.endEpoch = context.WithCancel(cs.ctx)
	cs.mu.Unlock()
	for _, c := range cs.All() {
		if dead(c) {
			c.Close(ErrRenewed)
		}
	}
}

// Renewed is closed with the next [Conns.Renew], and when everything ends.
func (cs *Conns) Renewed() <-chan struct{} {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.epoch.Done()
}

// untilRenewed returns a context like ctx that also ends with the next [Conns.Renew].
func (cs *Conns) untilRenewed(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	stop := context.AfterFunc(cs.epoch, cancel)
	return ctx, func() { stop(); cancel() }
}
