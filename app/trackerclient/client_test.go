package trackerclient_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/porttest"
)

// memory is a Trust that lasts as long as a test.
type memory struct {
	mu    sync.Mutex
	keys  map[string]netproto.Fingerprint
	names map[string]string
	ports map[string][]int

	addresses map[string][]string
}

func newMemory() *memory {
	return &memory{keys: map[string]netproto.Fingerprint{}, names: map[string]string{}, ports: map[string][]int{}, addresses: map[string][]string{}}
}

func (m *memory) KnownTracker(address string) (netproto.Fingerprint, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, ok := m.keys[address]
	return key, ok
}

func (m *memory) TrackerReached(address string, key netproto.Fingerprint, name string, ports []int, addresses []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keys[address], m.names[address], m.ports[address], m.addresses[address] = key, name, ports, addresses
	return nil
}

func (m *memory) TrackerPlaces(address string) ([]int, []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ports[address], m.addresses[address]
}

func newIdentity(t *testing.T) *identity.Identity {
	t.Helper()
	id, err := identity.LoadOrCreate(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// standIn is a server with a tracker's key that answers as the test wants.
type standIn struct {
	*httptest.Server
	id *identity.Identity
}

func startStandIn(t *testing.T, answer http.HandlerFunc) *standIn {
	t.Helper()
	return startStandInAs(t, newIdentity(t), answer)
}

func startStandInAs(t *testing.T, id *identity.Identity, answer http.HandlerFunc) *standIn {
	t.Helper()
	s := &standIn{Server: httptest.NewUnstartedServer(answer), id: id}
	s.TLS = s.id.ServerTLS(identity.HTTP, true, nil)
	// httptest puts its own certificate before those of the configuration.
	s.Listener = tlsListener{s.Listener, s.TLS}
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what is tested
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *standIn) address() string { return s.Listener.Addr().String() }

func (s *standIn) client(t *testing.T, expected netproto.Fingerprint, trust trackerclient.Trust) *trackerclient.Client {
	t.Helper()
	c, err := trackerclient.New(newIdentity(t), s.address(), expected, trust)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func says(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Location", "https://127.0.0.1:1/elsewhere")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const jsonType = "application/json"

func wantCode(t *testing.T, err error, code netproto.Code, words ...string) {
	t.Helper()
	if netproto.CodeOf(err) != code || err == nil {
		t.Fatalf("the code is %s, want %s: %v", netproto.CodeOf(err), code, err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q is missing in: %v", w, err)
		}
	}
}

func TestTheFirstKeyOfATrackerIsRemembered(t *testing.T) {
	s := startStandIn(t, says(200, jsonType, `{"name":"ours"}`))
	trust := newMemory()
	c := s.client(t, netproto.Fingerprint{}, trust)
	if !c.Fingerprint().IsZero() {
		t.Error("a key is known before the first contact")
	}
	info, err := c.Info(t.Context())
	if err != nil || info.Name != "ours" || c.Fingerprint() != s.id.Fingerprint() {
		t.Fatalf("%+v, %v", info, err)
	}
	if key, _ := trust.KnownTracker(s.address()); key != s.id.Fingerprint() || trust.names[s.address()] != "ours" {
		t.Error("it is not remembered")
	}
}

func TestAChangedKeyIsRefusedWithBothFingerprints(t *testing.T) {
	s := startStandIn(t, says(200, jsonType, `{}`))
	other := newIdentity(t).Fingerprint()
	trust := newMemory()
	trust.TrackerReached(s.address(), other, "", nil, nil)
	t.Run("of a remembered tracker", func(t *testing.T) {
		_, err := s.client(t, netproto.Fingerprint{}, trust).Info(t.Context())
		wantCode(t, err, netproto.CodeKeyChanged, other.String(), s.id.Fingerprint().String(), s.address())
	})
	t.Run("of the link", func(t *testing.T) {
		_, err := s.client(t, other, newMemory()).Info(t.Context())
		wantCode(t, err, netproto.CodeKeyChanged, other.String(), s.id.Fingerprint().String())
	})
	t.Run("when link and memory differ", func(t *testing.T) {
		_, err := trackerclient.New(newIdentity(t), s.address(), s.id.Fingerprint(), trust)
		wantCode(t, err, netproto.CodeKeyChanged, other.String(), s.id.Fingerprint().String())
	})
	if key, _ := trust.KnownTracker(s.address()); key != other {
		t.Error("the remembered key was replaced")
	}
}

func TestAJoinThatTheTrackerReceivedIsKnownToHaveSucceeded(t *testing.T) {
	received, answer := make(chan struct{}), make(chan struct{})
	s := startStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		received <- struct{}{}
		<-answer
		says(200, jsonType, `{}`)(w, r)
	})
	c := s.client(t, netproto.Fingerprint{}, newMemory())
	join := func() <-chan error {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := c.Join(ctx, netproto.JoinRequest{Port: 1})
			ended <- err
		}()
		<-received
		cancel()
		return ended
	}
	for late := true; late; { // until the answer comes within the second for which it is waited
		ended, cancelled := join(), time.Now()
		select {
		case <-ended:
			t.Fatal("it does not wait for the tracker, which will take this peer for online")
		case <-time.After(100 * time.Millisecond):
		}
		answer <- struct{}{}
		err := <-ended
		if late = err != nil && time.Since(cancelled) > time.Second; err != nil && !late {
			t.Errorf("the tracker has this peer as online, and the join says %v", err)
		}
	}
	began := time.Now()
	if err := <-join(); !errors.Is(err, context.Canceled) { // which is never answered
		t.Errorf("a join without an answer says %v", err)
	}
	if took := time.Since(began); took < time.Second || took > 10*time.Second {
		t.Errorf("a tracker that does not answer is waited for %s", took)
	}
	close(answer)
}

// A tracker far away need not keep a program from ending, but it must have heard the
// goodbye.
func TestAGoodbyeIsToldAndItsAnswerNotWaitedFor(t *testing.T) {
	received := make(chan string, 1)
	s := startStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		received <- r.Method + " " + r.URL.Path
		<-r.Context().Done()
	})
	c := s.client(t, netproto.Fingerprint{}, newMemory())
	if err := c.Goodbye(t.Context()); err != nil { // which is not answered
		t.Error(err)
	}
	if got := <-received; got != "DELETE "+netproto.RouteSelf {
		t.Errorf("the tracker heard %s", got)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Goodbye(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("if it cannot be told, it says %v", err)
	}
	s.Close()
	if err := c.Goodbye(t.Context()); err == nil {
		t.Error("a tracker that is gone counts as told")
	}
}

