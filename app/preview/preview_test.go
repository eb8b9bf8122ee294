package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// growing is a file that is here up to some place.
type growing struct {
	content []byte

	mu   sync.Mutex
	here int64
	more chan struct{} // closed when more is here
	err  error
}

func newGrowing(content []byte, here int64) *growing {
	return &growing{content: content, here: here, more: make(chan struct{})}
}

func (g *growing) grow(to int64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.here, g.err = to, err
	close(g.more)
	g.more = make(chan struct{})
}

func (g *growing) Size() int64  { return int64(len(g.content)) }
func (g *growing) Close() error { return nil }

func (g *growing) ReadAt(ctx context.Context, b []byte, offset int64) (int, error) {
	for {
		g.mu.Lock()
		here, err, more := g.here, g.err, g.more
		g.mu.Unlock()
		switch {
		case err != nil:
			return 0, err
		case offset < here:
			return copy(b, g.content[offset:here]), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-more:
		}
	}
}

func (g *growing) file(name, mime string) File {
	return File{Name: name, MIME: mime, Open: func(context.Context) (Reader, error) { return g, nil }}
}

func start(t *testing.T) *Server {
	s := New(slog.New(slog.DiscardHandler))
	t.Cleanup(s.Close)
	return s
}

func address(t *testing.T, s *Server, group, path string, f File) string {
	t.Helper()
	address, err := s.Serve(group, path, f)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// client makes requests as a player does, each over a connection of its own.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}

func ask(t *testing.T, method, address string, change func(*http.Request)) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func text(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + i%23)
	}
	return b
}

func TestAPlayerReadsFromAnywhereAndWaitsForTheRest(t *testing.T) {
	t.Parallel()
	s, g := start(t), newGrowing(text(300_000), 100_000)
	at := address(t, s, "1", "", g.file("Bjørn & film #1.mkv", "video/x-matroska"))
	if u, err := url.Parse(at); err != nil || u.Hostname() != "127.0.0.1" || len(u.Path) < 26 {
		t.Fatalf("the address is %s", at)
	}
	head := ask(t, http.MethodHead, at, nil)
	if head.ContentLength != 300_000 || head.Header.Get("Content-Type") != "video/x-matroska" || head.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("of the whole it says %v", head.Header)
	}
	part := ask(t, http.MethodGet, at, func(r *http.Request) { r.Header.Set("Range", "bytes=5000-5099") })
	if got, _ := io.ReadAll(part.Body); part.StatusCode != http.StatusPartialContent || !bytes.Equal(got, g.content[5000:5100]) {
		t.Errorf("a range: %s, %d bytes", part.Status, len(got))
	}
	rest := ask(t, http.MethodGet, at, func(r *http.Request) { r.Header.Set("Range", "bytes=90000-") })
	first := make([]byte, 5000)
	if _, err := io.ReadFull(rest.Body, first); err != nil {
		t.Fatal(err)
	}
	g.grow(300_000, nil)
	if got, err := io.ReadAll(rest.Body); err != nil || !bytes.Equal(append(first, got...), g.content[90_000:]) {
		t.Errorf("the rest has %d bytes, %v", len(got), err)
	}
	if beyond := ask(t, http.MethodGet, at, func(r *http.Request) { r.Header.Set("Range", "bytes=300000-") }); beyond.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: %s", beyond.Status)
	}
}

