//go:build linux

package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// guest attacks a peer that shares, by connecting to it.
type guest struct {
	*testing.T
	ctx     context.Context // ends when the honest peer was served
	address string          // of the peer
	hash    netproto.ContentHash
	others  []netproto.ContentHash // further contents that it has
	pid     int
	id      *identity.Identity
	tried   *atomic.Int64
	begun   func() // says that the attack is at its height

	mu    sync.Mutex
	conns []net.Conn
}

// dial connects, and the connection lasts until the attack is over.
func (g *guest) dial() (net.Conn, error) {
	dialer := net.Dialer{Timeout: 20 * time.Second}
	c, err := dialer.DialContext(g.ctx, "tcp", g.address)
	if err != nil {
		return nil, err
	}
	g.tried.Add(1)
	g.mu.Lock()
	g.conns = append(g.conns, c)
	g.mu.Unlock()
	return c, nil
}

func (g *guest) over() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.conns {
		c.Close()
	}
}

// shake connects and shakes hands.
func (g *guest) shake(config *tls.Config) (*frames, error) {
	raw, err := g.dial()
	if err != nil {
		return nil, err
	}
	raw.SetDeadline(time.Now().Add(30 * time.Second))
	c := framesOver(tls.Client(raw, config))
	if err := c.HandshakeContext(g.ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}

// meetAs connects and says hello with that identity.
func (g *guest) meetAs(config *tls.Config) (*frames, error) {
	c, err := g.shake(config)
	if err != nil {
		return nil, err
	}
	if err := c.hello(netproto.Hello{Version: netproto.FrameVersion, Features: netproto.FeatureAttributes, Name: "a guest"}); err != nil {
		c.NetConn().Close()
		return nil, err
	}
	c.SetDeadline(time.Time{})
	return c, nil
}

// meet connects with a new key. A failure is one of the test, unless the attack is over.
func (g *guest) meet() *frames {
	c, err := g.meetAs(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
	if err != nil {
		if g.ctx.Err() == nil {
			g.Errorf("a guest that did nothing yet is turned away: %v", err)
		}
		return nil
	}
	return c
}

// crowd runs an attack many times at once, says that it has begun, and returns when all
// have ended.
func (g *guest) crowd(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
	g.begun()
}

// turnsAway fails unless the peer ends a connection in time.
func (g *guest) turnsAway(c net.Conn, what string) {
	if !ended(c, 25*time.Second) && g.ctx.Err() == nil {
		g.Errorf("%s: it stays open", what)
	}
}

// assault is a way to attack a peer that shares.
type assault struct {
	name  string
	slow  bool // it waits for the peer's patience to end
	files int  // that the peer shares besides
	limit int  // of open files of the peer; 0: that of the system
	run   func(g *guest)
}

func assaults() []assault {
	return []assault{
		{name: "connects and says nothing", slow: true, run: func(g *guest) { g.silence(nil) }},
		{name: "says half a greeting", slow: true, run: func(g *guest) { g.silence([]byte{0x16, 3, 1, 2, 0, 1, 0}) }},
		{name: "greets with the largest length", slow: true, run: func(g *guest) { g.silence([]byte{0x16, 3, 1, 0xff, 0xff, 1, 0xff, 0xff, 0xff}) }},
		{name: "shakes hands byte by byte", slow: true, run: slowHandshake},
		{name: "shakes hands and says no hello", slow: true, run: noHello},
		{name: "says hello byte by byte", slow: true, run: slowHello},
		{name: "speaks another protocol", run: otherProtocols},
		{name: "shows certificates of odd shapes", run: oddCertificates},
		{name: "says hellos at their limits", run: oddHellos},
		{name: "says something else than hello", run: func(g *guest) { g.instead(rawFrames()) }},
		{name: "sends every frame with every length", run: everyFrame},
		{name: "sends frames in a wrong order", run: wrongOrder},
		{name: "sends random frames", run: randomFrames},
		{name: "sends random bytes", run: randomBytes},
		{name: "asks for pieces that are none", run: oddGets},
		{name: "asks for pieces and reads nothing", run: func(g *guest) { g.flood(unreadGets) }},
		{name: "opens and reads nothing", run: func(g *guest) { g.flood(unreadOpens) }},
		{name: "opens what is not there and reads nothing", run: func(g *guest) { g.flood(unknownOpens) }},
		{name: "pings and reads nothing", run: func(g *guest) { g.flood(unreadPings) }},
		{name: "reads one byte a second", run: slowReaders},
		{name: "opens one content on many streams", limit: 400, run: manyStreams},
		{name: "opens all contents on many connections", files: 200, limit: 400, run: manyFiles},
		{name: "opens, asks, cancels and closes without end", run: churn},
		{name: "introduces strangers without end", run: introductions},
		{name: "connects and leaves without end", run: comings},
		{name: "resets connections in the middle", run: resets},
		{name: "leaves at the last byte", run: lastByte},
		{name: "takes every place there is", run: allPlaces},
		{name: "takes every place with half a greeting", run: allPlacesHalf},
		{name: "takes every turn with many keys", run: allTurns},
		{name: "has one key on many connections", run: oneKey},
		{name: "sends one byte a second", slow: true, run: slowFrames},
	}
}

func TestHostileGuestsHarmNoSharer(t *testing.T) {
	s := newStage(t)
	var tried, cases atomic.Int64
	t.Run("assaults", func(t *testing.T) {
		for i, a := range assaults() {
			if a.slow && !hostileFull() {
				continue
			}
			t.Run(a.name, func(t *testing.T) {
				t.Parallel()
				cases.Add(1)
				s.withstand(t, a, byte(i+1), &tried)
			})
		}
	})
	fmt.Printf("assaults of guests, with %d connections and more: tried %d\n", tried.Load(), cases.Load())
}

// withstand has a new sharer attacked.
func (s *stage) withstand(t *testing.T, a assault, seed byte, tried *atomic.Int64) {
	dir := t.TempDir()
	path := randomFile(t, filepath.Join(dir, fmt.Sprintf("shared-%d.bin", seed)), 3<<20+1000, seed)
	port := freePort(t)
	profile, err := s.profile(dir, nil)
	check(t, err)
	args := []string{"share", path, "--json", "--listen", strconv.Itoa(port), "--seed-clients", "off", "--tracker", s.tracker, "--profile", profile}
	g := &guest{T: t, id: newIdentity(t), tried: tried}
	if a.files > 0 {
		more := filepath.Join(dir, "more")
		check(t, os.Mkdir(more, 0o700))
		for i := range a.files {
			content := fmt.Appendf(nil, "%d of %d", i, seed)
			check(t, os.WriteFile(filepath.Join(more, strconv.Itoa(i)), content, 0o600))
			m, err := piece.Hash(t.Context(), bytes.NewReader(content), int64(len(content)), nil)
			check(t, err)
			g.others = append(g.others, m.Hash)
		}
		args = append(args, more)
	}
	sharer, err := s.launch(args...)
	check(t, err)
	defer sharer.kill()
	var link string
	for range 1 + min(a.files, 1) {
		shared, err := sharer.until("shared", nil)
		check(t, err)
		if shared.Path == path {
			link = shared.Link
			g.hash, err = netproto.ParseContentHash(shared.Hash)
			check(t, err)
		}
	}
	if a.limit > 0 {
		limit := unix.Rlimit{Cur: uint64(a.limit), Max: uint64(a.limit)}
		check(t, unix.Prlimit(sharer.Process.Pid, unix.RLIMIT_NOFILE, &limit, nil))
	}
	g.pid, g.address = sharer.Process.Pid, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	before, err := sharer.state()
	check(t, err)

	var enough context.CancelFunc
	g.ctx, enough = context.WithCancel(s.ctx)
	defer enough()
	begun, done := make(chan struct{}), make(chan struct{})
	g.begun = sync.OnceFunc(func() { close(begun) })
	most := gauge(g.pid)
	go func() {
		defer close(done)
		defer g.begun()
		a.run(g)
	}()
	<-begun
	to := t.TempDir()
	o := s.fetchWith(t, to, nil, link)
	o.saved(t, path, to)
	enough()
	select {
	case <-done:
	case <-time.After(honestTime):
		t.Error("the attack does not end")
	}
	g.over()
	bounded(t, before.taken, most())
	if err := sharer.Process.Signal(syscall.Signal(0)); err != nil {
		t.Fatalf("the sharer is gone: %v", err)
	}
	sharer.free(t, before)
	t.Logf("the honest peer waited %.1f s", o.took.Seconds())
}

// silence holds connections on which nothing more is said.
func (g *guest) silence(first []byte) {
	n := some(100, 300)
	conns := make([]net.Conn, n)
	g.crowd(n, func(i int) {
		c, err := g.dial()
		if err != nil {
			g.Error(err)
			return
		}
		c.Write(first)
		conns[i] = c
	})
	for _, c := range conns {
		if c != nil && !ended(c, 25*time.Second) {
			g.Error("a connection without a greeting stays open")
			return
		}
	}
}

// slowly hides how fast a connection is: what TLS writes goes out byte by byte.
type slowly struct {
	net.Conn
	ctx context.Context
}

func (s slowly) Write(b []byte) (int, error) {
	return len(b), dribble(s.ctx, s.Conn, b, 500*time.Millisecond)
}

func slowHandshake(g *guest) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(g.ctx), 30*time.Second)
	defer cancel()
	var through atomic.Int64
	go func() { wait(g.ctx, time.Second); g.begun() }()
	g.crowd(some(20, 100), func(int) {
		raw, err := g.dial()
		if err != nil {
			g.Error(err)
			return
		}
		if tls.Client(slowly{raw, ctx}, newIdentity(g).ClientTLS(netproto.ALPN, anyKey)).HandshakeContext(ctx) == nil {
			through.Add(1)
		}
		if ctx.Err() != nil {
			g.Error("a handshake may last for ever")
		}
	})
	if through.Load() > 0 {
		g.Errorf("%d handshakes took longer than any may", through.Load())
	}
}

