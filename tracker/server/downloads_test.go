package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
)

// handOut starts a tracker that offers what is in a folder.
func handOut(t *testing.T, files map[string]string) (tr *tracker, folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	downloads, err := server.OpenDownloads(folder)
	if err != nil {
		t.Fatal(err)
	}
	tr = startTracker(t, func(c *server.Config) { c.Downloads = downloads })
	t.Cleanup(func() {
		tr.stop()
		downloads.Close()
	})
	return tr, folder
}

// page waits until the page says something to a browser.
func (tr *tracker) page(agent, want string) string {
	tr.Helper()
	browser := tr.plain("")
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		got := browser.sendWith(http.Header{"User-Agent": {agent}}, "GET", "/", "")
		if strings.Contains(got.body, want) {
			return got.body
		}
		if time.Now().After(deadline) {
			tr.Fatalf("the page does not say %q:\n%s", want, got.body)
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
	tr, _ := handOut(t, files)
	for _, c := range []struct {
		agent         string
		first, others []string
	}{
		{onWindows, []string{"windows-amd64-setup.exe"}, []string{"_amd64.deb", "openbsd"}},
		{onLinux, []string{"_amd64.deb", "linux-amd64.tar.gz"}, []string{"setup.exe", "openbsd"}},
		{onMac, []string{"no package with a window for your system"}, []string{"setup.exe", "_amd64.deb"}},
		{onAndroid, []string{"no package with a window for your system"}, []string{"setup.exe", "_amd64.deb"}},
	} {
		body := tr.page(c.agent, "openbsd")
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
		got := tr.plain("").send("GET", "/get/"+strings.ReplaceAll(name, `"`, "%22"), "")
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
		if body := tr.page(onLinux, "openbsd"); !strings.Contains(body, hex.EncodeToString(sum[:])) {
			t.Errorf("%s: the page does not say its sum", name)
		}
	}
	if got := tr.plain("").sendWith(http.Header{"Range": {"bytes=2-"}}, "GET", "/get/centralizedp2p-0.1.0-linux-amd64.tar.gz", ""); got.status != http.StatusPartialContent || got.body != "tar" {
		t.Errorf("a part: %d %q", got.status, got.body)
	}
}

func TestOnlyFilesOfTheFolderAreHandedOut(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	tr, folder := handOut(t, map[string]string{"centralizedp2p-0.1.0-linux-amd64.tar.gz": "a tar"})
	link := "centralizedp2p-0.2.0-linux-amd64.tar.gz"
	if err := os.Symlink(outside, filepath.Join(folder, link)); err != nil {
		t.Skip(err) // Windows lets few people make links
	}
	tr.page(onLinux, "centralizedp2p-0.1.0-linux-amd64.tar.gz")
	for _, bad := range []string{link, "..%2f..%2fetc%2fpasswd", "centralizedp2p-x%2f..%2f..%2fa-linux-amd64.tar.gz", ".", "", "%00"} {
		if got := tr.plain("").send("GET", "/get/"+bad, ""); got.status/100 != 4 {
			t.Errorf("%q: %d %q", bad, got.status, got.body)
		}
	}
	if got := tr.plain("").send("POST", "/get/centralizedp2p-0.1.0-linux-amd64.tar.gz", "x"); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got.status)
	}
}

func TestAProgramThatIsReplacedIsNotServedUnderTheOldSum(t *testing.T) {
	name := "centralizedp2p-0.1.0-linux-amd64.tar.gz"
	tr, folder := handOut(t, map[string]string{name: "old"})
	tr.page(onLinux, name)
	if err := os.WriteFile(filepath.Join(folder, name), []byte("newer"), 0o644); err != nil {
		t.Fatal(err)
	}
	// The tracker has not looked again yet, or has: it never sends other bytes than it says.
	got := tr.plain("").send("GET", "/get/"+name, "")
	sum := sha256.Sum256([]byte(got.body))
	if got.status == http.StatusOK && got.header.Get("ETag") != `"`+hex.EncodeToString(sum[:])+`"` {
		t.Errorf("%q is served with the sum %s", got.body, got.header.Get("ETag"))
	}
}

func TestATrackerWithoutProgramsOffersNone(t *testing.T) {
	tr := startTracker(t, nil)
	if got := tr.plain("").send("GET", "/", ""); strings.Contains(got.body, "/get/") || strings.Contains(got.body, "#get") {
		t.Error("the page leads to programs")
	}
	if got := tr.plain("").send("GET", "/get/centralizedp2p-0.1.0-linux-amd64.tar.gz", ""); got.status != http.StatusNotFound {
		t.Errorf("%d", got.status)
	}
	if _, err := server.OpenDownloads(filepath.Join(t.TempDir(), "missing")); netproto.CodeOf(err) != netproto.CodeUsage {
		t.Errorf("a folder that is missing: %v", err)
	}
}
