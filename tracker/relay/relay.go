// Package relay passes bytes between two connections for peers that a call has not
// brought together. It is a cable: what it carries is TLS between the two, so it knows
// who, when and how much, and nothing else. Everything about it is bounded: how many
// circuits there are, how fast they are, how long they last, and how much a peer may
// send in a day.
package relay

import (
	"context"
	"crypto/rand"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
)

// Limits are what a relay gives away. 0 means no limit, except for Circuits.
type Limits struct {
	Circuits  int           // at once; 0 switches the relay off
	PerKey    int           // of them, with one peer
	PerSource int           // of them, with one address (or IPv6 /64)
	Rate      int64         // bytes a second, each way of each circuit
	Total     int64         // bytes a second, of all of them
	PerDay    int64         // bytes of one peer, both ways
	Idle      time.Duration // without a byte
	Life      time.Duration // of a circuit
}

// DefaultLimits returns the limits of a relay that nobody configured. They carry what
// has no other way, and are no reason to use it for anything else.
func DefaultLimits() Limits {
	return Limits{
		Circuits: 32, PerKey: 2, PerSource: 4, Rate: 1_000_000, Total: 8_000_000, PerDay: 2 << 30,
		Idle: time.Minute, Life: time.Hour,
	}
}

// burst is how much may pass at once after silence: enough for a question.
const burst = 256 << 10

// offersMost bounds the calls whose tokens are remembered.
const offersMost = 16_384

// Relay keeps the tokens and circuits of one tracker. All methods are safe for
// concurrent use.
type Relay struct {
	limits Limits
	now    func() time.Time
	total  *rate.Limiter // nil without a limit
	bytes  atomic.Int64
	mark   []byte          // of all tokens
	ctx    context.Context // of all circuits
	stop   context.CancelFunc

	mu       sync.Mutex
	closed   bool
	running  sync.WaitGroup
	offers   map[netproto.RelayToken]*side
	oldest   []*offer
	circuits map[*circuit]struct{}
	ofKey    map[netproto.PublicKey]int
	ofSource map[netip.Addr]int
	today    int64 // days since 1970
	used     map[netproto.PublicKey]int64
}

// New returns a relay.
func New(limits Limits) *Relay {
	r := &Relay{
		limits: limits, now: time.Now,
		offers: map[netproto.RelayToken]*side{}, circuits: map[*circuit]struct{}{},
		ofKey: map[netproto.PublicKey]int{}, ofSource: map[netip.Addr]int{}, used: map[netproto.PublicKey]int64{},
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	if limits.Total > 0 {
		r.total = rate.NewLimiter(rate.Limit(limits.Total), max(burst, int(limits.Total/4)))
	}
	return r
}

// Mark has all tokens begin with the mark of this node, so that others know whose they are.
// It comes before any is made.
func (r *Relay) Mark(mark [4]byte) { r.mark = mark[:] }

// On reports whether anything is relayed.
func (r *Relay) On() bool { return r.limits.Circuits > 0 }

// Circuits returns how many there are, half-open ones included.
func (r *Relay) Circuits() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.circuits)
}

// Bytes returns how many were passed on so far.
func (r *Relay) Bytes() int64 { return r.bytes.Load() }

// offer is the pair of tokens of a call.
type offer struct {
	sides   [2]side
	until   time.Time
	circuit *circuit // once a side has come
}

// side is one of the two peers of an offer.
type side struct {
	offer *offer
	place int
	token netproto.RelayToken
	key   netproto.PublicKey
}

// Offer makes the tokens of a call between two peers. It reports false if nothing is
// relayed, or nothing for one of them now.
func (r *Relay) Offer(caller, callee netproto.PublicKey) (forCaller, forCallee *netproto.Relay, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.expire(now)
	if r.closed || len(r.circuits) >= r.limits.Circuits || len(r.oldest) >= offersMost || !r.mayUse(caller, now) || !r.mayUse(callee, now) {
		return nil, nil, false
	}
	o := &offer{until: now.Add(netproto.CallLife)}
	for i, key := range []netproto.PublicKey{caller, callee} {
		o.sides[i] = side{offer: o, place: i, key: key}
		rand.Read(o.sides[i].token[copy(o.sides[i].token[:], r.mark):]) // never fails
		r.offers[o.sides[i].token] = &o.sides[i]
	}
	r.oldest = append(r.oldest, o)
	return &netproto.Relay{Token: o.sides[0].token, Rate: r.limits.Rate}, &netproto.Relay{Token: o.sides[1].token, Rate: r.limits.Rate}, true
}

