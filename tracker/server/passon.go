package server

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// A relay's circuit is at the node that made its two tokens. A peer may come with its token to
// any node, as one behind a balancer does: that passes its connection on, without TLS of its
// own, as only the peer was given the token and the peers speak TLS to each other.

// passTime bounds how long the node that made a token may take to accept a connection.
const passTime = 3 * time.Second

// mark returns what the tokens that a node makes begin with.
func mark(id store.NodeID) [4]byte {
	var m [4]byte
	binary.BigEndian.PutUint32(m[:], uint32(id))
	return m
}

// makerOf returns the other node that made a token, if one did.
func (o *others) makerOf(token netproto.RelayToken) (store.Node, bool) {
	for _, n := range o.list() {
		if mark(n.ID) == [4]byte(token[:4]) {
			return n, true
		}
	}
	return store.Node{}, false
}

// bring reports whether another node passes connections on from an address.
func (o *others) bring(from netip.Addr) bool {
	for _, n := range o.list() {
		if at, err := netip.ParseAddrPort(n.At); err == nil && at.Addr().Unmap() == from {
			return true
		}
	}
	return false
}

// reach connects to the node that made a token, as the peer that was given it. The
// connection says netproto.RawRelayReady once the other side is there.
func (o *others) reach(ctx context.Context, n store.Node, token netproto.RelayToken) (net.Conn, error) {
	if n.At == "" {
		return nil, netproto.Errorf(netproto.CodeWrongNode, "another node relays this, which does not say where this one reaches it")
	}
	conn, err := (&net.Dialer{Timeout: passTime}).DialContext(ctx, "tcp", n.At)
	if err == nil {
		_, err = conn.Write(append([]byte{netproto.RawRelay}, token[:]...))
	}
	if err != nil {
		o.server.log.Warn("a node cannot be reached to relay", slog.String("at", n.At), slog.Any("error", err))
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "the node that relays this is not reached")
	}
	return conn, nil
}

// passRaw passes a connection on to the node that made its token.
func (s *Server) passRaw(ctx context.Context, conn net.Conn, n store.Node, token netproto.RelayToken, from netip.Addr) error {
	if err := s.store.Admit(ctx, nil, from); err != nil {
		return err
	}
	up, err := s.others.reach(ctx, n, token)
	if err != nil {
		return err
	}
	conn.SetReadDeadline(time.Time{})
	join(ctx, conn, up)
	return nil
}

// passUpgraded is passRaw for a connection that came over TLS.
func (s *Server) passUpgraded(w http.ResponseWriter, r *http.Request, n store.Node, token netproto.RelayToken) error {
	up, err := s.others.reach(r.Context(), n, token)
	if err != nil {
		return err
	}
	var ready [1]byte
	up.SetReadDeadline(time.Now().Add(netproto.CallLife))
	stop := context.AfterFunc(r.Context(), func() { up.Close() })
	_, err = io.ReadFull(up, ready[:])
	if !stop() || err != nil || ready[0] != netproto.RawRelayReady {
		up.Close()
		return netproto.Errorf(netproto.CodePeerUnreachable, "the other peer of the call did not come to the relay")
	}
	up.SetReadDeadline(time.Time{})
	conn, early, err := upgrade(w, netproto.RelayProtocol)
	if err != nil {
		s.log.Debug("a connection could not be relayed", slog.Any("error", err))
		up.Close()
		return nil // nothing can be answered any more
	}
	if !s.others.passing.TryGo(func() error {
		if _, err := up.Write(early); err == nil {
			join(s.others.ctx, conn, up)
		}
		conn.Close()
		up.Close()
		return nil
	}) {
		conn.Close()
		up.Close()
	}
	return nil
}

// join passes bytes on between two connections until one of them or ctx ends, and closes both.
// The node that made the token bounds how fast and how long.
func join(ctx context.Context, a, b net.Conn) {
	end := func() {
		a.Close()
		b.Close()
	}
	defer context.AfterFunc(ctx, end)()
	back := make(chan struct{})
	go func() {
		defer close(back)
		io.Copy(a, b)
		end()
	}()
	io.Copy(b, a)
	end()
	<-back
}
