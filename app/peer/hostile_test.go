package peer_test

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

// swarm is a peer that downloads; its tracker names an honest source and a stranger.
type town struct {
	tracker *fakeTracker
	honest  *testPeer
	getter  *testPeer
	share   sharing.Share
	content []byte
}

func newSwarm(t testing.TB, size int) *town {
	t.Helper()
	s := &town{tracker: newFakeTracker()}
	s.honest, s.getter = startPeerAt(t, newFakeTracker()), startPeerAt(t, s.tracker)
	path, content := s.honest.write(t, "song.flac", size)
	s.share, s.content = s.honest.share(t, path), content
	return s
}

func (s *town) name(sources ...netproto.Source) {
	s.tracker.with(func() { s.tracker.sources = sources })
}

func (s *town) begin(t testing.TB) string {
	t.Helper()
	id, err := s.getter.Downloads.Add(queue.Request{Hash: s.share.Hash, Name: s.share.Name, Size: -1, Folder: s.share.Folder, Dir: s.getter.files})
	check(t, err)
	return id
}

// finish lets the honest source in and waits for the right bytes.
func (s *town) finish(t testing.TB, id string, others ...netproto.Source) {
	t.Helper()
	s.name(append(others, s.honest.source())...)
	d := s.getter.wait(t, id, queue.StateFinished)
	same(t, d.Path, s.content)
	onlyFiles(t, s.getter.files, "song.flac")
}

// onlyFiles fails unless a folder holds exactly these files, hidden ones included.
func onlyFiles(t testing.TB, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, names) {
		t.Errorf("the folder has %q, want %q", got, names)
	}
}

// banned waits until the engine no longer speaks to a stranger.
func (s *town) banned(t testing.TB, who *stranger) {
	t.Helper()
	eventually(t, s.getter.Engine, func() bool {
		raw, err := net.DialTimeout("tcp", s.getter.source().Addresses[0], patience)
		check(t, err)
		defer raw.Close()
		check(t, raw.SetDeadline(time.Now().Add(patience)))
		c := tls.Client(raw, who.id.ClientTLS(netproto.ALPN, anyKey))
		if err := c.Handshake(); err != nil {
			return true
		}
		_, err = io.ReadFull(c, make([]byte, netproto.FrameHeaderBytes)) // its hello, or the alert that refuses
		return err != nil
	}, says("the stranger is still spoken to"))
}

const fourPieces = 3*netproto.MinPieceSize + 1000

func TestWhoSendsWrongBytesIsBannedAndTheFileComesFromAnother(t *testing.T) {
	t.Parallel()
	for _, wrong := range []uint32{0, 1, 3} {
		s := newSwarm(t, fourPieces)
		liar := startStranger(t, s.content, nil)
		liar.onGet = func(c *strangerConn, f netproto.Get) {
			b := append([]byte(nil), liar.pieceBytes(f)...)
			if f.Piece == wrong {
				b[rand.IntN(len(b))] ^= 1
			}
			liar.sendBytes(c, f, b)
		}
		s.name(liar.source())
		id := s.begin(t)
		s.banned(t, liar)
		s.finish(t, id, liar.source())
		if n := liar.conns.Load(); n > 3 {
			t.Errorf("it was dialled %d times", n)
		}
	}
}

func TestAWrongManifestIsBanned(t *testing.T) {
	t.Parallel()
	s := newSwarm(t, fourPieces)
	liar := startStranger(t, s.content, nil)
	liar.onOpen = func(c *strangerConn, f netproto.Open) {
		cvs := append([]piece.CV(nil), liar.m.CVs...)
		cvs[1][0] ^= 1
		c.send(netproto.Manifest{Stream: f.Stream, Size: liar.m.Size, CVs: cvs})
	}
	s.name(liar.source())
	id := s.begin(t)
	s.banned(t, liar)
	s.finish(t, id, liar.source())
}

