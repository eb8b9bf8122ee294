package server_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/owner"
	"centralizedp2p/tracker/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second // of every wait in a test: the computer may be busy

// tracker is a real tracker on a real port of the loopback interface.
type tracker struct {
	*testing.T
	addr  string
	key   *identity.Identity
	store store.Store
	seen  *sources
	owner *owner.Owner
	stop  func() error // waits for the end of Serve
}

// startTracker runs a tracker until the test is over. configure may be nil.
func startTracker(t *testing.T, configure func(*server.Config)) *tracker {
	t.Helper()
	return startServer(t, configure, func(*server.Server) {})
}

// startServer lets adjust change what is not in Config.
func startServer(t *testing.T, configure func(*server.Config), adjust func(*server.Server)) *tracker {
	t.Helper()
	store, err := boltstore.Open(filepath.Join(t.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, store, configure, adjust)
}

// serve runs a tracker with a store, which it closes.
func serve(t *testing.T, store store.Store, configure func(*server.Config), adjust func(*server.Server)) *tracker {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tr := &tracker{T: t, addr: ln.Addr().String(), key: newIdentity(t), store: store, seen: &sources{}}
	config := server.Config{Store: store, Identity: tr.key, Name: "test tracker", Version: "1.2.3", NodeAddress: tr.addr}
	if configure != nil {
		configure(&config)
		tr.key = config.Identity
	}
	srv := server.New(config)
	srv.DialBackWith(tr.seen.dial)
	tr.owner = srv.Owner()
	adjust(srv)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Serve(ctx, tr.seen.pretend(ln)) }()
	tr.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			return context.DeadlineExceeded
		}
	})
	t.Cleanup(func() {
		if err := tr.stop(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
		store.Close()
	})
	return tr
}

func newIdentity(t *testing.T) *identity.Identity {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sources makes connections over loopback look as if they came from elsewhere.
type sources struct {
	byLocal sync.Map // address of the client's end → netip.Addr
	dialled sync.Map // addresses that the tracker dialled back, or tried to
}

func (s *sources) pretend(ln net.Listener) net.Listener { return &pretender{ln, s} }

type pretender struct {
	net.Listener
	sources *sources
}

func (p *pretender) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &pretended{conn, p.sources}, nil
}

type pretended struct {
	net.Conn
	sources *sources
}

// RemoteAddr is called after the first byte, when the client has chosen its address.
func (p *pretended) RemoteAddr() net.Addr {
	real := p.Conn.RemoteAddr().(*net.TCPAddr)
	if from, ok := p.sources.byLocal.Load(real.String()); ok {
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(from.(netip.Addr), uint16(real.Port)))
	}
	return real
}

// dial connects to this computer only and remembers every address.
func (s *sources) dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.dialled.Store(address, true)
	if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
		return nil, errors.New("tests stay on this computer")
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}

// client is a client of the tracker.
type client struct {
	*tracker
	id   *identity.Identity // nil shows no certificate
	http *http.Client
	base string
}

// client returns a client with a new key that comes from the address, or from
// loopback if that is empty.
func (tr *tracker) client(from string) *client {
	tr.Helper()
	return tr.clientOf(newIdentity(tr.T), from)
}

func (tr *tracker) clientOf(id *identity.Identity, from string) *client {
	transport := tr.transport(from)
	transport.TLSClientConfig = newIdentity(tr.T).ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil })
	if id != nil {
		transport.TLSClientConfig = id.ClientTLS(identity.HTTP, func(key ed25519.PublicKey) error {
			if !key.Equal(tr.key.Key()) {
				tr.Error("the tracker shows another key")
			}
			return nil
		})
	} else {
		transport.TLSClientConfig.Certificates = nil
	}
	return tr.newClient(id, transport, "https://"+tr.addr)
}

// plain returns a client without TLS.
func (tr *tracker) plain(from string) *client {
	return tr.newClient(nil, tr.transport(from), "http://"+tr.addr)
}

