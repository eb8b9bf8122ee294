package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/server/metrics"
	"centralizedp2p/tracker/store"
)

// journal is a log that several goroutines write.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

// startLogging starts a tracker without limits that logs all that it can.
func startLogging(t *testing.T) *tracker {
	t.Helper()
	log := &journal{}
	t.Cleanup(func() {
		if log.text.Len() == 0 {
			t.Error("nothing was logged")
		}
		nametest.Lines(t, "the log", log.text.String())
	})
	const beat = time.Hour // a busy computer may need minutes for all names
	opened, err := boltstore.Open(filepath.Join(t.TempDir(), "tracker.db"), store.Config{Lease: netproto.LeaseHeartbeats * beat})
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, opened, func(c *server.Config) {
		c.Limits, c.SeedClients, c.AccessLog, c.Metrics = &admission.Limits{}, netproto.SeedOpen, true, metrics.Public
		c.Heartbeat = beat
		c.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}, func(*server.Server) {})
}

// jsonText quotes a text without repairing it: bytes that are no UTF-8 stay.
func jsonText(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ':
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String() + `"`
}

// said checks an answer that may repeat a name: it is JSON, and its sentences can be
// shown.
func (c *client) said(name string, got reply) {
	c.Helper()
	var answer struct {
		Detail, Title string
		Refused       []netproto.Refusal
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status >= 500 {
		c.Errorf("%.100q: %d %.300s: %v", name, got.status, got.body, err)
	}
	for _, text := range append([]string{answer.Detail, answer.Title}, details(answer.Refused)...) {
		nametest.Shown(c, fmt.Sprintf("what is said of %.100q", name), text)
	}
	for _, text := range details(answer.Refused) {
		if text == "" || len(text) > 1000 {
			c.Errorf("%.100q is refused with %d bytes", name, len(text))
		}
	}
}

func details(refused []netproto.Refusal) (list []string) {
	for _, r := range refused {
		list = append(list, r.Detail)
	}
	return list
}

func TestHostileNamesAreAnnounced(t *testing.T) {
	tr := startLogging(t)
	peer, seeker := tr.client(""), tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	table := nametest.Names()
	for _, n := range table {
		body := fmt.Sprintf(`{"resources":[{"hash":%q,"size":1,"name":%s}]}`, hash(n.Text), jsonText(n.Text))
		got := peer.send("POST", netproto.RouteResources, body)
		peer.said(n.Text, got)
		var answer netproto.AnnounceResponse
		if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status == 200 && answer.Accepted == 1 != n.Accept || got.status != 200 && n.Accept {
			t.Errorf("%.100q: %d %s; accepted belongs %t", n.Text, got.status, got.body, n.Accept)
		}
		got = seeker.send("GET", resourcePath(n.Text), "")
		var details netproto.ResourceResponse
		if n.Accept {
			if err := json.Unmarshal([]byte(got.body), &details); err != nil || details.Name != n.Text {
				t.Errorf("%q came out as %s, %v", n.Text, got.body, err)
			}
		} else if got.status != http.StatusNotFound {
			t.Errorf("%.100q was refused, and is there: %s", n.Text, got.body)
		}
	}
	nametest.Tried(t, len(table), "REST announce")

	mine := netproto.RoutePeerResources
	mine = strings.Replace(mine, "{id}", peer.id.PeerID().String(), 1)
	accepted, found := nametest.Accepted(), []string(nil)
	for next := ""; ; {
		var page netproto.SearchResponse
		seeker.call("GET", mine+"?limit=200&cursor="+url.QueryEscape(next), nil, &page)
		for _, hit := range page.Items {
			found = append(found, hit.Name)
		}
		if next = page.Next; next == "" {
			break
		}
	}
	slices.Sort(accepted)
	slices.Sort(found)
	if !slices.Equal(accepted, found) {
		t.Errorf("%d names were accepted, and %d are listed", len(accepted), len(found))
	}
	// net/http itself cuts off a request line that is longer.
	table = slices.DeleteFunc(slices.Clone(table), func(n nametest.Name) bool { return len(url.QueryEscape(n.Text)) > 8<<10 })
	for _, n := range table {
		seeker.said(n.Text, seeker.send("GET", netproto.RouteResources+"?limit=200&q="+url.QueryEscape(n.Text), ""))
	}
	nametest.Tried(t, len(table), "REST search")
	statusPageShows(t, tr, table)
}

// statusPageShows searches for every name on the page for people.
func statusPageShows(t *testing.T, tr *tracker, table []nametest.Name) {
	visitor := tr.plain("")
	plain := shapeOf(t, visitor.send("GET", "/", "").body)
	for _, n := range table {
		got := visitor.send("GET", "/?q="+url.QueryEscape(n.Text), "")
		if got.status >= 500 {
			t.Fatalf("%.100q: %d", n.Text, got.status)
		}
		nametest.Lines(t, "the page", got.body)
		page := shapeOf(t, got.body)
		for tag := range page.tags {
			if plain.tags[tag] == 0 && tag != "p" && tag != "a" && tag != "table" {
				t.Errorf("%.100q made a <%s>", n.Text, tag)
			}
		}
		if page.tags["script"] != plain.tags["script"] || page.tags["input"] != plain.tags["input"] {
			t.Errorf("%.100q made %v", n.Text, page.tags)
		}
		for _, link := range page.links {
			if !strings.HasPrefix(link, "/") && !strings.HasPrefix(link, "cp2p://") {
				t.Errorf("%.100q made a link to %s", n.Text, link)
			}
		}
		if got.status == http.StatusOK && page.query != netproto.Printable(n.Text) {
			t.Errorf("%.100q stands in the field as %.100q", n.Text, page.query)
		}
		for _, shown := range page.names {
			if utf8.RuneCountInString(shown) > netproto.MaxNameBytes*4 {
				t.Errorf("a name of %d characters is shown", utf8.RuneCountInString(shown))
			}
		}
	}
	nametest.Tried(t, len(table), "the search field of the web page")
	newest := shapeOf(t, visitor.send("GET", "/", "").body).names
	if len(newest) < 10 {
		t.Errorf("the page shows %q", newest)
	}
}

// shape is what a browser makes of a page.
type shape struct {
	tags         map[string]int
	links, names []string
	query        string // in the search field
}

func shapeOf(t *testing.T, body string) shape {
	t.Helper()
	s := shape{tags: map[string]int{}}
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		s.tags[n.Data]++
		for _, a := range n.Attr {
			switch {
			case n.Data == "a" && a.Key == "href":
				s.links = append(s.links, a.Val)
			case n.Data == "input" && a.Key == "value":
				s.query = a.Val
			case strings.HasPrefix(a.Key, "on"):
				t.Errorf("a <%s> with %s", n.Data, a.Key)
			}
		}
		if n.Data == "bdi" && n.FirstChild != nil {
			s.names = append(s.names, n.FirstChild.Data)
		}
	}
	return s
}

