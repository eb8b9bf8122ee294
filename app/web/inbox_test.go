package web

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/language"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
)

func inboxIn(t *testing.T, dir string) (*Inbox, string) {
	t.Helper()
	in, err := NewInbox(InboxConfig{Folder: dir, Secret: NewSecret(), PIN: NewPIN(), Limits: free{}, Changed: func() {}, Stored: func(Arrival) {}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	})
	return in, served(t, in, in.config.Secret)
}

// phone sends files as the script of the page does.
type phone struct {
	t     *testing.T
	at    string
	token string
}

func phoneAt(t *testing.T, in *Inbox, at string) *phone {
	t.Helper()
	p := &phone{t: t, at: at}
	a := p.ask(200, "POST", "pin", []byte(`{"pin":"`+in.config.PIN+`"}`))
	p.token = a.Token
	return p
}

func (p *phone) ask(status int, method, path string, body []byte) answer {
	p.t.Helper()
	got := ask(p.t, method, p.at+path, body, tokenHeader, p.token)
	var a answer
	if err := json.Unmarshal(got.body, &a); err != nil || got.status != status {
		p.t.Fatalf("%s %s: %d %s", method, path, got.status, got.body)
	}
	return a
}

func (p *phone) begin(name string, size int) answer {
	p.t.Helper()
	body, err := json.Marshal(announced{Name: name, Size: int64(size), Modified: 7})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.ask(200, "POST", "files", body)
}

func (p *phone) finish(status int, id string, hash netproto.ContentHash) answer {
	p.t.Helper()
	return p.ask(status, "POST", "files/"+id+"/done", fmt.Appendf(nil, `{"hash":%q}`, hash))
}

func (p *phone) send(name string, content []byte) {
	p.t.Helper()
	a := p.begin(name, len(content))
	p.ask(200, "PATCH", "files/"+a.ID+"?offset=0", content)
	p.finish(200, a.ID, hashOf(content))
}

func wantFiles(t *testing.T, dir string, want map[string][]byte) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got, err := os.ReadFile(filepath.Join(dir, e.Name()))
		content, ok := want[e.Name()]
		if err != nil || !ok || !bytes.Equal(got, content) {
			t.Errorf("%q is there: %v", e.Name(), err)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, not %d", len(entries), len(want))
	}
}

func TestAFileFromAPhoneGoesOnWhereItBroke(t *testing.T) {
	dir := t.TempDir()
	in, at := inboxIn(t, dir)
	p := phoneAt(t, in, at)
	content := randomBytes(2*step + 10)
	id := p.begin("photo.jpg", len(content)).ID
	p.ask(200, "PATCH", "files/"+id+"?offset=0", content[:1000])

	// a connection that breaks in the middle of a request
	conn, err := net.Dial("tcp", strings.Split(at, "/")[2])
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "PATCH /%s/files/%s?offset=1000 HTTP/1.1\r\nHost: 127.0.0.1\r\n%s: %s\r\nContent-Length: 200000\r\n\r\n", in.config.Secret, id, tokenHeader, p.token)
	conn.Write(content[1000 : 1000+100_000])
	conn.Close()
	var a answer
	for until := time.Now().Add(20 * time.Second); *p.ask(200, "GET", "files/"+id, nil).Offset != 101_000; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d bytes came", *p.ask(200, "GET", "files/"+id, nil).Offset)
		}
	}
	for _, offset := range []string{"0", "1000", "101001", "99999999"} {
		if a = p.ask(409, "PATCH", "files/"+id+"?offset="+offset, content[:10]); *a.Offset != 101_000 {
			t.Errorf("%+v", a)
		}
	}
	p.finish(422, id, hashOf(content)) // not complete
	// The page was loaded again: the same file is the same upload.
	if a = p.begin("photo.jpg", len(content)); a.ID != id || *a.Offset != 101_000 {
		t.Errorf("%+v", a)
	}
	p.ask(200, "PATCH", "files/"+id+"?offset=101000", content[101_000:])
	p.ask(413, "PATCH", fmt.Sprintf("files/%s?offset=%d", id, len(content)), []byte("more"))
	p.finish(200, id, hashOf(content))
	p.finish(200, id, hashOf(content)) // the answer was lost
	wantFiles(t, dir, map[string][]byte{"photo.jpg": content})
	if arrivals := in.Arrivals(); len(arrivals) != 1 || arrivals[0].State != ArrivalStored || arrivals[0].Path != filepath.Join(dir, "photo.jpg") {
		t.Errorf("%+v", arrivals)
	}
}

