package peer

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// maxControl bounds the frames that wait to be written, in bytes: a peer that
// makes us answer faster than it reads is cut off.
const maxControl = 4 << 20

// conn is a connection to a peer. Each side can read contents of the other:
// as owner it answers (serve.go), as reader it asks (link.go). One goroutine
// reads, one writes; frames to write wait in control and in queue.
type conn struct {
	engine *Engine
	tls    *tls.Conn
	key    netproto.PublicKey
	id     netproto.PeerID
	name   string // what the peer calls itself
	local  bool   // it is in the local network, or on this computer

	dialled bool // by this side

	wake  chan struct{} // for the writer
	ended chan struct{} // closed when the connection is over and all are told

	out   outgoing  // the writer's, as is quiet
	quiet time.Time // nothing is open since

	mu      sync.Mutex
	control []byte
	closing error                             // why the connection ends; set once
	port    uint16                            // at which the peer says that it can be reached; 0 before
	swarms  map[netproto.ContentHash]struct{} // which the peer said it is in

	owner  ownerRole
	reader readerRole
}

func newConn(e *Engine, t *tls.Conn) (*conn, error) {
	key, err := identity.KeyOf(t.ConnectionState())
	if err != nil {
		return nil, err
	}
	c := &conn{engine: e, tls: t, key: netproto.PublicKey(key), id: netproto.PeerIDOf(key), wake: make(chan struct{}, 1), ended: make(chan struct{}), quiet: time.Now()}
	c.local = isLocal(c.address())
	c.out.conn = c
	c.owner.streams = map[uint32]*servedStream{}
	c.reader.streams = map[uint32]*stream{}
	c.reader.requests = map[uint32]*request{}
	return c, nil
}

// greet exchanges the first frames.
func (c *conn) greet(r io.Reader) error {
	c.tls.SetDeadline(time.Now().Add(c.engine.timing.handshake))
	hello := netproto.Hello{Version: netproto.FrameVersion, Name: c.engine.name()}
	if _, err := c.tls.Write(netproto.AppendFrame(nil, hello)); err != nil {
		return err
	}
	h, err := netproto.ReadFrameHeader(r)
	if err != nil {
		return err
	}
	if h.Type != netproto.FrameHello {
		return fmt.Errorf("%w: type 0x%02x where hello belongs", netproto.ErrFrame, uint8(h.Type))
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(r, payload); err != nil {
		return err
	}
	f, err := netproto.ParseFrame(h.Type, payload)
	if err != nil {
		return err
	}
	c.name = f.(netproto.Hello).Name
	return c.tls.SetDeadline(time.Time{})
}

// run works until the connection is over, and says why.
func (c *conn) run(ctx context.Context, r *bufio.Reader) error {
	defer close(c.ended)
	work, ctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(ctx, func() { c.tls.NetConn().Close() })
	defer stop()
	work.Go(func() error { return c.readFrames(ctx, r) })
	work.Go(func() error { return c.writeFrames(ctx) })
	err := work.Wait()
	c.tls.NetConn().Close()
	c.mu.Lock()
	if c.closing == nil {
		c.closing = err
	}
	err = c.closing
	c.mu.Unlock()
	c.endServing()
	c.reader.end(err)
	return err
}

// close ends the connection; err is what its links are told.
func (c *conn) close(err error) {
	c.mu.Lock()
	if c.closing == nil {
		c.closing = err
	}
	c.mu.Unlock()
	c.tls.NetConn().Close()
}

// alive tells whether frames can still be sent.
func (c *conn) alive() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing == nil
}

// send queues a frame; it never waits for the network.
func (c *conn) send(f netproto.Frame) {
	c.mu.Lock()
	over := len(c.control) > maxControl
	if !over {
		c.control = netproto.AppendFrame(c.control, f)
	}
	c.mu.Unlock()
	if over {
		c.close(netproto.Errorf(netproto.CodeProtocol, "it does not read what it asks for"))
	}
	c.wakeWriter()
}

func (c *conn) wakeWriter() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *conn) readFrames(ctx context.Context, r *bufio.Reader) error {
	payload := make([]byte, 0, 4096)
	for {
		c.tls.SetReadDeadline(time.Now().Add(c.engine.timing.silence))
		h, err := netproto.ReadFrameHeader(r)
		if err != nil {
			return err
		}
		switch {
		case h.Type == netproto.FrameData:
			err = c.readData(ctx, r, h.Length)
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

// handle takes a frame whose payload is reused after it.
func (c *conn) handle(t netproto.FrameType, payload []byte) error {
	f, err := netproto.ParseFrame(t, payload)
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case netproto.Open:
		return c.serveOpen(f)
	case netproto.Get:
		return c.serveGet(f)
	case netproto.Cancel:
		c.serveCancel(f.Request)
	case netproto.Close:
		c.serveClose(f.Stream)
	case netproto.Manifest:
		return c.readManifest(f)
	case netproto.Have:
		return c.readHave(f)
	case netproto.Update:
		return c.readUpdate(f)
	case netproto.Peers:
		c.readPeers(f)
	case netproto.Fetching:
		c.readFetching(f)
	case netproto.Refuse:
		return c.readRefuse(f)
	case netproto.Turn:
		c.readTurn(f)
	case netproto.Ping:
		c.send(netproto.Pong(f))
	case netproto.Pong:
	default:
		return fmt.Errorf("%w: a second hello", netproto.ErrFrame)
	}
	return nil
}

// readData passes the bytes of a data frame to the request that they answer.
func (c *conn) readData(ctx context.Context, r *bufio.Reader, length int) error {
	var raw [4]byte
	if length <= len(raw) {
		return fmt.Errorf("%w: data of %d bytes", netproto.ErrFrame, length)
	}
	if _, err := io.ReadFull(r, raw[:]); err != nil {
		return err
	}
	n := length - len(raw)
	req := c.reader.request(binary.BigEndian.Uint32(raw[:]))
	if req == nil {
		if !c.reader.late(n) {
			return fmt.Errorf("%w: data that nobody asked for", netproto.ErrFrame)
		}
		_, err := r.Discard(n)
		return err
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	limits := c.downLimits(req.link.download)
	for step := stepOf(limits); n > 0; n -= step {
		step = min(step, n)
		if err := c.takeTurn(ctx, req.link, limits, step); err != nil {
			return err
		}
		if err := c.readBytes(r, req, (*buf)[:step]); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) readBytes(r *bufio.Reader, req *request, b []byte) error {
	for got := 0; got < len(b); { // in TLS records: each is hashed while the cache has it
		m, err := r.Read(b[got:])
		if got += m; err != nil && got < len(b) {
			return err
		}
		req.writer.Hash(b[:got])
	}
	c.engine.downMeter.add(len(b))
	return req.link.receive(req, b)
}

// takeTurn waits until n bytes may come in. Meanwhile the source is not to
// blame for its silence.
func (c *conn) takeTurn(ctx context.Context, l *link, limits []*throttle, n int) error {
	if len(limits) == 0 {
		return nil
	}
	l.held.Store(true)
	defer l.held.Store(false)
	for _, limit := range limits {
		if err := limit.wait(ctx, n); err != nil {
			return err
		}
	}
	return c.tls.SetReadDeadline(time.Now().Add(c.engine.timing.silence))
}

// address is where the peer is, as ip:port.
func (c *conn) address() string { return c.tls.RemoteAddr().String() }