func TestAnAnswerThatIsNoneOfATrackerHasAClearCode(t *testing.T) {
	problem := func(p netproto.Problem) string {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   netproto.Code
		words  string
	}{
		"a problem":              {says(409, netproto.MediaTypeProblem, problem(netproto.Problem{Code: netproto.CodeJoinFirst, Detail: "a detail"})), netproto.CodeJoinFirst, "a detail"},
		"a problem, long":        {says(422, netproto.MediaTypeProblem+"; charset=utf-8", problem(netproto.Problem{Code: netproto.CodeInvalid, Detail: strings.Repeat("x", 1<<18)})), netproto.CodeInvalid, "x…"},
		"a problem, hostile":     {says(422, netproto.MediaTypeProblem, problem(netproto.Problem{Code: netproto.CodeInvalid, Detail: "\x1b[2J"})), netproto.CodeInvalid, `\u{1b}`},
		"a problem with no code": {says(500, netproto.MediaTypeProblem, `{}`), netproto.CodeProtocol, "no tracker of ours"},
		"a page":                 {says(404, "text/html", "<h1>nginx</h1>"), netproto.CodeProtocol, "status 404"},
		"a page, as an answer":   {says(200, "text/html", "<h1>nginx</h1>"), netproto.CodeProtocol, "the tracker"},
		"half of an answer":      {says(200, jsonType, `{"items":[{"hash":"`), netproto.CodeProtocol, "the tracker"},
		"another form":           {says(200, jsonType, `{"items":[{"hash":"zz"}]}`), netproto.CodeProtocol, "64 hexadecimal digits"},
		"more than is read":      {says(200, jsonType, `{"items":[],"next":"`+strings.Repeat("x", 9<<20)+`"}`), netproto.CodeProtocol, "more than"},
		"a redirect":             {says(302, jsonType, `{}`), netproto.CodeProtocol, "status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startStandIn(t, c.answer)
			_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Search(t.Context(), netproto.SearchRequest{Words: "x"})
			wantCode(t, err, c.code, c.words)
			if len(err.Error()) > 1000 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestNoAnswerIsSaidInTime(t *testing.T) {
	t.Run("nobody is there", func(t *testing.T) {
		at := porttest.Address(t)
		c, err := trackerclient.New(newIdentity(t), at, netproto.Fingerprint{}, newMemory())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_, err = c.Stats(t.Context())
		wantCode(t, err, netproto.CodeUnreachable, at)
		if strings.Contains(err.Error(), "https://") {
			t.Errorf("the message has the URL: %v", err)
		}
	})
	t.Run("plain HTTP answers", func(t *testing.T) {
		plain := httptest.NewServer(says(200, jsonType, `{}`))
		defer plain.Close()
		c, err := trackerclient.New(newIdentity(t), plain.Listener.Addr().String(), netproto.Fingerprint{}, newMemory())
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Stats(t.Context())
		wantCode(t, err, netproto.CodeUnreachable)
	})
	t.Run("it hangs up in the middle of an answer", func(t *testing.T) {
		s := startStandIn(t, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "{")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
		_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Stats(t.Context())
		wantCode(t, err, netproto.CodeUnreachable, s.address())
	})
	for name, answer := range map[string]http.HandlerFunc{
		"it accepts and says nothing": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"it begins and then falls silent": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "{")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := startStandIn(t, answer).client(t, netproto.Fingerprint{}, newMemory())
			c.SetTimeout(300 * time.Millisecond)
			_, err := c.Stats(t.Context())
			wantCode(t, err, netproto.CodeUnreachable, "no answer in time")
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := c.Stats(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("a call that is no longer wanted says %v", err)
			}
		})
	}
}

