package nodes

import (
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
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

// Mark returns what the tokens that a node makes begin with.
func Mark(id store.NodeID) [4]byte {
	var m [4]byte
	binary.BigEndian.PutUint32(m[:], uint32(id))
	return m
}

// MakerOf returns the other node that made a token, if one did.
func (o *Others) MakerOf(token netproto.RelayToken) (store.Node, bool) {
	for _, n := range o.list() {
		if Mark(n.ID) == [4]byte(token[:4]) {
			return n, true
		}
	}
	return store.Node{}, false
}

// Brings reports whether another node passes connections on from an address.
func (o *Others) Brings(from netip.Addr) bool {
	for _, n := range o.list() {
		if at, err := netip.ParseAddrPort(n.At); err == nil && at.Addr().Unmap() == from {
			return true
		}
	}
	return false
}

// Reach connects to the node that made a token, as the peer that was given it. The
// connection says netproto.RawRelayReady once the other side is there. Errors are
// netproto.CodeWrongNode and netproto.CodePeerUnreachable.
func (o *Others) Reach(ctx context.Context, n store.Node, token netproto.RelayToken) (net.Conn, error) {
	if n.At == "" {
		return nil, netproto.Errorf(netproto.CodeWrongNode, "another node relays this, which does not say where this one reaches it")
	}
	conn, err := (&net.Dialer{Timeout: passTime}).DialContext(ctx, "tcp", n.At)
	if err == nil {
		if _, err = conn.Write(append([]byte{netproto.RawRelay}, token[:]...)); err != nil {
			conn.Close()
		}
	}
	if err != nil {
		o.c.Log.Warn("a node cannot be reached to relay", slog.String("at", n.At), slog.Any("error", err))
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "the node that relays this is not reached")
	}
	return conn, nil
}

// Ready waits on a connection of Reach until the other side of the circuit is there. On an
// error, netproto.CodePeerUnreachable, it has closed the connection.
func Ready(ctx context.Context, up net.Conn) error {
	var ready [1]byte
	up.SetReadDeadline(time.Now().Add(netproto.CallLife))
	stop := context.AfterFunc(ctx, func() { up.Close() })
	_, err := io.ReadFull(up, ready[:])
	if !stop() || err != nil || ready[0] != netproto.RawRelayReady {
		up.Close()
		return netproto.Errorf(netproto.CodePeerUnreachable, "the other peer of the call did not come to the relay")
	}
	up.SetReadDeadline(time.Time{})
	return nil
}

// Pass passes bytes on between a connection, of which early were read already, and one of
// Reach, until one of them or Run ends; it does not wait for that. If too many are passed on
// already, it closes both.
func (o *Others) Pass(conn net.Conn, early []byte, up net.Conn) {
	if !o.passing.TryGo(func() error {
		if _, err := up.Write(early); err == nil {
			Join(o.ctx, conn, up)
		}
		conn.Close()
		up.Close()
		return nil
	}) {
		conn.Close()
		up.Close()
	}
}

// Join passes bytes on between two connections until one of them or ctx ends, and closes both.
// The node that made the token bounds how fast and how long.
func Join(ctx context.Context, a, b net.Conn) {
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
