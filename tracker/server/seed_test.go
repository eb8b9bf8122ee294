package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
)

const (
	seedClientID = "42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c"
	otherSeedID  = "0b5f1f66-8b39-4b0a-9a0f-4e0a5b1f6b11"
	testCSV      = `{"peer_id": "` + seedClientID + `", "peer_ip": "127.0.0.1", "peer_port": 3000, "resource_name": "test.csv", "resource_path": "./tests", "resource_hash": "dea311be2ca928ae1d6ba5ab28b53c60"}`
	noBody       = `{"success": false, "data": "Request needs a body, but none encountered."}`
	noMethod     = `{"message": "The method is not allowed for the requested URL."}`
)

// wantSeed compares an answer to a seed client byte by byte.
func (c *client) wantSeed(method, path, body string, status int, want string) {
	c.Helper()
	got := c.send(method, path, body)
	if got.status != status || got.body != want {
		c.Errorf("%s %s %s\n got %d %s\nwant %d %s", method, path, body, got.status, got.body, status, want)
	}
	if ct := got.header.Get("Content-Type"); ct != "application/json" {
		c.Errorf("%s %s: content type %q", method, path, ct)
	}
}

// registration returns the body of a POST /resource.
func registration(id, ip string, port int, path, name, hash string) string {
	return fmt.Sprintf(`{"peer_id": %q, "peer_ip": %q, "peer_port": %d, "resource_path": %q, "resource_name": %q, "resource_hash": %q}`, id, ip, port, path, name, hash)
}

func TestASeedClientSeesWhatTheSeedTrackerSends(t *testing.T) {
	tr := startTracker(t, nil)
	for _, c := range []*client{tr.plain(""), tr.clientOf(nil, "")} { // with and without TLS
		c.wantSeed("GET", "/resource", "", 200, `{"success": true, "data": "[]"}`)
		c.wantSeed("GET", "/resource", "{}", 200, `{"success": true, "data": "[]"}`)
		c.wantSeed("GET", "/resource", `{"resource_name": "test.csv"}`, 200, `{"success": true, "data": "{}"}`)
		c.wantSeed("POST", "/heartbeat", `{"peer_id": "`+seedClientID+`"}`, 200, `{"success": true, "data": "Ok"}`)
	}
	c := tr.plain("")
	for range 2 { // the second time is not listed twice
		c.wantSeed("POST", "/resource", testCSV, 200,
			`{"success": true, "data": "{\"peer_id\": \"42bb7fb8-8f8d-4c1c-b4df-d97c2e78eb7c\", \"peer_ip\": \"127.0.0.1\", \"peer_port\": 3000, \"resource_name\": \"test.csv\", \"resource_path\": \"./tests\", \"resource_hash\": \"dea311be2ca928ae1d6ba5ab28b53c60\"}"}`)
	}
	row := `{\"peer_ip\": \"127.0.0.1\", \"peer_port\": 3000, \"resource_path\": \"./tests\", \"resource_name\": \"test.csv\", \"resource_hash\": \"dea311be2ca928ae1d6ba5ab28b53c60\"}`
	c.wantSeed("GET", "/resource", "", 200, `{"success": true, "data": "[`+row+`]"}`)
	c.wantSeed("GET", "/resource", `{"resource_name": "test.csv"}`, 200, `{"success": true, "data": "`+row+`"}`)
	c.wantSeed("GET", "/resource", `{"resource_name": "TEST.csv"}`, 200, `{"success": true, "data": "{}"}`)
	c.wantSeed("GET", "/resource", `{"resource_name": ""}`, 200, `{"success": true, "data": "{}"}`)
	second := registration(otherSeedID, "127.0.0.1", 3001, "", "test.csv", "0123456789abcdef0123456789abcdef")
	if got := c.send("POST", "/resource", second); got.status != 200 {
		t.Fatal(got)
	}
	c.wantSeed("GET", "/resource", `{"resource_name": "test.csv"}`, 200, `{"success": true, "data": "`+row+`"}`) // the oldest
	c.wantSeed("GET", "/resource", "{}", 200, `{"success": true, "data": "[`+row+`, {\"peer_ip\": \"127.0.0.1\", \"peer_port\": 3001, \"resource_path\": \"\", \"resource_name\": \"test.csv\", \"resource_hash\": \"0123456789abcdef0123456789abcdef\"}]"}`)
}