func noHello(g *guest) {
	n := some(50, 200)
	conns := make([]*frames, n)
	g.crowd(n, func(i int) {
		c, err := g.shake(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
		if err != nil {
			g.Error(err)
		}
		conns[i] = c
	})
	for _, c := range conns {
		if c != nil {
			g.turnsAway(c, "without a hello")
		}
	}
}

func slowHello(g *guest) {
	ctx := context.WithoutCancel(g.ctx)
	go func() { wait(g.ctx, time.Second); g.begun() }()
	g.crowd(some(20, 100), func(int) {
		c, err := g.shake(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
		if err != nil {
			g.Error(err)
			return
		}
		c.SetDeadline(time.Time{})
		hello := netproto.AppendFrame(nil, netproto.Hello{Version: 1, Name: strings.Repeat("x", netproto.MaxPeerName)})
		if dribble(ctx, c, hello, 400*time.Millisecond) == nil {
			g.turnsAway(c, "with a hello that takes half a minute")
		}
	})
}

func slowFrames(g *guest) {
	c := g.meet()
	if c == nil {
		return
	}
	g.begun()
	ctx := context.WithoutCancel(g.ctx)
	ping := netproto.AppendFrame(nil, netproto.Ping{})
	for began := time.Now(); time.Since(began) < 3*time.Minute; {
		if dribble(ctx, c, ping, time.Second) != nil {
			return
		}
	}
	g.Error("who asks for nothing may stay for ever")
}

func otherProtocols(g *guest) {
	for _, said := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "SSH-2.0-x\r\n", "\x13BitTorrent protocol" + strings.Repeat("\x00", 48), strings.Repeat("\xff", 100_000),
		strings.Repeat("\x16\x03\x01\x40\x00", 20_000), "\x15\x03\x01\x00\x02\x02\x28", "\x80\x2e\x01\x03\x01", "\x00",
	} {
		c, err := g.dial()
		if err != nil {
			g.Error(err)
			return
		}
		io.WriteString(c, said) // the other side may have hung up
		g.turnsAway(c, fmt.Sprintf("%.20q", said))
	}
	for name, change := range map[string]func(*tls.Config){
		"another protocol":   func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		"no protocol":        func(c *tls.Config) { c.NextProtos = nil },
		"hundreds of them":   func(c *tls.Config) { c.NextProtos = manyProtocols() },
		"TLS 1.2":            func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS12 },
		"a name of a server": func(c *tls.Config) { c.ServerName, c.NextProtos = strings.Repeat("x.", 100)+"example", nil },
	} {
		config := newIdentity(g).ClientTLS(netproto.ALPN, anyKey)
		config.VerifyConnection = nil
		change(config)
		if _, err := g.meetAs(config); err == nil {
			g.Errorf("who speaks %s is let in", name)
		}
	}
	g.begun()
}

