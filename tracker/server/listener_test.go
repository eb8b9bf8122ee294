package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/store"
)

func TestVersionOneAsksForTLS(t *testing.T) {
	tr := startTracker(t, nil)
	plain := tr.plain("")
	for _, c := range []struct{ method, path string }{
		{"GET", "/v1"}, {"GET", netproto.RouteTracker}, {"PUT", netproto.RouteSelf}, {"POST", netproto.RouteResources}, {"GET", "/v1/whatever"},
	} {
		plain.refused(c.method, c.path, "{}", netproto.CodeTLS)
	}
	if got := plain.send("GET", netproto.RouteTracker, ""); got.status != http.StatusUpgradeRequired || got.header.Get("Upgrade") == "" {
		t.Errorf("%+v", got)
	}
}

func TestVersionOneAsksForACertificate(t *testing.T) {
	tr := startTracker(t, nil)
	stranger := tr.clientOf(nil, "")
	for _, c := range []struct{ method, path string }{
		{"PUT", netproto.RouteSelf}, {"DELETE", netproto.RouteSelf}, {"POST", netproto.RouteHeartbeat},
		{"GET", netproto.RouteResources}, {"POST", netproto.RouteResources}, {"DELETE", netproto.RouteResources},
		{"GET", resourcePath("a")}, {"GET", sourcesPath("a")}, {"GET", "/v1/peers/x/resources"}, {"GET", netproto.RouteStats},
		{"GET", netproto.RouteLine}, {"POST", netproto.RouteCalls}, {"GET", "/v1/relay/aaaaaaaaaaaaaaaaaaaaaaaaaa"},
	} {
		stranger.refused(c.method, c.path, "", netproto.CodeCertificate)
	}
}

func TestNothingIsEverRedirected(t *testing.T) {
	tr := startTracker(t, nil)
	// The clients fail the test if they are redirected.
	for _, c := range []*client{tr.client(""), tr.plain("")} {
		for _, path := range []string{"//", "//v1/tracker", "/v1//tracker", "/v1/../v1/tracker", "/v1/tracker/", "/v1/resources/", "/resource/", "/./resource", "/healthz/", "/nothing", "/v1/peers/self/"} {
			got := c.send("GET", path, "")
			if got.status != 404 && got.status != http.StatusUpgradeRequired || got.header.Get("Location") != "" {
				t.Errorf("%s%s: %+v", c.base, path, got)
			}
		}
	}
}

func TestAnotherMethodIsRefusedWithThoseThatAreAllowed(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.refused("PATCH", netproto.RouteResources, "", netproto.CodeMethod)
	if got := peer.send("PATCH", netproto.RouteResources, "").header.Get("Allow"); got != "DELETE, GET, POST" {
		t.Errorf("Allow: %s", got)
	}
	if got := peer.send("HEAD", netproto.RouteTracker, ""); got.status != 200 || got.body != "" {
		t.Errorf("HEAD: %+v", got)
	}
}

func TestARequestThatIsTooLargeIsRefused(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	large := strings.Repeat(" ", netproto.MaxBodyBytes+1)
	peer.refused("PUT", netproto.RouteSelf, large, netproto.CodeTooLarge)
	req, err := http.NewRequestWithContext(t.Context(), "PUT", peer.base+netproto.RouteSelf, io.MultiReader(strings.NewReader(large))) // of undeclared length
	if err != nil {
		t.Fatal(err)
	}
	resp, err := peer.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("without a length: %s", resp.Status)
	}
	if got := tr.plain("").send("POST", "/resource", large); got.status != http.StatusRequestEntityTooLarge || !strings.HasPrefix(got.body, `{"success": false, "data": "`) {
		t.Errorf("a seed client: %d %s", got.status, got.body)
	}
	req, _ = http.NewRequestWithContext(t.Context(), "GET", peer.base+netproto.RouteTracker, nil)
	req.Header.Set("X-Large", strings.Repeat("x", 32<<10))
	if resp, err = peer.http.Do(req); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a large header: %s", resp.Status)
	}
}

