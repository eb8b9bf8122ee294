package trackerclient_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

// seedRow is what the seed's tracker answered about one resource, byte for byte.
const seedRow = `{"success": true, "data": "{\"peer_ip\": \"127.0.0.1\", \"peer_port\": 3000, \"resource_path\": \"./tests\", \"resource_name\": \"test.csv\", \"resource_hash\": \"dea311be2ca928ae1d6ba5ab28b53c60\"}"}`

var seedResource = netproto.SeedResource{
	PeerIP: "127.0.0.1", PeerPort: 3000, ResourcePath: "./tests", ResourceName: "test.csv",
	ResourceHash: "dea311be2ca928ae1d6ba5ab28b53c60",
}

// seedRequest is a request as the tracker saw it.
type seedRequest struct{ Method, Path, ContentType, Body string }

// ofWindows is a goroutine of named pipes there, which lives as long as the process.
var ofWindows = goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor")

// seedTracker answers every request with the same status and body, and hands
// over the request.
func seedTracker(t *testing.T, status int, body string) (*trackerclient.Seed, <-chan seedRequest) {
	t.Helper()
	requests := make(chan seedRequest, 8)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the request cannot be read: %v", err)
		}
		requests <- seedRequest{r.Method, r.URL.Path, r.Header.Get("Content-Type"), string(got)}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(func() {
		server.Close()
		goleak.VerifyNone(t, ofWindows)
	})
	return trackerclient.NewSeed(server.URL), requests
}

func TestTheSeedIsAskedInItsOwnWords(t *testing.T) {
	const json = "application/json; charset=utf-8"
	t.Run("a name is asked for in the body of a GET", func(t *testing.T) {
		seed, requests := seedTracker(t, 200, seedRow)
		got, found, err := seed.Find(t.Context(), "test.csv")
		if err != nil || !found || got != seedResource {
			t.Errorf("found %+v, %v, %v", got, found, err)
		}
		checkSeedRequest(t, <-requests, seedRequest{"GET", "/resource", json, `{"resource_name":"test.csv"}`})
	})
	t.Run("a name that nobody has is not found", func(t *testing.T) {
		seed, _ := seedTracker(t, 200, `{"success": true, "data": "{}"}`)
		if _, found, err := seed.Find(t.Context(), "test.csv"); found || err != nil {
			t.Errorf("found %v, %v", found, err)
		}
	})
	t.Run("the list is asked for with an empty object", func(t *testing.T) {
		seed, requests := seedTracker(t, 200, strings.NewReplacer(`"data": "{`, `"data": "[{`, `}"}`, `}]"}`).Replace(seedRow))
		got, err := seed.List(t.Context())
		if err != nil || len(got) != 1 || got[0] != seedResource {
			t.Errorf("listed %+v, %v", got, err)
		}
		checkSeedRequest(t, <-requests, seedRequest{"GET", "/resource", json, `{}`})
	})
	t.Run("a resource is posted with its six fields", func(t *testing.T) {
		seed, requests := seedTracker(t, 200, `{"success": true, "data": "{}"}`)
		err := seed.Register(t.Context(), netproto.SeedRegistration{PeerID: "42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c", SeedResource: seedResource})
		if err != nil {
			t.Error(err)
		}
		checkSeedRequest(t, <-requests, seedRequest{"POST", "/resource", json, `{"peer_id":"42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c","peer_ip":"127.0.0.1","peer_port":3000,"resource_path":"./tests","resource_name":"test.csv","resource_hash":"dea311be2ca928ae1d6ba5ab28b53c60"}`})
	})
	t.Run("a heartbeat is posted", func(t *testing.T) {
		seed, requests := seedTracker(t, 200, `{"success": true, "data": "Ok"}`)
		if err := seed.Heartbeat(t.Context(), "42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c"); err != nil {
			t.Error(err)
		}
		checkSeedRequest(t, <-requests, seedRequest{"POST", "/heartbeat", json, `{"peer_id":"42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c"}`})
	})
}

func checkSeedRequest(t *testing.T, got, want seedRequest) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the request differs (-want +got):\n%s", diff)
	}
}

