//go:build unix

package server_test

import (
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/pgstore"
	"centralizedp2p/tracker/pgtest"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/store"
)

// startNodes runs a tracker of several nodes, with these roles, in one database.
func startNodes(t *testing.T, roles ...server.Role) []*tracker {
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