func TestMalformedRequestsAreAnsweredAndEndTheirConnection(t *testing.T) {
	tr := startTracker(t, nil)
	for _, raw := range []string{
		"\x00\x01\x02\x03 garbage\r\n\r\n",
		"GET /resource HTTP/1.1\r\n\r\n", // no host
		"GET /resource HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"GET /resource HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
		"POST /resource HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET resource HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", tr.addr)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		fmt.Fprint(conn, raw)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%q: %v", raw, err)
		} else if resp.StatusCode/100 != 4 && resp.StatusCode != http.StatusHTTPVersionNotSupported {
			t.Errorf("%q: %s", raw, resp.Status)
		}
		conn.Close()
	}
	if got := tr.plain("").send("GET", "/healthz", ""); got.status != 200 {
		t.Errorf("after all that: %+v", got)
	}
}

// slowStore blocks a request until it is released.
type slowStore struct {
	store.Store
	entered chan struct{}
	leave   chan struct{}
}

func (s *slowStore) Stats(ctx context.Context) (netproto.Stats, error) {
	close(s.entered)
	<-s.leave
	return s.Store.Stats(ctx)
}

func TestARequestUnderWayIsFinishedBeforeTheServerStops(t *testing.T) {
	slow := &slowStore{entered: make(chan struct{}), leave: make(chan struct{})}
	tr := startTracker(t, func(c *server.Config) {
		slow.Store = c.Store
		c.Store = slow
	})
	peer := tr.client("")
	answered := make(chan reply, 1)
	go func() { answered <- peer.send("GET", netproto.RouteStats, "") }()
	<-slow.entered
	stopped := make(chan error, 1)
	go func() { stopped <- tr.stop() }()
	for deadline := time.Now().Add(patience); ; {
		conn, err := net.Dial("tcp", tr.addr)
		if err != nil {
			break // the port is closed: the server is stopping
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the port stays open")
		}
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped before the request was answered: %v", err)
	default:
	}
	close(slow.leave)
	if got := <-answered; got.status != 200 {
		t.Errorf("%+v", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestAServerStopsAtOnceWhileClientsAreIdleOrSilent(t *testing.T) {
	tr := startServer(t, nil, func(s *server.Server) { s.StopWithin(time.Hour) })
	tr.client("").send("GET", netproto.RouteStats, "") // stays connected
	silent, err := net.Dial("tcp", tr.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if err := tr.stop(); err != nil {
		t.Fatal(err)
	}
}

func TestSlowConnectionsAreClosedInTime(t *testing.T) {
	tr := startServer(t, nil, func(s *server.Server) { s.Hurry(300 * time.Millisecond) })
	for name, begin := range map[string]string{
		"silent":              "",
		"half a TLS hello":    "\x16\x03\x01\x02\x00\x01",
		"half a request line": "GET /resource HTT",
		"a header, no end":    "GET /resource HTTP/1.1\r\nHost: a\r\nX: y\r\n",
		"a promise, no body":  "POST /heartbeat HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n",
		"idle after a turn":   "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", tr.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			fmt.Fprint(conn, begin)
			// The end may be an error, but not that of the deadline.
			if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("still open")
			}
		})
	}
}

func TestARequestThatNeverEndsIsCutOffWhenTheServerStops(t *testing.T) {
	slow := &slowStore{entered: make(chan struct{}), leave: make(chan struct{})}
	tr := startServer(t, func(c *server.Config) {
		slow.Store = c.Store
		c.Store = slow
	}, func(s *server.Server) { s.Hurry(300 * time.Millisecond) })
	peer := tr.client("")
	failed := make(chan error, 1)
	go func() {
		_, err := peer.http.Get(peer.base + netproto.RouteStats)
		failed <- err
	}()
	<-slow.entered
	if err := tr.stop(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
	close(slow.leave)
}
