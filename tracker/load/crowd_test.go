package load

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// The pace of well-behaved peers, each below its own limit.
const (
	goodPeers = 8
	goodPause = 40 * time.Millisecond
)

func goodRequest(_, i int) []byte {
	if i%2 == 0 {
		return beating
	}
	return searching("good music")
}

// slowness is a way to keep a connection without using it.
type slowness struct {
	name   string
	secure bool          // after a handshake
	first  string        // sent at once
	drip   string        // sent every second
	unread string        // sent unreadAtOnce times, and no answer is read
	most   int           // connections of this kind; 0 means no limit
	limit  time.Duration // by when the tracker must close it
}

// unreadAtOnce answers of 18 kB each exceed the buffers of both sides, while that
// many requests stay within the rate of one address.
const unreadAtOnce = 320

// The limits are those of the tracker's phases; after a write has taken 30 s,
// crypto/tls tries for another 5 s to say goodbye.
var slownesses = []slowness{
	{name: "silence", limit: 5 * time.Second},
	{name: "half a handshake", first: "\x16\x03\x01", limit: 5 * time.Second},
	{name: "a header in drops", secure: true, first: "GET /v1/stats HTTP/1.1\r\nHost: tracker\r\n", drip: "X-Drop: 1\r\n", limit: 5 * time.Second},
	{name: "answers that nobody reads", secure: true, unread: "GET /openapi.yaml HTTP/1.1\r\nHost: tracker\r\n\r\n", most: 20, limit: 35 * time.Second},
	{name: "a body in drops", secure: true, first: "POST /v1/heartbeat HTTP/1.1\r\nHost: tracker\r\nContent-Length: 1000\r\n\r\n{", drip: " ", limit: 20 * time.Second},
}

// hold keeps one slow connection until the tracker closes it and returns how long
// that took.
func (s slowness) hold(ctx context.Context, address string, n int) (time.Duration, error) {
	from := source(6, n%10)
	if s.unread != "" {
		from = source(7, n%250) // each has its own rate
	}
	conn, err := dialTCP(ctx, address, from)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if s.unread != "" { // as small a buffer as the system allows
		if err := conn.(*net.TCPConn).SetReadBuffer(1); err != nil {
			return 0, err
		}
	}
	if s.secure {
		id, err := newIdentity()
		if err != nil {
			return 0, err
		}
		secure := tls.Client(conn, id.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil }))
		if err := secure.HandshakeContext(ctx); err != nil {
			return 0, err
		}
		conn = secure
	}
	began := time.Now()
	conn.SetDeadline(began.Add(s.limit + patience))
	if s.unread != "" {
		return s.push(conn, began)
	}
	if _, err := io.WriteString(conn, s.first); err != nil {
		return 0, err
	}
	if s.drip != "" {
		dripped := make(chan struct{})
		defer func() { <-dripped }()
		go func() {
			defer close(dripped)
			drop := time.NewTicker(time.Second)
			defer drop.Stop()
			for range drop.C { // the end of the connection ends it
				if _, err := io.WriteString(conn, s.drip); err != nil {
					return
				}
			}
		}()
	}
	_, err = io.Copy(io.Discard, conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, fmt.Errorf("%s was still open after %v", s.name, time.Since(began))
	}
	took := time.Since(began)
	conn.Close()
	return took, nil
}

// push requests more than fits into the buffers, reads nothing, and keeps sending
// requests until the tracker closes the connection, which is not read either.
func (s slowness) push(conn net.Conn, began time.Time) (time.Duration, error) {
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	asked := strings.Repeat(s.unread, unreadAtOnce)
	for {
		if _, err := io.WriteString(conn, asked); errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, fmt.Errorf("%s: still open after %v", s.name, time.Since(began))
		} else if err != nil {
			return time.Since(began), nil
		}
		asked = s.unread
		<-again.C
	}
}

// holdAll keeps that many slow connections of each kind at once and returns how much
// too late the last one was closed.
func holdAll(b *testing.B, address string, each int) (late time.Duration) {
	b.Helper()
	var worst atomic.Int64
	group, ctx := errgroup.WithContext(b.Context())
	for k, s := range slownesses {
		n := each
		if s.most > 0 {
			n = min(n, s.most)
		}
		for n := range n {
			group.Go(func() error {
				took, err := s.hold(ctx, address, k*each+n)
				for {
					old := worst.Load()
					if over := int64(took - s.limit); over <= old || worst.CompareAndSwap(old, over) {
						return err
					}
				}
			})
		}
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Duration(worst.Load())
}

// idlers opens that many connections, which stay quiet after the handshake.
func idlers(b *testing.B, address string, n int) {
	b.Helper()
	var mu sync.Mutex
	var open []net.Conn
	b.Cleanup(func() {
		for _, conn := range open {
			conn.Close()
		}
	})
	asking := request(http.MethodGet, netproto.RouteTracker, nil)
	group, ctx := errgroup.WithContext(b.Context())
	group.SetLimit(16)
	for i := range n {
		group.Go(func() error {
			id, err := newIdentity()
			if err != nil {
				return err
			}
			w, err := dial(ctx, address, source(5, i%20), id)
			if err != nil {
				return err
			}
			mu.Lock()
			open = append(open, w)
			mu.Unlock()
			_, err = w.must(asking)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCrowd has idle and slow connections beside well-behaved peers, with the
// default limits.
func BenchmarkCrowd(b *testing.B) {
	tracker := startServer(b, "tracker", b.TempDir())
	good := peers(b, tracker.address, 4, goodPeers, true)
	before := residentMiB(b, tracker.address)
	idle := sized(10_000, 1000)
	idlers(b, tracker.address, idle)

	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	late, memory := make(chan time.Duration, 1), make(chan float64, 1)
	go func() {
		defer cancel()
		late <- holdAll(b, tracker.address, sized(500, 50))
	}()
	go func() {
		select {
		case <-time.After(4 * time.Second): // all slow ones are open, none is closed yet
		case <-ctx.Done():
		}
		memory <- residentMiB(b, tracker.address)
	}()
	others := drive(b, ctx, good, goodPause, goodRequest)
	b.ReportMetric(others.percentile(99), "p99-ms")
	b.ReportMetric((<-late).Seconds(), "late-s")
	b.ReportMetric(<-memory, "RSS-MiB")
	b.ReportMetric(before, "RSS-before-MiB")
	b.ReportMetric(0, "ns/op")
}
