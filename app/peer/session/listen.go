package session

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
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
		in, admitted := cs.guests.admit(raw, time.Now())
		if !admitted {
			raw.Close() // the other side tries again
			continue
		}
		begun := cs.begin(func() {
			defer cs.guests.leave(in)
			cs.accept(in, tls.Server(newWire(raw), cs.config.Identity.ServerTLS(netproto.ALPN, true, cs.refuseBanned)))
		})
		if !begun {
			cs.guests.leave(in)
			raw.Close()
		}
	}
}

// accept shakes hands with a peer that connected and serves the connection to its end.
func (cs *Conns) accept(in *guest, t *tls.Conn) {
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
	in.met.Store(c)
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
