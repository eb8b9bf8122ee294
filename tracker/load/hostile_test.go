package load

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// Hostile clients send a tracker, which is a process, what no client sends. Each request
// is answered with a documented status and error, or the connection ends; an ordinary
// client beside them is served all the time; and afterwards the tracker holds no more
// than before. With CP2P_LOAD_HOSTILE=full the crowds are larger.

func some(few, many int) int {
	if os.Getenv("CP2P_LOAD_HOSTILE") == "full" {
		return many
	}
	return few
}

// way is how a request reaches the tracker.
type way string

const (
	wayPlain  way = "plain"
	wayNoCert way = "TLS without a certificate"
	wayKey    way = "TLS with a key"
	wayMember way = "TLS with a key that joined"
)

// raw is a request as bytes.
type raw struct {
	name  string
	ways  []way
	bytes string
	half  bool // it is not complete: nothing more comes
	// want are the statuses that it may be answered with; none: any of 4xx, or the end.
	want []int
	code netproto.Code // of the error; "": any that belongs to the status
}

// rig is a tracker with an ordinary client.
type rig struct {
	*testing.T
	tracker *process
	before  held
	member  *identity.Identity
	served  atomic.Int64 // requests of the ordinary client
	waits   atomic.Int64 // of them that were to be sent again later
	slowest time.Duration
	stop    func()
	tried   atomic.Int64
}

// held is what a tracker holds. Memory is what its heap holds: what the system has not yet
// got back, and the shadow that the race detector keeps, say nothing about a leak.
type held struct{ goroutines, files, mib float64 }

func (g *rig) holds() held {
	of := func(name string) float64 { return metric(g, g.tracker.address, name) }
	return held{of("go_goroutines"), of("process_open_fds"), of("go_memstats_heap_alloc_bytes") / (1 << 20)}
}

// newRig starts a tracker and an ordinary client from another address.
func newRig(t *testing.T, part string) *rig {
	t.Helper()
	g := &rig{T: t, tracker: startServer(t, part, t.TempDir())}
	var err error
	if g.member, err = newIdentity(); err != nil {
		t.Fatal(err)
	}
	w, err := dial(t.Context(), g.tracker.address, source(1, 1), g.member)
	if err == nil {
		_, err = w.must(joining)
		w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	g.holds() // opens what a first look opens
	g.before = g.holds()
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { g.ordinary(ctx) })
	g.stop = func() { cancel(); all.Wait() }
	return g
}

// ordinary is a peer that joins, announces, searches and sends heartbeats.
func (g *rig) ordinary(ctx context.Context) {
	names := newNaming(1)
	id, err := newIdentity()
	if err != nil {
		g.Error(err)
		return
	}
	w, err := dial(ctx, g.tracker.address, source(2, 1), id)
	if err == nil {
		defer w.Close()
		_, err = w.must(joining)
	}
	if err != nil {
		g.Errorf("an ordinary client cannot join: %v", err)
		return
	}
	for n := 0; ctx.Err() == nil; n++ {
		announce := request(http.MethodPost, netproto.RouteResources, netproto.AnnounceRequest{Resources: names.batch()[:20]})
		next := [][]byte{announce, beating, names.query(), request(http.MethodGet, netproto.RouteTracker, nil)}[n%4]
		began := time.Now()
		status, body, err := w.ask(next)
		if err == nil && status == http.StatusServiceUnavailable && n%4 != 1 {
			g.waits.Add(1) // long work may have to wait, a heartbeat never
			pause(ctx, 100*time.Millisecond)
			continue
		}
		if (err != nil || status/100 != 2) && ctx.Err() == nil {
			g.Errorf("an ordinary client is not served: %d, %s, %v", status, body, err)
			return
		}
		g.slowest = max(g.slowest, time.Since(began))
		g.served.Add(1)
		pause(ctx, 20*time.Millisecond)
	}
}

// end checks that the ordinary client was served, and that everything is free again.
func (g *rig) end() {
	g.Helper()
	g.stop()
	if g.served.Load() == 0 {
		g.Error("the ordinary client had no turn")
	}
	var now held
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); pause(g.Context(), time.Second) {
		if now = g.holds(); now.goroutines <= g.before.goroutines+16 && now.files <= g.before.files+16 && now.mib <= g.before.mib+96 {
			g.Logf("the ordinary client was served %d times, within %s, and told to wait %d times; before %+v, after %+v", g.served.Load(), g.slowest, g.waits.Load(), g.before, now)
			return
		}
	}
	g.Errorf("before it held %+v, and long after it %+v", g.before, now)
}

func anyKey(ed25519.PublicKey) error { return nil }

