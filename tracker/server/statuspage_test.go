package server_test

import (
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/webpages"
	"centralizedp2p/tracker/store"
)

func TestTheStatusPageShowsWhatIsThereAndNothingPrivate(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("198.51.100.4")
	peer.join(netproto.JoinRequest{Name: "Alice of Wonderland", Port: 4123, Candidates: []string{"192.168.7.8:4123"}})
	peer.announce(file("Wolken über Berlin.txt"), file("rain.mkv"))

	for _, visitor := range []*client{tr.plain("203.0.113.9"), tr.clientOf(nil, "203.0.113.9")} {
		got := visitor.send("GET", "/", "")
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Fatalf("%d %v", got.status, got.header)
		}
		link := netproto.Link{Tracker: tr.addr, Size: -1, Fingerprint: tr.key.Fingerprint()}
		for _, want := range []string{"<bdi>test tracker</bdi>", tr.key.Fingerprint().String(), "1.2.3", link.String(),
			"<b>1</b><span>peers online", "<b>2</b><span>resources online", "<b>40 kB</b>", "Wolken über Berlin.txt", "rain.mkv"} {
			if !strings.Contains(html.UnescapeString(got.body), want) {
				t.Errorf("the page lacks %q", want)
			}
		}
		// A port or a fingerprint may happen to have the digits of what is private.
		rest := strings.NewReplacer(html.EscapeString(link.String()), "", tr.addr, "", tr.key.Fingerprint().String(), "").Replace(got.body)
		for _, private := range []string{"Alice", peer.id.PeerID().String(), peer.id.Fingerprint().String(), "198.51.100.4", "192.168.7.8", "4123", "203.0.113.9"} {
			if strings.Contains(rest, private) {
				t.Errorf("the page tells %q", private)
			}
		}
	}
}

func TestTheStatusPageSearches(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("Wolken über Berlin.txt"), file("rain.mkv"))
	search := func(q string) (int, string) {
		got := tr.plain("").send("GET", "/?q="+q, "")
		_, hits, _ := strings.Cut(got.body, `id="hits"`)
		hits, _, _ = strings.Cut(hits, "</section>")
		return got.status, hits
	}
	if status, hits := search("wolken"); status != 200 || !strings.Contains(hits, "Wolken über Berlin.txt") || strings.Contains(hits, "rain.mkv") {
		t.Errorf("%d %s", status, hits)
	}
	if status, hits := search("nowhere"); status != 200 || !strings.Contains(hits, "Nothing online has a name like that.") {
		t.Errorf("%d %s", status, hits)
	}
	if _, hits := search("wolkem"); !strings.Contains(hits, `Did you mean <a href="/?q=Wolken`) {
		t.Errorf("a typing error is left alone: %s", hits)
	}
	for _, bad := range []string{strings.Repeat("x", netproto.MaxQueryBytes+1), "%ff", "%zz"} {
		if status, hits := search(bad); status/100 != 4 || !strings.Contains(hits, `class="problem"`) {
			t.Errorf("%.10q: %d %s", bad, status, hits)
		}
	}
	if _, hits := search("%20"); strings.Contains(hits, "<p") || strings.Contains(hits, "<table") {
		t.Errorf("an empty search shows %s", hits)
	}
}

func TestAHostileNameDoesNothingOnTheStatusPage(t *testing.T) {
	hostile := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `'onmouseover='alert(1)`,
		`{{.Fingerprint}}`, "</title></table><h1>owned",
	}
	tr := startTracker(t, func(c *server.Config) { c.Name = `<b onclick="x">tracker` + "\u202e" })
	for _, q := range hostile {
		got := tr.plain("").send("GET", "/?q="+url.QueryEscape(q), "")
		body := got.body
		for _, raw := range []string{"<script>", "<img", "onerror=alert(1)>", "<h1>owned", "<b onclick", "\u202e", "'onmouseover="} {
			if strings.Contains(body, raw) {
				t.Errorf("%q came through as %q", q, raw)
			}
		}
	}
	// Names that peers may announce cannot contain <, > or ", but anything else.
	names := []string{"a&b;'onclick='x'.txt", "{{.Name}}`${1}`.txt", "javascript&#58;alert(1)", "%22%3E%3Cscript%3E.txt"}
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	for _, name := range names {
		if got := peer.announce(file(name)); got.Accepted != 1 {
			t.Fatalf("%q: %+v", name, got)
		}
	}
	body := tr.plain("").send("GET", "/", "").body
	for _, name := range names {
		if !strings.Contains(body, "<bdi>"+html.EscapeString(name)+"</bdi>") {
			t.Errorf("%q is not shown as it is", name)
		}
	}
	if strings.Contains(body, "'onclick='") || strings.Contains(body, "ZgotmplZ") {
		t.Error(body)
	}
}

