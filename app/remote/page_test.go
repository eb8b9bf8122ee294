package remote

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// listed is an engine with many downloads that notes what it is told.
type listed struct {
	face.Engine
	mu        sync.Mutex
	downloads []face.Download
	done      []string
}

func (l *listed) note(text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = append(l.done, text)
	return nil
}

func (l *listed) Status(context.Context) (face.Status, error) {
	return face.Status{Tracker: "attic", Connection: face.ConnectionConnected}, nil
}
func (l *listed) Downloads(context.Context) ([]face.Download, error) { return l.downloads, nil }
func (l *listed) Pause(_ context.Context, ids []string) error        { return l.note("pause " + ids[0]) }
func (l *listed) Resume(_ context.Context, ids []string) error       { return l.note("resume " + ids[0]) }
func (l *listed) Remove(_ context.Context, ids []string) error       { return l.note("remove " + ids[0]) }
func (l *listed) Download(_ context.Context, r face.DownloadRequest) error {
	return l.note("download " + r.Name + " to " + r.To)
}

// visitor is a browser at a page.
type visitor struct {
	t    *testing.T
	at   string
	http *http.Client
}

// ask returns the status and the text of an answer; headers are "Name: value".
func (v visitor) ask(method, path string, form url.Values, headers ...string) (int, string) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), method, v.at+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		if name == "Host" {
			request.Host = value
		}
		request.Header.Set(name, value)
	}
	response, err := v.http.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	if err != nil {
		v.t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func openPage(t *testing.T, engine face.Engine) (*Page, visitor) {
	t.Helper()
	s := NewServer(engine, Options{Log: slog.New(slog.DiscardHandler)})
	p, err := s.ServePage("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return p, visitor{t, "http://" + p.Address(), &http.Client{Jar: jar}}
}

var tokenField = regexp.MustCompile(`name="token" value="([A-Z0-9]+)"`)

// logIn logs in with a new code and returns the token of the session.
func (v visitor) logIn(p *Page) string {
	v.t.Helper()
	code, _ := p.login.begin()
	status, text := v.ask("POST", "/login", url.Values{"code": {shownCode(code)}})
	found := tokenField.FindStringSubmatch(text)
	if status != http.StatusOK || found == nil {
		v.t.Fatalf("%d %s", status, text)
	}
	return found[1]
}

func TestAPageShowsAndDrivesTheDownloads(t *testing.T) {
	f := &listed{downloads: []face.Download{
		{ID: "a", Name: "<b>film</b>.mkv", State: face.DownloadDownloading, Done: 1, Size: 4},
		{ID: "b", Name: "song.flac", State: face.DownloadPaused, Size: -1}}}
	p, v := openPage(t, f)
	if status, text := v.ask("GET", "/", nil); status != http.StatusOK || strings.Contains(text, "film") || !strings.Contains(text, "serve web-code") {
		t.Errorf("without a code it says %d %s", status, text)
	}
	token := v.logIn(p)
	if _, text := v.ask("GET", "/", nil); !strings.Contains(text, "&lt;b&gt;film&lt;/b&gt;.mkv") || !strings.Contains(text, "attic (Connected)") || !strings.Contains(text, `value="250"`) {
		t.Errorf("it says %s", text)
	}
	v.ask("POST", "/act", url.Values{"token": {token}, "verb": {"Pause"}, "id": {"a"}})
	v.ask("POST", "/act", url.Values{"token": {token}, "verb": {"Resume"}, "id": {"b"}})
	v.ask("POST", "/act", url.Values{"token": {token}, "verb": {"Remove"}, "id": {"b"}})
	link := netproto.Link{Tracker: "attic:5000", Hash: netproto.ContentHash{7}, Name: "new.txt", Size: 3}
	v.ask("POST", "/add", url.Values{"token": {token}, "link": {" " + link.String() + "\n"}})
	if got := strings.Join(f.done, ", "); got != "pause a, resume b, remove b, download new.txt to " {
		t.Errorf("it did %s", got)
	}
	if status, text := v.ask("POST", "/add", url.Values{"token": {token}, "link": {"http://evil.example"}}); status != http.StatusUnprocessableEntity || !strings.Contains(text, "no link") {
		t.Errorf("%d %s", status, text)
	}
	v.ask("POST", "/logout", url.Values{"token": {token}})
	if _, text := v.ask("GET", "/", nil); strings.Contains(text, "song.flac") {
		t.Error("after logging out it still shows the downloads")
	}
}

func TestAPageSpeaksTheLanguageOfItsVisitor(t *testing.T) {
	f := &listed{downloads: []face.Download{{ID: "a", Name: "film.mkv", State: face.DownloadPaused},
		{ID: "b", Name: "song.flac", State: face.DownloadFailed, Failure: face.Failure{Code: netproto.CodeNoSource}}}}
	p, v := openPage(t, f)
	v.logIn(p)
	for accept, want := range map[string][]string{
		"":        {`lang="en"`, "Paused", ">Resume<", "No online peer has this now. Try again"},
		"de-CH":   {`lang="de"`, "Angehalten", ">Fortsetzen<", "Kein Peer, der online ist, hat das gerade."},
		"es":      {`lang="es"`, ">Quitar<"},
		"fr":      {`lang="fr"`, ">Retirer<"},
		"pt":      {`lang="pt-BR"`, ">Remover<"},
		"zh-Hans": {`lang="zh"`, ">移除<"},
		"tlh":     {`lang="en"`, ">Remove<"},
	} {
		_, text := v.ask("GET", "/", nil, "Accept-Language: "+accept)
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("for %q there is no %q in %s", accept, part, text)
			}
		}
	}
	_, text := v.ask("POST", "/login", url.Values{"code": {"AAAA-BBBB-CCCC"}}, "Accept-Language: de")
	if !strings.Contains(text, "Das ist nicht der angezeigte Code") {
		t.Errorf("a wrong code reads %s", text)
	}
}

