package peer

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// listen accepts peers until ctx ends; those that came stay.
func (e *Engine) listen(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var conns sync.WaitGroup
	defer conns.Wait()
	slots := make(chan struct{}, maxConns)
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
		select {
		case slots <- struct{}{}:
		default:
			raw.Close() // full: the other side tries again
			continue
		}
		conns.Go(func() {
			defer func() { <-slots }()
			t := tls.Server(newWire(raw), e.identity.ServerTLS(netproto.ALPN, true, e.refuseBanned))
			e.serveConn(e.ctx, t)
		})
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
