package webpages_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/rest"
	"centralizedp2p/tracker/server/webpages"
	"centralizedp2p/tracker/store"
)

// site is the pages of a tracker, as a browser finds them.
type site struct {
	*testing.T
	url string
}

// reply is an answer that was read completely.
type reply struct {
	status int
	header http.Header
	body   string
}

// show serves a page until the test is over.
func show(t *testing.T, p *webpages.Page) site {
	t.Helper()
	mux := http.NewServeMux()
	for pattern, h := range map[string]rest.Handler{"GET /{$}": p.Serve, "GET /get/{name}": p.Downloads.Serve} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			c, err := origin.Proxies(nil).Caller(r)
			if err == nil {
				err = h(w, r, c)
			}
			if err != nil {
				http.Error(w, err.Error(), netproto.CodeOf(err).Status())
			}
		})
	}
	served := httptest.NewServer(mux)
	t.Cleanup(served.Close)
	return site{t, served.URL}
}

func (s site) get(header http.Header, path string) reply {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	maps.Copy(req.Header, header)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(text)}
}

// nothing is a tracker where nothing is.
type nothing struct{}

func (nothing) Stats(context.Context) (netproto.Stats, error) { return netproto.Stats{}, nil }

func (nothing) Search(context.Context, origin.Caller, store.Query) (netproto.SearchResponse, error) {
	return netproto.SearchResponse{}, nil
}

// empty returns the page of such a tracker.
func empty() *webpages.Page {
	return &webpages.Page{Counts: nothing{}, Searches: nothing{}, Rate: func() float64 { return 0 }}
}

// handOut shows a page that offers what is in a folder.
func handOut(t *testing.T, files map[string]string) (s site, folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	downloads, err := webpages.OpenDownloads(folder)
	if err != nil {
		t.Fatal(err)
	}
	var looking sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	looking.Go(func() { downloads.Run(ctx, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() {
		stop()
		looking.Wait()
		downloads.Close()
	})
	p := empty()
	p.Downloads = downloads
	return show(t, p), folder
}

const patience = 30 * time.Second // the computer may be busy

// page waits until the page says something to a browser.
func (s site) page(agent, want string) string {
	s.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		got := s.get(http.Header{"User-Agent": {agent}}, "/")
		if strings.Contains(got.body, want) {
			return got.body
		}
		if time.Now().After(deadline) {
			s.Fatalf("the page does not say %q:\n%s", want, got.body)
		}
	}
}

const (
	onWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36"
	onLinux   = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	onMac     = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15"
	onAndroid = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36"
)

func TestThePageOffersTheProgramForTheVisitorsSystem(t *testing.T) {
	files := map[string]string{
		"centralizedp2p-0.1.0-windows-amd64-setup.exe":       "an installer",
		"centralizedp2p_0.1.0-1_amd64.deb":                   "a package",
		"centralizedp2p-0.1.0-linux-amd64.tar.gz":            "a tar",
		"centralizedp2p-0.1.0-openbsd-amd64-commands.tar.gz": "commands",
		"SHA256SUMS": "nothing to run",
		"secret.txt": "not for everybody",
	}
	if runtime.GOOS != "windows" { // where no file has such a name
		files["centralizedp2p-\"x\"-linux-amd64.tar.gz"] = "a name to break a header"
	}
	s, _ := handOut(t, files)
	for _, c := range []struct {
		agent         string
		first, others []string
	}{
		{onWindows, []string{"windows-amd64-setup.exe"}, []string{"_amd64.deb", "openbsd"}},
		{onLinux, []string{"_amd64.deb", "linux-amd64.tar.gz"}, []string{"setup.exe", "openbsd"}},
		{onMac, []string{"no package with a window for your system"}, []string{"setup.exe", "_amd64.deb"}},
		{onAndroid, []string{"no package with a window for your system"}, []string{"setup.exe", "_amd64.deb"}},
	} {
		body := s.page(c.agent, "openbsd")
		_, body, _ = strings.Cut(body, `id="get"`)
		first, others, _ := strings.Cut(body, "<details>")
		others, _, _ = strings.Cut(others, "</section>")
		for _, want := range c.first {
			if !strings.Contains(first, want) {
				t.Errorf("%s: %q is not offered first: %s", c.agent, want, first)
			}
		}
		for _, want := range c.others {
			if !strings.Contains(others, want) || strings.Contains(first, want) {
				t.Errorf("%s: %q is not among the others", c.agent, want)
			}
		}
		if all := first + others; strings.Contains(all, "secret") || strings.Contains(all, "SHA256SUMS") || strings.Contains(all, "x&#34;") {
			t.Errorf("%s: the page offers what is no package: %s", c.agent, all)
		}
	}
	for name, content := range files {
		got := s.get(nil, "/get/"+strings.ReplaceAll(name, `"`, "%22"))
		if name == "SHA256SUMS" || name == "secret.txt" || strings.Contains(name, `"`) {
			if got.status != http.StatusNotFound {
				t.Errorf("%s is served: %d", name, got.status)
			}
			continue
		}
		sum := sha256.Sum256([]byte(content))
		if got.status != http.StatusOK || got.body != content || got.header.Get("Content-Disposition") != `attachment; filename="`+name+`"` ||
			got.header.Get("ETag") != `"`+hex.EncodeToString(sum[:])+`"` || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %q %v", name, got.status, got.body, got.header)
		}
		if body := s.page(onLinux, "openbsd"); !strings.Contains(body, hex.EncodeToString(sum[:])) {
			t.Errorf("%s: the page does not say its sum", name)
		}
	}
	if got := s.get(http.Header{"Range": {"bytes=2-"}}, "/get/centralizedp2p-0.1.0-linux-amd64.tar.gz"); got.status != http.StatusPartialContent || got.body != "tar" {
		t.Errorf("a part: %d %q", got.status, got.body)
	}
}

