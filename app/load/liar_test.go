//go:build linux

package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// liar is a source under the control of a test. Unless the test says otherwise it is
// honest.
type liar struct {
	testing.TB
	ctx     context.Context
	id      *identity.Identity
	ln      net.Listener
	content []byte
	m       *piece.Manifest

	// Each is called instead of what an honest source does. reached says that the
	// deceit has begun.
	onAccept func(raw net.Conn)
	config   func() *tls.Config
	onHello  func(c *frames) error
	onReady  func(c *frames)
	onOpen   func(c *frames, f netproto.Open)
	onGet    func(c *frames, f netproto.Get)
	reached  func()

	conns, opens, gets, sent atomic.Int64

	mu    sync.Mutex
	open  map[net.Conn]bool
	ended bool
	all   sync.WaitGroup
}

func startLiar(t testing.TB, content []byte, change func(*liar)) *liar {
	t.Helper()
	m, err := piece.Hash(t.Context(), bytes.NewReader(content), int64(len(content)), nil)
	check(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	l := &liar{TB: t, ctx: ctx, id: newIdentity(t), ln: ln, content: content, m: m, open: map[net.Conn]bool{}, reached: func() {}}
	change(l)
	l.all.Go(l.accept)
	t.Cleanup(func() {
		cancel()
		ln.Close()
		l.mu.Lock()
		l.ended = true
		for c := range l.open {
			c.Close()
		}
		l.mu.Unlock()
		l.all.Wait()
	})
	return l
}

func (l *liar) source() netproto.Source { return sourceAt(l.id, l.ln.Addr().String()) }

func (l *liar) accept() {
	for {
		raw, err := l.ln.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		if l.ended {
			raw.Close()
		}
		l.open[raw] = true
		l.mu.Unlock()
		l.conns.Add(1)
		l.all.Go(func() {
			defer func() {
				raw.Close()
				l.mu.Lock()
				delete(l.open, raw)
				l.mu.Unlock()
			}()
			if l.onAccept != nil {
				l.reached()
				l.onAccept(raw)
				return
			}
			l.serve(raw)
		})
	}
}

func (l *liar) serve(raw net.Conn) {
	config := l.id.ServerTLS(netproto.ALPN, true, nil)
	if l.config != nil {
		l.reached()
		config = l.config()
	}
	c := framesOver(tls.Server(raw, config))
	hello := func(c *frames) error { return c.hello(netproto.Hello{Version: netproto.FrameVersion, Name: "a liar"}) }
	if l.onHello != nil {
		l.reached()
		hello = l.onHello
	}
	if hello(c) != nil {
		return
	}
	if l.onReady != nil {
		l.reached()
		go l.onReady(c)
	}
	for {
		f, err := c.read()
		if err != nil {
			return
		}
		switch f := f.(type) {
		case netproto.Open:
			l.opens.Add(1)
			if l.onOpen != nil {
				l.reached()
				l.onOpen(c, f)
			} else {
				l.honestOpen(c, f)
			}
		case netproto.Get:
			l.gets.Add(1)
			if l.onGet != nil {
				l.reached()
				l.onGet(c, f)
			} else {
				l.honestGet(c, f)
			}
		case netproto.Ping:
			c.send(netproto.Pong(f))
		}
	}
}

func (l *liar) honestOpen(c *frames, f netproto.Open) {
	if f.Hash != l.m.Hash || f.Size >= 0 && f.Size != l.m.Size {
		c.send(netproto.Refuse{Stream: f.Stream, Code: netproto.CodeGone})
		return
	}
	if f.Manifest {
		c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs})
	}
	c.send(netproto.Have{Stream: f.Stream, Bits: piece.AllBits(l.m.Pieces())})
}

func (l *liar) bytesOf(f netproto.Get) []byte {
	from := l.m.Offset(int(f.Piece)) + int64(f.Offset)
	return append([]byte(nil), l.content[from:min(from+int64(f.Length), int64(len(l.content)))]...)
}

func (l *liar) honestGet(c *frames, f netproto.Get) { l.sendBytes(c, f, l.bytesOf(f)) }

func (l *liar) sendBytes(c *frames, f netproto.Get, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), netproto.MaxDataBytes)
		if err := c.send(netproto.Data{Request: f.Request, Bytes: b[:n]}); err != nil {
			return err
		}
		l.sent.Add(int64(n))
		b = b[n:]
	}
	return nil
}
