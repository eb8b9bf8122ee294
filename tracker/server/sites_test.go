package server_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
)

// sendTo is sendWith for a request that names another host.
func (c *client) sendTo(host string, header http.Header, method, path, body string) reply {
	c.Helper()
	other := *c
	other.base = "http://" + host
	transport := c.http.Transport.(*http.Transport).Clone()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) { return dial(ctx, network, c.addr) }
	c.Cleanup(transport.CloseIdleConnections)
	other.http = &http.Client{Transport: transport, Timeout: patience}
	return other.sendWith(header, method, path, body)
}

func TestAPageOfAnotherSiteCanNeitherWriteNorRead(t *testing.T) {
	tr := startTracker(t, nil)
	c := tr.plain("")
	beat := `{"peer_id": "` + seedClientID + `"}`
	for name, header := range map[string]http.Header{
		"a form":          {"Origin": {"https://evil.example"}, "Content-Type": {"text/plain"}},
		"a browser":       {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}},
		"a sibling":       {"Sec-Fetch-Site": {"same-site"}, "Sec-Fetch-Mode": {"cors"}},
		"a file":          {"Origin": {"null"}},
		"another port":    {"Origin": {"http://127.0.0.1:8080"}},
		"a form, shown":   {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}},
		"without a fetch": {"Origin": {"http://rebind.example"}, "Content-Type": {"application/x-www-form-urlencoded"}},
	} {
		for path, body := range map[string]string{"/resource": testCSV, "/heartbeat": beat} {
			if got := c.sendWith(header, "POST", path, body); got.status != http.StatusForbidden || !strings.Contains(got.body, `"success": false`) {
				t.Errorf("%s: POST %s: %d %s", name, path, got.status, got.body)
			}
		}
	}
	image := http.Header{"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"image"}}
	for _, path := range []string{"/", "/?q=song", "/resource", "/metrics", "/healthz"} {
		if got := c.sendWith(image, "GET", path, ""); got.status != http.StatusForbidden {
			t.Errorf("GET %s: %d", path, got.status)
		}
	}
	c.wantSeed("GET", "/resource", "", 200, `{"success": true, "data": "[]"}`) // nothing was written
	for name, header := range map[string]http.Header{
		"a link":            {"Sec-Fetch-Site": {"cross-site"}, "Sec-Fetch-Mode": {"navigate"}},
		"the page itself":   {"Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"cors"}},
		"typed by a person": {"Sec-Fetch-Site": {"none"}, "Sec-Fetch-Mode": {"navigate"}},
	} {
		if got := c.sendWith(header, "GET", "/", ""); got.status != http.StatusOK {
			t.Errorf("%s: %d", name, got.status)
		}
	}
}

func TestATrackerAnswersUnderItsOwnNames(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.PublicURL = "tracker.example.org:5000" })
	c := tr.plain("")
	for _, host := range []string{"rebind.evil.example", "rebind.evil.example:5000", "127.0.0.1.evil.example", "localhost.evil.example", "evil.local.example", "example.org"} {
		for method, paths := range map[string][]string{"GET": {"/", "/?q=planted", "/metrics", "/resource", "/page/live.js", "/nowhere", "/v1/tracker"}, "POST": {"/resource", "/heartbeat"}} {
			for _, path := range paths {
				// A page of that name is of the same origin, as its browser sees it.
				got := c.sendTo(host, http.Header{"Origin": {"http://" + host}, "Sec-Fetch-Site": {"same-origin"}}, method, path, map[string]string{"POST": testCSV}[method])
				if got.status != http.StatusMisdirectedRequest || strings.Contains(got.body, "cp2p://") || strings.Contains(got.body, "example") {
					t.Errorf("%s %s %s: %d %s", host, method, path, got.status, got.body)
				}
			}
		}
	}
	for _, host := range []string{"127.0.0.1:5000", "[::1]:5000", "192.168.1.2", "localhost:5000", "attic", "attic.local:5000", "attic.home.arpa", "tracker.example.org", "Tracker.Example.org:5000"} {
		if got := c.sendTo(host, nil, "GET", "/", ""); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", host, got.status, got.body)
		}
	}
	// Whoever comes from the internet could as well come by himself.
	if got := tr.plain("203.0.113.9").sendTo("other.example.org", nil, "GET", "/", ""); got.status != http.StatusOK {
		t.Errorf("from the internet: %d", got.status)
	}
}

func TestWhatAProxyOfNobodyForwardsIsNotLocal(t *testing.T) {
	tr := startTracker(t, nil)
	for name, header := range map[string]http.Header{
		"X-Forwarded-For": {"X-Forwarded-For": {"8.8.8.8"}}, "Forwarded": {"Forwarded": {"for=8.8.8.8"}},
		"as local": {"X-Forwarded-For": {"127.0.0.1"}}, "X-Real-IP": {"X-Real-Ip": {"8.8.8.8"}},
	} {
		for _, from := range []string{"", "192.168.1.4"} {
			c := tr.plain(from)
			for path, methods := range map[string][]string{"/metrics": {"GET"}, "/resource": {"GET", "POST"}, "/heartbeat": {"POST"}} {
				for _, method := range methods {
					if got := c.sendWith(header, method, path, testCSV); got.status != http.StatusForbidden {
						t.Errorf("%s: %s %s from %q: %d %s", name, method, path, from, got.status, got.body)
					}
				}
			}
			if got := c.sendWith(header, "GET", "/healthz", ""); got.status != http.StatusOK {
				t.Errorf("%s: health: %d", name, got.status)
			}
		}
	}
	// A peer's private addresses are for those in its network.
	sharer, asker := tr.client("192.168.1.4"), tr.client("192.168.1.5")
	sharer.join(netproto.JoinRequest{Port: 4000, Candidates: []string{"192.168.77.7:4000"}})
	sharer.announce(file("song.mp3"))
	if got := asker.sources("song.mp3"); len(got) != 1 || len(got[0].Addresses) != 2 {
		t.Errorf("%+v", got)
	}
	if got := asker.sendWith(http.Header{"X-Forwarded-For": {"8.8.8.8"}}, "GET", sourcesPath("song.mp3"), ""); strings.Contains(got.body, "192.168.77.7") {
		t.Error(got.body)
	}
}
