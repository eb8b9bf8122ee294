//go:build unix

package server_test

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/pgstore"
	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/store"
)

// startNodes runs a tracker of several nodes, with these roles, in one database.
func startNodes(t *testing.T, roles ...server.Role) []*tracker {
	t.Helper()
	return startNodesWith(t, func(*server.Config) {}, roles...)
}

func startNodesWith(t *testing.T, configure func(*server.Config), roles ...server.Role) []*tracker {
	t.Helper()
	address := pgtest.Start(t).Address()
	var nodes []*tracker
	for _, role := range roles {
		opened, err := pgstore.Open(address, store.Config{NoSearch: role == server.RoleAPI})
		if err != nil {
			t.Fatal(err)
		}
		nodes = append(nodes, serve(t, opened, func(c *server.Config) {
			if len(nodes) > 0 {
				c.Identity = nodes[0].key
			}
			c.Role = role
			configure(c)
		}, func(*server.Server) {}))
	}
	return nodes
}

// at is the same client at another node.
func (c *client) at(tr *tracker, from string) *client { return tr.clientOf(c.id, from) }

func TestANodeAnswersWhatIsOfItsRole(t *testing.T) {
	nodes := startNodes(t, server.RoleSearch, server.RoleAPI)
	search, api := nodes[0], nodes[1]
	sharer := api.sharer("198.51.100.7", netproto.JoinRequest{}, "song", "film")
	asker := sharer.at(search, "198.51.100.7")
	search.until("the search node follows", func() bool { return names(asker.search("q=song").Items) == "song" })
	page := netproto.RoutePeers + "/" + sharer.id.PeerID().String() + "/resources"
	for path, want := range map[string]map[*tracker]int{
		netproto.RouteResources + "?q=film": {search: 200, api: 421},
		page:                                {search: 200, api: 421},
		netproto.RoutePeers:                 {search: 200, api: 421},
		netproto.RouteStats:                 {search: 200, api: 421},
		"/":                                 {search: 200, api: 421},
		resourcePath("song"):                {search: 200, api: 200},
		sourcesPath("song"):                 {search: 200, api: 200},
		netproto.RouteTracker:               {search: 200, api: 200},
		netproto.RouteNotes:                 {search: 421, api: 200},
		netproto.RouteWishes:                {search: 421, api: 200},
	} {
		for tr, status := range want {
			got := sharer.at(tr, "198.51.100.7").send("GET", path, "")
			if got.status != status || status == 421 != strings.Contains(got.body, string(netproto.CodeWrongNode)) {
				t.Errorf("%s at %s: %d %s", path, tr.role(), got.status, got.body)
			}
		}
	}
	asker.refused("PUT", netproto.RouteSelf, `{"port":4000}`, netproto.CodeWrongNode)
	asker.refused("POST", netproto.RouteResources, `{}`, netproto.CodeWrongNode)
	asker.refused("POST", netproto.RouteHeartbeat, `{}`, netproto.CodeWrongNode)
	for tr, role := range map[*tracker]string{search: "search", api: "api"} {
		if got := tr.role(); !strings.Contains(got, `"role":"`+role+`"`) {
			t.Errorf("a node with the role %s is %s", role, got)
		}
	}
	if got := api.metric("cp2p_index_names"); got != "" {
		t.Errorf("a node without an index says that it has %s names", got)
	}
	both := func(metric, value string) {
		t.Helper()
		for _, tr := range nodes {
			tr.until(metric+" is "+value+" there", func() bool { return tr.metric(metric) == value })
		}
	}
	both("cp2p_resources_online", "2")
	sharer.call("DELETE", netproto.RouteResources, netproto.WithdrawRequest{Hashes: []netproto.ContentHash{hash("song")}}, nil)
	both("cp2p_resources_online", "1")
	sharer.call("DELETE", netproto.RouteSelf, nil, nil)
	both("cp2p_resources_online", "0")
	sharer.join(netproto.JoinRequest{Port: 4000})
	both("cp2p_resources_online_bytes", "20000")
}

