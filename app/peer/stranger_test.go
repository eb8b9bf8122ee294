package peer_test

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// stranger is a peer under the control of a test: it speaks the frames over real TLS.
// Unless the test says otherwise it is honest.
type stranger struct {
	id       *identity.Identity
	listener net.Listener
	content  []byte
	m        *piece.Manifest
	size     int64 // that it claims

	// Each is called instead of what an honest peer does.
	onAccept func(raw net.Conn)
	onOpen   func(c *strangerConn, f netproto.Open)
	onGet    func(c *strangerConn, f netproto.Get)

	conns  atomic.Int32 // that shook hands, ever
	gets   atomic.Int32
	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
	work   sync.WaitGroup
}

type strangerConn struct {
	*tls.Conn
	r *bufio.Reader
}

func newIdentity(t testing.TB) *identity.Identity {
	t.Helper()
	id, err := identity.LoadOrCreate(filepath.Join(t.TempDir(), "key"))
	check(t, err)
	return id
}

func startStranger(t testing.TB, content []byte, change func(*stranger)) *stranger {
	t.Helper()
	m, err := piece.Hash(t.Context(), bytes.NewReader(content), int64(len(content)), nil)
	check(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	s := &stranger{id: newIdentity(t), listener: listener, content: content, m: m, size: m.Size, open: map[net.Conn]struct{}{}}
	if change != nil {
		change(s)
	}
	s.work.Go(s.accept)
	t.Cleanup(s.stop)
	return s
}

func (s *stranger) stop() {
	s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for c := range s.open {
		c.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

func (s *stranger) accept() {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			raw.Close()
		}
		s.open[raw] = struct{}{}
		s.mu.Unlock()
		s.work.Go(func() {
			defer raw.Close()
			if s.onAccept != nil {
				s.onAccept(raw)
				return
			}
			s.serve(tls.Server(raw, s.id.ServerTLS(netproto.ALPN, true, nil)))
		})
	}
}

func (s *stranger) serve(t *tls.Conn) {
	c := &strangerConn{t, bufio.NewReader(t)}
	if c.greet() != nil {
		return
	}
	s.conns.Add(1)
	s.answerAll(c)
}

func (s *stranger) answerAll(c *strangerConn) {
	for {
		f, err := c.read()
		if err != nil {
			return
		}
		s.answer(c, f)
	}
}

func (s *stranger) answer(c *strangerConn, f netproto.Frame) {
	switch f := f.(type) {
	case netproto.Open:
		if s.onOpen != nil {
			s.onOpen(c, f)
		} else {
			s.honestOpen(c, f)
		}
	case netproto.Get:
		s.gets.Add(1)
		if s.onGet != nil {
			s.onGet(c, f)
		} else {
			s.honestGet(c, f)
		}
	case netproto.Ping:
		c.send(netproto.Pong(f))
	}
}

func (c *strangerConn) greet() error { return c.greetWith(0) }

func (c *strangerConn) greetWith(features uint32) error {
	c.send(netproto.Hello{Version: netproto.FrameVersion, Features: features, Name: "a stranger"})
	_, err := c.read()
	return err
}

func (c *strangerConn) send(frames ...netproto.Frame) error {
	var b []byte
	for _, f := range frames {
		b = netproto.AppendFrame(b, f)
	}
	_, err := c.Write(b)
	return err
}

func (c *strangerConn) read() (netproto.Frame, error) {
	h, err := netproto.ReadFrameHeader(c.r)
	if err != nil {
		return nil, err
	}
	payload := make([]byte, h.Length)
	if _, err := io.ReadFull(c.r, payload); err != nil {
		return nil, err
	}
	return netproto.ParseFrame(h.Type, payload)
}

func (s *stranger) honestOpen(c *strangerConn, f netproto.Open) {
	if f.Hash != s.m.Hash || f.Size >= 0 && f.Size != s.size {
		c.send(netproto.Refuse{Stream: f.Stream, Code: netproto.CodeGone})
		return
	}
	if f.Manifest {
		c.send(netproto.Manifest{Stream: f.Stream, Size: s.size, CVs: s.m.CVs})
	}
	c.send(netproto.Have{Stream: f.Stream, Bits: piece.AllBits(s.m.Pieces())})
}

func (s *stranger) honestGet(c *strangerConn, f netproto.Get) {
	s.sendBytes(c, f, s.pieceBytes(f))
}

func (s *stranger) pieceBytes(f netproto.Get) []byte {
	from := s.m.Offset(int(f.Piece)) + int64(f.Offset)
	return s.content[from:min(from+int64(f.Length), int64(len(s.content)))]
}

func (s *stranger) sendBytes(c *strangerConn, f netproto.Get, b []byte) {
	for part := range bytesIn(b, netproto.MaxDataBytes) {
		c.send(netproto.Data{Request: f.Request, Bytes: part})
	}
}

func bytesIn(b []byte, n int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			part := b[:min(n, len(b))]
			if b = b[len(part):]; !yield(part) {
				return
			}
		}
	}
}

// source returns how a tracker lists the stranger.
func (s *stranger) source() netproto.Source {
	return sourceAt(s.id, s.listener.Addr().String())
}

func sourceAt(id *identity.Identity, addresses ...string) netproto.Source {
	return netproto.Source{PeerID: id.PeerID(), Key: netproto.PublicKey(id.Key()), Addresses: addresses}
}

func (p *testPeer) source() netproto.Source {
	return sourceAt(p.library.Identity(), net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port())))
}

// dialPeer connects to an engine as a stranger.
func dialPeer(t testing.TB, p *testPeer) *strangerConn {
	t.Helper()
	return dialPeerWith(t, p, 0)
}

func dialPeerWith(t testing.TB, p *testPeer, features uint32) *strangerConn {
	t.Helper()
	id := newIdentity(t)
	raw, err := net.DialTimeout("tcp", p.source().Addresses[0], patience)
	check(t, err)
	t.Cleanup(func() { raw.Close() })
	check(t, raw.SetDeadline(time.Now().Add(patience)))
	c := &strangerConn{Conn: tls.Client(raw, id.ClientTLS(netproto.ALPN, anyKey))}
	c.r = bufio.NewReader(c.Conn)
	check(t, c.greetWith(features))
	return c
}

func anyKey(ed25519.PublicKey) error { return nil }