func manyProtocols() []string {
	var list []string
	for i := range 500 {
		list = append(list, fmt.Sprintf("protocol/%d", i))
	}
	return list
}

func oddCertificates(g *guest) {
	for name, shown := range certificates(g) {
		c, err := g.meetAs(clientWith(g.id, shown.Certificate))
		if (err == nil) != shown.served {
			g.Errorf("%s: %v", name, err)
		}
		if c != nil {
			c.NetConn().Close()
		}
	}
	g.begun()
}

func oddHellos(g *guest) {
	long := strings.Repeat("x", netproto.MaxPeerName)
	raw := func(name string) []byte {
		b := rawFrame(byte(netproto.FrameHello), uint32(1+7+len(name)), 6)
		return append(append(b, byte(len(name))), name...)
	}
	for _, c := range []struct {
		hello []byte
		fine  bool
	}{
		{netproto.AppendFrame(nil, netproto.Hello{Version: 0}), true},
		{netproto.AppendFrame(nil, netproto.Hello{Version: 1<<16 - 1, Features: 1<<32 - 1, Name: long}), true},
		{netproto.AppendFrame(nil, netproto.Hello{Name: "\x1b]0;owned\a\u202e\u200b\x00\n"}), true},
		{raw(long + "y"), false}, {raw(strings.Repeat("z", 255)), false}, {raw("\xff\xfe"), false}, {raw("\xed\xa0\x80"), false},
		{append(raw("x"), 0), true}, // the first byte of another frame
		{rawFrame(1, 1, 0), false}, {rawFrame(1, 7, 6), false}, {rawFrame(1, 9, 8), false}, {rawFrame(1, netproto.MaxControlPayload+1, netproto.MaxControlPayload), false},
	} {
		conn, err := g.shake(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
		if err != nil {
			g.Error(err)
			return
		}
		conn.Write(c.hello)
		_, err = conn.read() // its own hello comes first
		if err == nil && c.fine {
			if len(c.hello) == len(raw("x"))+1 {
				continue
			}
			conn.send(netproto.Ping{Token: 7})
			if f, err := conn.read(); err != nil || f != (netproto.Pong{Token: 7}) {
				g.Errorf("after the hello %q: %#v, %v", c.hello, f, err)
			}
		}
		if !c.fine {
			g.turnsAway(conn, fmt.Sprintf("with the hello %.40q", c.hello))
		}
	}
	g.begun()
}

// instead sends other frames where a hello belongs.
func (g *guest) instead(list [][]byte) {
	for _, raw := range list {
		if raw[4] == byte(netproto.FrameHello) {
			continue
		}
		c, err := g.shake(newIdentity(g).ClientTLS(netproto.ALPN, anyKey))
		if err != nil {
			g.Error(err)
			return
		}
		c.Write(raw)
		g.turnsAway(c, fmt.Sprintf("with %.12x instead of hello", raw))
	}
	g.begun()
}

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
		c.SetDeadline(time.Now().Add(30 * time.Second))
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
	if in.Load() == 0 || in.Load() > 8 {
		g.Errorf("%d connections of one key are served", in.Load())
	}
	<-g.ctx.Done()
}
