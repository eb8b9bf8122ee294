package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf offers files on the disk by their hash, and limits nothing.
type shelf struct {
	dir   string
	paths map[netproto.ContentHash]string
	files []File
	book  book
}

// book is an account of bytes, and of whole downloads.
type book struct{ bytes, all atomic.Int64 }

func (b *book) Gave(from, to int64) { b.bytes.Add(to - from) }
func (b *book) GaveAll()            { b.all.Add(1) }

func newShelf(t *testing.T) *shelf {
	return &shelf{dir: t.TempDir(), paths: map[netproto.ContentHash]string{}}
}

func (s *shelf) put(t *testing.T, path string, content []byte) File {
	t.Helper()
	name := filepath.Join(s.dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	f := File{Path: path, Size: int64(len(content)), Hash: hashOf(content)}
	s.paths[f.Hash] = name
	s.files = append(s.files, f)
	return f
}

func (s *shelf) OpenContent(hash netproto.ContentHash) (Reader, error) {
	path, ok := s.paths[hash]
	if !ok {
		return nil, netproto.Errorf(netproto.CodeGone, "it is no longer offered")
	}
	state, err := piece.StateOf(path)
	if err != nil {
		return nil, err
	}
	return piece.OpenFile(path, state)
}

// free limits nothing.
type free struct{}

func (free) PassUp(ctx context.Context, _ netip.Addr, _ int) error   { return ctx.Err() }
func (free) PassDown(ctx context.Context, _ netip.Addr, _ int) error { return ctx.Err() }

func hashOf(content []byte) netproto.ContentHash {
	h := piece.NewHasher(0)
	h.Write(content)
	return h.Root()
}

func randomBytes(size int) []byte {
	b := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(size)})
	source.Read(b)
	return b
}

// served serves a page on loopback and returns its address, with a slash at the end.
func served(t *testing.T, page http.Handler, secret string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := Serve(ln, page, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String() + "/" + secret + "/"
}

func linkTo(t *testing.T, s *shelf, name string, terms Terms) (*Link, string) {
	t.Helper()
	o, err := NewOffering(name, s.files)
	if err != nil {
		t.Fatal(err)
	}
	secret := NewSecret()
	l := NewLink(o, secret, terms, s, free{}, &s.book, func() {})
	at := served(t, l, secret)
	t.Cleanup(l.Close)
	return l, at
}

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
	broken error // of the body
}

// ask sends a request over a connection of its own. headers are name, value, …; the name
// "Host" is the one that is asked.
func ask(t *testing.T, method, url string, body []byte, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, got, err}
}

func get(t *testing.T, url string, headers ...string) reply {
	t.Helper()
	return ask(t, "GET", url, nil, headers...)
}

func TestAPageAnswersItsOwnVisitorsOnly(t *testing.T) {
	s := newShelf(t)
	s.put(t, "song.flac", []byte("la la"))
	_, at := linkTo(t, s, "song.flac", Terms{})
	inbox, in := inboxIn(t, t.TempDir())
	for _, page := range []string{at, in} {
		for _, c := range []struct {
			why     string
			status  int
			url     string
			headers []string
		}{
			{"a visitor", 200, page, nil},
			{"a link on another page that is followed", 200, page, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}},
			{"a guessed path", 404, strings.Replace(page, page[len(page)-6:], "aaaaa/", 1), nil},
			{"no path", 404, page[:strings.LastIndexByte(page[:len(page)-1], '/')+1], nil},
			{"a name that leads here", 421, page, []string{"Host", "evil.example"}},
			{"such a name with a port", 421, page, []string{"Host", "evil.example:80"}},
			{"a name of the network", 421, page, []string{"Host", "laptop.local"}},
			{"an image on another site", 403, page, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}},
			{"a page at another port", 403, page, []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors"}},
			{"without the slash", 303, page[:len(page)-1], nil},
		} {
			if got := get(t, c.url, c.headers...); got.status != c.status {
				t.Errorf("%s gets %d %s", c.why, got.status, got.body)
			}
		}
	}
	for _, origin := range []string{"http://evil.example", "null", "http://127.0.0.1:1"} {
		if got := ask(t, "POST", in+"pin", []byte(`{"pin":"`+inbox.config.PIN+`"}`), "Origin", origin); got.status != 403 {
			t.Errorf("%s gets %d %s", origin, got.status, got.body)
		}
	}
	if got := ask(t, "POST", at+"download", nil); got.status != 405 {
		t.Errorf("a link takes something: %d", got.status)
	}
}

func TestTheHeadersOfAPageLetNothingElseIn(t *testing.T) {
	s := newShelf(t)
	s.put(t, "song.flac", []byte("la la"))
	_, at := linkTo(t, s, "song.flac", Terms{})
	for _, path := range []string{"", "download", "file/0", "page.css", "nowhere"} {
		h := get(t, at+path).header
		for name, value := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Content-Security-Policy": policy, "Cross-Origin-Resource-Policy": "same-origin"} {
			if h.Get(name) != value {
				t.Errorf("%q: %s is %q", path, name, h.Get(name))
			}
		}
		if h.Get("Set-Cookie") != "" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%q: %v", path, h)
		}
	}
}

func TestConnectionsToAPageAreFew(t *testing.T) {
	s := newShelf(t)
	s.put(t, "song.flac", []byte("la la"))
	_, at := linkTo(t, s, "song.flac", Terms{})
	address := strings.Split(at, "/")[2]
	conns := make([]net.Conn, mostConnsFrom)
	for i := range conns {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		// An answer shows that the connection was let in.
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		conns[i] = conn
	}
	more, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer more.Close()
	io.WriteString(more, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
	if _, err := more.Read(make([]byte, 1)); err == nil {
		t.Error("one connection too many is answered")
	}
}

func TestWhatIsNear(t *testing.T) {
	t.Parallel()
	for address, near := range map[string]bool{"127.0.0.1": true, "192.168.1.7": true, "10.0.0.1": true, "fe80::1": true, "fd00::1": true,
		"100.64.0.1": true, "203.0.113.7": false, "2001:db8::1": false, "100.128.0.1": false} {
		if got := isNear(netip.MustParseAddr(address)); got != near {
			t.Errorf("%s: %v", address, got)
		}
	}
}