// connect connects in a way, from an address of its own.
func (g *rig) connect(n int, by way) (net.Conn, error) {
	from := netip.AddrFrom4([4]byte{127, 2, byte(n / 250), byte(1 + n%250)})
	conn, err := dialTCP(g.Context(), g.tracker.address, from)
	if err != nil || by == wayPlain {
		return conn, err
	}
	id := g.member
	if by != wayMember {
		if id, err = newIdentity(); err != nil {
			return nil, err
		}
	}
	config := id.ClientTLS(identity.HTTP, anyKey)
	if by == wayNoCert {
		config.Certificates = nil
	}
	secure := tls.Client(conn, config)
	secure.SetDeadline(time.Now().Add(patience))
	return secure, secure.Handshake()
}

// send sends requests, many at once, and judges the answers.
func (g *rig) send(list []raw) {
	g.Helper()
	var group errgroup.Group
	group.SetLimit(32)
	n := 0
	for _, r := range list {
		ways := r.ways
		if ways == nil {
			ways = []way{wayPlain, wayMember}
		}
		for _, by := range ways {
			n++
			from := n
			group.Go(func() error {
				conn, err := g.connect(from, by)
				if err != nil {
					return err
				}
				defer conn.Close()
				g.tried.Add(1)
				g.judge(conn, r, by)
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		g.Fatal(err)
	}
}

// judge sends a request and reads answers until the connection ends.
func (g *rig) judge(conn net.Conn, r raw, by way) {
	what := fmt.Sprintf("%s, %s, %.60q", by, r.name, r.bytes)
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, r.bytes) // the tracker may hang up before all is sent
	if half, ok := conn.(interface{ CloseWrite() error }); ok && r.half {
		half.CloseWrite()
	}
	method, _, _ := strings.Cut(r.bytes, " ")
	in := bufio.NewReader(conn)
	for answers := 0; ; answers++ {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
				g.Errorf("%s: neither an answer nor the end", what)
			}
			// Windows forgets an answer that was not read yet when the tracker hangs up on the rest.
			cut := runtime.GOOS == "windows" && slices.Contains(r.want, http.StatusRequestEntityTooLarge)
			if answers == 0 && len(r.want) > 0 && !slices.Contains(r.want, 0) && !cut {
				g.Errorf("%s: no answer (%v), want %v", what, err, r.want)
			}
			return
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil && resp.StatusCode >= 400 && resp.Close {
			return // it was sent more than it reads, and hung up
		}
		if err != nil {
			g.Errorf("%s: %s, and then %v", what, resp.Status, err)
			return
		}
		if len(r.want) > 0 && answers == 0 && !slices.Contains(r.want, resp.StatusCode) || len(r.want) == 0 && resp.StatusCode/100 == 2 {
			g.Errorf("%s: %s, want %v: %.200s", what, resp.Status, r.want, body)
		}
		if problem := fault(resp, body, method == http.MethodHead, r); problem != "" {
			g.Errorf("%s: %s: %s: %.200q", what, resp.Status, problem, body)
		}
		if resp.Close {
			return
		}
		if answers == 0 && !r.half { // it stays open, and what comes next is understood
			io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
		}
	}
}

// fault says what is wrong with an answer; "" if nothing is.
func fault(resp *http.Response, body []byte, head bool, r raw) string {
	status := resp.StatusCode
	if status < 400 {
		if status >= 300 || status < 200 {
			return "no tracker answers so"
		}
		return ""
	}
	if head {
		return ""
	}
	switch media := resp.Header.Get("Content-Type"); {
	case media == netproto.MediaTypeProblem:
		var p netproto.Problem
		if err := json.Unmarshal(body, &p); err != nil {
			return err.Error()
		}
		if p.Status != status || p.Title == "" || p.Type != "about:blank" || p.Code.Status() != status && status != http.StatusMisdirectedRequest {
			return "the error does not fit its status"
		}
		if r.code != "" && p.Code != r.code {
			return "the code is not " + string(r.code)
		}
		if strings.ContainsFunc(p.Detail, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return "control characters in the detail"
		}
		if status >= 500 && (!slices.Contains(r.want, status) || resp.Header.Get("Retry-After") == "") {
			return "bad input is no failure of the tracker"
		}
	case strings.HasPrefix(media, "application/json"): // in the seed's form
		if status >= 500 || !strings.Contains(string(body), `"success": false`) && !strings.Contains(string(body), `"message"`) {
			return "no error of a seed tracker is like this"
		}
	default: // net/http refuses what is no HTTP/1.1 by itself
		if status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported || !resp.Close {
			return "a refusal of another kind"
		}
	}
	return ""
}

func TestHostileClientsGetDocumentedAnswers(t *testing.T) {
	g := newRig(t, "unlimited")
	var list []raw
	for _, more := range [][]raw{wrongMethods(), wrongKeys(), oddBodies(), oddQueries(), oddWishes(), oddPaths(), oddHosts(), oddFraming(), upgrades(), seedRequests()} {
		list = append(list, more...)
	}
	g.send(list)
	g.odd()
	g.end()
	fmt.Printf("raw requests: tried %d\n", g.tried.Load())
}
