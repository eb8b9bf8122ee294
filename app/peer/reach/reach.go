// Package reach connects this peer to others, whatever lies between them. Its ladder
// tries what is cheap first and what always works last:
//
//	0       a connection that is there already, whoever made it
//	0       the addresses in the local network, then the public ones, 250 ms apart
//	250 ms  a call: the tracker rings the peer, and both dial each other from the ports
//	        they listen at, so that each opens its own router for the other; at once
//	        if the tracker could not connect to the peer itself, and then its known
//	        addresses are dialled without waiting for the answer
//	+1.5 s  a relay: the tracker passes the bytes on, which it cannot read
//	10 s    it is given up, and said why
//
// Everything is under way at once; the first handshake that ends wins. The peer that is
// rung does the same from its side, see [Ladder.Ring]. While a connection is relayed, a
// better one is tried again and again. Beside a connection that came of a call, more are
// made, see [Ladder.Meet].
//
// One budget, [session.Dials], stands before every address that is dialled, whoever
// named it.
//
// Locks: Ladder.mu by itself.
package reach

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Timing says how long the rungs of the ladder wait.
type Timing struct {
	// HeadStart is how long an address is tried alone before the next one is tried
	// beside it (RFC 8305 §5: 250 ms).
	HeadStart time.Duration
	// Call is how long the addresses are tried alone before the peer is called. A
	// handshake across the world takes less.
	Call time.Duration
	// Punch is how long both sides of a call dial each other.
	Punch time.Duration
	// An address that refuses is dialled again after MinAgain to MaxAgain: a router
	// answers for its peer until that has dialled too. The two must not keep step.
	MinAgain, MaxAgain time.Duration
	// Relay is how long a call has until the relay is tried beside it. The slowest
	// punch that was measured, with a lost SYN, took 1.16 s.
	Relay time.Duration
	// GiveUp bounds the whole.
	GiveUp time.Duration
	// While a peer is relayed, it is called again after each of Again, and then each
	// time after the last of them.
	Again []time.Duration
	// Hopeless is for how long two peers that did not meet by a call are relayed at
	// once.
	Hopeless time.Duration
}

// StandardTiming is for everyday use.
var StandardTiming = Timing{HeadStart: 250 * time.Millisecond, Call: 250 * time.Millisecond, Punch: 4 * time.Second,
	MinAgain: 80 * time.Millisecond, MaxAgain: 150 * time.Millisecond, Relay: 1500 * time.Millisecond, GiveUp: 10 * time.Second,
	Again: []time.Duration{30 * time.Second, 5 * time.Minute, 30 * time.Minute}, Hopeless: 10 * time.Minute}

const (
	// maxTries is how often one address is dialled in one call, and maxHandshakes how
	// many handshakes may fail there: a router may have cut off the first, but what
	// speaks something else is let alone.
	maxTries      = 12
	maxHandshakes = 2
	// maxPublic and maxLocal bound the addresses of one peer that are dialled in one
	// call: those in each family that the tracker saw and that the peer claims, and
	// those in the local network.
	maxPublic = 2
	maxLocal  = 4
	// maxMeetings is how many peers that rang are dialled at once, and
	// meetingsPerMinute how many in a minute.
	maxMeetings       = 8
	meetingsPerMinute = 60
	// maxBeside is how many connections are made at once beside one that is there.
	maxBeside = 3
	// maxHopeless bounds how many peers are remembered that no call reached.
	maxHopeless = 1000
)

// Tracker is where peers are called. Its methods keep their own deadlines.
type Tracker interface {
	Address() string
	// Call has a peer dial this one; it returns where that peer is, once it was rung.
	// The error has the code "busy" or "denied" if the peer does not want to, and
	// "not-found" if it cannot be rung.
	Call(ctx context.Context, request netproto.CallRequest) (netproto.CallResponse, error)
	// Relay returns a connection to the other side of a call, once that is there.
	Relay(ctx context.Context, token netproto.RelayToken) (net.Conn, error)
}

type dialFunc = func(ctx context.Context, address string) (net.Conn, error)

