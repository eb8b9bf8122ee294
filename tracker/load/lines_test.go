package load

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/relay"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/store"
)

// upgraded asks for a route over a connection and returns what follows the answer 101.
func upgraded(conn net.Conn, route, protocol string) (*bufio.Reader, error) {
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: tracker\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", route, protocol)
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("%s: %s", route, resp.Status)
	}
	return in, err
}

// line makes the connection of a peer that has joined its line.
func (w *wire) line() error {
	w.SetDeadline(time.Now().Add(patience))
	in, err := upgraded(w, netproto.RouteLine, netproto.LineProtocol)
	if err != nil {
		return err
	}
	w.in = in
	_, err = netproto.ReadLineFrame(in) // seen
	return err
}

// beatOnLine is a heartbeat as it goes over a line.
var beatOnLine = func() []byte {
	frame, err := netproto.AppendLineFrame(nil, netproto.LineFrame{Beat: &netproto.HeartbeatRequest{}})
	if err != nil {
		panic(err)
	}
	return frame
}()

// beats has every line send one heartbeat after the other for a time.
func beats(b *testing.B, lines []*wire, d time.Duration) result {
	b.Helper()
	took, began := make([][]time.Duration, len(lines)), time.Now()
	var all sync.WaitGroup
	for n, w := range lines {
		all.Go(func() {
			for time.Since(began) < d {
				start := time.Now()
				w.SetDeadline(start.Add(patience))
				if _, err := w.Write(beatOnLine); err != nil {
					b.Error(err)
					return
				}
				f, err := netproto.ReadLineFrame(w.in)
				for err == nil && f.Ping != nil {
					f, err = netproto.ReadLineFrame(w.in)
				}
				if err != nil || f.Lease == nil {
					b.Errorf("%+v, %v", f, err)
					return
				}
				took[n] = append(took[n], time.Since(start))
			}
		})
	}
	all.Wait()
	if b.Failed() {
		b.FailNow()
	}
	each := make([]result, len(lines))
	for n := range each {
		each[n] = result{took[n], time.Since(began)}
	}
	return joined(each)
}