// A phone that lost its connection comes back before this computer has noticed.
func TestABrokenConnectionIsNotWaitedFor(t *testing.T) {
	in, at := inboxIn(t, t.TempDir())
	p := phoneAt(t, in, at)
	content := randomBytes(1000)
	id := p.begin("a", len(content)).ID
	conn, err := net.Dial("tcp", strings.Split(at, "/")[2])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PATCH /%s/files/%s?offset=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n%s: %s\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n", in.config.Secret, id, tokenHeader, p.token)
	if _, err := conn.Read(make([]byte, 1)); err != nil { // it reads the body now
		t.Fatal(err)
	}
	began := time.Now()
	p.ask(200, "PATCH", "files/"+id+"?offset=0", content)
	if time.Since(began) > stall/2 {
		t.Error("the old connection was waited for")
	}
	p.finish(200, id, hashOf(content))
}

func TestWhatDidNotArriveWholeHasNoName(t *testing.T) {
	dir := t.TempDir()
	in, at := inboxIn(t, dir)
	p := phoneAt(t, in, at)
	content := randomBytes(5000)
	wrong := p.begin("wrong.jpg", len(content)).ID
	p.ask(200, "PATCH", "files/"+wrong+"?offset=0", content)
	if a := p.finish(409, wrong, netproto.ContentHash{1}); a.Code != netproto.CodeWrongPiece {
		t.Errorf("%+v", a)
	}
	cancelled := p.begin("cancelled.jpg", len(content)).ID
	p.ask(200, "PATCH", "files/"+cancelled+"?offset=0", content[:100])
	p.ask(200, "DELETE", "files/"+cancelled, nil)
	p.ask(410, "PATCH", "files/"+cancelled+"?offset=100", content[100:])
	wantFiles(t, dir, nil)
	p.begin("forgotten.jpg", 10)
	in.Close()
	wantFiles(t, dir, nil)
}

func TestFilesFromPhonesGetSafeAndFreeNames(t *testing.T) {
	dir := t.TempDir()
	in, at := inboxIn(t, dir)
	p := phoneAt(t, in, at)
	if err := os.WriteFile(filepath.Join(dir, "photo.jpg"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.send("photo.jpg", []byte("yours"))
	p.send("", nil)
	wantFiles(t, dir, map[string][]byte{"photo.jpg": []byte("mine"), "photo (2).jpg": []byte("yours"), netproto.SafeName(""): nil})
	tried := 0
	for i, c := range nametest.Names() {
		if len(c.Text) > mostJSON/2 {
			continue // no file is called like that
		}
		p.send(c.Text, fmt.Append(nil, i))
		tried++
	}
	nametest.Tried(t, tried, "files that a phone sends")
	for _, a := range in.Arrivals() {
		if filepath.Dir(a.Path) != dir || netproto.CheckName(filepath.Base(a.Path)) != nil {
			t.Errorf("%q is at %q", a.Name, a.Path)
		}
	}
}

func TestThreeWrongPINsCloseAnAddress(t *testing.T) {
	t.Parallel()
	now := time.Now()
	l := lock{pin: "123456", wrong: map[netip.Addr]*wrongPINs{}}
	a, b := netip.MustParseAddr("192.168.1.7"), netip.MustParseAddr("192.168.1.8")
	try := func(from netip.Addr, pin string, want netproto.Code) {
		t.Helper()
		err := l.try(from, pin, now)
		if err == nil && want != "" || err != nil && netproto.CodeOf(err) != want {
			t.Errorf("%s: %v", pin, err)
		}
	}
	try(a, "1", netproto.CodeDenied)
	try(a, "123456", netproto.CodeTooMany) // too soon, even if it is right
	now = now.Add(wrongWait)
	try(a, "2", netproto.CodeDenied)
	now = now.Add(wrongWait)
	try(a, "3", netproto.CodeTooMany) // the wait grows
	now = now.Add(wrongWait)
	try(a, "3", netproto.CodeBanned)
	now = now.Add(time.Hour)
	try(a, "123456", netproto.CodeBanned)
	try(b, "123456", "")
	for i := range wrongAll {
		try(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), "0", map[bool]netproto.Code{true: netproto.CodeDenied, false: netproto.CodeGone}[i+3 < wrongAll])
	}
	try(b, "123456", netproto.CodeGone)
	if !l.isShut() || len(l.wrong) > wrongAll {
		t.Errorf("%d addresses", len(l.wrong))
	}
}

func TestWithoutThePINNothingCanBeSent(t *testing.T) {
	dir := t.TempDir()
	in, at := inboxIn(t, dir)
	p := phoneAt(t, in, at)
	stranger := &phone{t: t, at: at}
	if a := stranger.ask(403, "POST", "pin", []byte(`{"pin":"nope"}`)); a.Code != netproto.CodeDenied || a.Seconds != 1 {
		t.Errorf("%+v", a)
	}
	for _, token := range []string{"", "x", strings.Repeat("A", 26)} {
		stranger.token = token
		stranger.ask(401, "POST", "files", []byte(`{"name":"a","size":1}`))
		stranger.ask(401, "PATCH", "files/x?offset=0", []byte("a"))
	}
	p.ask(400, "POST", "files", []byte(`{`))
	p.ask(400, "POST", "files", bytes.Repeat([]byte(`{"name":"a`), mostJSON))
	p.ask(413, "POST", "files", []byte(`{"name":"a","size":-1}`))
	p.ask(413, "POST", "files", []byte(`{"name":"a","size":99999999999999999}`))
	p.ask(507, "POST", "files", fmt.Appendf(nil, `{"name":"a","size":%d}`, int64(netproto.MaxContentSize)))
	p.ask(404, "GET", "files/x", nil)
	p.ask(404, "POST", "nowhere", nil)
	id := p.begin("a", 1).ID
	p.ask(405, "PUT", "files/"+id, nil)
	p.ask(400, "PATCH", "files/"+id+"?offset=-1", []byte("a"))
	conn, err := net.Dial("tcp", strings.Split(at, "/")[2])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PATCH /%s/files/%s?offset=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n%s: %s\r\nContent-Length: %d\r\n\r\n", in.config.Secret, id, tokenHeader, p.token, mostChunk+1)
	if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, " 413 ") {
		t.Errorf("a request that is too long: %q %v", line, err)
	}
	for i := range mostUnfinished - 1 {
		p.begin(fmt.Sprint("f", i), 1)
	}
	p.ask(503, "POST", "files", []byte(`{"name":"more","size":1}`))
	wantUnnamed(t, dir)
}