func (tr *tracker) transport(from string) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, network, address)
		if err == nil && from != "" {
			tr.seen.byLocal.Store(conn.LocalAddr().String(), netip.MustParseAddr(from))
		}
		return conn, err
	}}
}

func (tr *tracker) newClient(id *identity.Identity, transport *http.Transport, base string) *client {
	tr.Cleanup(transport.CloseIdleConnections)
	return &client{tracker: tr, id: id, base: base, http: &http.Client{
		Transport: transport,
		Timeout:   patience,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			tr.Errorf("the tracker redirects to %s", r.URL)
			return http.ErrUseLastResponse
		},
	}}
}

// reply is an answer that was read completely.
type reply struct {
	status int
	header http.Header
	body   string
}

// send sends a request with that body, which may be empty.
func (c *client) send(method, path, body string) reply {
	c.Helper()
	return c.sendWith(nil, method, path, body)
}

// sendWith is send with headers.
func (c *client) sendWith(header http.Header, method, path, body string) reply {
	c.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(c.Context(), method, c.base+path, reader)
	if err != nil {
		c.Fatal(err)
	}
	maps.Copy(req.Header, header)
	resp, err := c.http.Do(req)
	if err != nil {
		c.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatalf("%s %s: %v", method, path, err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// call sends in as JSON, expects success and decodes the answer into out.
func (c *client) call(method, path string, in, out any) {
	c.Helper()
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			c.Fatal(err)
		}
	}
	got := c.send(method, path, string(body))
	if got.status/100 != 2 {
		c.Fatalf("%s %s: status %d: %s", method, path, got.status, got.body)
	}
	if out == nil {
		return
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(got.body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(out); err != nil {
		c.Fatalf("%s %s answers %s: %v", method, path, got.body, err)
	}
}

// refused sends a body and expects a problem with that code.
func (c *client) refused(method, path, body string, want netproto.Code) netproto.Problem {
	c.Helper()
	got := c.send(method, path, body)
	var p netproto.Problem
	if err := json.Unmarshal([]byte(got.body), &p); err != nil {
		c.Fatalf("%s %s: status %d, %q is no problem: %v", method, path, got.status, got.body, err)
	}
	if p.Code != want || got.status != want.Status() || p.Status != got.status ||
		p.Title != want.What() || got.header.Get("Content-Type") != netproto.MediaTypeProblem {
		c.Fatalf("%s %s: status %d, %s, %+v; want the code %q", method, path, got.status, got.header.Get("Content-Type"), p, want)
	}
	return p
}

func (c *client) join(req netproto.JoinRequest) netproto.JoinResponse {
	c.Helper()
	var joined netproto.JoinResponse
	c.call("PUT", netproto.RouteSelf, req, &joined)
	return joined
}

func (c *client) announce(rs ...netproto.Resource) netproto.AnnounceResponse {
	c.Helper()
	var got netproto.AnnounceResponse
	c.call("POST", netproto.RouteResources, netproto.AnnounceRequest{Resources: rs}, &got)
	return got
}

func (c *client) search(query string) netproto.SearchResponse {
	c.Helper()
	var page netproto.SearchResponse
	c.call("GET", netproto.RouteResources+"?"+query, nil, &page)
	return page
}

func (c *client) sources(name string) []netproto.Source {
	c.Helper()
	var got netproto.SourcesResponse
	c.call("GET", sourcesPath(name), nil, &got)
	return got.Sources
}

func sourcesPath(name string) string {
	return strings.Replace(netproto.RouteSources, "{hash}", hash(name).String(), 1)
}

func resourcePath(name string) string {
	return strings.Replace(netproto.RouteResource, "{hash}", hash(name).String(), 1)
}

func hash(name string) netproto.ContentHash { return sha256.Sum256([]byte(name)) }

// file returns a resource whose hash follows from its name.
func file(name string) netproto.Resource {
	return netproto.Resource{Hash: hash(name), Size: 20_000, Name: name, MIME: "text/plain"}
}

func names(hits []netproto.Hit) string {
	var list []string
	for _, h := range hits {
		list = append(list, h.Name)
	}
	return strings.Join(list, " | ")
}
