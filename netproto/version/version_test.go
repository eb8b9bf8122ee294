package version

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
)

func TestTheVersionIsThatOfFyneAppToml(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "FyneApp.toml"))
	if err != nil {
		t.Fatal(err)
	}
	stated := regexp.MustCompile(`(?m)^Version = "(.*)"$`).FindSubmatch(raw)
	if stated == nil || string(stated[1]) != Number {
		t.Errorf("FyneApp.toml has the version %q, the programs have %q", stated, Number)
	}
	if _, ok := numbers(Number); !ok {
		t.Errorf("%q is not three numbers", Number)
	}
}

func TestABuildSaysItsCommitAndDate(t *testing.T) {
	for _, c := range []struct {
		settings []debug.BuildSetting
		want     string
	}{
		{nil, "0.1.0"},
		{[]debug.BuildSetting{{Key: "vcs.revision", Value: "4a9c4ca0f1"}}, "0.1.0 (4a9c4ca)"},
		{[]debug.BuildSetting{{Key: "vcs.revision", Value: "4a9c4ca0f1"}, {Key: "vcs.time", Value: "2026-11-26T19:35:14Z"}}, "0.1.0 (4a9c4ca, 2026-11-26)"},
		{[]debug.BuildSetting{{Key: "vcs.revision", Value: "4a9"}, {Key: "vcs.modified", Value: "true"}, {Key: "vcs.time", Value: "2026"}}, "0.1.0 (4a9 with changes, 2026)"},
	} {
		b := Build{Version: "0.1.0"}
		b.readSettings(c.settings)
		if got := b.String(); got != c.want {
			t.Errorf("%v: %q, not %q", c.settings, got, c.want)
		}
	}
}

func TestWhatTheLinkerSetsGoesBeforeWhatGoNoted(t *testing.T) {
	commit, date = "0123456789abcdef", "2026-01-02T03:04:05Z"
	defer func() { commit, date = "", "" }()
	if got, want := Here().String(), Number+" (0123456, 2026-01-02)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestOnlyAGreaterVersionIsNewer(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"0.1.1", "0.1.0", true}, {"0.2.0", "0.1.9", true}, {"1.0.0", "0.99.99", true}, {"0.10.0", "0.9.0", true},
		{"0.1.0", "0.1.0", false}, {"0.1.0", "0.1.1", false}, {"0.9.0", "0.10.0", false},
		{"v1.0.0", "0.1.0", false}, {"1.0", "0.1.0", false}, {"1.0.0-beta", "0.1.0", false}, {"01.0.0", "0.1.0", false},
		{"99999999999.0.0", "0.1.0", false}, {"-1.0.0", "0.1.0", false}, {"", "0.1.0", false},
	} {
		if got := newer(c.a, c.b); got != c.want {
			t.Errorf("%q is newer than %q: %t", c.a, c.b, got)
		}
	}
}

func TestTheNewestReleaseIsAskedFor(t *testing.T) {
	answers := map[string]string{
		"/right":    `{"version":"7.8.9","page":"https://example.org/get"}`,
		"/script":   `{"version":"7.8.9","page":"javascript:alert(1)"}`,
		"/none":     `{}`,
		"/no-json":  `<html>`,
		"/too-long": `{"version":"7.8.9","page":"https://example.org/` + strings.Repeat("a", maxRelease) + `"}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "/right", http.StatusFound)
			return
		}
		answer, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		w.Write([]byte(answer))
	}))
	defer server.Close()
	got, err := newest(t.Context(), server.URL+"/right")
	if want := (Release{Version: "7.8.9", Page: "https://example.org/get"}); err != nil || got != want || !got.Newer() {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := newest(t.Context(), server.URL+"/script"); err != nil || got.Page != "" {
		t.Errorf("a page that is no web page: %+v, %v", got, err)
	}
	for _, bad := range []string{"/none", "/no-json", "/too-long", "/missing", "/redirect"} {
		if got, err := newest(t.Context(), server.URL+bad); err == nil || got != (Release{}) {
			t.Errorf("%s: %+v, %v", bad, got, err)
		}
	}
	for _, bad := range []string{"", "http://203.0.113.7/latest.json", "http://localhost.example.org/", "file:///etc/passwd", "https://"} {
		if _, err := newest(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "https") {
			t.Errorf("%q was asked: %v", bad, err)
		}
	}
}

func FuzzAnAnswerAboutReleases(f *testing.F) {
	f.Add([]byte(`{"version":"7.8.9","page":"https://example.org/get"}`))
	f.Add([]byte(`{"version":"7.8.9","page":"javascript:alert(1)"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parse(raw)
		if err != nil && r != (Release{}) {
			t.Errorf("an answer and an error: %+v, %v", r, err)
		}
		if err == nil && r.Page != "" && !strings.HasPrefix(strings.ToLower(r.Page), "https://") {
			t.Errorf("the page %q", r.Page)
		}
	})
}
