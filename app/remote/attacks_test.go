package remote

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// citadel is a peer that other computers may drive, and one that was paired with it.
type citadel struct {
	t       *testing.T
	server  *Server
	far     *Far
	folder  string // the allowed one
	book    *Book
	key     *identity.Identity // of the peer
	client  *identity.Identity // of the paired program
	paired  Paired             // the peer, as that program knows it
	clock   time.Time
	clockMu sync.Mutex
}

func newIdentity(t *testing.T) *identity.Identity {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func newCitadel(t *testing.T, engine face.Engine) *citadel {
	t.Helper()
	c := &citadel{t: t, folder: t.TempDir(), key: newIdentity(t), client: newIdentity(t), clock: time.Now()}
	profile := t.TempDir()
	var err error
	if c.book, err = Controllers(profile); err != nil {
		t.Fatal(err)
	}
	c.server = NewServer(engine, Options{Version: "1.2.3", Log: slog.New(slog.DiscardHandler), Profile: profile, Controllers: c.book})
	c.server.pairing.now = c.now
	if err := c.server.ServeLocal(profile); err != nil {
		t.Fatal(err)
	}
	if c.far, err = c.server.ServeTLS("127.0.0.1:0", c.key, Bounds{Folders: []string{c.folder}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.server.Close(); err != nil {
			t.Error(err)
		}
	})
	local := NewLocal(profile)
	defer local.Close()
	code, err := local.ShowCode(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.paired, err = Pair(t.Context(), c.client, c.far.Address(), strings.ToLower(code.Code), "Zoë's laptop"); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *citadel) now() time.Time {
	c.clockMu.Lock()
	defer c.clockMu.Unlock()
	return c.clock
}

func (c *citadel) wait(d time.Duration) {
	c.clockMu.Lock()
	defer c.clockMu.Unlock()
	c.clock = c.clock.Add(d)
}

// drive is the engine for a program with a key.
func (c *citadel) drive(id *identity.Identity) *Client {
	far := NewFar(id, c.paired)
	c.t.Cleanup(func() { far.Close() })
	return far
}

// answers is an engine that answers Status, and notes what it was asked for.
type answers struct {
	face.Engine
	mu    sync.Mutex
	asked []string
}

func (a *answers) Status(context.Context) (face.Status, error) {
	return face.Status{Tracker: "attic"}, nil
}

func (a *answers) Review(_ context.Context, paths []string) (face.Review, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, paths...)
	return face.Review{}, nil
}

func TestAPairedProgramDrivesAndNobodyElse(t *testing.T) {
	c := newCitadel(t, &answers{})
	if s, err := c.drive(c.client).Status(t.Context()); err != nil || s.Tracker != "attic" {
		t.Fatalf("%+v, %v", s, err)
	}
	if list := c.book.List(); len(list) != 1 || list[0].Name != "Zoë's laptop" || list[0].Key != c.client.Fingerprint() {
		t.Errorf("the book has %+v", list)
	}
	again, err := openBook(c.book.file)
	if err != nil || !slices.Equal(again.List(), c.book.List()) {
		t.Errorf("on the disk there is %+v, %v", again.List(), err)
	}
	if info, err := os.Stat(c.book.file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	if s, err := c.drive(newIdentity(t)).Status(t.Context()); err == nil {
		t.Errorf("a wrong key gets %+v", s)
	}
	keyless := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer keyless.CloseIdleConnections()
	for _, url := range []string{"https://" + c.far.Address(), "http://" + c.far.Address()} {
		response, err := keyless.Post(url+routeEngine+"Status", mediaJSON, strings.NewReader("{}"))
		if err == nil {
			text, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if bytes.Contains(text, []byte("attic")) || response.StatusCode == http.StatusOK {
				t.Errorf("without a key there is %s: %s", response.Status, text)
			}
		}
	}

	other := c.paired
	other.Key = newIdentity(t).Fingerprint()
	posing := NewFar(c.client, other)
	defer posing.Close()
	if _, err := posing.Status(t.Context()); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("a peer with another key: %v", err)
	}

	driving := c.drive(c.client)
	if err := c.book.Remove(c.client.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	if _, err := driving.Status(t.Context()); err == nil {
		t.Error("a key that was removed still drives")
	}
}

// While a code is shown, strangers get as far as the pairing and no further.
func TestAShownCodeOpensNothingButThePairing(t *testing.T) {
	c := newCitadel(t, &answers{})
	c.server.pairing.begin()
	stranger := c.drive(newIdentity(t))
	if _, err := stranger.Status(t.Context()); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("a call: %v", err)
	}
	if _, err := stranger.Peer(t.Context()); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("who it is: %v", err)
	}
	if _, err := stranger.ShowCode(t.Context()); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("a code: %v", err)
	}
	paired := c.drive(c.client)
	if _, err := paired.ShowCode(t.Context()); netproto.CodeOf(err) != netproto.CodeMethod {
		t.Errorf("a paired program on another computer asks for a code: %v", err)
	}
	if err := paired.Unpair(t.Context(), c.client.Fingerprint()); netproto.CodeOf(err) != netproto.CodeMethod {
		t.Errorf("it unpairs: %v", err)
	}
}