// role returns what a node says of itself when it is ready.
func (tr *tracker) role() string { return tr.plain("").send("GET", netproto.RouteReady, "").body }

// town is a tracker of two nodes that know each other, with a peer whose line ends at the
// first, and another peer that asks the second.
type town struct {
	one, two       *tracker
	callee, caller *client
	line           *wire
}

func startTown(t *testing.T) town {
	t.Helper()
	nodes := startNodes(t, server.RoleBoth, server.RoleBoth)
	w := town{one: nodes[0], two: nodes[1]}
	w.callee = w.one.sharer("198.51.100.7", netproto.JoinRequest{Name: "Anna"}, "a")
	w.caller = w.two.sharer("198.51.100.8", netproto.JoinRequest{Name: "Ben"})
	w.line = w.callee.line()
	w.two.until("the second node knows of the line", func() bool {
		found := w.caller.sources("a")
		return len(found) == 1 && found[0].Callable
	})
	return w
}

func TestAPeerWhoseLineIsAtAnotherNodeIsCalled(t *testing.T) {
	w := startTown(t)
	rings := w.line.answers(netproto.RingOK)
	got, rung := w.caller.calls(w.callee, "a"), <-rings
	if got.Call != rung.Call || got.Silent || rung.PeerID != w.caller.id.PeerID() || rung.Name != "Ben" {
		t.Errorf("the caller is told %+v, the callee %+v", got, rung)
	}
	if want := "198.51.100.7:" + strconv.Itoa(w.line.LocalAddr().(*net.TCPAddr).Port); !slices.Contains(got.Addresses, want) {
		t.Errorf("the caller is told %v, without where the line comes from, %s", got.Addresses, want)
	}
	if !slices.Contains(rung.Addresses, "198.51.100.8:4000") {
		t.Errorf("the callee is told %v", rung.Addresses)
	}
	w.line.Close()
	w.two.until("the second node knows that the line is gone", func() bool { return !w.caller.sources("a")[0].Callable })
	w.caller.refused("POST", netproto.RouteCalls, calling(w.callee, "a"), netproto.CodeNotFound)
}

func TestWhatACalleeElsewhereSaysIsTheAnswer(t *testing.T) {
	for result, want := range map[netproto.RingResult]netproto.Code{netproto.RingBusy: netproto.CodeBusy, netproto.RingNo: netproto.CodeDenied} {
		w := startTown(t)
		w.line.answers(result)
		w.caller.refused("POST", netproto.RouteCalls, calling(w.callee, "a"), want)
	}
}

// A token is good at every node, whichever made it.
func TestEachNodeRelays(t *testing.T) {
	w := startTown(t)
	rings := w.line.answers(netproto.RingOK)
	called, rung := w.caller.calls(w.callee, "a"), <-rings
	if called.Relay == nil || rung.Relay == nil {
		t.Fatalf("%+v, %+v", called, rung)
	}
	m := meeting{w.two, w.caller, w.callee, called.Relay.Token, rung.Relay.Token}
	one, two := w.caller.raw(m.one), w.callee.raw(m.two) // at the second, and at the first node
	for _, conn := range []net.Conn{one, two} {
		if err := ready(conn); err != nil {
			t.Fatal(err)
		}
	}
	m.talk(one, two)
	if got := w.two.metric("cp2p_relay_bytes_total"); got == "0" {
		t.Error("the node that made the tokens relayed nothing")
	}
	called, rung = w.caller.calls(w.callee, "a"), <-rings
	m.one, m.two = called.Relay.Token, rung.Relay.Token
	answered := make(chan net.Conn)
	go func() {
		conn, resp := w.callee.inTLS(m.two)
		if resp.StatusCode != http.StatusSwitchingProtocols {
			t.Error(resp.Status)
		}
		answered <- conn
	}()
	one = w.caller.raw(m.one)
	if err := ready(one); err != nil {
		t.Fatal(err)
	}
	m.talk(one, <-answered)
	if conn := w.callee.raw(netproto.RelayToken(append(m.two[:4:4], make([]byte, 12)...))); ready(conn) == nil {
		t.Error("a token that no node made is good")
	}
}