// Why says why Offer made none, and when the day of a peer is over that has had all its
// bytes.
func (r *Relay) Why(caller, callee netproto.PublicKey) (netproto.NoRelay, *time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	tomorrow := now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	switch {
	case r.limits.Circuits == 0:
		return netproto.RelayOff, nil
	case r.left(caller, now) <= 0:
		return netproto.RelayCallerDay, &tomorrow
	case r.left(callee, now) <= 0:
		return netproto.RelayCalleeDay, &tomorrow
	}
	return netproto.RelayFull, nil
}

// expire forgets the offers whose time is over; the caller holds the lock.
func (r *Relay) expire(now time.Time) {
	for len(r.oldest) > 0 && !now.Before(r.oldest[0].until) {
		r.end(r.oldest[0])
		r.oldest[0] = nil
		r.oldest = r.oldest[1:]
	}
}

// end makes the tokens of an offer worthless; the caller holds the lock.
func (r *Relay) end(o *offer) {
	for i := range o.sides {
		delete(r.offers, o.sides[i].token)
	}
}

// mayUse reports whether a peer has a circuit and bytes left; the caller holds the lock.
func (r *Relay) mayUse(key netproto.PublicKey, now time.Time) bool {
	return (r.limits.PerKey == 0 || r.ofKey[key] < r.limits.PerKey) && r.left(key, now) > 0
}

// left returns how many bytes a peer may still have relayed today, in UTC; the caller
// holds the lock.
func (r *Relay) left(key netproto.PublicKey, now time.Time) int64 {
	if r.limits.PerDay == 0 {
		return 1 << 62
	}
	if day := now.Unix() / (24 * 60 * 60); day != r.today {
		r.today = day
		clear(r.used)
	}
	return r.limits.PerDay - r.used[key]
}

