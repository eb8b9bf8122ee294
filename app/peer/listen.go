package peer

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// listen accepts peers until ctx ends; those that came stay.
func (e *Engine) listen(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		raw, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			e.log.Warn("accepting a connection", "error", err)
			select { // out of descriptors: others may be given back
			case <-ctx.Done():
				return nil
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		from, admitted := e.guests.admit(raw.RemoteAddr())
		if !admitted {
			raw.Close() // the other side tries again
			continue
		}
		conns.Go(func() {
			defer e.guests.leave(from)
			t := tls.Server(newWire(raw), e.identity.ServerTLS(netproto.ALPN, true, e.refuseBanned))
			e.serveConn(e.ctx, t)
		})
	}
}

// guests counts the connections that others made, those included that have not
// shaken hands yet: for that they have the time that a connection may take.
type guests struct {
	mu  sync.Mutex
	all int
	of  map[netip.Prefix]int
}

// admit counts a connection, unless it is one too many in all or of its
// address. This computer itself may have any number.
func (g *guests) admit(from net.Addr) (netip.Prefix, bool) {
	tcp, ok := from.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}, false
	}
	ip := tcp.AddrPort().Addr().Unmap()
	at := network(ip)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all >= maxConns || g.of[at] >= maxConnsPerAddress && !ip.IsLoopback() {
		return at, false
	}
	if g.of == nil {
		g.of = map[netip.Prefix]int{}
	}
	g.all++
	g.of[at]++
	return at, true
}

func (g *guests) leave(at netip.Prefix) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all--
	if g.of[at]--; g.of[at] == 0 {
		delete(g.of, at)
	}
}

// serveConn shakes hands on a new connection and works on it.
func (e *Engine) serveConn(ctx context.Context, t *tls.Conn) {
	defer t.NetConn().Close()
	c, r, err := e.shake(ctx, t)
	if err != nil {
		e.log.Debug("handshake", "peer", t.RemoteAddr(), "error", err)
		return
	}
	if !e.conns.add(c) {
		return
	}
	defer e.conns.remove(c)
	err = c.run(ctx, r)
	e.log.Debug("connection ended", "peer", c.address(), "error", err)
}

func (e *Engine) shake(ctx context.Context, t *tls.Conn) (*conn, *bufio.Reader, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timing.handshake)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, nil, err
	}
	c, err := newConn(e, t)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { t.NetConn().Close() })
	defer stop()
	r := bufio.NewReaderSize(t, 16<<10)
	if err := c.greet(r); err != nil {
		return nil, nil, err
	}
	return c, r, nil
}
