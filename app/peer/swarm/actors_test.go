package swarm

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// The peers of the simulator.

// crowd is what all peers of a run share.
type crowd struct {
	m       *piece.Manifest
	content []byte
	peers   map[netip.AddrPort]*actor
	work    sync.WaitGroup
	ctx     context.Context
}

// actor is a peer of the simulator, honest or not.
type actor struct {
	crowd *crowd
	id    *identity.Identity
	lie   lie // "" if it is honest
	size  int64
	how   int // it lies about the size in several ways
	have  piece.Bits
}

// at is where an actor is reached. Each is in a network of its own: one from which many
// liars came is refused, honest neighbours included.
func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{20, byte(i >> 8), byte(i), 1}), 5000)
}

// pipe is one end of a connection, with the addresses of TCP.
type pipe struct {
	net.Conn
	local, remote netip.AddrPort
}

func (p *pipe) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(p.local) }
func (p *pipe) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(p.remote) }

func (c *crowd) dial(_ context.Context, address string) (net.Conn, error) {
	to := netip.MustParseAddrPort(address)
	a := c.peers[to]
	if a == nil {
		return nil, errors.New("connection refused")
	}
	near, far := net.Pipe()
	here := netip.MustParseAddrPort("192.0.2.1:40000")
	c.work.Go(func() { a.serve(&pipe{far, to, here}) })
	return &pipe{near, here, to}, nil
}

// visit is a connection to an actor.
type visit struct {
	*actor
	conn *tls.Conn

	mu    sync.Mutex
	queue []netproto.Get
	wake  chan struct{}
}

func (a *actor) serve(raw net.Conn) {
	defer raw.Close()
	defer context.AfterFunc(a.crowd.ctx, func() { raw.Close() })()
	if a.lie == noHandshake {
		io.Copy(io.Discard, raw)
		return
	}
	v := &visit{actor: a, conn: tls.Server(raw, a.id.ServerTLS(netproto.ALPN, true, nil)), wake: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(a.crowd.ctx)
	defer cancel()
	a.crowd.work.Go(func() { v.answer(ctx) })
	r := bufio.NewReader(v.conn)
	for {
		h, err := netproto.ReadFrameHeader(r)
		if err != nil {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		f, err := netproto.ParseFrame(h.Type, payload)
		if err != nil {
			return
		}
		switch f := f.(type) {
		case netproto.Open:
			v.open(f)
		case netproto.Get:
			v.mu.Lock()
			v.queue = append(v.queue, f)
			v.mu.Unlock()
			v.stir()
		case netproto.Cancel:
			v.mu.Lock()
			v.queue = slices.DeleteFunc(v.queue, func(g netproto.Get) bool { return g.Request == f.Request })
			v.mu.Unlock()
		}
	}
}

func (v *visit) stir() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *visit) send(f netproto.Frame) error {
	_, err := v.conn.Write(netproto.AppendFrame(nil, f))
	return err
}

func (v *visit) open(f netproto.Open) {
	switch {
	case v.lie == silent:
		return
	case f.Size >= 0 && f.Size != v.size && v.lie != wrongSize:
		v.send(netproto.Refuse{Stream: f.Stream, Code: netproto.CodeGone})
		return
	}
	if f.Manifest {
		m := netproto.Manifest{Stream: f.Stream, Size: v.size}
		if netproto.PieceCount(v.size) == v.crowd.m.Pieces() {
			m.CVs = v.crowd.m.CVs
		}
		v.send(m)
	}
	v.send(netproto.Have{Stream: f.Stream, Bits: v.have})
	if v.lie == willHaveSoon {
		var pieces []uint32
		for i := range v.crowd.m.Pieces() {
			pieces = append(pieces, uint32(i))
		}
		v.send(netproto.Fetching{Stream: f.Stream, Pieces: pieces})
	}
}

// answer answers the requests, one after the other.
func (v *visit) answer(ctx context.Context) {
	v.send(netproto.Hello{Version: netproto.FrameVersion, Name: string(v.lie)}) // both sides begin, and a pipe holds nothing
	for {
		v.mu.Lock()
		var g *netproto.Get
		if len(v.queue) > 0 {
			g = &v.queue[0]
			v.queue = v.queue[1:]
		}
		v.mu.Unlock()
		if g == nil {
			select {
			case <-ctx.Done():
				return
			case <-v.wake:
			}
			continue
		}
		if !v.give(ctx, *g) {
			return
		}
	}
}

// give answers one request; false ends the connection's answers.
func (v *visit) give(ctx context.Context, g netproto.Get) bool {
	from := int64(g.Piece)*netproto.PieceSize(v.size) + int64(g.Offset)
	b := make([]byte, g.Length)
	if from < int64(len(v.crowd.content)) {
		copy(b, v.crowd.content[from:])
	}
	const step = 64 << 10
	rest := func(d time.Duration) bool {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(d):
			return true
		}
	}
	most, at, pause := len(b), step, step*time.Second/simRate
	switch v.lie {
	case queued, partQueued:
		return v.send(netproto.Refuse{Stream: g.Stream, Request: g.Request, Code: netproto.CodeQueued, Place: 1}) == nil
	case wrongBytes:
		b[len(b)/2] ^= 1
	case wrongSize:
		switch v.how {
		case 0:
			return v.send(netproto.Refuse{Stream: g.Stream, Request: g.Request, Code: netproto.CodeQueued, Place: 1}) == nil
		case 1:
			return true
		}
	case trickles:
		at, pause = 1, time.Second
	case halves:
		most = len(b) / 2
	case hangsUp:
		most = len(b) - 1
	}
	for n := 0; n < most; n += at {
		if !rest(pause) || v.send(netproto.Data{Request: g.Request, Bytes: b[n:min(n+at, most)]}) != nil {
			return false
		}
	}
	if v.lie == hangsUp {
		v.conn.NetConn().Close()
		return false
	}
	return true
}

// pretend chooses what a liar claims.
func (a *actor) pretend(rng *rand.Rand) {
	m := a.crowd.m
	switch a.lie {
	case wrongSize:
		last := m.Length(m.Pieces() - 1)
		switch rng.IntN(3) {
		case 0:
			a.size = 1 + rng.Int64N(netproto.MinPieceSize)
		case 1:
			a.size = m.Size - last + 1 + rng.Int64N(netproto.MinPieceSize)
		default:
			a.size = m.Size + 1
		}
		if netproto.PieceCount(a.size) != m.Pieces() { // it would not fold
			a.size = 1 + rng.Int64N(netproto.MinPieceSize)
		}
		if a.size == m.Size {
			a.size = max(1, a.size-1)
		}
		a.have = piece.AllBits(netproto.PieceCount(a.size))
	case partQueued:
		a.have = piece.NewBits(m.Pieces())
		for i := range m.Pieces() - 1 {
			if rng.IntN(4) > 0 {
				a.have.Set(i)
			}
		}
	case willHaveSoon:
		a.have = piece.NewBits(m.Pieces())
	}
}
