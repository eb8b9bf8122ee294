//go:build linux

package load

import (
	"crypto/tls"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// deceit is a way to attack a peer that downloads, by being its source.
type deceit struct {
	name  string
	slow  bool // it waits for the peer's patience to end
	liars int  // 0: one
	lie   func(l *liar)
	most  int64 // connections that one liar gets; 0: 24
	bans  bool  // one wrong answer and it is asked nothing more
}

// get is what it does when a piece is wanted.
func get(do func(l *liar, c *frames, f netproto.Get)) func(*liar) {
	return func(l *liar) { l.onGet = func(c *frames, f netproto.Get) { do(l, c, f) } }
}

// opening is what it does when the content is opened.
func opening(do func(l *liar, c *frames, f netproto.Open)) func(*liar) {
	return func(l *liar) { l.onOpen = func(c *frames, f netproto.Open) { do(l, c, f) } }
}

// ready is what it does beside all else, from the first frame on.
func ready(do func(l *liar, c *frames)) func(*liar) {
	return func(l *liar) { l.onReady = func(c *frames) { do(l, c) } }
}

func accepting(do func(l *liar, raw net.Conn)) func(*liar) {
	return func(l *liar) { l.onAccept = func(raw net.Conn) { do(l, raw) } }
}

func refusing(code netproto.Code, place uint32) func(*liar) {
	return get(func(_ *liar, c *frames, f netproto.Get) {
		c.send(netproto.Refuse{Stream: f.Stream, Request: f.Request, Code: code, Place: place})
	})
}

// claims says that the content has another size.
func claims(size int64) func(*liar) {
	return opening(func(l *liar, c *frames, f netproto.Open) {
		n := netproto.PieceCount(size)
		m := netproto.Manifest{Stream: f.Stream, Size: size}
		switch {
		case n == l.m.Pieces():
			m.CVs = l.m.CVs
		case n > 1:
			m.CVs = make([]piece.CV, min(n, netproto.MaxManifestHashes))
		}
		c.send(m, netproto.Have{Stream: f.Stream, Bits: piece.AllBits(min(n, 8*netproto.MaxHaveBytes))})
	})
}

// flooding sends frames as fast as they are taken.
func flooding(next func(l *liar, i uint32) netproto.Frame) func(*liar) {
	return ready(func(l *liar, c *frames) {
		for i := uint32(0); l.ctx.Err() == nil; i++ {
			if c.send(next(l, i)) != nil {
				return
			}
		}
	})
}

func deceits() []deceit {
	return append([]deceit{
		{name: "accepts and says nothing", lie: accepting(func(_ *liar, raw net.Conn) { io.Copy(io.Discard, raw) })},
		{name: "accepts and resets", lie: accepting(func(_ *liar, raw net.Conn) { raw.(*net.TCPConn).SetLinger(0) })},
		{name: "speaks HTTP", lie: accepting(func(_ *liar, raw net.Conn) {
			io.WriteString(raw, "HTTP/1.1 400 Bad Request\r\n\r\n")
			io.Copy(io.Discard, raw)
		})},
		{name: "answers a greeting byte by byte", lie: accepting(func(l *liar, raw net.Conn) { l.serve(slowly{raw, l.ctx}) })},
		{name: "shakes hands and says no hello", lie: func(l *liar) { l.onHello = func(c *frames) error { _, err := io.Copy(io.Discard, c); return err } }},
		{name: "says something else than hello", lie: func(l *liar) { l.onHello = func(c *frames) error { return c.send(netproto.Ping{}) } }},
		{name: "says the longest hello", lie: func(l *liar) {
			l.onHello = func(c *frames) error {
				return c.hello(netproto.Hello{Version: math.MaxUint16, Features: math.MaxUint32, Name: "\x1b]0;x\a\u202e" + strings.Repeat("y", netproto.MaxPeerName)})
			}
			l.onGet = func(c *frames, f netproto.Get) { l.honestGet(c, f) }
		}},
		{name: "has another key", lie: func(l *liar) {
			other := newIdentity(l)
			l.config = func() *tls.Config { return other.ServerTLS(netproto.ALPN, true, nil) }
		}},
		{name: "has a new key each time", lie: func(l *liar) {
			l.config = func() *tls.Config { return newIdentity(l).ServerTLS(netproto.ALPN, true, nil) }
		}},
		{name: "sends wrong values in its manifest", bans: true, lie: opening(func(l *liar, c *frames, f netproto.Open) {
			cvs := append([]piece.CV(nil), l.m.CVs...)
			cvs[1][0] ^= 1
			c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: cvs})
		})},
		{name: "sends its manifest in a wrong order", lie: opening(func(l *liar, c *frames, f netproto.Open) {
			c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, First: 5, CVs: l.m.CVs[5:]}, netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs[:5]})
		})},
		{name: "sends parts of a manifest that overlap", lie: opening(func(l *liar, c *frames, f netproto.Open) {
			for range 10_000 {
				if c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs[:5]}) != nil {
					return
				}
			}
		})},
		{name: "sends its manifest ten thousand times", lie: opening(func(l *liar, c *frames, f netproto.Open) {
			for range 10_000 {
				if c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs}) != nil {
					return
				}
			}
			c.send(netproto.Have{Stream: f.Stream, Bits: piece.AllBits(l.m.Pieces())})
		})},
		{name: "claims to have nothing", lie: opening(func(l *liar, c *frames, f netproto.Open) {
			c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs}, netproto.Have{Stream: f.Stream, Bits: make([]byte, 2)})
		})},
		{name: "sends a bit field that is too long", lie: opening(func(l *liar, c *frames, f netproto.Open) {
			c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs})
			for first := uint32(0); first < 1<<31 && l.ctx.Err() == nil; first += 8 * netproto.MaxHaveBytes {
				if c.send(netproto.Have{Stream: f.Stream, First: first, Bits: piece.AllBits(8 * netproto.MaxHaveBytes)}) != nil {
					return
				}
			}
		})},
		{name: "sends a bit field for the last pieces only", lie: opening(func(l *liar, c *frames, f netproto.Open) {
			c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs}, netproto.Have{Stream: f.Stream, First: math.MaxUint32 &^ 7, Bits: []byte{255, 255}})
		})},
		{name: "sends no bit field", lie: opening(func(l *liar, c *frames, f netproto.Open) {
			c.send(netproto.Manifest{Stream: f.Stream, Size: l.m.Size, CVs: l.m.CVs})
		})},
		{name: "answers no open", lie: opening(func(*liar, *frames, netproto.Open) {})},
		{name: "refuses every open with every code", lie: opening(func(_ *liar, c *frames, f netproto.Open) {
			for code := range uint16(20) {
				c.send(netproto.Refuse{Stream: f.Stream, Code: netproto.CodeOfWire(code), Place: math.MaxUint32})
			}
		})},
		{name: "sends wrong bytes", bans: true, lie: get(func(l *liar, c *frames, f netproto.Get) { l.sendBytes(c, f, make([]byte, f.Length)) })},
		{name: "sends one wrong bit", bans: true, lie: get(func(l *liar, c *frames, f netproto.Get) {
			b := l.bytesOf(f)
			b[len(b)-1] ^= 1
			l.sendBytes(c, f, b)
		})},
		{name: "sends more than the piece", lie: get(func(l *liar, c *frames, f netproto.Get) {
			for l.honestGet(c, f); l.ctx.Err() == nil; {
				if l.sendBytes(c, f, make([]byte, netproto.MaxDataBytes)) != nil {
					return
				}
			}
		})},
		{name: "sends pieces that nobody asked for", lie: get(func(l *liar, c *frames, f netproto.Get) {
			for request := f.Request + 1; l.ctx.Err() == nil; request++ {
				if c.send(netproto.Data{Request: request + 1<<20, Bytes: make([]byte, netproto.MaxDataBytes)}) != nil {
					return
				}
			}
		})},
		{name: "sends the same piece a thousand times", lie: get(func(l *liar, c *frames, f netproto.Get) {
			for range 1000 {
				if l.sendBytes(c, f, l.bytesOf(f)) != nil {
					return
				}
			}
		})},
		{name: "sends pieces in frames of one byte", lie: get(func(l *liar, c *frames, f netproto.Get) {
			for _, b := range l.bytesOf(f) {
				if c.send(netproto.Data{Request: f.Request, Bytes: []byte{b}}) != nil {
					return
				}
			}
		})},
		{name: "answers no get", lie: get(func(*liar, *frames, netproto.Get) {})},
		{name: "sends one byte a second", lie: get(func(l *liar, c *frames, f netproto.Get) {
			for _, b := range l.bytesOf(f) {
				if c.send(netproto.Data{Request: f.Request, Bytes: []byte{b}}) != nil {
					return
				}
				wait(l.ctx, time.Second)
				if l.ctx.Err() != nil {
					return
				}
			}
		})},
		{name: "leaves at the last byte", most: 40, lie: get(func(l *liar, c *frames, f netproto.Get) {
			b := l.bytesOf(f)
			l.sendBytes(c, f, b[:len(b)-1])
			c.NetConn().Close()
		})},
		{name: "lets wait for ever", lie: refusing(netproto.CodeQueued, math.MaxUint32)},
		{name: "has no place in its queue", lie: refusing(netproto.CodeQueued, 0)},
		{name: "refuses as denied", lie: refusing(netproto.CodeDenied, 0)},
		{name: "refuses as gone", lie: refusing(netproto.CodeGone, 0)},
		{name: "refuses as busy", lie: refusing(netproto.CodeBusy, 0)},
		{name: "refuses and says that it is its turn", lie: get(func(l *liar, c *frames, f netproto.Get) {
			c.send(netproto.Refuse{Stream: f.Stream, Request: f.Request, Code: netproto.CodeQueued, Place: 1}, netproto.Turn{Stream: f.Stream})
		})},
		{name: "sends random frames", lie: ready(func(l *liar, c *frames) {
			for r := seeded(l); l.ctx.Err() == nil; {
				if c.send(randomFrame(r, l.m.Hash)) != nil {
					return
				}
			}
		})},
		{name: "tells of new pieces without end", lie: flooding(func(*liar, uint32) netproto.Frame {
			return netproto.Update{Stream: 1, Pieces: []uint32{rand.Uint32(), 0, 1, 2, math.MaxUint32}}
		})},
		{name: "tells what it fetches without end", lie: flooding(func(*liar, uint32) netproto.Frame {
			return netproto.Fetching{Stream: 1, Pieces: []uint32{rand.Uint32(), 0, 1, 2}}
		})},
		{name: "gives turns without end", lie: flooding(func(_ *liar, i uint32) netproto.Frame { return netproto.Turn{Stream: i % 4} })},
		{name: "refuses without end", lie: flooding(func(_ *liar, i uint32) netproto.Frame {
			return netproto.Refuse{Stream: i % 4, Code: netproto.CodeQueued, Place: i}
		})},
		{name: "pings without end", lie: flooding(func(_ *liar, i uint32) netproto.Frame { return netproto.Ping{Token: uint64(i)} })},
		{name: "opens without end", lie: flooding(func(l *liar, i uint32) netproto.Frame {
			return netproto.Open{Stream: i, Hash: l.m.Hash, Size: -1, Manifest: true}
		})},
		{name: "sends attributes that belong to nothing", lie: flooding(func(_ *liar, i uint32) netproto.Frame {
			return netproto.Attributes{Stream: i % 4, First: i % 1000, Packed: make([]byte, 100*netproto.AttributeBytes)}
		})},
		{name: "sends every frame with every length", most: 400, lie: func(l *liar) {
			var n atomic.Int64
			list := rawFrames()
			l.onReady = func(c *frames) { c.Write(list[int(n.Add(1))%len(list)]) }
		}},
		{name: "is one of 99 that send wrong bytes", liars: 99, bans: true, lie: get(func(l *liar, c *frames, f netproto.Get) { l.sendBytes(c, f, make([]byte, f.Length)) })},
		{name: "is one of fifty that let wait", liars: 50, lie: refusing(netproto.CodeQueued, 1)},
		{name: "is one of fifty that answer nothing", liars: 50, lie: get(func(*liar, *frames, netproto.Get) {})},
	}, sizeLies()...)
}

