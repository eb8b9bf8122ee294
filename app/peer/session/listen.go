package session

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

// Listen accepts peers until ctx ends, which is no error, or until the listener fails.
// Accepted connections stay.
func (cs *Conns) Listen(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		raw, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if errors.Is(err, net.ErrClosed) {
				return err
			}
			cs.config.Log.Warn("accepting a connection", "error", err)
			select { // out of descriptors: some may be free again soon
			case <-ctx.Done():
				return nil
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		if cs.refuses(addrPort(raw.RemoteAddr()).Addr()) {
			raw.Close()
			continue
		}
		from, admitted := cs.guests.admit(raw.RemoteAddr())
		if !admitted {
			raw.Close() // the other side tries again
			continue
		}
		begun := cs.begin(func() {
			defer cs.guests.leave(from)
			cs.accept(tls.Server(newWire(raw), cs.config.Identity.ServerTLS(netproto.ALPN, true, cs.refuseBanned)))
		})
		if !begun {
			cs.guests.leave(from)
			raw.Close()
		}
	}
}

// guests counts the connections that others made, also before they have shaken
// hands.
type guests struct {
	mu  sync.Mutex
	all int
	of  map[netip.Prefix]int
}

// admit counts a connection and reports true, unless there are too many in all or from
// its address. Connections from this computer count only towards all.
func (g *guests) admit(from net.Addr) (netip.Prefix, bool) {
	tcp, ok := from.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}, false
	}
	ip := tcp.AddrPort().Addr().Unmap()
	at := Network(ip)
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

// accept shakes hands with a peer that connected and serves the connection to its end.
func (cs *Conns) accept(t *tls.Conn) {
	defer t.NetConn().Close()
	c, r, err := cs.shake(cs.ctx, t)
	if err != nil {
		cs.config.Log.Debug("handshake", "peer", t.RemoteAddr(), "error", err)
		return
	}
	if !cs.add(c) {
		return
	}
	defer cs.remove(c)
	err = c.run(cs.ctx, r)
	cs.config.Log.Debug("connection ended", "peer", c.Address(), "error", err)
}

func (cs *Conns) shake(ctx context.Context, t *tls.Conn) (*Conn, *bufio.Reader, error) {
	ctx, cancel := context.WithTimeout(ctx, cs.config.Timing.Handshake)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, nil, err
	}
	c, err := newConn(cs, t)
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