func TestHostilePeersJoinUnderHostileNames(t *testing.T) {
	tr := startLogging(t)
	peer, seeker := tr.client(""), tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a"))
	table := nametest.Names()
	for _, n := range table {
		got := peer.send("PUT", netproto.RouteSelf, fmt.Sprintf(`{"port":4000,"name":%s}`, jsonText(n.Text)))
		peer.said(n.Text, got)
		for _, s := range seeker.sources("a") {
			nametest.Shown(t, "the name of a source", s.Name)
			if len(s.Name) > netproto.MaxPeerName || got.status == 200 && s.Name != n.Text {
				t.Errorf("%.100q is known as %q", n.Text, s.Name)
			}
		}
		if n.Accept && len(n.Text) <= netproto.MaxPeerName && got.status != 200 {
			t.Errorf("%q is no name for a peer: %s", n.Text, got.body)
		}
	}
	nametest.Tried(t, len(table), "names of peers")
}

func TestHostileNamesComeFromSeedClients(t *testing.T) {
	tr := startLogging(t)
	c := tr.plain("")
	ascii := func(name string, got reply) {
		t.Helper()
		var envelope struct {
			Success bool            `json:"success"`
			Data    json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal([]byte(got.body), &envelope); err != nil || got.status >= 500 {
			t.Fatalf("%.100q: %d %.300s: %v", name, got.status, got.body, err)
		}
		nametest.Shown(t, "an answer to a seed client", got.body)
		var text string
		if got.status == 200 {
			if err := json.Unmarshal(envelope.Data, &text); err != nil || text != "Ok" && !json.Valid([]byte(text)) {
				t.Fatalf("%.100q: the data is %.300s: %v", name, envelope.Data, err)
			}
		}
	}
	table := nametest.Names()
	for i, n := range table {
		id := fmt.Sprintf("0b5f1f66-8b39-4b0a-9a0f-%012d", i%50)
		const form = `{"peer_id":"%s","peer_ip":"127.0.0.1","peer_port":3000,"resource_name":%s,"resource_path":%s,"resource_hash":"%s%031x"}`
		asName := c.send("POST", "/resource", fmt.Sprintf(form, id, jsonText(n.Text), `"./tests"`, "a", i))
		ascii(n.Text, asName)
		ascii(n.Text, c.send("POST", "/resource", fmt.Sprintf(form, id, fmt.Sprintf(`"p%d"`, i), jsonText(n.Text), "b", i)))
		ascii(n.Text, c.send("POST", "/heartbeat", fmt.Sprintf(`{"peer_id":%s}`, jsonText(n.Text))))
		found := c.send("GET", "/resource", fmt.Sprintf(`{"resource_name":%s}`, jsonText(n.Text)))
		ascii(n.Text, found)
		if n.Accept && (asName.status != 200 || found.status != 200 || strings.Contains(found.body, `"data": "{}"`)) {
			t.Errorf("%q: registered with %d, found with %d %s", n.Text, asName.status, found.status, found.body)
		}
	}
	ascii("the list", c.send("GET", "/resource", ""))
	nametest.Tried(t, 3*len(table), "the seed's routes, as name, path and id")
	nametest.Lines(t, "the metrics", c.send("GET", "/metrics", "").body)
}