func TestTenThousandGuessedCodesPairNobody(t *testing.T) {
	c := newCitadel(t, &answers{})
	code, _ := c.server.pairing.begin()
	const guesses, atOnce = 10_000, 16
	id := newIdentity(t)
	var checked, refused int // proofs that were compared; answers without
	var mu sync.Mutex
	try := func(n int) {
		right := false
		_, err := c.server.pairing.try(func(string) bool {
			mu.Lock()
			checked++
			mu.Unlock()
			return right
		})
		if err != nil {
			mu.Lock()
			refused++
			mu.Unlock()
		}
	}
	var group sync.WaitGroup
	for worker := range atOnce {
		group.Go(func() {
			for n := worker; n < guesses; n += atOnce {
				try(n)
			}
		})
	}
	group.Wait()
	t.Logf("%d guesses: %d proofs were compared, %d refused", guesses, checked, refused)
	if checked != CodeTries || refused != guesses {
		t.Errorf("%d proofs were compared, %d refused", checked, refused)
	}
	// The right code is worth nothing after that, over the wire either.
	if _, err := Pair(t.Context(), id, c.far.Address(), code, "late"); err == nil {
		t.Error("the code still pairs")
	}
	if n := len(c.book.List()); n != 1 {
		t.Errorf("%d are paired", n)
	}
}

func TestAWrongCodeIsRefusedAndTheRightOneWorksOnce(t *testing.T) {
	c := newCitadel(t, &answers{})
	code, _ := c.server.pairing.begin()
	wrong := "0000-0000-0000"
	if _, err := Pair(t.Context(), newIdentity(t), c.far.Address(), wrong, "x"); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("a wrong code: %v", err)
	}
	for _, text := range []string{"", "K7QF", "K7QF-2M9X-W3T!", strings.Repeat("A", 13)} {
		if _, err := Pair(t.Context(), newIdentity(t), c.far.Address(), text, "x"); netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
	var group sync.WaitGroup
	paired := make(chan netproto.Fingerprint, 8)
	for range cap(paired) {
		id := newIdentity(t)
		group.Go(func() {
			if _, err := Pair(t.Context(), id, c.far.Address(), code, "x"); err == nil {
				paired <- id.Fingerprint()
			}
		})
	}
	group.Wait()
	if len(paired) != 1 || len(c.book.List()) != 2 {
		t.Errorf("a code paired %d programs; %d are in the book", len(paired), len(c.book.List()))
	}
}

func TestACodeExpires(t *testing.T) {
	c := newCitadel(t, &answers{})
	code, _ := c.server.pairing.begin()
	c.wait(CodeLife)
	if _, err := Pair(t.Context(), newIdentity(t), c.far.Address(), code, "x"); err == nil {
		t.Error("it pairs after its time")
	}
}

// Somebody in between, who shows keys of his own to both sides, passes on what he hears:
// it is worth nothing on his other connection.
func TestAProofIsWorthNothingOnAnotherConnection(t *testing.T) {
	c := newCitadel(t, &answers{})
	code, _ := c.server.pairing.begin()
	thief := newIdentity(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", thief.ServerTLS(identity.HTTP, true, nil))
	if err != nil {
		t.Fatal(err)
	}
	var passedOn int
	between := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.server.pairing.open()
		for range 2 { // and replays it
			far := newClient("https://"+c.far.Address(), &http.Transport{DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&tls.Dialer{Config: thief.ClientTLS(identity.HTTP, func(ed25519.PublicKey) error { return nil })}).DialContext(ctx, "tcp", c.far.Address())
			}})
			raw, err := far.exchange(r.Context(), http.MethodPost, routePair, body)
			if netproto.CodeOf(err) == netproto.CodeDenied {
				passedOn++
			}
			w.Write(raw)
			far.Close()
		}
	}), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	go between.Serve(ln)
	defer between.Close()
	if p, err := Pair(t.Context(), c.client, ln.Addr().String(), code, "x"); err == nil {
		t.Errorf("the person trusts the one in between: %+v", p)
	}
	if passedOn != 2 || c.book.Has(thief.Fingerprint()) {
		t.Errorf("the proof was refused %d times; the thief is paired: %t", passedOn, c.book.Has(thief.Fingerprint()))
	}
}