func TestTextBeyondASCIITravelsAsPythonWritesIt(t *testing.T) {
	tr := startTracker(t, nil)
	c := tr.plain("")
	c.wantSeed("POST", "/resource",
		`{"resource_hash":"d41d8cd98f00b204e9800998ecf8427e","peer_port":"3000","peer_ip":"127.0.0.1","resource_name":"Übung \"1\" 🐎\u0007.csv","resource_path":"C:\\tests</>","peer_id":"`+seedClientID+`"}`, 200,
		`{"success": true, "data": "{\"resource_hash\": \"d41d8cd98f00b204e9800998ecf8427e\", \"peer_port\": \"3000\", \"peer_ip\": \"127.0.0.1\", \"resource_name\": \"\\u00dcbung \\\"1\\\" \\ud83d\\udc0e\\u0007.csv\", \"resource_path\": \"C:\\\\tests</>\", \"peer_id\": \"`+seedClientID+`\"}"}`)
	c.wantSeed("GET", "/resource", "", 200,
		`{"success": true, "data": "[{\"peer_ip\": \"127.0.0.1\", \"peer_port\": 3000, \"resource_path\": \"C:\\\\tests</>\", \"resource_name\": \"\\u00dcbung \\\"1\\\" \\ud83d\\udc0e\\u0007.csv\", \"resource_hash\": \"d41d8cd98f00b204e9800998ecf8427e\"}]"}`)
}

func TestASeedClientIsToldWhatIsWrongAsTheSeedDoes(t *testing.T) {
	tr := startTracker(t, nil)
	c := tr.plain("")
	missing := `["Missing data for required field."]`
	for _, q := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/resource", "", 400, noBody},
		{"POST", "/resource", "{}", 400, noBody},
		{"POST", "/resource", `{"peer_id": `, 400, noBody},
		{"POST", "/resource", testCSV + "x", 400, noBody},
		{"POST", "/resource", "[1]", 400, noBody},
		{"POST", "/heartbeat", "", 400, noBody},
		{"POST", "/heartbeat", "{}", 400, noBody},
		{"GET", "/resource", "{", 400, noBody},
		{"POST", "/resource", strings.Replace(strings.Replace(testCSV, "127.0.0.1", "300.1.1.1", 1), "}", `, "x": 1}`, 1), 422,
			`{"success": false, "data": {"peer_ip": ["Not a valid IPv4 address."], "x": ["Unknown field."]}}`},
		{"POST", "/resource", `{"peer_port": 70000, "peer_id": 5, "resource_name": null}`, 422,
			`{"success": false, "data": {"peer_id": ["Not a valid UUID."], "peer_ip": ` + missing + `, "peer_port": ["Must be greater than or equal to 1 and less than or equal to 65535."], "resource_path": ` + missing + `, "resource_name": ["Field may not be null."], "resource_hash": ` + missing + `}}`},
		{"POST", "/resource", strings.Replace(testCSV, "3000", `"x"`, 1), 422, `{"success": false, "data": {"peer_port": ["Not a valid integer."]}}`},
		{"POST", "/resource", strings.Replace(testCSV, "3000", `true`, 1), 422, `{"success": false, "data": {"peer_port": ["Not a valid integer."]}}`},
		{"POST", "/resource", strings.Replace(testCSV, `"test.csv"`, `["test.csv"]`, 1), 422, `{"success": false, "data": {"resource_name": ["Not a valid string."]}}`},
		{"POST", "/resource", strings.Replace(testCSV, "test.csv", strings.Repeat("x", 256), 1), 422, `{"success": false, "data": {"resource_name": ["Longer than maximum length 255."]}}`},
		{"POST", "/resource", strings.Replace(testCSV, `"test.csv"`, `""`, 1), 422, `{"success": false, "data": {"resource_name": ["Shorter than minimum length 1."]}}`},
		{"POST", "/resource", strings.Replace(testCSV, `"test.csv"`, `"\ud800"`, 1), 422, `{"success": false, "data": {"resource_name": ["Not a valid string."]}}`},
		{"POST", "/resource", strings.Replace(testCSV, `"test.csv"`, "\"\xff\"", 1), 422, `{"success": false, "data": {"resource_name": ["Not a valid string."]}}`},
		{"POST", "/heartbeat", `{"peer_id": "xyz"}`, 422, `{"success": false, "data": "{'peer_id': ['Not a valid UUID.']}"}`},
		{"POST", "/heartbeat", `{"it's": 1}`, 422, `{"success": false, "data": "{'peer_id': ['Missing data for required field.'], \"it's\": ['Unknown field.']}"}`},
		{"GET", "/resource", `{"resource_name": 5}`, 422, `{"success": false, "data": {"resource_name": ["Not a valid string."]}}`},
		{"GET", "/resource", `{"name": "x"}`, 422, `{"success": false, "data": {"name": ["Unknown field."]}}`},
		{"PUT", "/resource", testCSV, 405, noMethod},
		{"DELETE", "/resource", "", 405, noMethod},
		{"GET", "/heartbeat", "", 405, noMethod},
		{"OPTIONS", "/heartbeat", "", 405, noMethod},
	} {
		c.wantSeed(q.method, q.path, q.body, q.status, q.want)
	}
	if got := c.send("PUT", "/resource", "").header.Get("Allow"); got != "GET, HEAD, POST" {
		t.Errorf("Allow: %s", got)
	}
	c.wantSeed("GET", "/resource", "", 200, `{"success": true, "data": "[]"}`)
}