func TestALieAboutTheSizeDoesNotStopADownload(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"shorter": fourPieces - 1, "longer": fourPieces + 1, "empty": 0, "enormous": netproto.MaxContentSize} {
		for _, answers := range []bool{true, false} {
			t.Run(name+" and answers "+strconv.FormatBool(answers), func(t *testing.T) {
				t.Parallel()
				s := newSwarm(t, fourPieces)
				liar := startStranger(t, s.content, func(l *stranger) { l.size = size })
				liar.onOpen = func(c *strangerConn, f netproto.Open) {
					manifest := netproto.Manifest{Stream: f.Stream, Size: size}
					if netproto.PieceCount(size) == len(liar.m.CVs) {
						manifest.CVs = liar.m.CVs
					} else if netproto.PieceCount(size) > 1 {
						manifest.CVs = make([]piece.CV, netproto.MaxManifestHashes)
					}
					c.send(manifest, netproto.Have{Stream: f.Stream, Bits: piece.AllBits(liar.m.Pieces())})
				}
				liar.onGet = func(c *strangerConn, f netproto.Get) {
					if answers {
						liar.sendBytes(c, f, make([]byte, f.Length))
					}
				}
				s.name(liar.source())
				id := s.begin(t)
				eventually(t, s.getter.Engine, func() bool { return liar.conns.Load() > 0 }, says("the liar is not asked"))
				s.finish(t, id, liar.source())
			})
		}
	}
}

func TestALieAboutTheSizeDoesNotOutliveTheProgram(t *testing.T) {
	t.Parallel()
	s := newSwarm(t, fourPieces)
	liar := startStranger(t, s.content, func(l *stranger) { l.size = fourPieces - 1 })
	liar.onGet = func(c *strangerConn, f netproto.Get) { // everything except what proves the size
		if f.Piece < 3 {
			liar.honestGet(c, f)
		}
	}
	s.name(liar.source())
	id := s.begin(t)
	s.getter.until(t, id, "there but for the last piece", func(d queue.Download) bool { return d.Done >= 3*netproto.MinPieceSize })
	s.getter.stop()
	s.name()
	s.getter.start(t, nil)
	s.getter.Trackers.Use(s.tracker)
	s.finish(t, id)
}

func TestMoreThanWasAskedForEndsTheConnection(t *testing.T) {
	t.Parallel()
	for name, flood := range map[string]func(s *stranger, c *strangerConn, f netproto.Get) error{
		"more than the piece has": func(s *stranger, c *strangerConn, f netproto.Get) error {
			return c.send(netproto.Data{Request: f.Request, Bytes: append(s.pieceBytes(f)[:f.Length:f.Length], 1)[:min(int(f.Length)+1, netproto.MaxDataBytes)]}, netproto.Data{Request: f.Request, Bytes: make([]byte, 1000)})
		},
		"for requests that never were": func(_ *stranger, c *strangerConn, f netproto.Get) error {
			return c.send(netproto.Data{Request: f.Request + 1<<20, Bytes: make([]byte, netproto.MaxDataBytes)})
		},
		"a frame with a huge length": func(_ *stranger, c *strangerConn, _ netproto.Get) error {
			_, err := c.Write(append(binary.BigEndian.AppendUint32(nil, 1<<31), byte(netproto.FrameData)))
			return err
		},
		"a frame with no length": func(_ *stranger, c *strangerConn, _ netproto.Get) error {
			_, err := c.Write(make([]byte, 5))
			return err
		},
		"a frame nobody knows": func(_ *stranger, c *strangerConn, _ netproto.Get) error {
			_, err := c.Write([]byte{0, 0, 0, 1, 0x7f})
			return err
		},
		"a second hello": func(_ *stranger, c *strangerConn, _ netproto.Get) error {
			return c.send(netproto.Hello{Version: 1})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwarm(t, fourPieces)
			ended := make(chan struct{}, 1000)
			liar := startStranger(t, s.content, nil)
			liar.onGet = func(c *strangerConn, f netproto.Get) {
				c.SetDeadline(time.Now().Add(patience))
				for flood(liar, c, f) == nil {
				}
				ended <- struct{}{}
			}
			s.name(liar.source())
			id := s.begin(t)
			select {
			case <-ended: // it could send no more
			case <-time.After(patience):
				t.Fatal("it may send for ever")
			}
			s.finish(t, id, liar.source())
		})
	}
}