func sizeLies() []deceit {
	var list []deceit
	for name, size := range map[string]int64{"empty": 0, "of one byte": 1, "shorter by one": liesSize - 1, "longer by one": liesSize + 1, "enormous": netproto.MaxContentSize} {
		list = append(list, deceit{name: "says that the content is " + name, lie: claims(size)})
	}
	return list
}

// liesSize is the size of what is downloaded, in bytes: thirteen pieces.
const liesSize = 3<<20 + 1000

func TestHostileSourcesHarmNoDownload(t *testing.T) {
	s := newStage(t)
	path := randomFile(t, filepath.Join(t.TempDir(), "wanted.bin"), liesSize, 200)
	content, err := os.ReadFile(path)
	check(t, err)
	sharer, _ := s.shareAt(t, path)
	var cases, conns atomic.Int64
	t.Run("deceits", func(t *testing.T) {
		for i, d := range deceits() {
			if left(i, d.slow) {
				continue
			}
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				cases.Add(1)
				gate := startGate(t, sharer.address)
				s.deceive(t, d, path, content, gate, sourceAt(sharer.id, gate.address), &conns)
			})
		}
		for name, shown := range certificates(t) {
			t.Run("shows "+name, func(t *testing.T) {
				t.Parallel()
				cases.Add(1)
				gate := startGate(t, sharer.address)
				s.deceive(t, deceit{lie: func(l *liar) {
					l.config = func() *tls.Config { return serverWith(l.id, shown.Certificate) }
				}}, path, content, gate, sourceAt(sharer.id, gate.address), &conns)
			})
		}
	})
	fmt.Printf("deceits of sources, in %d connections: tried %d\n", conns.Load(), cases.Load())
}

