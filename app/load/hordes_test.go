//go:build linux

package load

import (
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// flood sends frames on many connections without reading, until each is cut off.
func (g *guest) flood(next func(g *guest, i uint32) []netproto.Frame) {
	n := some(8, 48)
	go func() { wait(g.ctx, time.Second); g.begun() }()
	var cut atomic.Int64
	g.crowd(n, func(int) {
		c := g.meet()
		if c == nil {
			return
		}
		c.SetWriteDeadline(time.Now().Add(2 * time.Minute))
		for i := uint32(1); i < 1e6; i++ {
			if err := c.send(next(g, i)...); err != nil {
				if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
					cut.Add(1)
				}
				return
			}
		}
	})
	if cut.Load() < int64(n) {
		g.Errorf("%d of %d that read nothing were cut off", cut.Load(), n)
	}
}

func unreadGets(g *guest, i uint32) []netproto.Frame {
	get := netproto.Get{Stream: 1, Request: i, Piece: i % 12, Length: netproto.MinPieceSize}
	if i == 1 {
		return []netproto.Frame{netproto.Open{Stream: 1, Hash: g.hash, Size: -1}, get}
	}
	return []netproto.Frame{get}
}

func unreadOpens(g *guest, i uint32) []netproto.Frame {
	return []netproto.Frame{netproto.Open{Stream: i, Hash: g.hash, Size: -1, Manifest: true}}
}

func unknownOpens(_ *guest, i uint32) []netproto.Frame {
	return []netproto.Frame{netproto.Open{Stream: i, Hash: netproto.ContentHash{byte(i), byte(i >> 8)}, Size: -1, Manifest: true}}
}

func unreadPings(_ *guest, i uint32) []netproto.Frame {
	return []netproto.Frame{netproto.Ping{Token: uint64(i)}, netproto.Ping{Token: uint64(i)}}
}

func slowReaders(g *guest) {
	n := some(32, 128)
	conns := make([]*frames, n)
	g.crowd(n, func(i int) {
		if conns[i] = g.meet(); conns[i] != nil {
			conns[i].NetConn().(*net.TCPConn).SetReadBuffer(4096)
			conns[i].send(netproto.Open{Stream: 1, Hash: g.hash, Size: -1, Manifest: true})
			for request := range uint32(12) {
				conns[i].send(netproto.Get{Stream: 1, Request: request + 1, Piece: request, Length: netproto.MinPieceSize})
			}
		}
	})
	for g.ctx.Err() == nil {
		wait(g.ctx, time.Second)
		for _, c := range conns {
			if c != nil {
				c.SetReadDeadline(time.Now().Add(time.Millisecond))
				c.NetConn().Read(make([]byte, 1))
			}
		}
	}
}

// manyStreams is how 24 connections used up the descriptors of a peer.
func manyStreams(g *guest) {
	g.crowd(24, func(int) {
		c := g.meet()
		if c == nil {
			return
		}
		go io.Copy(io.Discard, c)
		c.SetWriteDeadline(time.Now().Add(time.Minute))
		for i := range uint32(netproto.MaxStreams - 1) {
			if c.send(netproto.Open{Stream: i, Hash: g.hash, Size: -1}, netproto.Get{Stream: i, Request: i + 1, Length: 1}) != nil {
				return
			}
			if i%200 == 199 {
				wait(g.ctx, 100*time.Millisecond) // for the answers: only so many requests may be under way
			}
		}
	})
	<-g.ctx.Done()
}

// manyFiles has every file that the peer shares open, on many connections.
func manyFiles(g *guest) {
	g.crowd(24, func(int) {
		c := g.meet()
		if c == nil {
			return
		}
		go io.Copy(io.Discard, c)
		c.SetWriteDeadline(time.Now().Add(time.Minute))
		for i, hash := range g.others {
			if c.send(netproto.Open{Stream: uint32(i), Hash: hash, Size: -1}, netproto.Get{Stream: uint32(i), Request: uint32(i) + 1, Length: 1}) != nil {
				return
			}
		}
	})
	<-g.ctx.Done()
}

func churn(g *guest) {
	for range some(4, 16) {
		c := g.meet()
		if c == nil {
			return
		}
		go io.Copy(io.Discard, c)
		go func() {
			for i := uint32(1); g.ctx.Err() == nil; i++ {
				if c.send(netproto.Open{Stream: 1, Hash: g.hash, Size: -1, Manifest: true}, netproto.Get{Stream: 1, Request: i, Piece: i % 12, Length: netproto.MinPieceSize},
					netproto.Cancel{Request: i}, netproto.Close{Stream: 1}) != nil {
					return
				}
				wait(g.ctx, time.Millisecond)
			}
		}()
	}
	g.begun()
	<-g.ctx.Done()
}

