package session

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/netproto"
)

// Role is the side of TLS that this peer is on. It need not be that of TCP.
type Role bool

// The two sides.
const (
	Client Role = false
	Server Role = true
)

// Channel is an encrypted connection to a peer that has proven its key, before the
// first frame. It ends as a [Conn], see [Conns.Connect] and [Conns.Keep], or closed.
type Channel struct {
	tls     *tls.Conn
	role    Role
	way     Way
	dialled bool // by this side, at an address where others may reach the peer too
	limit   int64
	trip    time.Duration // see [Conn]
}

// shake shakes hands, and measures how far away the peer is.
func (ch *Channel) shake(ctx context.Context) error {
	began := time.Now()
	err := ch.tls.HandshakeContext(ctx)
	ch.trip = time.Since(began)
	return err
}

// Close ends a channel that is not wanted.
func (ch *Channel) Close() error { return ch.tls.NetConn().Close() }

// Way says how the channel came about.
func (ch *Channel) Way() Way { return ch.way }

// Limit says how many bytes a second the relay passes on, each way; 0 is no limit.
func (ch *Channel) Limit(rate int64) { ch.limit = max(rate, 0) }

// Secure shakes hands over any connection, and makes sure that the peer at the other
// end has the key. If it fails, the connection is closed.
func (cs *Conns) Secure(ctx context.Context, raw net.Conn, key netproto.PublicKey, role Role, way Way) (*Channel, error) {
	verify := func(other ed25519.PublicKey) error {
		if netproto.PublicKey(other) != key {
			return errors.New("another peer answers at its address")
		}
		return cs.refuseBanned(other)
	}
	ch := &Channel{role: role, way: way, dialled: !way.Arranged()}
	if role == Server {
		ch.tls = tls.Server(newWire(raw), cs.config.Identity.ServerTLS(netproto.ALPN, true, verify))
	} else {
		ch.tls = tls.Client(newWire(raw), cs.config.Identity.ClientTLS(netproto.ALPN, verify))
	}
	ctx, cancel := context.WithTimeout(ctx, cs.config.Timing.Handshake)
	defer cancel()
	if err := ch.shake(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return ch, nil
}

// Keep makes a channel a connection that a peer called for, and closes it if that
// fails. It counts among those that others made.
func (cs *Conns) Keep(ctx context.Context, ch *Channel) (*Conn, error) {
	raw := ch.tls.NetConn()
	if ch.way == WayRelayed {
		raw = nowhere{raw}
	}
	in, admitted := cs.guests.admit(raw, time.Now())
	if !admitted {
		ch.Close()
		return nil, netproto.Errorf(netproto.CodeBusy, "%d peers are connected", maxConns)
	}
	return cs.keep(ctx, ch, in)
}

// nowhere is a connection that counts for no address: that of a relay is the tracker's.
type nowhere struct{ net.Conn }

func (nowhere) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv6loopback} }

// keep greets, and runs the connection until its end. in is nil if this side made it.
func (cs *Conns) keep(ctx context.Context, ch *Channel, in *guest) (*Conn, error) {
	left := func() {
		if in != nil {
			cs.guests.leave(in)
		}
	}
	c, r, err := cs.greet(ctx, ch)
	if err == nil && !cs.add(c) {
		err = netproto.Errorf(netproto.CodeBusy, "%s", c.Address())
	}
	if err != nil {
		ch.Close()
		left()
		return nil, err
	}
	if in != nil {
		in.met.Store(c)
	}
	begun := cs.begin(func() {
		defer left()
		defer cs.remove(c)
		err := c.run(cs.ctx, r)
		cs.config.Log.Debug("connection ended", "peer", c.Address(), "way", c.Way, "error", err)
	})
	if !begun {
		cs.remove(c)
		ch.Close()
		left()
		return nil, context.Canceled
	}
	return c, nil
}

// Climb makes a channel to a peer, until its context ends.
type Climb func(ctx context.Context) (*Channel, error)

// Connect returns the index-th connection to a peer, counted from 0, the best way
// first. If there are fewer, climb makes one; several are made at once. A connection that
// the peer makes meanwhile ends the climb for the first, unless that has just succeeded.
func (cs *Conns) Connect(ctx context.Context, key netproto.PublicKey, index int, climb Climb) (*Conn, error) {
	return cs.obtain(ctx, place{key, index}, func(have []*Conn) *Conn {
		if index < len(have) {
			return have[index]
		}
		return nil
	}, climb)
}