func TestASourceThatStallsIsLeft(t *testing.T) {
	t.Parallel()
	for name, stall := range map[string]func(*stranger){
		"it accepts and does not shake hands": func(s *stranger) {
			s.onAccept = func(raw net.Conn) { io.Copy(io.Discard, raw) }
		},
		"it shakes hands and does not say hello": func(s *stranger) {
			s.onAccept = func(raw net.Conn) { io.Copy(io.Discard, tls.Server(raw, s.id.ServerTLS(netproto.ALPN, true, nil))) }
		},
		"it does not answer an open": func(s *stranger) {
			s.onOpen = func(*strangerConn, netproto.Open) {}
		},
		"it gives the manifest and says not what it has": func(s *stranger) {
			s.onOpen = func(c *strangerConn, f netproto.Open) {
				c.send(netproto.Manifest{Stream: f.Stream, Size: s.size, CVs: s.m.CVs})
			}
		},
		"it does not answer a get": func(s *stranger) {
			s.onGet = func(*strangerConn, netproto.Get) {}
		},
		"it has a place in its queue, for ever": func(s *stranger) {
			s.onGet = func(c *strangerConn, f netproto.Get) {
				c.send(netproto.Refuse{Stream: f.Stream, Request: f.Request, Code: netproto.CodeQueued, Place: 7})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSwarm(t, fourPieces)
			// As many strangers as connections are allowed: the honest source gets its turn
			// all the same.
			var lazy []netproto.Source
			for range 24 {
				lazy = append(lazy, startStranger(t, s.content, stall).source())
			}
			s.name(lazy...)
			id := s.begin(t)
			eventually(t, s.getter.Engine, func() bool {
				d, _ := s.getter.Downloads.ByID(id)
				return d.State == queue.StateConnecting || d.State == queue.StateDownloading || d.State == queue.StateQueued
			}, says("nothing was begun"))
			s.finish(t, id, lazy...)
		})
	}
}

func TestAnotherPeerAtTheAddressOfASourceIsRefused(t *testing.T) {
	t.Parallel()
	s := newSwarm(t, fourPieces)
	other := startStranger(t, s.content, nil)
	wrong := startStranger(t, s.content, func(w *stranger) {
		w.onAccept = func(raw net.Conn) {
			config := w.id.ServerTLS(netproto.ALPN, true, nil)
			config.NextProtos, config.VerifyConnection = []string{"h2"}, nil
			w.serve(tls.Server(raw, config))
		}
	})
	s.name(sourceAt(newIdentity(t), other.source().Addresses[0]), wrong.source())
	id := s.begin(t)
	s.finish(t, id, s.tracker.sources...)
	if other.gets.Load()+wrong.gets.Load() > 0 {
		t.Error("they were asked for pieces")
	}
}