func introductions(g *guest) {
	for range some(16, 60) {
		c := g.meet()
		if c == nil {
			return
		}
		go io.Copy(io.Discard, c)
		c.send(netproto.Open{Stream: 1, Hash: g.hash, Size: -1})
	}
	var peers []netproto.SwarmPeer
	for i := range netproto.MaxSwarmPeers {
		peers = append(peers, netproto.SwarmPeer{Key: netproto.PublicKey(newIdentity(g).Key()), Address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(2000+i))})
	}
	c := g.meet()
	if c == nil {
		return
	}
	go io.Copy(io.Discard, c)
	g.begun()
	for i := uint32(1); g.ctx.Err() == nil; i++ {
		if c.send(netproto.Open{Stream: i, Hash: g.hash, Size: -1}, netproto.Peers{Hash: g.hash, Port: uint16(i), Peers: peers}, netproto.Close{Stream: i}) != nil {
			break
		}
	}
}

func comings(g *guest) {
	go func() { wait(g.ctx, time.Second); g.begun() }()
	var all sync.WaitGroup
	for range some(4, 16) {
		all.Go(func() {
			for i := 0; g.ctx.Err() == nil && i < some(100, 1000); i++ {
				if c, err := g.meetAs(newIdentity(g).ClientTLS(netproto.ALPN, anyKey)); err == nil {
					c.cut()
				}
			}
		})
	}
	all.Wait()
}

func resets(g *guest) {
	for i := range some(30, 300) {
		c := g.meet()
		if c == nil {
			return
		}
		c.SetDeadline(time.Now().Add(30 * time.Second))
		c.send(netproto.Open{Stream: 1, Hash: g.hash, Size: -1, Manifest: true}, netproto.Get{Stream: 1, Request: 1, Length: netproto.MinPieceSize})
		for range i % 4 {
			c.read()
		}
		c.cut()
		if i == 10 {
			g.begun()
		}
	}
}

func lastByte(g *guest) {
	for i := range some(30, 300) {
		c := g.meet()
		if c == nil {
			return
		}
		c.SetDeadline(time.Now().Add(2 * time.Second)) // it may have to wait for its turn
		c.send(netproto.Open{Stream: 1, Hash: g.hash, Size: -1}, netproto.Get{Stream: 1, Request: 1, Length: netproto.MinPieceSize})
		io.CopyN(io.Discard, c, netproto.MinPieceSize)
		c.NetConn().Close()
		if i == 10 {
			g.begun()
		}
	}
}

// allPlaces holds as many connections as the peer lets in, each with its key and idle.
func allPlaces(g *guest) {
	var in atomic.Int64
	g.crowd(some(600, 700), func(int) {
		if c, err := g.meetAs(newIdentity(g).ClientTLS(netproto.ALPN, anyKey)); err == nil {
			in.Add(1)
			go io.Copy(io.Discard, c)
		}
	})
	if in.Load() < 64 {
		g.Errorf("only %d connections came in", in.Load())
	}
	<-g.ctx.Done()
}

func allPlacesHalf(g *guest) {
	hold := func() {
		if c, err := g.dial(); err == nil {
			c.Write([]byte{0x16, 3, 1, 2, 0, 1, 0})
		}
	}
	g.crowd(600, func(int) { hold() })
	for g.ctx.Err() == nil { // they come again as soon as they are closed
		hold()
		wait(g.ctx, 2*time.Millisecond)
	}
}

// allTurns asks for everything with many keys at once, and reads it.
func allTurns(g *guest) {
	g.crowd(some(40, 150), func(int) {
		c := g.meet()
		if c == nil {
			return
		}
		go io.Copy(io.Discard, c)
		go func() {
			c.send(netproto.Open{Stream: 1, Hash: g.hash, Size: -1})
			for i := uint32(1); g.ctx.Err() == nil; i++ {
				if c.send(netproto.Get{Stream: 1, Request: i, Piece: i % 12, Length: netproto.MinPieceSize}) != nil {
					return
				}
				wait(g.ctx, 20*time.Millisecond)
			}
		}()
	})
	<-g.ctx.Done()
}

func oneKey(g *guest) {
	config := g.id.ClientTLS(netproto.ALPN, anyKey)
	var in atomic.Int64
	g.crowd(some(50, 200), func(int) {
		c, err := g.meetAs(config)
		if err != nil {
			return
		}
		if c.send(netproto.Ping{Token: 5}) == nil {
			c.SetReadDeadline(time.Now().Add(20 * time.Second))
			if f, err := c.read(); err == nil && f == (netproto.Pong{Token: 5}) {
				in.Add(1)
			}
		}
	})
	if in.Load() == 0 || in.Load() > session.MaxConnsPerKey {
		g.Errorf("%d connections of one key are served", in.Load())
	}
	<-g.ctx.Done()
}