func TestWhatATrackerRefusesKeepsItsReason(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		code   netproto.Code
		reason string
	}{
		{"wrong fields", 422, `{"success": false, "data": {"x": ["Unknown field."], "peer_ip": ["Not a valid IPv4 address."]}}`, netproto.CodeInvalid, "peer_ip: Not a valid IPv4 address. x: Unknown field."},
		{"a wrong id", 422, `{"success": false, "data": "{'peer_id': ['Not a valid UUID.']}"}`, netproto.CodeInvalid, "Not a valid UUID."},
		{"no body", 400, `{"success": false, "data": "Request needs a body, but none encountered."}`, netproto.CodeBadRequest, "Request needs a body"},
		{"a policy", 403, `{"success": false, "data": "Seed clients are served from the local network only."}`, netproto.CodeDenied, "local network only"},
		{"a problem of version 1", 429, `{"type":"about:blank","title":"x","status":429,"detail":"40 a second","code":"too-many-requests"}`, netproto.CodeTooMany, "40 a second"},
		{"a full tracker", 503, "", netproto.CodeFull, "503 Service Unavailable"},
		{"a failing tracker", 500, "<h1>Internal Server Error</h1>", netproto.CodeInternal, "500 Internal Server Error"},
		{"another server", 404, "<h1>not here</h1>", netproto.CodeProtocol, "404 Not Found"},
		{"a redirect", 302, "", netproto.CodeProtocol, "302 Found"},
		{"a refusal with status 200", 200, `{"success": false, "data": "no"}`, netproto.CodeInvalid, "no"},
		{"no JSON", 200, "hello", netproto.CodeProtocol, "cannot be read"},
		{"an object where a text belongs", 200, `{"success": true, "data": {}}`, netproto.CodeProtocol, "carries no text"},
		{"another name than asked for", 200, strings.Replace(seedRow, "test.csv", "evil.csv", 1), netproto.CodeProtocol, `answers with "evil.csv"`},
		{"a port that is none", 200, strings.Replace(seedRow, "3000", `\"x\"`, 1), netproto.CodeProtocol, "cannot be read"},
		{"an endless reason", 403, `{"success": false, "data": "` + strings.Repeat("x", 10_000) + `"}`, netproto.CodeDenied, "…"},
		{"an endless answer", 200, `{"success": true, "data": "` + strings.Repeat("x", 300_000) + `"}`, netproto.CodeProtocol, "more than 262144 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			seed, requests := seedTracker(t, c.status, c.body)
			_, found, err := seed.Find(t.Context(), "test.csv")
			if found || netproto.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.reason) || !strings.Contains(err.Error(), "http://127.0.0.1:") {
				t.Errorf("found %v, code %s: %v", found, netproto.CodeOf(err), err)
			}
			if len(err.Error()) > 800 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
			if n := len(requests); n != 1 {
				t.Errorf("%d requests were sent, one belongs there", n)
			}
		})
	}
}

func TestATrackerThatIsNotThereIsUnreachable(t *testing.T) {
	address := porttest.Address(t)
	err := trackerclient.NewSeed("http://"+address+"/").Heartbeat(t.Context(), "x")
	if netproto.CodeOf(err) != netproto.CodeUnreachable || !strings.Contains(err.Error(), address) {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
}

func TestATrackerThatDoesNotAnswerIsGivenUp(t *testing.T) {
	defer goleak.VerifyNone(t, ofWindows)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	seed := trackerclient.NewSeed("http://" + listener.Addr().String())

	late, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := seed.List(late); netproto.CodeOf(err) != netproto.CodeUnreachable || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := seed.List(stopped); netproto.CodeOf(err) != netproto.CodeCancelled {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
}

func TestAProxyOfTheSystemIsNotAsked(t *testing.T) {
	// Go itself keeps loopback addresses from proxies, so a name stands for a
	// tracker elsewhere; .invalid has no address by RFC 2606.
	proxied := make(chan struct{}, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { proxied <- struct{}{} }))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err := trackerclient.NewSeed("http://tracker.invalid:5000").Heartbeat(ctx, "x")
	if netproto.CodeOf(err) != netproto.CodeUnreachable || len(proxied) != 0 {
		t.Errorf("code %s, %d requests through the proxy: %v", netproto.CodeOf(err), len(proxied), err)
	}
}

func TestATransportOfTheCallerIsUsedAndItsErrorsStay(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, seedRow) }))
	defer server.Close()
	pinned := func(verdict error) *http.Transport {
		return &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true,
			VerifyConnection:   func(tls.ConnectionState) error { return verdict },
		}}
	}
	if _, found, err := trackerclient.NewSeedOver(server.URL, pinned(nil)).Find(t.Context(), "test.csv"); !found || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	changed := netproto.Errorf(netproto.CodeKeyChanged, "known aaaa, shown bbbb")
	if _, err := trackerclient.NewSeedOver(server.URL, pinned(changed)).List(t.Context()); netproto.CodeOf(err) != netproto.CodeKeyChanged {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
}
