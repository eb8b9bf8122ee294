//go:build linux

package load

import (
	"centralizedp2p/netproto"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"testing"
	"time"
)

// answersOrEnds fails unless the peer answers a ping, or ends the connection.
func (g *guest) answersOrEnds(c *frames, what string) {
	c.SetDeadline(time.Now().Add(30 * time.Second))
	if c.send(netproto.Ping{Token: 99}) != nil {
		return
	}
	for {
		f, err := c.read()
		if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
			g.Errorf("%s: neither an answer nor the end", what)
		}
		if err != nil || f == (netproto.Pong{Token: 99}) {
			return
		}
	}
}

func everyFrame(g *guest) {
	for _, raw := range rawFrames() {
		if g.ctx.Err() != nil {
			return
		}
		c := g.meet()
		if c == nil {
			return
		}
		c.send(netproto.Open{Stream: 0, Hash: g.hash, Size: -1, Manifest: true})
		c.Write(raw)
		g.answersOrEnds(c, fmt.Sprintf("after %.12x", raw))
		c.NetConn().Close()
	}
	g.begun()
}

func wrongOrder(g *guest) {
	get := netproto.Get{Stream: 1, Request: 1, Length: 10}
	open := netproto.Open{Stream: 1, Hash: g.hash, Size: -1}
	for i, list := range [][]netproto.Frame{
		{get, open}, {open, open}, {open, netproto.Close{Stream: 1}, get}, {open, get, get}, {netproto.Cancel{Request: 1}, get},
		{netproto.Close{Stream: 9}, netproto.Close{Stream: 9}}, {netproto.Hello{Version: 1}}, {netproto.Pong{}, netproto.Pong{}},
		{netproto.Data{Request: 1, Bytes: make([]byte, netproto.MaxDataBytes)}}, {netproto.Have{Stream: 1, Bits: make([]byte, netproto.MaxHaveBytes)}},
		{netproto.Manifest{Stream: 1, Size: netproto.MaxContentSize, CVs: make([][32]byte, netproto.MaxManifestHashes)}},
		{netproto.Update{Stream: 1, Pieces: make([]uint32, netproto.MaxUpdatePieces)}}, {netproto.Refuse{Stream: 1, Code: netproto.CodeGone}},
		{netproto.Turn{Stream: 1}}, {netproto.Fetching{Stream: 1, Pieces: []uint32{1}}}, {netproto.Attributes{Stream: 1, Packed: make([]byte, netproto.AttributeBytes)}},
		{open, netproto.Open{Stream: 2, Hash: g.hash, Size: 1}, netproto.Open{Stream: 3, Hash: g.hash, Size: netproto.MaxContentSize}},
		{netproto.Open{Stream: 1<<32 - 1, Hash: g.hash, Size: -1, Manifest: true}, netproto.Open{Stream: 0, Size: -1}},
	} {
		c := g.meet()
		if c == nil {
			return
		}
		c.SetDeadline(time.Now().Add(30 * time.Second))
		c.send(list...)
		g.answersOrEnds(c, "order "+strconv.Itoa(i))
	}
	g.begun()
}

// seeded is a source of chance that a log names.
func seeded(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("CP2P_LOAD_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		check(t, err)
	}
	t.Logf("CP2P_LOAD_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func randomFrames(g *guest) {
	r := seeded(g)
	for i := range some(40, 400) {
		c := g.meet()
		if c == nil {
			return
		}
		if i == 10 {
			g.begun()
		}
		go io.Copy(io.Discard, c)
		c.SetWriteDeadline(time.Now().Add(10 * time.Second))
		for range 300 {
			if c.send(randomFrame(r, g.hash)) != nil {
				break
			}
		}
		c.NetConn().Close()
	}
}

func randomBytes(g *guest) {
	r := seeded(g)
	for i := range some(40, 400) {
		c := g.meet()
		if c == nil {
			return
		}
		if i == 10 {
			g.begun()
		}
		b := make([]byte, 1+r.IntN(100_000))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if r.IntN(2) == 0 { // which begin like a frame
			copy(b, []byte{0, 0, byte(r.IntN(2)), byte(r.Uint32()), allKinds[r.IntN(len(allKinds))]})
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		c.Write(b)
		c.NetConn().Close()
	}
}

func oddGets(g *guest) {
	c := g.meet()
	if c == nil {
		return
	}
	c.SetDeadline(time.Now().Add(time.Minute))
	c.send(netproto.Open{Stream: 1, Hash: g.hash, Size: -1})
	asked := 0
	for _, p := range []uint32{0, 1, 12, 13, 1 << 31, 1<<32 - 1} {
		for _, at := range []uint32{0, 1, netproto.MinPieceSize - 1, netproto.MinPieceSize, netproto.MaxPieceSize} {
			for _, n := range []uint32{0, 1, netproto.MinPieceSize, netproto.MaxPieceSize} {
				if at+n > netproto.MaxPieceSize || asked == 200 {
					continue
				}
				asked++
				c.send(netproto.Get{Stream: 1, Request: uint32(asked), Piece: p, Offset: at, Length: n})
			}
		}
	}
	g.tried.Add(int64(asked))
	g.answersOrEnds(c, "after odd requests")
	for _, bad := range []netproto.Get{
		{Stream: 1, Request: 0, Length: 1}, {Stream: 1, Request: 1, Length: 1<<32 - 1}, {Stream: 1, Request: 1, Offset: 1<<32 - 1, Length: 2},
		{Stream: 1, Request: 1, Offset: netproto.MaxPieceSize, Length: netproto.MaxPieceSize},
	} {
		if c = g.meet(); c == nil {
			return
		}
		c.send(netproto.Open{Stream: 1, Hash: g.hash, Size: -1}, bad)
		g.turnsAway(c, fmt.Sprintf("after %+v", bad))
	}
	g.begun()
}
