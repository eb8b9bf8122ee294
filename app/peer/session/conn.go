package session

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/pulse"
)

const (
	// maxControl bounds the frames that wait to be written, in bytes: a peer that
	// makes us answer faster than it reads is cut off. Manifests and data do not
	// count: one at a time is in memory.
	maxControl = 256 << 10
	// maxUnread bounds the pings that arrive while a pong waits to be written. Only a
	// flood exceeds it.
	maxUnread = 1000
	// maxSwarms is how many contents of one peer are remembered.
	maxSwarms = netproto.MaxStreams
	// LowestPort is the lowest port that is believed when a peer says where it or
	// another peer can be reached.
	LowestPort = 1024
)

// Conn is a connection to a peer. One goroutine reads and one writes. Frames that wait
// to be written are in control; data waits in the [Owner].
type Conn struct {
	Key   netproto.PublicKey
	ID    netproto.PeerID
	Way   Way   // how it came about
	Limit int64 // bytes a second each way, of a relay; 0 is none
	Local bool  // it is in the local network, or on this computer
	// Trip is how long the handshake took: one round trip, and a moment at both ends.
	Trip time.Duration

	Owner  Owner
	Reader Reader

	// Alone is set once another connection beside this one was tried in vain.
	Alone atomic.Bool

	conns   *Conns
	tls     *tls.Conn
	dialled bool                           // by this side, at an address where others may reach the peer too
	hello   atomic.Pointer[netproto.Hello] // of the peer; nil before it came

	wake  chan struct{} // for the writer
	ended chan struct{} // closed when the connection is over and both handlers know

	moved atomic.Int64 // when content, or an answer about one, last went either way, in nanoseconds since 1970

	out   Out       // only the writer uses it, and quiet
	quiet time.Time // when the last stream was seen open

	waiting atomic.Bool // control has frames: the writer asks that for every frame of data

	mu      sync.Mutex
	control []byte
	ponging bool                              // control contains a pong
	unread  int                               // pings since then
	closing error                             // why the connection ends; set once
	port    uint16                            // where the peer says it can be reached; 0 before it said so
	swarms  map[netproto.ContentHash]struct{} // those that the peer said it is in
}

func newConn(cs *Conns, ch *Channel) (*Conn, error) {
	t := ch.tls
	key, err := identity.KeyOf(t.ConnectionState())
	if err != nil {
		return nil, err
	}
	c := &Conn{conns: cs, tls: t, Way: ch.way, Limit: ch.limit, Trip: ch.trip, dialled: ch.dialled, Key: netproto.PublicKey(key), ID: netproto.PeerIDOf(key),
		wake: make(chan struct{}, 1), ended: make(chan struct{}), quiet: time.Now()}
	c.Local = InLocalNetwork(c.Remote().Addr())
	if c.Way == "" {
		c.Way = cs.wayOf(c.Key, c.Remote())
	}
	c.out.conn = c
	c.moved.Store(c.quiet.UnixNano())
	c.Owner, c.Reader = cs.owner(c), cs.reader(c)
	return c, nil
}

// sayHello writes the first frame.
func (c *Conn) sayHello() error {
	c.tls.SetWriteDeadline(time.Now().Add(c.conns.config.Timing.Handshake))
	hello := netproto.Hello{Version: netproto.FrameVersion, Features: netproto.FeatureAttributes, Name: c.conns.config.Name()}
	_, err := c.tls.Write(netproto.AppendFrame(nil, hello))
	return err
}

// readHello reads the first frame of the other side.
func (c *Conn) readHello(r io.Reader) error {
	c.tls.SetReadDeadline(time.Now().Add(c.conns.config.Timing.Handshake))
	h, err := netproto.ReadFrameHeader(r)
	if err != nil {
		return err
	}
	if h.Type != netproto.FrameHello {
		return fmt.Errorf("%w: type 0x%02x instead of hello", netproto.ErrFrame, uint8(h.Type))
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return err
	}
	f, err := netproto.ParseFrame(h.Type, payload)
	if err != nil {
		return err
	}
	theirs := f.(netproto.Hello)
	theirs.Name = netproto.Cut(theirs.Name, netproto.MaxPeerName)
	c.hello.Store(&theirs)
	return nil
}

// Name is what the peer calls itself, fit to be shown; "" before its hello came.
func (c *Conn) Name() string { return c.greeted().Name }