func wantUnnamed(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), netproto.PartPrefix) {
			t.Errorf("%s has a name", e.Name())
		}
	}
}

func TestAnUploadThatStandsStillEnds(t *testing.T) {
	dir := t.TempDir()
	in, at := inboxIn(t, dir)
	p := phoneAt(t, in, at)
	id := p.begin("a", 1).ID
	u, err := in.byID(id)
	if err != nil {
		t.Fatal(err)
	}
	in.sweep()
	if u.arrival().State != ArrivalRunning {
		t.Error("it ended early")
	}
	u.mu.Lock()
	u.last = time.Now().Add(-2 * patience)
	u.mu.Unlock()
	in.sweep()
	p.ask(410, "PATCH", "files/"+id+"?offset=0", []byte("a"))
	wantFiles(t, dir, nil)
}

func TestAnInboxNeedsAFolderAndAPIN(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []InboxConfig{{Folder: filepath.Join(dir, "none"), PIN: "123456"}, {Folder: dir, PIN: "123"}, {Folder: dir, PIN: "12 34"}, {Folder: dir, PIN: "12\u200b34"}} {
		if in, err := NewInbox(c); err == nil {
			in.Close()
			t.Errorf("%+v", c)
		}
	}
}

func FuzzOffset(f *testing.F) {
	for _, seed := range []string{"offset=0", "offset=17", "offset=-1", "offset=9223372036854775807", "offset=1&x=2", "offset=0x1", "offset=007"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		n, err := parseOffset(query)
		if err == nil && (n < 0 || fmt.Sprint("offset=", n) != query) {
			t.Fatalf("%q is %d", query, n)
		}
	})
}

func TestEveryTextIsInEveryLanguage(t *testing.T) {
	t.Parallel()
	var wanted []string
	for _, english := range scriptEnglish {
		wanted = append(wanted, english)
	}
	if err := pages.Check(files, append(wanted, problemChanged, problemUnreadable)...); err != nil {
		t.Error(err)
	}
}

func TestThePagesHaveTheLanguagesOfTheWindow(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("../../assets/translations/*.json")
	if err != nil || len(names) < 6 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		tag := language.Make(strings.ReplaceAll(strings.TrimSuffix(filepath.Base(name), ".json"), "_", "-"))
		if !pages.Has(tag) {
			t.Errorf("there is no %s", tag)
		}
	}
}