func TestSeedClientsAreServedWhereThePolicySays(t *testing.T) {
	for policy, want := range map[netproto.SeedPolicy]map[string]int{
		netproto.SeedOff:  {"": 403, "192.168.1.7": 403, "203.0.113.9": 403},
		netproto.SeedLAN:  {"": 200, "192.168.1.7": 200, "10.1.2.3": 200, "169.254.1.1": 200, "fd00::1": 200, "203.0.113.9": 403, "2001:db8::1": 403, "100.64.0.1": 403},
		netproto.SeedOpen: {"": 200, "192.168.1.7": 200, "203.0.113.9": 200, "2001:db8::1": 200},
	} {
		tr := startTracker(t, func(c *server.Config) { c.SeedClients = policy })
		for from, status := range want {
			c := tr.plain(from)
			for _, q := range [][3]string{{"GET", "/resource", ""}, {"GET", "/resource", `{"resource_name": "x"}`}, {"POST", "/heartbeat", `{"peer_id": "` + seedClientID + `"}`}} {
				got := c.send(q[0], q[1], q[2])
				if got.status != status {
					t.Errorf("%s from %q: %s %s: %d, want %d", policy, from, q[0], q[1], got.status, status)
				}
				if status == 403 && (!strings.HasPrefix(got.body, `{"success": false, "data": "The other side does not allow this: this tracker `) || strings.Contains(got.body, "\n")) {
					t.Errorf("%s from %q: %s", policy, from, got.body)
				}
			}
		}
	}
}

func TestASeedClientSpeaksForItselfOnly(t *testing.T) {
	lan := startTracker(t, nil)
	open := startTracker(t, func(c *server.Config) { c.SeedClients = netproto.SeedOpen })
	post := func(tr *tracker, from, ip, id string) int {
		return tr.plain(from).send("POST", "/resource", registration(id, ip, 3000, "./tests", "f", "dea311be2ca928ae1d6ba5ab28b53c60")).status
	}
	id := func(n int) string { return fmt.Sprintf("0b5f1f66-8b39-4b0a-9a0f-%012d", n) }
	for n, c := range []struct {
		from, ip  string
		lan, open int
	}{
		{"", "127.0.0.1", 200, 200},
		{"", "127.0.1.1", 200, 200},
		{"192.168.1.7", "192.168.1.7", 200, 200},
		{"192.168.1.7", "192.168.1.8", 403, 200},
		{"192.168.1.7", "127.0.0.1", 403, 200},
		{"192.168.1.7", "8.8.8.8", 403, 200},
		{"", "192.168.1.8", 403, 200},
		{"203.0.113.9", "203.0.113.9", 403, 200},
	} {
		if got := post(lan, c.from, c.ip, id(n)); got != c.lan {
			t.Errorf("lan: %s from %q: %d, want %d", c.ip, c.from, got, c.lan)
		}
		if got := post(open, c.from, c.ip, id(n)); got != c.open {
			t.Errorf("open: %s from %q: %d, want %d", c.ip, c.from, got, c.open)
		}
	}
	for _, tr := range []*tracker{lan, open} {
		if got := post(tr, "192.168.1.9", "192.168.1.9", id(0)); got != 403 {
			t.Errorf("an id in use from another address was taken: %d", got)
		}
		if got := tr.plain("192.168.1.9").send("POST", "/heartbeat", `{"peer_id": "`+id(0)+`"}`); got.status != 403 {
			t.Errorf("a heartbeat for another's id: %+v", got)
		}
	}
}