func TestOnlyFilesOfTheFolderAreHandedOut(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, folder := handOut(t, map[string]string{"centralizedp2p-0.1.0-linux-amd64.tar.gz": "a tar"})
	link := "centralizedp2p-0.2.0-linux-amd64.tar.gz"
	if err := os.Symlink(outside, filepath.Join(folder, link)); err != nil {
		t.Skip(err) // Windows lets few people make links
	}
	s.page(onLinux, "centralizedp2p-0.1.0-linux-amd64.tar.gz")
	for _, bad := range []string{link, "..%2f..%2fetc%2fpasswd", "centralizedp2p-x%2f..%2f..%2fa-linux-amd64.tar.gz", ".", "", "%00"} {
		if got := s.get(nil, "/get/"+bad); got.status/100 != 4 {
			t.Errorf("%q: %d %q", bad, got.status, got.body)
		}
	}
}

func TestAProgramThatIsReplacedIsNotServedUnderTheOldSum(t *testing.T) {
	name := "centralizedp2p-0.1.0-linux-amd64.tar.gz"
	s, folder := handOut(t, map[string]string{name: "old"})
	s.page(onLinux, name)
	if err := os.WriteFile(filepath.Join(folder, name), []byte("newer"), 0o644); err != nil {
		t.Fatal(err)
	}
	// The tracker has not looked again yet, or has: it never sends other bytes than it says.
	got := s.get(nil, "/get/"+name)
	sum := sha256.Sum256([]byte(got.body))
	if got.status == http.StatusOK && got.header.Get("ETag") != `"`+hex.EncodeToString(sum[:])+`"` {
		t.Errorf("%q is served with the sum %s", got.body, got.header.Get("ETag"))
	}
}

func TestATrackerWithoutProgramsOffersNone(t *testing.T) {
	s := show(t, empty())
	if got := s.get(nil, "/"); strings.Contains(got.body, "/get/") || strings.Contains(got.body, "#get") {
		t.Error("the page leads to programs")
	}
	if got := s.get(nil, "/get/centralizedp2p-0.1.0-linux-amd64.tar.gz"); got.status != http.StatusNotFound {
		t.Errorf("%d", got.status)
	}
	if _, err := webpages.OpenDownloads(filepath.Join(t.TempDir(), "missing")); netproto.CodeOf(err) != netproto.CodeUsage {
		t.Errorf("a folder that is missing: %v", err)
	}
}