func TestAPageInABrowserIsRefused(t *testing.T) {
	c := newCitadel(t, &answers{})
	driving := c.drive(c.client) // as if the browser had the key
	for name, header := range map[string]http.Header{
		"a form":           {"Content-Type": {"application/x-www-form-urlencoded"}},
		"plain text":       {"Content-Type": {"text/plain"}},
		"nothing":          {},
		"a page's request": {"Content-Type": {mediaJSON}, "Origin": {"https://evil.example"}},
	} {
		for _, route := range []string{routeEngine + "Status", routePair} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, driving.base+route, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header = header
			response, err := driving.http.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusForbidden {
				t.Errorf("%s to %s: %s", name, route, response.Status)
			}
		}
	}
}

func TestACallerElsewhereStaysInTheAllowedFolders(t *testing.T) {
	engine := &answers{}
	c := newCitadel(t, engine)
	driving := c.drive(c.client)
	in := func(name string) string { return filepath.Join(c.folder, name) }
	outside := t.TempDir()
	for _, err := range []error{
		os.MkdirAll(in("album"), 0o755),
		os.MkdirAll(c.folder+"-other", 0o755),
		os.WriteFile(filepath.Join(outside, "secret"), nil, 0o644),
		os.Symlink(outside, in("way out")),
		os.Symlink(filepath.Join(outside, "gone"), in("dangling")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { os.RemoveAll(c.folder + "-other") })
	for _, path := range []string{c.folder, in("album"), in("not there yet"), in("not/there/yet")} {
		if _, err := driving.Review(t.Context(), []string{path}); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	allowed := len(engine.asked)
	for _, path := range []string{
		"", "/", ".", "album", outside, filepath.Dir(c.folder), c.folder + "-other", c.folder + "/album/../..", c.folder + "/../" + filepath.Base(outside),
		in("way out"), in("way out/secret"), in("way out/not there"), in("dangling"), in("dangling/x"), "\x00", in("album") + "\x00/x",
	} {
		if _, err := driving.Review(t.Context(), []string{in("album"), path}); netproto.CodeOf(err) != netproto.CodeDenied {
			t.Errorf("%q: %v", path, err)
		}
	}
	if err := driving.Download(t.Context(), face.DownloadRequest{To: outside}); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("a download to %s: %v", outside, err)
	}
	if _, err := driving.ReviewSend(t.Context(), []string{outside}); netproto.CodeOf(err) != netproto.CodeDenied {
		t.Errorf("what is sent from %s: %v", outside, err)
	}
	if len(engine.asked) != allowed {
		t.Errorf("the engine was asked for %q", engine.asked[allowed:])
	}
}

// harmless are arguments that are called a path or a folder, and name no place on the
// disk of the peer.
var harmless = []string{
	"FolderContents.folder",       // a hash
	"Prefer.path", "Preview.path", // in a downloaded folder
	"Download.request.paths", // in the folder that is fetched
	"Share.request.items.except", "Share.request.items.allow", "Send.request.items.except", "Send.request.items.allow",
	"Download.request.folder", // whether it is one
	"ApplySettings.settings.ignore",
}

// Whatever may name a place on the disk is looked at before the engine sees it.
func TestEveryArgumentThatNamesAPathIsBounded(t *testing.T) {
	looks := func(name string) bool {
		return slices.ContainsFunc([]string{"path", "folder", "dir", "file", "command"}, func(word string) bool { return strings.Contains(name, word) })
	}
	var places func(of reflect.Type, name string) []string
	places = func(of reflect.Type, name string) (found []string) {
		switch of.Kind() {
		case reflect.Slice, reflect.Pointer:
			return places(of.Elem(), name)
		case reflect.Struct:
			for _, field := range reflect.VisibleFields(of) {
				tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				if tag != "" && len(field.Index) == 1 {
					found = append(found, places(field.Type, name+"."+tag)...)
				} else if field.Anonymous {
					found = append(found, places(field.Type, name)...)
				}
			}
			return found
		case reflect.String:
			if last := name[strings.LastIndexByte(name, '.')+1:]; looks(last) {
				return []string{name}
			}
		}
		return nil
	}
	own := reflect.TypeFor[bounded]()
	for _, method := range carried() {
		for i, argument := range arguments[method.Name] {
			for _, place := range places(method.Type.In(i+1), method.Name+"."+argument) {
				if slices.Contains(harmless, place) {
					continue
				}
				m, _ := own.MethodByName(method.Name)
				if file, _ := runtime.FuncForPC(m.Func.Pointer()).FileLine(m.Func.Pointer()); !strings.HasSuffix(file, "bounded.go") {
					t.Errorf("%s may name a place on the disk: give `bounded` (app/remote/bounded.go) a method %s that looks at it, or name it in `harmless` here", place, method.Name)
				}
			}
		}
	}
}

// restless is an engine that changes all the time.
type restless struct {
	answers
	watches sync.WaitGroup
}

func (r *restless) Watch(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{})
	r.watches.Go(func() {
		defer close(changed)
		for {
			select {
			case <-ctx.Done():
				return
			case changed <- struct{}{}:
			}
		}
	})
	return changed
}

