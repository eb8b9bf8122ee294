//go:build linux

package load

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
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
			if left(i, a.slow) {
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
	profile, err := s.profile(dir, nil)
	check(t, err)
	args := []string{"share", path, "--json", "--listen", "0", "--seed-clients", "off", "--tracker", s.tracker, "--profile", profile}
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
	g.pid, g.address = sharer.Process.Pid, listensAt(t, sharer.Process.Pid)
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
	case <-time.After(2 * honestTime):
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