// Features are the bits of the peer's hello; none before that came.
func (c *Conn) Features() uint32 { return c.greeted().Features }

func (c *Conn) greeted() netproto.Hello {
	if hello := c.hello.Load(); hello != nil {
		return *hello
	}
	return netproto.Hello{}
}

// run works until the connection is over, and returns the reason.
func (c *Conn) run(ctx context.Context, r *bufio.Reader) error {
	defer close(c.ended)
	work, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { c.tls.NetConn().Close() })
	defer stop()
	work.Go(func() error { return c.readFrames(r) })
	work.Go(func() error { return c.writeFrames(ctx) })
	work.Go(func() error { return c.watchSilence(ctx) })
	err := work.Wait()
	c.tls.NetConn().Close()
	c.mu.Lock()
	if c.closing == nil {
		c.closing = err
	}
	err = c.closing
	c.mu.Unlock()
	c.Owner.End()
	c.Reader.End(err)
	return err
}

// Close ends the connection; err is the reason that the [Reader] learns.
func (c *Conn) Close(err error) {
	c.mu.Lock()
	if c.closing == nil {
		c.closing = err
	}
	c.mu.Unlock()
	c.tls.NetConn().Close()
}

// Ended is closed when the connection is over and both handlers know.
func (c *Conn) Ended() <-chan struct{} { return c.ended }

// Busy reports whether either side has anything open at the other.
func (c *Conn) Busy() bool { return c.Owner.Busy() || c.Reader.Busy() }

// alive reports whether frames can still be sent.
func (c *Conn) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing == nil
}

// Send queues a frame; it never waits for the network.
func (c *Conn) Send(f netproto.Frame) {
	c.mu.Lock()
	_, pong := f.(netproto.Pong)
	if pong && c.ponging {
		c.unread++
	}
	over := len(c.control) > maxControl || c.unread > maxUnread
	if !over && !(pong && c.ponging) {
		c.control = netproto.AppendFrame(c.control, f)
		c.waiting.Store(true)
		c.ponging = c.ponging || pong
	}
	c.mu.Unlock()
	if over {
		c.Close(netproto.Errorf(netproto.CodeProtocol, "it does not read what it asks for"))
	}
	c.WakeWriter()
}

// WakeWriter has the writer ask the [Owner] for what there is to write.
func (c *Conn) WakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *Conn) readFrames(r *bufio.Reader) error {
	if c.hello.Load() == nil {
		if err := c.readHello(r); err != nil {
			return err
		}
	}
	payload := make([]byte, 0, 4096)
	for {
		c.tls.SetReadDeadline(time.Now().Add(c.conns.config.Timing.Silence))
		h, err := netproto.ReadFrameHeader(r)
		if err != nil {
			return err
		}
		switch {
		case h.Type == netproto.FrameData:
			c.moved.Store(time.Now().UnixNano())
			err = c.Reader.Data(r, h.Length)
		case !h.Known():
			_, err = r.Discard(h.Length)
		default:
			if cap(payload) < h.Length {
				payload = make([]byte, h.Length)
			}
			payload = payload[:h.Length]
			if _, err = io.ReadFull(r, payload); err == nil {
				err = c.handle(h.Type, payload)
			}
		}
		if err != nil {
			return err
		}
	}
}

// watchSilence ends a connection that this side reads on and that has gone dead, as when
// a router got another address. The system alone would notice after a quarter of an hour.
func (c *Conn) watchSilence(ctx context.Context) error {
	doubt := c.conns.config.Timing.Doubt
	look := pulse.NewTicker(doubt / 5)
	defer look.Stop()
	w := c.tls.NetConn().(*wire)
	var asked time.Time
	var told bool
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
		now, heard := time.Now(), time.Unix(0, w.heard.Load())
		switch {
		case now.Sub(heard) < doubt || !c.Reader.Busy():
			asked, told = time.Time{}, false
		case asked.IsZero():
			asked = now
			c.Send(netproto.Ping{})
		case now.Sub(asked) >= doubt:
			// The system would wait for the other side's goodbye, and keep the two ports from
			// the connection that follows: called peers have only these.
			if tcp, ok := w.Conn.(*net.TCPConn); ok {
				tcp.SetLinger(0)
			}
			return ErrSilent
		case !told && now.Sub(asked) >= doubt/2:
			told = true // and is given up only later: by then the trackers are joined again
			if c.conns.config.Silent != nil {
				c.conns.config.Silent()
			}
		}
	}
}