// BenchmarkHeartbeatsOverLines alternates heartbeats over lines with heartbeats by
// request, of as many peers at one tracker; the figures are medians of the rounds.
func BenchmarkHeartbeatsOverLines(b *testing.B) {
	const connections = 32
	rounds, d := sized(5, 3), sized(4*time.Second, time.Second)
	tracker := startServer(b, "unlimited", b.TempDir())
	asking, lines := peers(b, tracker.address, 1, connections, true), peers(b, tracker.address, 2, connections, true)
	for _, w := range lines {
		if err := w.line(); err != nil {
			b.Fatal(err)
		}
	}
	var ratio, rate, late []float64
	for range rounds {
		asked := driveFor(b, d, asking, 0, func(int, int) []byte { return beating })
		t := beats(b, lines, d)
		ratio, rate, late = append(ratio, t.rate()/asked.rate()), append(rate, t.rate()), append(late, t.percentile(99))
	}
	b.ReportMetric(median(rate), "beats/s")
	b.ReportMetric(median(ratio), "ratio")
	b.ReportMetric(median(late), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLines measures what a line costs a tracker.
func BenchmarkLines(b *testing.B) {
	b.Run("sockets", benchmarkLinesOverSockets)
	b.Run("memory", benchmarkLinesInMemory)
}

// tidyPause is how often a tidy tracker gives memory back that it does not need.
const tidyPause = 2 * time.Second

// serveTidy is an unlimited tracker whose process is as large as what it keeps: without
// garbage that waits for the next collection, which may be as much again.
func serveTidy(ctx context.Context, args []string) error {
	tick := time.NewTicker(tidyPause)
	defer tick.Stop()
	go func() {
		for range tick.C { // as long as the process
			debug.FreeOSMemory()
		}
	}()
	return serveTracker(ctx, args[0], admission.Limits{})
}

// tidied returns the memory of a tidy tracker after it has collected its garbage.
func tidied(b *testing.B, address string) float64 {
	b.Helper()
	select {
	case <-b.Context().Done():
	case <-time.After(3 * tidyPause):
	}
	return residentMiB(b, address)
}

// benchmarkLinesOverSockets measures how much larger the tracker's process becomes with
// each line. Kernels have their own share of a socket, which is not in it.
func benchmarkLinesOverSockets(b *testing.B) {
	n := sized(12_000, 1000)
	tracker := startServer(b, "tidy", b.TempDir())
	for range 2 { // what the first handshakes leave is there before
		for _, w := range peers(b, tracker.address, 3, 100, true) {
			w.Close()
		}
	}
	before := tidied(b, tracker.address)
	var mu sync.Mutex
	var open []net.Conn
	b.Cleanup(func() {
		for _, conn := range open {
			conn.Close()
		}
	})
	group, ctx := errgroup.WithContext(b.Context())
	group.SetLimit(16)
	for i := range n {
		group.Go(func() error {
			id, err := newIdentity()
			if err != nil {
				return err
			}
			w, err := dial(ctx, tracker.address, source(8, i%250), id)
			if err != nil {
				return err
			}
			mu.Lock()
			open = append(open, w)
			mu.Unlock()
			if _, err := w.must(joining); err != nil {
				return err
			}
			return w.line()
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	if got := metric(b, tracker.address, "cp2p_lines"); got != float64(n) {
		b.Fatalf("%v lines", got)
	}
	b.ReportMetric((tidied(b, tracker.address)-before)*1024/float64(n), "KiB/peer")
	b.ReportMetric(0, "ns/op")
}

// benchmarkLinesInMemory holds 100,000 lines in one server, over TLS and connections in
// memory because no process may have that many sockets everywhere, and measures what
// each costs, with what the store keeps of the peer.
func benchmarkLinesInMemory(b *testing.B) {
	n := sized(100_000, 5000)
	opened, err := boltstore.Open(filepath.Join(b.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer opened.Close()
	key, err := newIdentity()
	if err != nil {
		b.Fatal(err)
	}
	tracker := server.New(server.Config{Store: opened, Identity: key, Limits: &admission.Limits{}, Relay: &relay.Limits{}})
	ln := &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	ctx, cancel := context.WithCancel(b.Context())
	served := make(chan error, 1)
	go func() { served <- tracker.Serve(ctx, ln) }()
	hold := func(from, to int) {
		group, ctx := errgroup.WithContext(b.Context())
		group.SetLimit(4 * runtime.GOMAXPROCS(0))
		for i := from; i < to; i++ {
			group.Go(func() error { return holdLine(ctx, opened, ln, i) })
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	hold(0, 500) // so that what is there once for all is not counted
	before := inUse()
	hold(500, 500+n)
	after := inUse()
	b.ReportMetric((after-before)/1024/float64(n), "KiB/peer")
	b.ReportMetric(float64(n), "lines")
	b.ReportMetric(0, "ns/op")
	cancel()
	if err := <-served; err != nil {
		b.Fatal(err)
	}
}

// holdLine lets a new peer join and open its line. Of the peer itself nothing stays: its
// end of the connection swallows what comes.
func holdLine(ctx context.Context, into store.Store, ln *memoryListener, i int) error {
	id, err := newIdentity()
	if err != nil {
		return err
	}
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 4000)
	if _, err := into.Join(ctx, store.Peer{Key: netproto.PublicKey(id.Key()), Name: fmt.Sprint("a computer ", i), Observed: at}); err != nil {
		return err
	}
	near, far := newCable(at)
	ln.conns <- near
	conn := tls.Client(far, id.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil }))
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	in, err := upgraded(conn, netproto.RouteLine, netproto.LineProtocol)
	if err == nil {
		_, err = netproto.ReadLineFrame(in)
	}
	far.swallow()
	return err
}

// inUse returns the bytes of heap and stacks in use.
func inUse() float64 {
	var m runtime.MemStats
	for range 3 { // stacks shrink by half with each
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse + m.StackInuse)
}

// memoryListener accepts connections in memory.
type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5000} }

// cable is one end of a connection in memory.
type cable struct {
	mu    sync.Mutex
	more  sync.Cond
	in    []byte
	ended bool
	mute  bool // swallow has been called at this end
	late  bool // the deadline for reading is over
	from  netip.AddrPort
	other *cable
}

func newCable(from netip.AddrPort) (near, far *cable) {
	near, far = &cable{from: from}, &cable{from: from}
	near.more.L, far.more.L = &near.mu, &far.mu
	near.other, far.other = far, near
	return near, far
}

func (c *cable) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.in) == 0 && !c.ended && !c.late {
		c.more.Wait()
	}
	switch {
	case len(c.in) > 0:
		n := copy(p, c.in)
		if c.in = c.in[n:]; len(c.in) == 0 {
			c.in = nil
		}
		return n, nil
	case c.ended:
		return 0, io.EOF
	}
	return 0, errLate{}
}

func (c *cable) Write(p []byte) (int, error) {
	o := c.other
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return 0, io.ErrClosedPipe
	}
	if !o.mute {
		o.in = append(o.in, p...)
		o.more.Broadcast()
	}
	return len(p), nil
}

// swallow drops what comes from now on.
func (c *cable) swallow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mute, c.in = true, nil
}

func (c *cable) Close() error {
	for _, end := range []*cable{c, c.other} {
		end.mu.Lock()
		end.ended = true
		end.more.Broadcast()
		end.mu.Unlock()
	}
	return nil
}

func (c *cable) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5000} }
func (c *cable) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.from) }

func (c *cable) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline knows no and a past deadline alone, which is how a server wakes a
// reader up.
func (c *cable) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late = !t.IsZero() && !t.After(time.Now())
	c.more.Broadcast()
	return nil
}

func (c *cable) SetWriteDeadline(time.Time) error { return nil }

// errLate is the timeout of a cable.
type errLate struct{}

func (errLate) Error() string   { return "the deadline is over" }
func (errLate) Timeout() bool   { return true }
func (errLate) Temporary() bool { return true }
