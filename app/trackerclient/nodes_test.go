package trackerclient_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// node is one of several with the same key. It can be silent, say that it is away, or do only
// searches or no searches.
type node struct {
	*standIn
	silent, away, search, api atomic.Bool
	asked, refused            atomic.Int64
}

// startNodes starts nodes of one tracker, each of which names all.
func startNodes(t *testing.T, n int) []*node {
	t.Helper()
	id := newIdentity(t)
	var nodes []*node
	var addresses []string
	for range n {
		o := &node{}
		o.standIn = startStandInAs(t, id, func(w http.ResponseWriter, r *http.Request) {
			o.asked.Add(1)
			switch {
			case o.silent.Load():
				<-r.Context().Done()
			case o.away.Load():
				says(503, netproto.MediaTypeProblem, `{"code":"store-away","detail":"for 12 s"}`)(w, r)
			case r.URL.Path == netproto.RouteTracker:
				says(200, jsonType, fmt.Sprintf(`{"name":"town","addresses":["%s","not an address"]}`, strings.Join(addresses, `","`)))(w, r)
			case netproto.IsList(r.Method, r.URL.Path) && o.api.Load() || !netproto.IsList(r.Method, r.URL.Path) && o.search.Load():
				o.refused.Add(1)
				says(421, netproto.MediaTypeProblem, `{"code":"wrong-node","detail":"it has another role"}`)(w, r)
			case r.URL.Path == netproto.RouteLine:
				changesTo(netproto.LineProtocol, func(_ net.Conn, b *bufio.ReadWriter, _ *http.Request) { b.Flush() })(w, r)
			default:
				says(200, jsonType, `{}`)(w, r)
			}
		})
		nodes = append(nodes, o)
	}
	for _, o := range nodes {
		addresses = append(addresses, o.address())
	}
	return nodes
}

func (o *node) goAway() {
	o.Listener.Close()
	o.CloseClientConnections()
}

// use makes a request, and opens and closes a line.
func use(t *testing.T, c *trackerclient.Client) {
	t.Helper()
	if _, err := c.Stats(t.Context()); err != nil {
		t.Fatal(err)
	}
	line, err := c.Line(t.Context(), "tcp4", overTCP)
	if err != nil {
		t.Fatal(err)
	}
	line.Close()
}

// A client that knows one address learns of the others, and uses them while nodes are gone,
// silent or without their database, which it tells nobody.
func TestANodeThatIsLostIsPassedOver(t *testing.T) {
	for how, lose := range map[string]func(*node){
		"gone":   (*node).goAway,
		"silent": func(o *node) { o.silent.Store(true) },
		"away":   func(o *node) { o.away.Store(true) },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			nodes, trust := startNodes(t, 3), newMemory()
			c := nodes[0].client(t, nodes[0].id.Fingerprint(), trust)
			if info, err := c.Info(t.Context()); err != nil || len(info.Addresses) != 3 {
				t.Fatalf("%+v, %v", info, err)
			}
			use(t, c)
			lose(nodes[0])
			use(t, c)
			used := nodes[1]
			if nodes[2].asked.Load() > 0 {
				used = nodes[2]
			}
			before := nodes[0].asked.Load()
			use(t, c)
			if now := nodes[0].asked.Load(); now != before {
				t.Errorf("the lost node was asked %d times again", now-before)
			}
			lose(used)
			use(t, c)
			// One that starts now knows only the address that is lost, and what it remembers.
			again, err := trackerclient.New(newIdentity(t), nodes[0].address(), nodes[0].id.Fingerprint(), trust)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			use(t, again)
		})
	}
}

// A node that does a part of the work is asked for that part, and for the rest another one,
// which each is asked in vain once at most.
func TestEachNodeIsAskedWhatItDoes(t *testing.T) {
	for first, part := range map[string]int{"search": 0, "api": 1} {
		t.Run(first+" first", func(t *testing.T) {
			nodes := startNodes(t, 3)
			nodes[part].search.Store(true)
			nodes[1-part].api.Store(true)
			c := nodes[0].client(t, nodes[0].id.Fingerprint(), newMemory())
			if _, err := c.Info(t.Context()); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				use(t, c)
				if _, err := c.Search(t.Context(), netproto.SearchRequest{Words: "song"}); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Heartbeat(t.Context(), netproto.HeartbeatRequest{}); err != nil {
					t.Fatal(err)
				}
			}
			for i, o := range nodes {
				if n := o.refused.Load(); n > 2 {
					t.Errorf("node %d was asked %d times for what it does not do", i, n)
				}
			}
		})
	}
}

func TestThatNoNodeDoesSomethingIsSaid(t *testing.T) {
	nodes := startNodes(t, 2)
	c := nodes[0].client(t, nodes[0].id.Fingerprint(), newMemory())
	if _, err := c.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, o := range nodes {
		o.api.Store(true)
	}
	_, err := c.Stats(t.Context())
	wantCode(t, err, netproto.CodeWrongNode, "it has another role")
	if _, err := c.Heartbeat(t.Context(), netproto.HeartbeatRequest{}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsWrongWithAllNodesIsSaid(t *testing.T) {
	nodes := startNodes(t, 2)
	c := nodes[0].client(t, nodes[0].id.Fingerprint(), newMemory())
	if _, err := c.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, o := range nodes {
		o.away.Store(true)
	}
	_, err := c.Stats(t.Context())
	wantCode(t, err, netproto.CodeStoreAway, "for 12 s")
	for _, o := range nodes {
		o.goAway()
	}
	_, err = c.Stats(t.Context())
	wantCode(t, err, netproto.CodeUnreachable, nodes[0].address())
}

func TestATrackerNamesNoAddressesAtHomeUnlessItIsThere(t *testing.T) {
	said := []string{"198.51.100.7:5000", "192.168.0.1:80", "127.0.0.1:22", "[fe80::1]:5000", "[::ffff:10.0.0.1]:5000", "0.0.0.0:5000", "224.0.0.1:5000", "b.example:5000"}
	for tracker, want := range map[string][]string{
		"192.0.2.7":   {"198.51.100.7:5000", "b.example:5000"},
		"192.168.0.9": {"198.51.100.7:5000", "192.168.0.1:80", "127.0.0.1:22", "[fe80::1]:5000", "10.0.0.1:5000", "b.example:5000"},
	} {
		if got := trackerclient.UsableAddresses(netip.MustParseAddr(tracker), said); !slices.Equal(got, want) {
			t.Errorf("of a tracker at %s: %q", tracker, got)
		}
	}
}

// Whoever is at an address that the tracker named, but has another key, is not used.
func TestOnlyTheTrackerIsUsedAtItsOtherAddresses(t *testing.T) {
	stranger := startStandIn(t, says(200, jsonType, `{}`))
	s := startStandIn(t, says(200, jsonType, fmt.Sprintf(`{"name":"town","addresses":["%s"]}`, stranger.address())))
	c := s.client(t, s.id.Fingerprint(), newMemory())
	if _, err := c.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Listener.Close()
	s.CloseClientConnections()
	_, err := c.Stats(t.Context())
	wantCode(t, err, netproto.CodeUnreachable, s.address())
}