func TestNotesAndWishesAreToldOverALineAtAnotherNode(t *testing.T) {
	w := startTown(t)
	var left netproto.NoteResponse
	w.caller.call("POST", netproto.RoutePeers+"/"+w.callee.id.PeerID().String()+"/notes", netproto.NoteRequest{Note: []byte("sealed")}, &left)
	if f := w.line.hear(); !left.Told || f.Note == nil || f.Note.Waiting != 1 {
		t.Errorf("the sender is told %+v, over the line came %+v", left, f)
	}
	// The wishes of a peer are kept by one node, and asked for at any.
	there := w.callee.at(w.two, "198.51.100.7")
	if kept := there.wish(netproto.Wish{ID: 1, Words: "lecture"}); kept.Wishes != 1 {
		t.Errorf("%+v", kept)
	}
	if kept := w.callee.wish(netproto.Wish{ID: 1, Words: "lecture"}, netproto.Wish{ID: 2, Words: "film"}); kept.Wishes != 2 {
		t.Errorf("%+v", kept)
	}
	w.callee.refused("PUT", netproto.RouteWishes, `{"wishes":[{"id":1}]}`, netproto.CodeInvalid)
	sharer := w.one.sharer("198.51.100.9", netproto.JoinRequest{}, "lecture")
	if f := w.line.hear(); f.Wishes == nil || f.Wishes.Waiting != 1 {
		t.Errorf("of what was announced at the node of the line came %+v", f)
	}
	sharer.at(w.two, "198.51.100.9").announce(file("film"))
	if f := w.line.hear(); f.Wishes == nil || f.Wishes.Waiting != 2 {
		t.Errorf("of what was announced where the wishes are came %+v", f)
	}
	for _, c := range []*client{w.callee, there} {
		if got := c.finds(0); len(got.Found) != 2 || got.Wishes != 2 {
			t.Errorf("%+v", got)
		}
	}
	w.callee.call("DELETE", netproto.RouteSelf, nil, nil)
	w.two.until("the wishes are gone", func() bool { return there.finds(0).Wishes == 0 })
}

func TestABanCutsTheLinesAtAllNodes(t *testing.T) {
	w := startTown(t)
	key := w.callee.id.Key()
	if err := w.two.owner.Ban(t.Context(), store.Ban{Target: store.Target{Key: netproto.FingerprintOf(key)}}); err != nil {
		t.Fatal(err)
	}
	w.line.ended("its owner is banned")
}

// What an address may ask for in a second counts for all nodes: one at which it has asked
// little refuses it, too.
func TestLimitsCountForAllNodes(t *testing.T) {
	limits := admission.DefaultLimits()
	limits.RateAddress = 2
	const burst = 65 // for such a rate
	nodes := startNodesWith(t, func(c *server.Config) { c.Limits = &limits }, server.RoleBoth, server.RoleBoth)
	one, two := nodes[0].client("198.51.100.7"), nodes[1].client("198.51.100.7")
	answered := 0
	for one.send("GET", netproto.RouteTracker, "").status == http.StatusOK {
		for two.send("GET", netproto.RouteTracker, "").status == http.StatusOK {
			continue
		}
		if answered++; answered == burst-5 {
			t.Fatal("an address has its whole burst at each node")
		}
		<-time.After(500 * time.Millisecond) // in which one token comes back, and what the other node spent is told
	}
	if other := nodes[0].client("203.0.113.1").send("GET", netproto.RouteTracker, ""); other.status != http.StatusOK {
		t.Errorf("another address is answered %d", other.status)
	}
}