// unread opens event streams and reads nothing of them.
func (c *citadel) unread(ctx context.Context, n int) (open, full int) {
	c.t.Helper()
	driving := c.drive(c.client)
	for range n {
		response, err := driving.send(ctx, http.MethodGet, routeEvents, nil, "")
		if err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { response.Body.Close() })
		switch response.StatusCode {
		case http.StatusOK:
			open++
		case http.StatusServiceUnavailable:
			full++
			response.Body.Close()
		}
	}
	return open, full
}

func TestEventStreamsThatNobodyReadsAreBounded(t *testing.T) {
	engine := &quiet{}
	c := newCitadel(t, engine)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	ctx, cancel := context.WithCancel(t.Context())
	open, full := c.unread(ctx, maxStreams+16)
	if open != maxStreams || full != 16 {
		t.Errorf("%d are open, %d were refused", open, full)
	}
	if _, err := c.drive(c.client).Status(t.Context()); err != nil {
		t.Errorf("a call beside them: %v", err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d streams that nobody reads take %d kB on both sides", open, (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>10)
	cancel()
	engine.watches.Wait()
}

// A stream of an engine that changes all the time fills the line of a caller that does
// not read, and ends there.
func TestAnEventStreamThatStallsEnds(t *testing.T) {
	engine := &restless{}
	c := newCitadel(t, engine)
	c.server.stalled = 50 * time.Millisecond
	if open, _ := c.unread(t.Context(), 1); open != 1 {
		t.Fatal("there is no stream")
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		engine.watches.Wait()
	}()
	select {
	case <-ended:
	case <-time.After(4 * patience): // some megabytes have to fill up
		t.Fatalf("it goes on after %s", 4*patience)
	}
}

// quiet is an engine in which nothing changes.
type quiet struct {
	answers
	watches sync.WaitGroup
}

func (q *quiet) Watch(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{})
	q.watches.Add(1)
	context.AfterFunc(ctx, func() {
		defer q.watches.Done()
		close(changed)
	})
	return changed
}

func FuzzArguments(f *testing.F) {
	f.Add([]byte(`{"downloads":["a"]}`))
	f.Add([]byte(`{}`))
	f.Add([]byte(` {"a":{"a":[1e400]}} {`))
	f.Fuzz(func(t *testing.T, body []byte) {
		given, err := parseArguments(body)
		if err == nil && len(body) > 0 && !json.Valid(body) {
			t.Errorf("%q is %v", body, given)
		}
	})
}

func FuzzTypedCode(f *testing.F) {
	f.Add("k7qf-2m9x-w3td")
	f.Add("OILO 0000 0000")
	f.Fuzz(func(t *testing.T, text string) {
		code, err := typedCode(text)
		if err != nil {
			return
		}
		if again, err := typedCode(shownCode(code)); err != nil || again != code {
			t.Errorf("%q is %q, and shown %q, %v", text, code, again, err)
		}
	})
}

func TestCodesAreRandom(t *testing.T) {
	seen := map[string]bool{}
	letters := map[rune]int{}
	for range 1000 {
		code := newCode()
		if seen[code] {
			t.Fatalf("%s comes twice", code)
		}
		seen[code] = true
		for _, r := range code {
			letters[r]++
		}
	}
	if len(letters) != len(codeAlphabet) {
		t.Errorf("codes have %d letters", len(letters))
	}
	if _, err := typedCode(fmt.Sprint(shownCode(newCode()))); err != nil {
		t.Error(err)
	}
}
