// Package session keeps the connections to other peers: it accepts those that others
// make and takes those that package reach makes, shakes hands over pinned TLS, reads
// and writes frames, and refuses the banned. It also has the budget of all dials.
// What the frames mean is up to two handlers of each connection: the [Owner]
// answers what the other side asks, the [Reader] takes what this side asked for.
//
// Locks, outer first: Conns.mu, Conn.mu, wire.mu; Dials.mu and guests.mu by themselves. No handler is
// called and no socket is waited for with Conns.mu or Conn.mu held.
package session

import (
	"bufio"
	"context"
	"log/slog"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// Owner is the side of a connection that the other peer reads from. The reading
// goroutine calls all methods but Next. An error ends the connection.
type Owner interface {
	Open(f netproto.Open) error
	Get(f netproto.Get) error
	Cancel(request uint32)
	CloseStream(stream uint32)
	// Pong takes the answer to a ping, with its token.
	Pong(token uint64)
	// Next writes the next answer, and reports false if there is none. The
	// writing goroutine calls it when nothing else is to be written, and again
	// after each [Conn.WakeWriter].
	Next(ctx context.Context, out *Out) (bool, error)
	// Reads reports whether the peer has a content open here; with first, only if
	// it was not asked with first before.
	Reads(hash netproto.ContentHash, first bool) bool
	// Busy reports whether the peer has anything open here.
	Busy() bool
	// End is called once, when the connection is over.
	End()
}

// Reader is the side of a connection that reads from the other peer. The reading
// goroutine calls its methods. An error ends the connection.
type Reader interface {
	Manifest(f netproto.Manifest) error
	Have(f netproto.Have)
	Update(f netproto.Update)
	Fetching(f netproto.Fetching)
	Refuse(f netproto.Refuse)
	Turn(f netproto.Turn)
	Attributes(f netproto.Attributes)
	// Peers takes what the peer says about a swarm.
	Peers(f netproto.Peers)
	// Data reads the payload of a data frame, length bytes, from r.
	Data(r *bufio.Reader, length int) error
	// Busy reports whether anything is open at the peer.
	Busy() bool
	// End is called once, when the connection is over, with the reason.
	End(err error)
}

// Timing says how long connections wait.
type Timing struct {
	Handshake time.Duration // bounds how long a connection takes to be ready
	// A quiet connection is kept alive with a frame after each Ping. One that is
	// silent for Silence is dead, and one whose other side does not read for Write
	// is given up.
	Ping, Silence, Write time.Duration
	// A connection on which this side reads is asked for a sign of life after Doubt
	// without a byte, and is dead if none comes for as long again.
	Doubt time.Duration
}

// StandardTiming is for everyday use.
var StandardTiming = Timing{Handshake: 10 * time.Second, Ping: 30 * time.Second, Silence: 90 * time.Second, Write: time.Minute, Doubt: 2500 * time.Millisecond}

// Config is what connections need of the peer.
type Config struct {
	Identity *identity.Identity
	Log      *slog.Logger
	Timing   Timing
	Name     func() string // what this peer calls itself
	// Silent learns that a connection gives no sign of life when it is asked for one: a
	// router may have forgotten all of them. nil: nobody does. It must not wait.
	Silent func()
	// Meet learns that a peer asks for one more connection, and waits for it at a port.
	// nil: nobody does. It must not wait.
	Meet func(c *Conn, port uint16)
}

// Conns are the connections to other peers, both ways.
type Conns struct {
	Dials Dials // of the whole process

	config Config
	ctx    context.Context // of all connections
	cancel context.CancelFunc
	work   sync.WaitGroup
	guests guests
	owner  func(*Conn) Owner
	reader func(*Conn) Reader

	mu       sync.Mutex
	closed   bool
	byKey    map[netproto.PublicKey][]*Conn
	bans     bans
	dials    map[place]*dialling
	awaited  map[netproto.PublicKey][]chan struct{} // receive when a connection is there
	expected []*expectation
	epoch    context.Context // ends with [Conns.Renew]
	endEpoch context.CancelFunc
}

// New returns an empty set of connections; ctx or Close ends all of them.
func New(ctx context.Context, config Config) *Conns {
	cs := &Conns{config: config, byKey: map[netproto.PublicKey][]*Conn{}, dials: map[place]*dialling{},
		awaited: map[netproto.PublicKey][]chan struct{}{}}
	cs.ctx, cs.cancel = context.WithCancel(ctx)
	cs.epoch, cs.endEpoch = context.WithCancel(cs.ctx)
	return cs
}

// Handle sets the functions that make the handlers of each connection. Call it once,
// before the first connection.
func (cs *Conns) Handle(owner func(*Conn) Owner, reader func(*Conn) Reader) {
	cs.owner, cs.reader = owner, reader
}

// Close ends all connections and waits until they are over.
func (cs *Conns) Close() {
	cs.mu.Lock()
	cs.closed = true
	cs.mu.Unlock()
	cs.cancel()
	cs.work.Wait()
}

// begin runs work that Close waits for; it reports false after Close.
func (cs *Conns) begin(work func()) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closed {
		return false
	}
	cs.work.Go(work)
	return true
}