func TestWebPagesAndGuessesGetNothing(t *testing.T) {
	t.Parallel()
	s, g := start(t), newGrowing(text(10), 10)
	at := address(t, s, "1", "", g.file("a.html", "text/html"))
	u, _ := url.Parse(at)
	for name, change := range map[string]func(*http.Request){
		"another name of this computer": func(r *http.Request) { r.Host = "evil.example:" + u.Port() },
		"its name":                      func(r *http.Request) { r.Host = "localhost:" + u.Port() },
		"another origin":                func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") },
		"a picture in another page":     func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"a page of another port":        func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
	} {
		if response := ask(t, http.MethodGet, at, change); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	for _, path := range []string{"/", "/AAAAAAAAAAAAAAAAAAAAAAAAAA/a.html", u.Path + "/x", "/" + u.Path[1:20] + "/a.html"} {
		if response := ask(t, http.MethodGet, "http://"+u.Host+path, nil); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if response := ask(t, http.MethodPost, at, nil); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", response.Status)
	}
	good := ask(t, http.MethodGet, at, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") })
	if policy := good.Header.Get("Content-Security-Policy"); good.StatusCode != http.StatusOK || !bytes.HasPrefix([]byte(policy), []byte("sandbox;")) ||
		good.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the right address: %s, %v", good.Status, good.Header)
	}
}

func TestWhatFailsDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	s, g := start(t), newGrowing(text(100_000), 50_000)
	response := ask(t, http.MethodGet, address(t, s, "1", "", g.file("a.bin", "")), nil)
	g.grow(50_000, errors.New("the source is gone"))
	if got, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("%d bytes came as if they were all", len(got))
	}
	never := address(t, s, "2", "", File{Name: "b", Open: func(context.Context) (Reader, error) { return nil, errors.New("gone") }})
	if response := ask(t, http.MethodGet, never, nil); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("what cannot be opened: %s", response.Status)
	}
}

func TestNothingIsServedAfterItsEnd(t *testing.T) {
	t.Parallel()
	s, g := start(t), newGrowing(text(100_000), 50_000)
	at := address(t, s, "1", "a", g.file("a", ""))
	if again := address(t, s, "1", "a", g.file("a", "")); again != at {
		t.Error("the same file has two addresses")
	}
	other := address(t, s, "1", "b", g.file("b", ""))
	third := address(t, s, "2", "", g.file("c", ""))
	reading := ask(t, http.MethodGet, at, nil)
	s.End("1")
	if _, err := io.ReadAll(reading.Body); err == nil {
		t.Error("the reader was not told")
	}
	for _, gone := range []string{at, other} {
		if response := ask(t, http.MethodGet, gone, nil); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", gone, response.Status)
		}
	}
	if response := ask(t, http.MethodHead, third, nil); response.StatusCode != http.StatusOK {
		t.Errorf("another one: %s", response.Status)
	}
	s.End("2")
	u, _ := url.Parse(third)
	if c, err := net.DialTimeout("tcp", u.Host, time.Second); err == nil {
		c.Close()
		t.Error("the port is open although nothing is served")
	}
	if back := address(t, s, "3", "", g.file("d", "")); ask(t, http.MethodHead, back, nil).StatusCode != http.StatusOK {
		t.Error("it does not begin again")
	}
	s.Close()
	if _, err := s.Serve("4", "", g.file("e", "")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestFilesAndRequestsAreFew(t *testing.T) {
	t.Parallel()
	s, g := start(t), newGrowing(text(10), 5)
	var all []string
	for i := range maxServed + 3 {
		s.mu.Lock()
		s.now = func() time.Time { return time.Unix(int64(i), 0) }
		s.mu.Unlock()
		all = append(all, address(t, s, fmt.Sprint(i), "", g.file("a", "")))
	}
	for i, at := range all {
		want := http.StatusOK
		if i < 3 {
			want = http.StatusNotFound
		}
		if response := ask(t, http.MethodHead, at, nil); response.StatusCode != want {
			t.Errorf("file %d of %d: %s", i, len(all), response.Status)
		}
	}
	for range maxReaders { // each waits for more
		if response := ask(t, http.MethodGet, all[5], nil); response.StatusCode != http.StatusOK {
			t.Fatalf("a reader: %s", response.Status)
		}
	}
	if response := ask(t, http.MethodGet, all[5], nil); response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("one reader too many: %s", response.Status)
	}
}

func TestAFileThatNobodyReadsIsForgotten(t *testing.T) {
	t.Parallel()
	s, g := start(t), newGrowing(text(10), 10)
	at := address(t, s, "1", "", g.file("a", ""))
	s.mu.Lock()
	for _, f := range s.files {
		f.timer.Reset(0)
	}
	s.mu.Unlock()
	for deadline := time.Now().Add(time.Minute); ; {
		s.mu.Lock()
		n := len(s.files)
		s.mu.Unlock()
		if n == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is served for ever", at)
		}
		time.Sleep(time.Millisecond)
	}
}