// charge counts bytes of a circuit and reports whether both peers have some left.
func (r *Relay) charge(c *circuit, n int64) bool {
	r.bytes.Add(n)
	if r.limits.PerDay == 0 {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	ok, now := true, r.now()
	for i := range c.offer.sides {
		key := c.offer.sides[i].key
		left := r.left(key, now) - n
		if _, known := r.used[key]; known || len(r.used) < limit.MaxEntries {
			r.used[key] += n
		}
		ok = ok && left > 0
	}
	return ok
}

// Whose says who is at the end of a connection that wants to be relayed.
type Whose struct {
	Key    *netproto.PublicKey // nil in the raw form, which shows none
	Addr   netip.Addr
	Shared bool // the address is a proxy's, which brings many
}

// Peer returns whose token this is, while it is good.
func (r *Relay) Peer(token netproto.RelayToken) (netproto.PublicKey, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expire(r.now())
	s := r.offers[token]
	if s == nil {
		return netproto.PublicKey{}, false
	}
	return s.key, true
}

// Enter waits until both sides of a call are there, at most until its life is over or
// ctx ends. Then the caller passes its connection to [Place.Join], or gives the place
// up with [Place.Leave].
//
// A side may come a second time while it waits for the other, because it tries the raw
// form and then the other one: the later one counts. Errors are netproto.CodeNotFound
// for a token that is unknown, used, over or of another peer, CodeFull at a limit, and
// CodePeerUnreachable if the other side did not come.
func (r *Relay) Enter(ctx context.Context, token netproto.RelayToken, who Whose) (*Place, error) {
	p, err := r.take(token, who)
	if err != nil {
		return nil, err
	}
	late := time.NewTimer(p.circuit.offer.until.Sub(r.now()))
	defer late.Stop()
	select {
	case <-p.circuit.both:
		if p.current() {
			return p, nil
		}
		return nil, errUsed
	case <-p.replaced:
		return nil, errUsed
	case <-ctx.Done():
	case <-p.circuit.over.Done():
	case <-late.C:
	}
	if p.Leave(); ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, netproto.Errorf(netproto.CodePeerUnreachable, "the other peer of the call did not come to the relay")
}

var errUsed = netproto.Errorf(netproto.CodeNotFound, "this token of the relay is not good, or no longer")

// take finds or makes the circuit of a token.
func (r *Relay) take(token netproto.RelayToken, who Whose) (*Place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.expire(now)
	s := r.offers[token]
	if s == nil || who.Key != nil && *who.Key != s.key {
		return nil, errUsed
	}
	source := limit.Source(who.Addr)
	c := s.offer.circuit
	switch {
	case r.closed:
		return nil, full("the tracker stops")
	case c != nil && c.begun:
		return nil, errUsed
	case c == nil && len(r.circuits) >= r.limits.Circuits:
		return nil, full("all circuits of the relay are in use")
	case c == nil && (!r.mayUse(s.offer.sides[0].key, now) || !r.mayUse(s.offer.sides[1].key, now)):
		return nil, full("one of the two peers has all it may have of the relay")
	case !who.Shared && r.limits.PerSource > 0 && r.ofSource[source] >= r.limits.PerSource:
		return nil, full("your address has all circuits of the relay that it may have")
	}
	if c == nil {
		c = newCircuit(r, s.offer)
		s.offer.circuit = c
		r.circuits[c] = struct{}{}
		for i := range s.offer.sides {
			r.ofKey[s.offer.sides[i].key]++
		}
	}
	p := &Place{circuit: c, place: s.place, addr: who.Addr, source: source, replaced: make(chan struct{})}
	if old := c.places[s.place]; old != nil {
		r.leaves(old)
		close(old.replaced)
	}
	c.places[s.place] = p
	r.ofSource[source]++
	r.running.Add(1)
	if c.places[1-s.place] != nil {
		c.begun = true
		r.end(s.offer) // the tokens were used
		close(c.both)
	}
	return p, nil
}

func full(why string) error {
	return &netproto.Error{Code: netproto.CodeFull, Detail: why, RetryAfter: 30 * time.Second}
}

// leaves gives the place of one side back; the caller holds the lock.
func (r *Relay) leaves(p *Place) {
	if p.left {
		return
	}
	p.left = true
	r.running.Done()
	if r.ofSource[p.source]--; r.ofSource[p.source] == 0 {
		delete(r.ofSource, p.source)
	}
	if p.circuit.places[p.place] == p {
		p.circuit.places[p.place] = nil
	}
}

// drop ends a circuit that no side is at; the caller holds the lock.
func (r *Relay) drop(c *circuit) {
	if _, there := r.circuits[c]; !there {
		return
	}
	delete(r.circuits, c)
	c.offer.circuit = nil
	for i := range c.offer.sides {
		key := c.offer.sides[i].key
		if r.ofKey[key]--; r.ofKey[key] == 0 {
			delete(r.ofKey, key)
		}
	}
	c.cancel()
}

// Cut ends the circuits in which a peer or an address takes part, and returns how many.
func (r *Relay) Cut(match func(netproto.PublicKey, netip.Addr) bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for c := range r.circuits {
		for i, p := range c.places {
			if p != nil && match(c.offer.sides[i].key, p.addr) {
				n++
				r.end(c.offer)
				c.stop()
				break
			}
		}
	}
	return n
}

// Close ends all circuits, lets no other begin, and waits for their ends.
func (r *Relay) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.stop()
	r.running.Wait()
}

// Place is one side of a circuit.
type Place struct {
	circuit  *circuit
	place    int
	addr     netip.Addr
	source   netip.Addr // what it counts under
	replaced chan struct{}
	left     bool
}

// current reports whether no later connection has taken the place.
func (p *Place) current() bool {
	p.circuit.relay.mu.Lock()
	defer p.circuit.relay.mu.Unlock()
	return p.circuit.places[p.place] == p
}

// Leave gives the place up, and ends the circuit if it had begun.
func (p *Place) Leave() {
	c, r := p.circuit, p.circuit.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leaves(p)
	if c.begun {
		c.stop()
	}
	if c.places == [2]*Place{} {
		r.drop(c)
	}
}

// Join gives the circuit its connection, and early bytes that were read from it. It
// owns both from now on, returns once the circuit has ended, and has closed the
// connection then.
func (p *Place) Join(conn net.Conn, early []byte) {
	c := p.circuit
	defer p.Leave()
	defer conn.Close()
	if c.join(p.place, conn, early) {
		c.pass(p.place)
	}
}
