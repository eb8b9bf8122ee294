package session

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/netproto"
)

const (
	// dialHeadStart is how long an address of a peer is tried alone before the next
	// one is tried beside it (RFC 8305 §5: 250 ms).
	dialHeadStart = 250 * time.Millisecond
	// MaxAddresses is how many addresses of a peer are tried, the likeliest first.
	MaxAddresses = 8
)

// Connect returns the index-th connection to a source, counted from 0, and makes one
// if there are fewer.
func (cs *Conns) Connect(ctx context.Context, src netproto.Source, index int) (*Conn, error) {
	if err := cs.refuseBanned(src.Key[:]); err != nil {
		return nil, err
	}
	done, err := cs.dialling(ctx, src.Key)
	if err != nil {
		return nil, err
	}
	defer done()
	if have := cs.Of(src.Key); index < len(have) {
		return have[index], nil
	}
	ctx, stop := cs.untilRenewed(ctx)
	defer stop()
	t, err := cs.dial(ctx, src)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "%w", err)
	}
	c, r, err := cs.shake(ctx, t)
	if err != nil {
		t.NetConn().Close()
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "%w", err)
	}
	c.dialled = true
	if !cs.add(c) {
		t.NetConn().Close()
		return nil, netproto.Errorf(netproto.CodeBusy, "%s", c.Address())
	}
	begun := cs.begin(func() {
		defer cs.remove(c)
		err := c.run(cs.ctx, r)
		cs.config.Log.Debug("connection ended", "peer", c.Address(), "error", err)
	})
	if !begun {
		cs.remove(c)
		t.NetConn().Close()
		return nil, context.Canceled
	}
	return c, nil
}

// dial tries the addresses of a source, each a moment after the one before,
// and keeps the first that answers with the right key.
func (cs *Conns) dial(ctx context.Context, src netproto.Source) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, cs.config.Timing.Handshake)
	defer cancel()
	addresses := dialable(src.Addresses)
	if len(addresses) == 0 {
		return nil, errors.New("the tracker knows no address of it")
	}
	config := cs.config.Identity.ClientTLS(netproto.ALPN, func(key ed25519.PublicKey) error {
		if netproto.PublicKey(key) != src.Key {
			return errors.New("another peer answers at its address")
		}
		return nil
	})
	type result struct {
		conn *tls.Conn
		err  error
	}
	results := make(chan result, len(addresses))
	for i, address := range addresses {
		go func() {
			select {
			case <-ctx.Done():
				results <- result{err: ctx.Err()}
				return
			case <-time.After(time.Duration(i) * dialHeadStart):
			}
			t, err := cs.dialAt(ctx, address, src.Key, config)
			results <- result{t, err}
		}()
	}
	var winner *tls.Conn
	var failed []error
	for range addresses { // every attempt ends: cancel makes the others give up
		r := <-results
		switch {
		case r.err != nil:
			failed = append(failed, r.err)
		case winner == nil:
			winner = r.conn
			cancel()
		default:
			r.conn.Close()
		}
	}
	if winner == nil {
		return nil, errors.Join(failed...)
	}
	return winner, nil
}

// dialAt dials one address, if the budget allows it, and shakes hands.
func (cs *Conns) dialAt(ctx context.Context, at netip.AddrPort, key netproto.PublicKey, config *tls.Config) (*tls.Conn, error) {
	if cs.refuses(at.Addr()) {
		return nil, errBannedNetwork
	}
	end, err := cs.Dials.Begin(key, at, time.Now())
	if err != nil {
		return nil, err
	}
	answered := false
	defer func() { end(answered) }()
	raw, err := cs.config.Dial(ctx, at.String())
	if err != nil {
		return nil, err
	}
	t := tls.Client(newWire(raw), config)
	if err := t.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	answered = true
	return t, nil
}

func dialTCP(ctx context.Context, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

// dialable returns the addresses that a peer can have, each once. Whatever else a
// tracker names is not dialled, host names least of all.
func dialable(addresses []string) []netip.AddrPort {
	var list []netip.AddrPort
	for _, address := range addresses {
		at, err := netip.ParseAddrPort(address)
		if err != nil || at.Port() == 0 || !IsUnicast(at.Addr().Unmap()) {
			continue
		}
		if at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port()); slices.Contains(list, at) {
			continue
		}
		if list = append(list, at); len(list) == MaxAddresses {
			break
		}
	}
	return list
}