// deceive has a new peer download from liars and one honest source, which is reached
// only when the lies have begun.
func (s *stage) deceive(t *testing.T, d deceit, path string, content []byte, gate *gate, honest netproto.Source, conns *atomic.Int64) {
	tracker := startPuppet(t, nil)
	sources := []netproto.Source{honest}
	var liars []*liar
	for range max(d.liars, 1) {
		l := startLiar(t, content, func(l *liar) {
			l.reached = gate.Open
			d.lie(l)
		})
		liars, sources = append(liars, l), append(sources, l.source())
	}
	late := time.AfterFunc(40*time.Second, func() {
		t.Error("the liars are not asked")
		gate.Open()
	})
	defer late.Stop()
	tracker.knows(liars[0].m.Hash, filepath.Base(path), liesSize, false, sources...)
	to := t.TempDir()
	o := s.fetchWith(t, to, nil, tracker.link())
	late.Stop()
	o.saved(t, path, to)
	bounded(t, taken{mib: 40}, o.most)
	for _, l := range liars {
		conns.Add(l.conns.Load())
		most := d.most
		if most == 0 {
			most = 24 // eight at once, and again after it ended some
		}
		if n := l.conns.Load(); n > most {
			t.Errorf("a liar was dialled %d times", n)
		}
		if d.bans && l.sent.Load() > 4*liesSize { // it is banned when its first piece is there, and others were under way
			t.Errorf("a liar sent %d bytes", l.sent.Load())
		}
	}
	t.Logf("it took %.1f s and %.0f MiB", o.took.Seconds(), o.most.mib)
}
