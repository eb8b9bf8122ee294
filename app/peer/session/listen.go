package session

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"slices"
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
			cs.accept(in, newWire(raw))
		})
		if !begun {
			cs.guests.leave(in)
			raw.Close()
		}
	}
}

// speaksFirst is how long a connection may be silent, while a call is under way, until
// it is taken for one of the call: whoever dials by itself says hello at once, with
// what ends the handshake of TCP.
const speaksFirst = 150 * time.Millisecond

// answer returns a connection which another peer made, with this peer on its side of
// TLS. A peer that was called dials too, and then waits for the caller's hello.
func (cs *Conns) answer(w *wire) *Channel {
	server := &Channel{role: Server, tls: tls.Server(w, cs.config.Identity.ServerTLS(netproto.ALPN, true, cs.refuseBanned))}
	keys, exact := cs.calls(addrPort(w.RemoteAddr()))
	if len(keys) == 0 {
		return server
	}
	if !exact {
		w.SetReadDeadline(time.Now().Add(speaksFirst))
		_, err := w.r.Peek(1)
		w.SetReadDeadline(time.Time{})
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return server
		}
	}
	config := cs.config.Identity.ClientTLS(netproto.ALPN, func(key ed25519.PublicKey) error {
		if !slices.Contains(keys, netproto.PublicKey(key)) {
			return errors.New("it is not the peer that was called")
		}
		return cs.refuseBanned(key)
	})
	return &Channel{tls: tls.Client(w, config), way: CalledWay(addrPort(w.RemoteAddr()).Addr())}
}

// accept shakes hands with a peer that connected and serves the connection to its end.
func (cs *Conns) accept(in *guest, w *wire) {
	defer w.Close()
	ctx, cancel := context.WithTimeout(cs.ctx, cs.config.Timing.Handshake)
	defer cancel()
	ch := cs.answer(w)
	err := ch.shake(ctx)
	var c *Conn
	var r *bufio.Reader
	if err == nil {
		c, r, err = cs.greet(ctx, ch)
	}
	if err != nil {
		cs.config.Log.Debug("handshake", "peer", w.RemoteAddr(), "error", err)
		return
	}
	if !cs.add(c) {
		return
	}
	defer cs.remove(c)
	in.met.Store(c)
	err = c.run(cs.ctx, r)
	cs.config.Log.Debug("connection ended", "peer", c.Address(), "way", c.Way, "error", err)
}

// greet makes a channel a connection. It says hello, and as the server of TLS it waits
// for the other side's: only then has that chosen this channel. The client reads it
// with the frames that follow: what it asks for travels with its own hello, in the same
// flight as the end of the handshake.
func (cs *Conns) greet(ctx context.Context, ch *Channel) (*Conn, *bufio.Reader, error) {
	c, err := newConn(cs, ch)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { ch.Close() })
	defer stop()
	r := bufio.NewReaderSize(ch.tls, 16<<10)
	if err := c.sayHello(); err != nil {
		return nil, nil, err
	}
	if ch.role == Server {
		if err := c.readHello(r); err != nil {
			return nil, nil, err
		}
	}
	return c, r, nil
}