// handle parses a frame and passes it on. The payload is reused afterwards.
func (c *Conn) handle(t netproto.FrameType, payload []byte) error {
	f, err := netproto.ParseFrame(t, payload)
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case netproto.Open:
		return c.Owner.Open(f)
	case netproto.Get:
		return c.Owner.Get(f)
	case netproto.Cancel:
		c.Owner.Cancel(f.Request)
	case netproto.Close:
		c.Owner.CloseStream(f.Stream)
	case netproto.Manifest:
		return c.Reader.Manifest(f)
	case netproto.Have:
		c.Reader.Have(f)
	case netproto.Update:
		c.Reader.Update(f)
	case netproto.Peers:
		c.note(f)
		c.Reader.Peers(f)
	case netproto.Fetching:
		c.Reader.Fetching(f)
	case netproto.Refuse:
		c.Reader.Refuse(f)
	case netproto.Turn:
		c.Reader.Turn(f)
	case netproto.Attributes:
		c.Reader.Attributes(f)
	case netproto.Meet:
		if c.conns.config.Meet != nil {
			c.conns.config.Meet(c, f.Port)
		}
	case netproto.Ping:
		c.Send(netproto.Pong(f))
	case netproto.Pong:
		c.Owner.Pong(f.Token)
	default:
		return fmt.Errorf("%w: a second hello", netproto.ErrFrame)
	}
	return nil
}

// writeFrames writes control frames first, then what the [Owner] has.
func (c *Conn) writeFrames(ctx context.Context) error {
	ping := pulse.NewTicker(c.conns.config.Timing.Ping)
	defer ping.Stop()
	defer c.out.drop()
	for {
		some, err := c.writeNext(ctx)
		if err == nil && !some {
			err = c.out.Send()
		}
		if err != nil {
			return err
		}
		if some {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-ping.C:
			if c.unused() {
				return errIdle
			}
			c.Send(netproto.Ping{})
		}
	}
}

// writeNext writes what comes next; it reports false if there is nothing.
func (c *Conn) writeNext(ctx context.Context) (bool, error) {
	if c.waiting.Load() {
		c.mu.Lock()
		frames := c.control
		c.control, c.ponging, c.unread = nil, false, 0
		c.waiting.Store(false)
		c.mu.Unlock()
		return true, c.out.Add(frames)
	}
	some, err := c.Owner.Next(ctx, &c.out)
	if some {
		c.moved.Store(time.Now().UnixNano())
	}
	return some, err
}

// errIdle ends a connection that neither side uses.
var errIdle = errors.New("nothing was asked for lately")

// unused reports whether neither side has had a content open for two pings.
func (c *Conn) unused() bool {
	if c.Busy() {
		c.quiet = time.Now()
		return false
	}
	return time.Since(c.quiet) > 2*c.conns.config.Timing.Ping
}

// note remembers that the peer is in a swarm, and the port it claims.
func (c *Conn) note(f netproto.Peers) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.port = f.Port
	if c.swarms == nil {
		c.swarms = map[netproto.ContentHash]struct{}{}
	}
	if len(c.swarms) < maxSwarms {
		c.swarms[f.Hash] = struct{}{}
	}
}

// InSwarm reports whether the peer said that it is in the swarm of a content.
func (c *Conn) InSwarm(hash netproto.ContentHash) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, in := c.swarms[hash]
	return in
}

// Address returns where the peer is, as ip:port; where its relay is, if it is relayed.
func (c *Conn) Address() string { return c.tls.RemoteAddr().String() }

// Remote returns the address and port at which this side sees the peer; none if it is
// relayed.
func (c *Conn) Remote() netip.AddrPort {
	if c.Way == WayRelayed {
		return netip.AddrPort{}
	}
	return addrPort(c.tls.RemoteAddr())
}

// LocalAddr returns this side's address of the connection.
func (c *Conn) LocalAddr() netip.Addr { return addrPort(c.tls.LocalAddr()).Addr() }

func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// ReachableAt returns where others can reach the peer; false if that is not known, or if
// they cannot without a call.
func (c *Conn) ReachableAt() (netip.AddrPort, bool) {
	if c.Way.Arranged() {
		return netip.AddrPort{}, false
	}
	at := c.Remote()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.dialled {
		at = netip.AddrPortFrom(at.Addr(), c.port)
	}
	return at, at.IsValid() && at.Port() >= LowestPort
}
