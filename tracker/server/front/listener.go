package front

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/netaddr"
)

// tlsHandshake is the first byte of a TLS connection (RFC 8446 §5.1). No plain
// HTTP request begins with it.
const tlsHandshake = 0x16

// splitter divides the connections of its listeners by their first byte: TLS goes
// to one branch, anything else to the other.
type splitter struct {
	config Config
	lns    []net.Listener
	secure *branch
	plain  *branch
}

func newSplitter(lns []net.Listener, c Config) *splitter {
	at := lns[0].Addr()
	return &splitter{config: c, lns: lns, secure: newBranch(at), plain: newBranch(at)}
}

// run accepts until ctx ends or a listener fails, closes the listeners, and waits for
// its goroutines.
func (s *splitter) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	for _, ln := range s.lns {
		group.Go(func() error {
			defer cancel() // when one ends, all end
			return s.accept(ctx, ln)
		})
	}
	return group.Wait()
}

// accept is run for one listener.
func (s *splitter) accept(ctx context.Context, ln net.Listener) error {
	var sorting sync.WaitGroup
	defer sorting.Wait()
	stopped := context.AfterFunc(ctx, func() { ln.Close() })
	defer stopped()
	defer ln.Close()
	for {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return nil
			}
			if !isTemporary(err) {
				return err
			}
			// No descriptors or no memory left: wait for other connections to end.
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		if s.fromBalancer(conn) {
			sorting.Go(func() { s.unwrap(ctx, conn) })
			continue
		}
		if conn, ok := s.admit(conn); ok {
			sorting.Go(func() { s.sort(ctx, conn) })
		}
	}
}

// admit asks Arrival, and closes what is not let in unread.
func (s *splitter) admit(conn net.Conn) (net.Conn, bool) {
	at, ok := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || s.config.Arrival == nil {
		return conn, true // from a listener in memory
	}
	leave, ok := s.config.Arrival(netaddr.Plain(at.AddrPort().Addr()))
	if !ok {
		conn.Close()
		return nil, false
	}
	return &countedConn{Conn: conn, done: leave}, true
}

// unwrap waits for the header of a proxy, and sorts the connection as that of its client.
func (s *splitter) unwrap(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	client, err := readProxyHeader(conn, s.config.Times.FirstByte)
	if err != nil {
		s.config.Refused()
		conn.Close()
		return
	}
	client, ok := s.admit(client)
	switch {
	case !ok:
	case !stop():
		client.Close()
	default:
		s.sort(ctx, client)
	}
}

// sort waits for the first byte and hands the connection on.
func (s *splitter) sort(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	conn.SetReadDeadline(time.Now().Add(s.config.Times.FirstByte))
	peeked := &peekedConn{Conn: conn}
	if _, err := conn.Read(peeked.first[:]); err != nil || !stop() {
		conn.Close()
		return
	}
	conn.SetReadDeadline(time.Time{})
	if peeked.first[0] == netproto.RawRelay && s.config.Raw != nil {
		s.config.Raw(ctx, conn)
		return
	}
	if peeked.first[0] == proxySignature[0] { // of somebody who is no proxy of ours
		s.config.Refused()
		conn.Close()
		return
	}
	if peeked.first[0] == tlsHandshake {
		s.secure.hand(ctx, tls.Server(peeked, s.config.TLS))
	} else {
		s.plain.hand(ctx, peeked)
	}
}

func isTemporary(err error) bool {
	netErr, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && netErr.Temporary()
}

// peekedConn returns the byte that was read ahead.
type peekedConn struct {
	net.Conn
	first [1]byte
	given bool
}

// Raw returns the connection without the byte. It is for whoever has read that.
func (c *peekedConn) Raw() net.Conn { return c.Conn }

func (c *peekedConn) Read(p []byte) (int, error) {
	if !c.given && len(p) > 0 {
		c.given = true
		p[0] = c.first[0]
		return 1, nil
	}
	return c.Conn.Read(p)
}

// countedConn gives its place back on the first Close.
type countedConn struct {
	net.Conn
	closed atomic.Bool
	done   func()
}

// Raw returns the connection that is counted. It must not be closed.
func (c *countedConn) Raw() net.Conn { return c.Conn }

// Close implements net.Conn.
func (c *countedConn) Close() error {
	err := c.Conn.Close()
	if c.closed.CompareAndSwap(false, true) {
		c.done()
	}
	return err
}

// branch is a listener that the splitter hands its connections.
type branch struct {
	conns  chan net.Conn
	closed chan struct{}
	close  func()
	addr   net.Addr
}

func newBranch(addr net.Addr) *branch {
	b := &branch{conns: make(chan net.Conn), closed: make(chan struct{}), addr: addr}
	b.close = sync.OnceFunc(func() { close(b.closed) })
	return b
}

func (b *branch) hand(ctx context.Context, conn net.Conn) {
	select {
	case b.conns <- conn:
	case <-b.closed:
		conn.Close()
	case <-ctx.Done():
		conn.Close()
	}
}

func (b *branch) Accept() (net.Conn, error) {
	select {
	case conn := <-b.conns:
		return conn, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

func (b *branch) Close() error {
	b.close()
	return nil
}

func (b *branch) Addr() net.Addr { return b.addr }