func TestATrackerThatLiesDoesNoHarm(t *testing.T) {
	t.Parallel()
	s := newSwarm(t, fourPieces)
	var dialled stranger
	counter := startStranger(t, s.content, func(c *stranger) {
		c.onAccept = func(net.Conn) { dialled.conns.Add(1) }
	})
	here := counter.source().Addresses[0]
	forged := counter.source()
	forged.PeerID = newIdentity(t).PeerID()
	thousand := sourceAt(newIdentity(t))
	for range 1000 {
		thousand.Addresses = append(thousand.Addresses, here)
	}
	lies := []netproto.Source{
		s.getter.source(), forged, thousand,
		sourceAt(newIdentity(t)),
		sourceAt(newIdentity(t), "", ":", "nothing", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999", "0.0.0.0:"+port(here), "[::]:"+port(here), "224.0.0.1:"+port(here), "[ff02::1]:1", "255.255.255.255:1", "[::ffff:224.0.0.1]:1"),
	}
	dead := porttest.Address(t)
	for range 300 {
		lies = append(lies, sourceAt(newIdentity(t), dead))
	}
	s.name(lies...)
	id := s.begin(t)
	eventually(t, s.getter.Engine, func() bool { return dialled.conns.Load() > 0 }, says("no address is tried"))
	s.finish(t, id, lies...)
	// Of a thousand addresses each attempt tries eight: at once, then after 0.2 s, 0.4 s, …
	if n := dialled.conns.Load(); n > 8*8 {
		t.Errorf("%d addresses were dialled", n)
	}
}

func port(address string) string {
	_, p, _ := net.SplitHostPort(address)
	return p
}

func TestWhatAStrangerMayNotAskIsRefused(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	path, content := p.write(t, "small.bin", fourPieces)
	s := p.share(t, path)
	c := dialPeer(t, p)
	unknown := s.Hash
	unknown[0] ^= 1
	for i, hash := range []netproto.ContentHash{unknown, {}, netproto.ContentHash([]byte("/etc/passwd\x00......................"))} {
		check(t, c.send(netproto.Open{Stream: uint32(10 + i), Hash: hash, Size: -1, Manifest: true}))
		wantRefusal(t, c, uint32(10+i), netproto.CodeGone)
	}
	check(t, c.send(netproto.Open{Stream: 1, Hash: s.Hash, Size: int64(len(content)) + 1}))
	wantRefusal(t, c, 1, netproto.CodeGone)
	check(t, c.send(netproto.Open{Stream: 2, Hash: s.Hash, Size: -1}))
	f, err := c.read()
	check(t, err)
	if have, ok := f.(netproto.Have); !ok || have.Stream != 2 {
		t.Fatalf("the answer is %#v", f)
	}
	for i, get := range []netproto.Get{
		{Stream: 2, Piece: 4, Length: 1},
		{Stream: 2, Piece: 1 << 31, Length: 1},
		{Stream: 2, Piece: 3, Length: 1001},
		{Stream: 2, Piece: 0, Offset: netproto.MinPieceSize, Length: 1},
		{Stream: 2, Piece: 0, Offset: 1, Length: netproto.MinPieceSize},
	} {
		get.Request = uint32(100 + i)
		check(t, c.send(get))
		wantRefusal(t, c, 2, netproto.CodeDenied)
	}
	check(t, c.send(netproto.Get{Stream: 9, Request: 200, Length: 1}))
	wantRefusal(t, c, 9, netproto.CodeGone)
	check(t, c.send(netproto.Get{Stream: 2, Request: 201, Piece: 3, Length: 1000}))
	if f, err = c.read(); err != nil || len(f.(netproto.Data).Bytes) != 1000 {
		t.Fatalf("the answer is %#v, %v", f, err)
	}
}

func wantRefusal(t testing.TB, c *strangerConn, stream uint32, code netproto.Code) {
	t.Helper()
	f, err := c.read()
	check(t, err)
	if r, ok := f.(netproto.Refuse); !ok || r.Stream != stream || r.Code != code {
		t.Fatalf("the answer is %#v, a refusal of stream %d with %s belongs there", f, stream, code)
	}
}

// This test does not run beside others, which take memory of their own.
func TestAFloodIsCutOffAndTakesNoMemory(t *testing.T) {
	p := startPeerAt(t, newFakeTracker())
	path, content := p.write(t, "large.bin", 40<<20)
	s := p.share(t, path)
	for name, flood := range map[string]func(c *strangerConn, i uint32) error{
		"gets, and reads nothing": func(c *strangerConn, i uint32) error {
			if i == 1 {
				check(t, c.send(netproto.Open{Stream: 1, Hash: s.Hash, Size: -1}))
			}
			return c.send(netproto.Get{Stream: 1, Request: i, Piece: i % 100, Length: netproto.MinPieceSize})
		},
		"opens with the manifest, and reads nothing": func(c *strangerConn, i uint32) error {
			return c.send(netproto.Open{Stream: i, Hash: s.Hash, Size: -1, Manifest: true})
		},
		"opens what is not here, and reads nothing": func(c *strangerConn, i uint32) error {
			return c.send(netproto.Open{Stream: i, Size: -1, Manifest: true})
		},
		"pings, and reads nothing": func(c *strangerConn, i uint32) error {
			return c.send(netproto.Ping{Token: uint64(i)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := dialPeer(t, p)
			before := heap()
			var err error
			for i := uint32(1); i < 1e6 && err == nil; i++ {
				if err = flood(c, i); i%1000 == 0 && heap() > before+64<<20 {
					t.Fatalf("%d MiB are taken after %d frames", (heap()-before)>>20, i)
				}
			}
			if err == nil {
				t.Error("a million frames were taken")
			}
		})
	}
	same(t, startPeerAt(t, fakeWith(p.source())).get(t, s).Path, content) // others are served as before
}

func fakeWith(sources ...netproto.Source) *fakeTracker {
	f := newFakeTracker()
	f.sources = sources
	return f
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAnIncomingConnectionThatDoesNotShakeHandsIsClosed(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	raw, err := net.Dial("tcp", p.source().Addresses[0])
	check(t, err)
	defer raw.Close()
	check(t, raw.SetDeadline(time.Now().Add(patience)))
	if _, err := raw.Read(make([]byte, 1)); errors.Is(err, net.ErrClosed) || err == nil {
		t.Errorf("the connection gives %v", err)
	} else if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		t.Error("it stays open")
	}
}