// What a download can fail of has its words in every language; other codes have English ones.
func TestThePageHasEveryTextInEveryLanguage(t *testing.T) {
	shown := append(slices.Clone(pageVerbs), pageWrongCode, pageNoSession, pageNoLink)
	shown = slices.AppendSeq(shown, maps.Values(connectionWords))
	shown = slices.AppendSeq(shown, maps.Values(stateWords))
	for _, code := range []netproto.Code{netproto.CodeDenied, netproto.CodeNotFound, netproto.CodeInvalid, netproto.CodeInternal, netproto.CodeGone,
		netproto.CodeUnreachable, netproto.CodePeerUnreachable, netproto.CodeNoSource, netproto.CodeFolderUnwritable, netproto.CodeNoSpace} {
		shown = append(shown, wordsOf(code)...)
	}
	if err := pages.Check(pageFiles, shown...); err != nil {
		t.Error(err)
	}
	if len(pages.Languages()) != 6 {
		t.Errorf("the languages are %q", pages.Languages())
	}
}

func TestAPageRefusesWhoHasNoCodeAndOtherSites(t *testing.T) {
	f := &listed{downloads: []face.Download{{ID: "a", Name: "film.mkv", State: face.DownloadPaused}}}
	p, v := openPage(t, f)
	token := v.logIn(p)
	act := url.Values{"token": {token}, "verb": {"Remove"}, "id": {"a"}}
	stranger := visitor{t, v.at, &http.Client{}}
	for what, refused := range map[string]func() (int, string){
		"no session": func() (int, string) { return stranger.ask("POST", "/act", act) },
		"no token":   func() (int, string) { return v.ask("POST", "/act", url.Values{"verb": {"Remove"}, "id": {"a"}}) },
		"another token": func() (int, string) {
			return v.ask("POST", "/act", url.Values{"token": {"AAAA"}, "verb": {"Remove"}, "id": {"a"}})
		},
		"another origin":   func() (int, string) { return v.ask("POST", "/act", act, "Origin: http://evil.example") },
		"another site":     func() (int, string) { return v.ask("POST", "/act", act, "Sec-Fetch-Site: cross-site") },
		"another host":     func() (int, string) { return v.ask("POST", "/act", act, "Host: evil.example") },
		"a page of a name": func() (int, string) { return v.ask("GET", "/", nil, "Host: evil.example:5051") },
		"a large form": func() (int, string) {
			return v.ask("POST", "/add", url.Values{"token": {token}, "link": {strings.Repeat("a", 2*maxForm)}})
		},
		"a verb by GET": func() (int, string) { return v.ask("GET", "/act?verb=Remove&id=a&token="+token, nil) },
		"a wrong code":  func() (int, string) { return stranger.ask("POST", "/login", url.Values{"code": {"AAAA-BBBB-CCCC"}}) },
		"a code used twice": func() (int, string) {
			code, _ := p.login.begin()
			v.ask("POST", "/login", url.Values{"code": {code}})
			return stranger.ask("POST", "/login", url.Values{"code": {code}})
		},
	} {
		if status, text := refused(); status < 400 || strings.Contains(text, "film.mkv") && what != "a large form" && !strings.Contains(what, "token") {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	if len(f.done) > 0 {
		t.Errorf("it did %q", f.done)
	}
}

func TestTenThousandGuessedCodesLogNobodyIn(t *testing.T) {
	p, v := openPage(t, &listed{})
	code, _ := p.login.begin()
	in := 0
	for i := range 10_000 {
		typed := fmt.Sprintf("%012d", i)
		if i == 5000 {
			typed = code // found, but after ten wrong ones it is worth nothing
		}
		if _, err := p.login.try(func(c string) bool { return c == typed }); err == nil {
			in++
		}
	}
	if status, _ := v.ask("POST", "/login", url.Values{"code": {code}}); in > 0 || status != http.StatusForbidden {
		t.Errorf("%d guesses were let in, and then %d", in, status)
	}
}

func TestAPageOfManyDownloadsIsSmall(t *testing.T) {
	f := &listed{}
	for i := range 10_000 {
		f.downloads = append(f.downloads, face.Download{ID: fmt.Sprint(i), Name: fmt.Sprintf("file %05d", i), State: face.DownloadFinished, Size: 1, Done: 1})
	}
	p, v := openPage(t, f)
	v.logIn(p)
	_, first := v.ask("GET", "/", nil)
	_, last := v.ask("GET", "/?from=9800", nil)
	if !strings.Contains(first, "file 00199") || strings.Contains(first, "file 00200") || !strings.Contains(last, "file 09999") || len(first) > 200_000 {
		t.Errorf("the page has %d bytes", len(first))
	}
	if status, _ := v.ask("GET", "/?from=-5&live=1", nil); status != http.StatusOK {
		t.Error(status)
	}
	for range 3 * maxSessions {
		v.logIn(p)
	}
	if len(p.sessions) > maxSessions {
		t.Errorf("%d sessions", len(p.sessions))
	}
}

func TestAPageAtAllAddressesNamesOneThatOthersReach(t *testing.T) {
	s := NewServer(nil, Options{Log: slog.New(slog.DiscardHandler), Outward: func() netip.Addr { return netip.MustParseAddr("192.0.2.7") }})
	defer s.Close()
	for listen, want := range map[string]string{":0": "192.0.2.7:", "127.0.0.1:0": "127.0.0.1:"} {
		p, err := s.ServePage(listen)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.Address(), want) {
			t.Errorf("%s is reached at %s", listen, p.Address())
		}
	}
}
