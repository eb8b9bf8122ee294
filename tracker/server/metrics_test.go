package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/metrics"
	"centralizedp2p/tracker/store"
)

func TestTheMetricsCountWhatTheTrackerDid(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.refused("POST", netproto.RouteResources, `{"resources":[]}`, netproto.CodeJoinFirst)
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a"), file("b"), file("c"))
	peer.call("DELETE", netproto.RouteResources, netproto.WithdrawRequest{Hashes: []netproto.ContentHash{hash("a")}}, nil)
	peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{Count: 7}, nil)
	peer.send("GET", resourcePath("b"), "")
	peer.send("GET", resourcePath("x"), "")
	peer.send("BREW", netproto.RouteStats, "")
	peer.send("GET", "/no/such/"+strings.Repeat("x", 20), "")

	got := tr.plain("").send("GET", "/metrics", "")
	if got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %v", got.status, got.header)
	}
	for _, line := range []string{
		`cp2p_announced_total 3`,
		`cp2p_withdrawn_total 1`,
		`cp2p_heartbeats_total{status="resync"} 1`,
		`cp2p_peers_online 1`,
		`cp2p_peers_known 1`,
		`cp2p_seed_peers_online 0`,
		`cp2p_resources_online 2`,
		`cp2p_resources_online_bytes 40000`,
		`cp2p_refusals_total{reason="join-first"} 1`,
		`cp2p_refusals_total{reason="not-found"} 2`,
		`cp2p_request_duration_seconds_count{method="PUT",route="/v1/peers/self",status="200"} 1`,
		`cp2p_request_duration_seconds_count{method="GET",route="/v1/resources/{hash}",status="200"} 1`,
		`cp2p_request_duration_seconds_count{method="GET",route="/v1/resources/{hash}",status="404"} 1`,
		`cp2p_request_duration_seconds_count{method="other",route="/v1/stats",status="405"} 1`,
		`cp2p_request_duration_seconds_count{method="GET",route="/",status="404"} 1`,
	} {
		if !strings.Contains(got.body, "\n"+line+"\n") {
			t.Errorf("there is no line %q", line)
		}
	}
	for _, private := range []string{peer.id.PeerID().String(), "127.0.0.1", hash("b").String(), "no/such"} {
		if strings.Contains(got.body, private) {
			t.Errorf("the metrics tell %q", private)
		}
	}
	if size := line(got.body, "cp2p_store_bytes "); size == "" || size == "0" {
		t.Errorf("the store has %q bytes", size)
	}
	if n := line(got.body, "cp2p_index_names "); n != "3" { // a name without holders stays for the time of a lease
		t.Errorf("the index has %q names", n)
	}

	tr.store.Close() // Prometheus still reads the rest
	if got := tr.plain("").send("GET", "/metrics", ""); got.status != http.StatusOK || !strings.Contains(got.body, "\ncp2p_announced_total 3\n") {
		t.Errorf("without a store: %d", got.status)
	}
}

// line returns the rest of the line that begins with start.
func line(text, start string) string {
	_, rest, _ := strings.Cut(text, "\n"+start)
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

func TestTheMetricsAreForTheOwnNetworkUnlessTheOwnerSaysOtherwise(t *testing.T) {
	tr := startTracker(t, nil)
	for from, allowed := range map[string]bool{"127.0.0.1": true, "192.168.1.5": true, "fd00::5": true, "198.51.100.4": false, "2001:db8::1": false} {
		if got := tr.plain(from).send("GET", "/metrics", ""); (got.status == 200) != allowed {
			t.Errorf("from %s: %d", from, got.status)
		}
	}
	for _, header := range []string{"X-Forwarded-For", "Forwarded"} {
		if got := tr.plain("127.0.0.1").sendWith(http.Header{header: {"198.51.100.4"}}, "GET", "/metrics", ""); got.status != http.StatusForbidden {
			t.Errorf("through a proxy that says %s: %d", header, got.status)
		}
	}
	open := startTracker(t, func(c *server.Config) { c.Metrics = metrics.Public })
	if got := open.plain("198.51.100.4").send("GET", "/metrics", ""); got.status != http.StatusOK {
		t.Errorf("public: %d", got.status)
	}
}

// logged is a log that a test can read while it is written.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func TestTheAccessLogHasALineForEachRequestWhenAsked(t *testing.T) {
	for _, on := range []bool{true, false} {
		var log logged
		tr := startTracker(t, func(c *server.Config) {
			c.Logger, c.AccessLog = slog.New(slog.NewJSONHandler(&log, nil)), on
		})
		tr.plain("198.51.100.4").send("GET", "/healthz", "")
		if err := tr.stop(); err != nil { // the line is written after the answer
			t.Fatal(err)
		}
		if !on {
			if strings.Contains(log.String(), "/healthz") {
				t.Errorf("nobody asked for %q", log.String())
			}
			continue
		}
		var entry struct {
			Msg, Method, Path, From string
			Status, Bytes           int
			Took                    *int64 // 0 where the clock is coarse, as on Windows
		}
		if err := json.Unmarshal([]byte(log.String()), &entry); err != nil {
			t.Fatalf("%q: %v", log.String(), err)
		}
		if entry.Msg != "request" || entry.Method != "GET" || entry.Path != "/healthz" || entry.From != "198.51.100.4" || entry.Status != 200 || entry.Bytes == 0 || entry.Took == nil || *entry.Took < 0 {
			t.Errorf("%+v", entry)
		}
	}
}

func TestWhoReadsTheMetricsBesideOthersIsToldToWait(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	tr := startServer(t, func(c *server.Config) { c.Store = &waitingStats{c.Store, entered, leave} }, func(*server.Server) {})
	var group errgroup.Group
	for range 2 {
		group.Go(func() error {
			tr.plain("").send("GET", "/metrics", "")
			return nil
		})
		<-entered
	}
	c := tr.plain("")
	c.refused("GET", "/metrics", "", netproto.CodeFull)
	close(leave)
	group.Wait()
	if got := c.send("GET", "/metrics", ""); got.status != 200 {
		t.Errorf("after the others: status %d", got.status)
	}
}

// waitingStats counts only once it may.
type waitingStats struct {
	store.Store
	entered, leave chan struct{}
}

func (s *waitingStats) Stats(ctx context.Context) (netproto.Stats, error) {
	select {
	case s.entered <- struct{}{}:
	case <-s.leave:
	}
	<-s.leave
	return s.Store.Stats(ctx)
}

func TestWaysThatPeersTellAreAddedUp(t *testing.T) {
	tr := startTracker(t, nil)
	c := tr.sharer("198.51.100.7", netproto.JoinRequest{})
	stranger := tr.client("198.51.100.8")
	for range 2 {
		for _, who := range []*client{c, stranger} { // who has not joined tells nothing
			beat := netproto.HeartbeatRequest{Ways: &netproto.Ways{Direct: 3, Relayed: 1 << 40, Called: -5}}
			who.call("POST", netproto.RouteHeartbeat, beat, &netproto.HeartbeatResponse{})
		}
	}
	for way, want := range map[string]string{"direct": "6", "relayed": "2000", "called": "", "mapped": "", "none": ""} {
		if got := tr.metric(`cp2p_ways_total{way="` + way + `"}`); got != want {
			t.Errorf("%s: %q, want %q", way, got, want)
		}
	}
}
