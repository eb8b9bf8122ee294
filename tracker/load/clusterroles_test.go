//go:build unix

package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
)

// splitWork adds two nodes, one that only searches and one that does everything else. Each
// does its part for peers that use both, sends them away for the rest, and has everything
// again after it was killed.
func (k *crowd) splitWork(times int) {
	k.Helper()
	if times == 0 {
		return
	}
	search, api := k.addNode(server.RoleSearch), k.addNode(server.RoleAPI)
	var worst time.Duration
	for round := range times {
		one := &member{id: k.stranger(), no: 1_000_000 + round}
		worst = max(worst, k.useBoth(search, api, one))
		for _, n := range []*node{search, api} {
			n.kill(k)
			n.run(k)
			k.until("the node is back", func() bool { status, _ := n.ready(k); return status == http.StatusOK })
		}
		worst = max(worst, k.useBoth(search, api, one))
	}
	for _, u := range k.users[:min(len(k.users), wholeCheck)] {
		u.mu.Lock()
		err := errors.Join(k.verifyAt(api, u), k.foundAt(search, u.member))
		u.mu.Unlock()
		if err != nil {
			k.Fatal(err)
		}
	}
	k.row("found at a search node, from the answer of an api node", 2*times, worst, killNoticed)
}

// addNode starts a node with a role, which HAProxy does not know.
func (c *cluster) addNode(role server.Role) *node {
	c.Helper()
	n := newNode(c, c.nodes, c.nodes[0].database, c.beat, role)
	c.until("the node is ready", func() bool {
		status, said := n.ready(c)
		return status == http.StatusOK && strings.Contains(said, `"role":"`+string(role)+`"`)
	})
	return n
}

// useBoth has a peer change what it shares at one node, and returns how long another node
// took to find all of it, and no longer what was withdrawn.
func (k *crowd) useBoth(search, api *node, one *member) time.Duration {
	k.Helper()
	at := func(n *node) *wire {
		w, err := dial(k.Context(), n.at, source(9, 1), one.id)
		if err != nil {
			k.Fatal(err)
		}
		return w
	}
	here, there := at(api), at(search)
	defer here.Close()
	defer there.Close()
	for _, wrong := range []struct {
		w       *wire
		request []byte
	}{{here, searching("song")}, {there, joining}} {
		status, body, err := wrong.w.ask(wrong.request)
		if err != nil || status != http.StatusMisdirectedRequest || !strings.Contains(string(body), string(netproto.CodeWrongNode)) {
			k.Fatalf("a node does what another one is for: status %d, %s, %v", status, body, err)
		}
	}
	for _, change := range []func() []byte{one.join, func() []byte { return one.announce(20) }, one.withdraw, one.beating} {
		body, err := here.must(change())
		if err != nil {
			k.Fatal(err)
		}
		if strings.Contains(string(body), `"status":"resync"`) {
			k.Fatalf("what the api node took is missing there: %s", body)
		}
		one.is = one.asked
	}
	began := time.Now()
	k.until("the search node finds just what the api node took", func() bool {
		body, err := there.must(searching(fmt.Sprintf(`"of %d"`, one.no)))
		if err != nil {
			k.Fatal(err)
		}
		var found netproto.SearchResponse
		if err := json.Unmarshal(body, &found); err != nil {
			k.Fatal(err)
		}
		for _, hit := range found.Items {
			if !one.is.held[hit.Hash] {
				return false
			}
		}
		return len(found.Items) == len(one.is.held)
	})
	return time.Since(began)
}

// join is a request that changes nothing of what a peer holds.
func (one *member) join() []byte {
	one.asked = standing{true, one.is.held}
	return joining
}

// beating is a heartbeat with what a peer holds.
func (one *member) beating() []byte {
	one.asked = one.is
	return request(http.MethodPost, netproto.RouteHeartbeat, one.is.beat())
}

// foundAt waits until a node finds what a peer holds.
func (k *crowd) foundAt(n *node, one *member) error {
	w, err := dial(k.Context(), n.at, source(9, 1), one.id)
	if err != nil {
		return err
	}
	defer w.Close()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = k.find(w, one); err == nil || time.Now().After(end) {
			return err
		}
	}
}