// Improve returns a connection to a peer that is not relayed, if there is one or climb
// makes one.
func (cs *Conns) Improve(ctx context.Context, key netproto.PublicKey, climb Climb) (*Conn, error) {
	return cs.obtain(ctx, place{key, 0}, func(have []*Conn) *Conn {
		if len(have) > 0 && have[0].Way != WayRelayed {
			return have[0]
		}
		return nil
	}, climb)
}

// obtain returns the connection that enough chooses, or makes one.
func (cs *Conns) obtain(ctx context.Context, at place, enough func(have []*Conn) *Conn, climb Climb) (*Conn, error) {
	key := at.key
	if err := cs.refuseBanned(key[:]); err != nil {
		return nil, err
	}
	done, err := cs.dialling(ctx, at)
	if err != nil {
		return nil, err
	}
	defer done()
	came, stop := cs.Await(key)
	defer stop()
	if at.index > 0 {
		came = nil // one that is being made for another place is none for this
	}
	if c := enough(cs.Of(key)); c != nil {
		return c, nil
	}
	ctx, end := cs.untilRenewed(ctx)
	defer end()
	climbing, giveUp := context.WithCancel(ctx)
	defer giveUp()
	type result struct {
		ch  *Channel
		err error
	}
	results := make(chan result, 1)
	go func() {
		ch, err := climb(climbing)
		results <- result{ch, err}
	}()
	var theirs *Conn
	for {
		select {
		case <-came:
			// One that this side makes for another place is none for this, either.
			if c := enough(cs.Of(key)); c != nil && !c.dialled {
				theirs = c
				giveUp()
				came = nil
			}
		case r := <-results:
			// The peer may have begun to use a channel that is ready: it is kept even if
			// the peer's own connection was faster. Otherwise each side could close
			// what the other one keeps.
			if r.err == nil {
				c, err := cs.keep(ctx, r.ch, nil)
				if err == nil || theirs == nil {
					return c, err
				}
			}
			if theirs != nil {
				return theirs, nil
			}
			return nil, r.err
		}
	}
}

// Await returns a channel that receives when there is a new connection to a peer; stop
// ends that.
func (cs *Conns) Await(key netproto.PublicKey) (came <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.awaited[key] = append(cs.awaited[key], c)
	return c, func() {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		rest := slices.DeleteFunc(cs.awaited[key], func(other chan struct{}) bool { return other == c })
		if cs.awaited[key] = rest; len(rest) == 0 {
			delete(cs.awaited, key)
		}
	}
}

// expectation is of connections with a peer that was called or that called.
type expectation struct {
	key  netproto.PublicKey
	role Role // of this side
	at   []netip.AddrPort
}

// Expected takes what comes of a call for what it is, see [Conns.Expect].
type Expected struct {
	conns *Conns
	of    *expectation
}

// Expect has connections with a peer taken for those of a call, whoever dials: the
// caller is the client of TLS, the callee its server. Expect before you call: the peer
// may be there before the answer. A connection from one of the addresses is of the
// call; at the caller, so is one that says nothing by itself.
func (cs *Conns) Expect(key netproto.PublicKey, role Role, at []netip.AddrPort) *Expected {
	e := &Expected{cs, &expectation{key: key, role: role, at: slices.Clone(at)}}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.expected = append(cs.expected, e.of)
	return e
}

// Also adds addresses.
func (e *Expected) Also(at []netip.AddrPort) {
	e.conns.mu.Lock()
	defer e.conns.mu.Unlock()
	e.of.at = append(e.of.at, at...)
}

// End expects nothing more.
func (e *Expected) End() {
	cs := e.conns
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.expected = slices.DeleteFunc(cs.expected, func(of *expectation) bool { return of == e.of })
}

// calls returns the keys of the peers that this one has called, and whether the call
// of one of them is known to come from an address. A peer that called as well is the
// caller.
func (cs *Conns) calls(from netip.AddrPort) (keys []netproto.PublicKey, exact bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, e := range cs.expected {
		rang := slices.ContainsFunc(cs.expected, func(o *expectation) bool { return o.role == Server && o.key == e.key })
		if e.role == Client && !rang {
			keys = append(keys, e.key)
			exact = exact || slices.Contains(e.at, from)
		}
	}
	return keys, exact
}

// CalledWay is how a connection came about for which a peer was called: in the local
// network, that is no other way than by itself.
func CalledWay(ip netip.Addr) Way {
	if InLocalNetwork(ip) {
		return WayLAN
	}
	return WayCalled
}

// wayOf is how a connection came about that a peer made.
func (cs *Conns) wayOf(key netproto.PublicKey, from netip.AddrPort) Way {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, e := range cs.expected {
		if e.key == key && !InLocalNetwork(from.Addr()) && slices.Contains(e.at, from) {
			return WayCalled
		}
	}
	return directWay(from.Addr())
}