// Config is what a ladder needs of the peer. Of the functions, only those with a context
// wait.
type Config struct {
	Key    netproto.PublicKey // of this peer
	Conns  *session.Conns
	Log    *slog.Logger
	Timing Timing
	// Dial connects to an address, ip:port, and DialFrom does from the port that this
	// peer listens at.
	Dial, DialFrom dialFunc
	// Another opens one more port, any that is free.
	Another func(ctx context.Context) (Port, error)
	// Tracker returns the tracker at an address, once this peer has joined it and can
	// be called there itself. It waits for that a moment; nil if it is in vain.
	Tracker  func(ctx context.Context, address string) Tracker
	Shares   func(hash netproto.ContentHash) bool
	Own      func() []netip.Addr // addresses of this computer
	Port     func() int          // that this peer listens at
	Switches func() Switches
}

// Switches are what a person lets the ladder do.
type Switches struct {
	Calls bool // trackers arrange connections, both ways
	Relay bool // and pass on what no call connects
}

// Ladder connects to peers.
type Ladder struct {
	config Config
	conns  *session.Conns
	ctx    context.Context // of what it does in the background
	cancel context.CancelFunc

	mu        sync.Mutex
	closed    bool
	work      sync.WaitGroup
	calling   map[netproto.PublicKey]context.CancelFunc // peers that this one calls, and what ends the dialling before their answer
	meetings  map[netproto.PublicKey]chan struct{}      // with peers that rang; closed at their end
	meeting   map[*session.Conn]int                     // how many are being made beside one, because the peer asked
	met       int                                       // the sum of these
	minute    time.Time                                 // when the current one began
	rung      int                                       // meetings that began in it, of both kinds
	hopeless  map[netproto.PublicKey]time.Time          // peers that no call reached, until when
	improving map[*session.Conn]struct{}
	tally     Tally
	ways      netproto.Ways // of all climbs
}

// Tally counts what became of calls, of both sides, since the network last changed.
type Tally struct {
	Called, Relayed, Failed int
}

// New returns a ladder; ctx or Close ends what it does.
func New(ctx context.Context, config Config) *Ladder {
	l := &Ladder{config: config, conns: config.Conns, calling: map[netproto.PublicKey]context.CancelFunc{}, meetings: map[netproto.PublicKey]chan struct{}{},
		meeting: map[*session.Conn]int{}, hopeless: map[netproto.PublicKey]time.Time{}, improving: map[*session.Conn]struct{}{}}
	l.ctx, l.cancel = context.WithCancel(ctx)
	return l
}

// Close ends what the ladder does in the background, and waits for it.
func (l *Ladder) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.work.Wait()
}

// begin runs work that Close waits for; it reports false after Close. The caller holds
// the lock.
func (l *Ladder) begin(work func()) bool {
	if !l.closed {
		l.work.Go(work)
	}
	return !l.closed
}

// Renew forgets which calls came to nothing: the network has changed.
func (l *Ladder) Renew() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.hopeless)
	l.tally = Tally{}
}

// Tally returns what became of calls since the network last changed.
func (l *Ladder) Tally() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tally
}

// Ways returns how often this side connected to another peer so far, by way, and how often
// that came to nothing. What stays in the local network does not count.
func (l *Ladder) Ways() netproto.Ways {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ways
}

// climbed counts how a climb ended: the way, or "".
func (l *Ladder) climbed(way session.Way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch way {
	case session.WayLAN:
	case session.WayDirect:
		l.ways.Direct++
	case session.WayRouter:
		l.ways.Mapped++
	case session.WayCalled:
		l.ways.Called++
	case session.WayRelayed:
		l.ways.Relayed++
	default:
		l.ways.None++
	}
}

// Counts returns how many connections are at work, by way.
func (l *Ladder) Counts() session.WayCounts {
	var counts session.WayCounts
	for _, c := range l.conns.All() {
		if c.Busy() {
			counts.Add(c.Way)
		}
	}
	return counts
}

// came notes how two peers met after a call: the way, or "" if they did not.
func (l *Ladder) came(key netproto.PublicKey, way session.Way) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch way {
	case session.WayRelayed:
		l.tally.Relayed++
	case "":
		l.tally.Failed++
	default:
		l.tally.Called++
		delete(l.hopeless, key)
		return
	}
	if len(l.hopeless) >= maxHopeless {
		for other := range l.hopeless {
			delete(l.hopeless, other)
			break
		}
	}
	l.hopeless[key] = time.Now().Add(l.config.Timing.Hopeless)
}

// relayAfter is how long a call with a peer has until the relay is tried.
func (l *Ladder) relayAfter(key netproto.PublicKey) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if until, ok := l.hopeless[key]; ok && time.Now().Before(until) {
		return 0
	}
	delete(l.hopeless, key)
	return l.config.Timing.Relay
}