func TestTheIdOfAPeerWithAKeyIsRefusedFromSeedClients(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.SeedClients = netproto.SeedOpen })
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a"))
	c := tr.plain("")
	for _, id := range []string{peer.id.PeerID().String(), strings.ToUpper(peer.id.PeerID().String()), "{" + peer.id.PeerID().String() + "}", "00000000-0000-0000-0000-000000000000"} {
		for path, body := range map[string]string{"/resource": registration(id, "127.0.0.1", 1, "", "a", "x"), "/heartbeat": `{"peer_id": "` + id + `"}`} {
			if got := c.send("POST", path, body); got.status != http.StatusForbidden || !strings.HasPrefix(got.body, `{"success": false, "data": "`) {
				t.Errorf("%s %s: %+v", path, id, got)
			}
		}
	}
	if got := len(tr.client("").sources("a")); got != 1 {
		t.Errorf("%d sources", got)
	}
}

func TestSeedClientsSeeWhatOurPeersShare(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.SeedClients = netproto.SeedOpen })
	small := file("small.txt")
	small.Size, small.MD5 = netproto.SeedMaxBytes, "00112233445566778899aabbccddeeff"
	large := file("large.bin")
	part := small
	part.Hash, part.Name, part.Part = hash("part"), "part.txt", true
	far := tr.client("198.51.100.4")
	far.join(netproto.JoinRequest{Port: 4000, SeedPort: 4001})
	far.announce(small, large, part)
	mute := tr.client("198.51.100.5") // serves no seed clients
	mute.join(netproto.JoinRequest{Port: 5000})
	muted := small
	muted.Hash, muted.Name = hash("muted"), "muted.txt"
	mute.announce(muted)
	six := tr.client("2001:db8::6") // has no address that a seed client could use
	six.join(netproto.JoinRequest{Port: 6000, SeedPort: 6001})
	six.announce(small, file("six.bin"))
	here := tr.client("") // on the computer of the tracker
	here.join(netproto.JoinRequest{Port: 7000, SeedPort: 7001})
	home := small
	home.Hash, home.Name = hash("home"), "home.txt"
	here.announce(home)

	row := func(ip string, port int, path, name, hash string) string {
		return fmt.Sprintf(`{\"peer_ip\": \"%s\", \"peer_port\": %d, \"resource_path\": \"%s\", \"resource_name\": \"%s\", \"resource_hash\": \"%s\"}`, ip, port, path, name, hash)
	}
	rows := []string{
		row("198.51.100.4", 4001, small.Hash.String(), "small.txt", small.MD5),
		row("198.51.100.4", 4000, "", "large.bin", large.Hash.String()),
		row("198.51.100.4", 4000, "", "part.txt", part.Hash.String()),
		row("198.51.100.5", 5000, "", "muted.txt", muted.Hash.String()),
		row("127.0.0.1", 7001, home.Hash.String(), "home.txt", home.MD5), // the address of the tracker that both clients use
	}
	list := `{"success": true, "data": "[` + strings.Join(rows, ", ") + `]"}`
	for _, from := range []string{"", "203.0.113.77"} {
		c := tr.plain(from)
		c.wantSeed("GET", "/resource", "", 200, list)
		for i, name := range []string{"small.txt", "large.bin", "part.txt", "muted.txt", "home.txt"} {
			c.wantSeed("GET", "/resource", `{"resource_name": "`+name+`"}`, 200, `{"success": true, "data": "`+rows[i]+`"}`)
		}
		c.wantSeed("GET", "/resource", `{"resource_name": "six.bin"}`, 200, `{"success": true, "data": "{}"}`)
	}
}

func TestOneThatCanBeFetchedGoesBeforeOneThatCannot(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000, SeedPort: 4001})
	large, small := file("x"), file("x")
	large.Hash = hash("large")
	small.Size, small.MD5 = 5, "00112233445566778899aabbccddeeff"
	peer.announce(large)
	c := tr.plain("")
	want := func(port int, hash string) {
		t.Helper()
		got := c.send("GET", "/resource", `{"resource_name": "x"}`)
		if !strings.Contains(got.body, fmt.Sprintf(`\"peer_port\": %d`, port)) || !strings.Contains(got.body, hash) {
			t.Errorf("got %s, want port %d and %s", got.body, port, hash)
		}
	}
	want(4000, large.Hash.String())
	c.send("POST", "/resource", registration(seedClientID, "127.0.0.1", 3000, "./tests", "x", "dea311be2ca928ae1d6ba5ab28b53c60"))
	want(3000, "dea311be2ca928ae1d6ba5ab28b53c60")
	peer.announce(small) // later than the seed client
	want(3000, "dea311be2ca928ae1d6ba5ab28b53c60")
}