func TestTheProxyOfTheSystemIsNotUsed(t *testing.T) {
	asked := make(chan struct{}, 10)
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} }))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	c, err := trackerclient.New(newIdentity(t), "tracker.invalid:5000", netproto.Fingerprint{}, newMemory())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Stats(t.Context())
	wantCode(t, err, netproto.CodeUnreachable)
	if len(asked) != 0 {
		t.Error("the proxy was asked")
	}
}

func TestAnAddressWithoutAHostIsAtTheTracker(t *testing.T) {
	s := startStandIn(t, says(200, jsonType, `{"sources":[{"peer_id":"42bb7fb8-8f8d-8c1c-b4df-d97c2e78eb7c","key":"`+strings.Repeat("00", 32)+`","addresses":[":4000","192.0.2.1:5"]}]}`))
	found, err := s.client(t, netproto.Fingerprint{}, newMemory()).Sources(t.Context(), netproto.ContentHash{1})
	if err != nil || len(found) != 1 || strings.Join(found[0].Addresses, " ") != "127.0.0.1:4000 192.0.2.1:5" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestASearchCarriesWhatWasAskedFor(t *testing.T) {
	asked := make(chan string, 1)
	s := startStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Method + " " + r.URL.RequestURI()
		io.WriteString(w, `{"items":[]}`)
	})
	_, err := s.client(t, netproto.Fingerprint{}, newMemory()).Search(t.Context(), netproto.SearchRequest{Words: "a&b c", Type: "audio", MinSize: 5, Sort: netproto.SortName, Limit: 7, Cursor: "x=y"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := <-asked, "GET /v1/resources?cursor=x%3Dy&limit=7&min_size=5&q=a%26b+c&sort=name&type=audio"; got != want {
		t.Errorf("it was asked\n%s, not\n%s", got, want)
	}
}

// tlsListener shakes hands with the stand-in's own certificate.
type tlsListener struct {
	net.Listener
	config *tls.Config
}

func (l tlsListener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(raw, l.config), nil
}

func TestAnOlderTrackerSortsBySources(t *testing.T) {
	var asked []string
	me := netproto.PeerID{8: 0x80, 6: 0x80}
	s := startStandIn(t, func(w http.ResponseWriter, r *http.Request) {
		sort := r.URL.Query().Get("sort")
		asked = append(asked, sort)
		if sort == "best" {
			says(http.StatusUnprocessableEntity, netproto.MediaTypeProblem, `{"code":"invalid","detail":"sort is sources, name, size or newest"}`)(w, r)
			return
		}
		hash := strings.Repeat("ab", 32)
		says(http.StatusOK, "application/json", `{"items":[{"hash":"`+hash+`","name":"old.txt","added":"2026-01-01T00:00:00Z","owners":[{"peer_id":"`+me.String()+`"}]},
			{"hash":"`+hash+`","name":"new.txt","added":"2026-02-01T00:00:00Z"}]}`)(w, r)
	})
	c := s.client(t, netproto.Fingerprint{}, newMemory())
	q := netproto.SearchRequest{Words: "a", Sort: netproto.SortBest}
	for range 2 {
		if found, err := c.Search(t.Context(), q); err != nil || len(found.Items) != 2 {
			t.Fatalf("%+v, %v", found, err)
		}
	}
	if got := strings.Join(asked, " "); got != "best sources sources" {
		t.Errorf("asked for %s", got)
	}
	// It does not know owners and times either.
	q.Since = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	if found, err := c.Search(t.Context(), q); err != nil || len(found.Items) != 1 || found.Items[0].Name != "new.txt" {
		t.Errorf("since a time: %+v, %v", found.Items, err)
	}
	q.Since, q.Owner = time.Time{}, me
	if found, err := c.Search(t.Context(), q); err != nil || len(found.Items) != 1 || found.Items[0].Name != "old.txt" {
		t.Errorf("of an owner: %+v, %v", found.Items, err)
	}
}