func TestTheStatusPageMayUseNothingButItsOwnFiles(t *testing.T) {
	tr := startTracker(t, nil)
	visitor := tr.plain("")
	page := visitor.send("GET", "/", "")
	policy := page.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Error(policy)
	}
	if strings.Contains(page.body, "style=") || strings.Contains(page.body, " onclick") || strings.Count(page.body, "<script") != 1 {
		t.Error("there is something inline in the page")
	}
	for path, mediaType := range map[string]string{"/page/style.css": "text/css; charset=utf-8", "/page/live.js": "text/javascript; charset=utf-8"} {
		if got := visitor.send("GET", path, ""); got.status != 200 || got.header.Get("Content-Type") != mediaType || !strings.Contains(page.body, `"`+path+`"`) {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
	}
	visitor.refused("GET", "/page/status.html", "", netproto.CodeNotFound)
	visitor.refused("POST", "/", "x", netproto.CodeMethod)
}

func TestTheInviteLinkIsThePublicAddressOrTheOneThatTheVisitorUsed(t *testing.T) {
	tr := startTracker(t, nil)
	for host, want := range map[string]string{
		"tracker.local:5000": "cp2p://tracker.local:5000?", "tracker.local": "cp2p://tracker.local:80?",
		"[2001:db8::1]:7": "cp2p://[2001:db8::1]:7?", `evil"><script>`: "", "a b": "",
	} {
		conn, err := net.DialTimeout("tcp", tr.addr, patience)
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(patience))
		if _, err := conn.Write([]byte("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(conn)
		conn.Close()
		if err != nil {
			t.Fatal(err)
		}
		body := string(raw)
		if want == "" && strings.Contains(body, "cp2p://") || !strings.Contains(body, want) || strings.Contains(body, "<script>") {
			t.Errorf("visited as %s: %.300s", host, body)
		}
	}
	named := startTracker(t, func(c *server.Config) { c.PublicURL = "share.example.org:5000" })
	if body := named.plain("").send("GET", "/", "").body; !strings.Contains(body, "cp2p://share.example.org:5000?tracker="+named.key.Fingerprint().String()) || strings.Contains(body, named.addr) {
		t.Error("the public address is not the one of the link")
	}
}

func TestTheStatusPageOfAPrivateTrackerListsNothing(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.Access = server.AccessInvite })
	var token netproto.Invite
	token[0] = 1
	invite := store.Invite{Hash: store.InviteHash(token), Expires: time.Now().Add(time.Hour)}
	if err := tr.store.AddInvite(t.Context(), invite); err != nil {
		t.Fatal(err)
	}
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000, Invite: token})
	peer.announce(file("Wolken.txt"))
	for _, path := range []string{"/", "/?q=wolken"} {
		got := tr.plain("").send("GET", path, "")
		if got.status != 200 || strings.Contains(got.body, "Wolken") || strings.Contains(got.body, "cp2p://") || !strings.Contains(got.body, "This tracker is private.") {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestATrackerHandsOutItsPrograms(t *testing.T) {
	folder, name := t.TempDir(), "centralizedp2p-0.1.0-linux-amd64.tar.gz"
	if err := os.WriteFile(filepath.Join(folder, name), []byte("a tar"), 0o644); err != nil {
		t.Fatal(err)
	}
	downloads, err := webpages.OpenDownloads(folder)
	if err != nil {
		t.Fatal(err)
	}
	tr := startTracker(t, func(c *server.Config) { c.Downloads = downloads })
	t.Cleanup(func() {
		tr.stop()
		downloads.Close()
	})
	visitor := tr.plain("")
	for deadline := time.Now().Add(patience); !strings.Contains(visitor.send("GET", "/", "").body, "/get/"+name); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the page does not offer it")
		}
	}
	if got := visitor.send("GET", "/get/"+name, ""); got.status != http.StatusOK || got.body != "a tar" {
		t.Errorf("%+v", got)
	}
	visitor.refused("POST", "/get/"+name, "x", netproto.CodeMethod)
	startTracker(t, nil).plain("").refused("GET", "/get/"+name, "", netproto.CodeNotFound)
}
