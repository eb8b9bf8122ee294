package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/store"
)

func TestAPeerSharesAndAnotherFindsIt(t *testing.T) {
	tr := startTracker(t, nil)
	alice, bob := tr.client(""), tr.client("")

	joined := alice.join(netproto.JoinRequest{Name: "Alice", Port: 4000})
	want := netproto.JoinResponse{
		PeerID: alice.id.PeerID(), ObservedAddress: "127.0.0.1:4000", Reachable: netproto.ReachableUnknown,
		HeartbeatSeconds: 30, LeaseSeconds: 90, Line: true,
	}
	if diff := cmp.Diff(want, joined); diff != "" {
		t.Fatal(diff)
	}
	whole, part := file("Wolken über Berlin.txt"), file("half.bin")
	part.Part = true
	if got := alice.announce(whole, part); got.Accepted != 2 || len(got.Refused) != 0 {
		t.Fatalf("%+v", got)
	}

	page := bob.search("q=" + url.QueryEscape("berlin WOLKEN"))
	if len(page.Items) != 1 || page.Items[0].Hash != whole.Hash || page.Items[0].Sources != 1 || page.Items[0].Size != whole.Size {
		t.Fatalf("%+v", page)
	}
	var details netproto.ResourceResponse
	bob.call("GET", resourcePath(whole.Name), nil, &details)
	if details.Name != whole.Name || !slices.Equal(details.Names, []string{whole.Name}) {
		t.Fatalf("%+v", details)
	}
	sources := bob.sources(part.Name)
	if len(sources) != 1 {
		t.Fatalf("%+v", sources)
	}
	var key netproto.PublicKey
	copy(key[:], alice.id.Key())
	if diff := cmp.Diff([]netproto.Source{{PeerID: alice.id.PeerID(), Key: key, Name: "Alice", Addresses: []string{"127.0.0.1:4000"}, Part: true, Reach: sources[0].Reach}}, sources); diff != "" {
		t.Fatal(diff)
	}
	var described netproto.ResourceResponse
	bob.call("GET", resourcePath(part.Name)+"?peers=true", nil, &described)
	if diff := cmp.Diff(sources, described.Peers); diff != "" || described.Hash != part.Hash {
		t.Fatalf("asked what a content is and who has it: %+v %s", described, diff)
	}
	if bob.call("GET", resourcePath(part.Name), nil, &details); details.Peers != nil {
		t.Fatalf("who has it was not asked: %+v", details)
	}
	var shares netproto.SearchResponse
	bob.call("GET", "/v1/peers/"+alice.id.PeerID().String()+"/resources?limit=1", nil, &shares)
	if names(shares.Items) != part.Name || shares.Next == "" {
		t.Fatalf("%+v", shares)
	}
	var stats netproto.Stats
	bob.call("GET", netproto.RouteStats, nil, &stats)
	if stats != (netproto.Stats{PeersOnline: 1, PeersKnown: 1, Resources: 2, Bytes: 40_000}) {
		t.Fatalf("%+v", stats)
	}

	var removed netproto.WithdrawResponse
	alice.call("DELETE", netproto.RouteResources, netproto.WithdrawRequest{Hashes: []netproto.ContentHash{whole.Hash, hash("x")}}, &removed)
	if removed.Removed != 1 || len(bob.search("q=wolken").Items) != 0 {
		t.Fatalf("%+v", removed)
	}
	alice.call("DELETE", netproto.RouteSelf, nil, nil)
	bob.refused("GET", resourcePath(part.Name), "", netproto.CodeNotFound)
	if got := bob.sources(part.Name); len(got) != 0 {
		t.Fatalf("%+v", got)
	}
}

func TestAHeartbeatSaysWhatThePeerHasToDo(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	beat := func(rs ...netproto.Resource) netproto.HeartbeatStatus {
		req := netproto.HeartbeatRequest{Count: len(rs)}
		for _, r := range rs {
			req.Digest = req.Digest.Toggle(r.Hash)
		}
		var got netproto.HeartbeatResponse
		peer.call("POST", netproto.RouteHeartbeat, req, &got)
		return got.Status
	}
	if got := beat(); got != netproto.HeartbeatJoin {
		t.Fatal(got)
	}
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a"), file("b"))
	if got := beat(file("a"), file("b")); got != netproto.HeartbeatOK {
		t.Fatal(got)
	}
	if got := beat(file("a")); got != netproto.HeartbeatResync {
		t.Fatal(got)
	}
	peer.call("DELETE", netproto.RouteSelf, nil, nil)
	if got := beat(file("a"), file("b")); got != netproto.HeartbeatJoin {
		t.Fatal(got)
	}
	joined := peer.join(netproto.JoinRequest{Port: 4000})
	if joined.Count != 2 || beat(file("a"), file("b")) != netproto.HeartbeatOK {
		t.Fatalf("%+v", joined)
	}
}

func TestAJoinWithAValueOutOfRangeIsRefused(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	for _, c := range []struct {
		body string
		want netproto.Code
	}{
		{``, netproto.CodeBadRequest},
		{`{"port":4000`, netproto.CodeBadRequest},
		{`{"port":4000} x`, netproto.CodeBadRequest},
		{`{"port":4000}{"port":4000}`, netproto.CodeBadRequest},
		{`[]`, netproto.CodeInvalid},
		{`{"port":"4000"}`, netproto.CodeInvalid},
		{`{"port":4000.5}`, netproto.CodeInvalid},
		{`{"port":0}`, netproto.CodeInvalid},
		{`{"port":65536}`, netproto.CodeInvalid},
		{`{"port":4000,"seed_port":-1}`, netproto.CodeInvalid},
		{`{"port":4000,"name":"` + strings.Repeat("x", 65) + `"}`, netproto.CodeInvalid},
		{`{"port":4000,"name":"a\u202Eb"}`, netproto.CodeInvalid},
		{`{"port":4000,"name":"a\nb"}`, netproto.CodeInvalid},
		{`{"port":4000,"candidates":["192.168.1.1"]}`, netproto.CodeInvalid},
		{`{"port":4000,"candidates":["example.org:80"]}`, netproto.CodeInvalid},
		{`{"port":4000,"candidates":[` + strings.Repeat(`"10.0.0.1:1",`, 8) + `"10.0.0.1:1"]}`, netproto.CodeInvalid},
	} {
		if p := peer.refused("PUT", netproto.RouteSelf, c.body, c.want); p.Detail == "" {
			t.Errorf("%s: no word about what is wrong", c.body)
		}
	}
	for _, ok := range []string{`{"port":65535,"a later field":1}`, `{"port":1,"name":"Žluťoučký 🐎","seed_port":65535,"candidates":[]}`} {
		if got := peer.send("PUT", netproto.RouteSelf, ok); got.status != 200 {
			t.Errorf("%s: %d %s", ok, got.status, got.body)
		}
	}
}

func TestWhoIsNotJoinedCannotAnnounce(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.refused("POST", netproto.RouteResources, `{"resources":[]}`, netproto.CodeJoinFirst)
	peer.refused("DELETE", netproto.RouteResources, `{"hashes":[]}`, netproto.CodeJoinFirst)
	if got := peer.send("DELETE", netproto.RouteSelf, ""); got.status != http.StatusNoContent || got.body != "" {
		t.Fatalf("leaving: %+v", got)
	}
}

func TestABadElementOfAnAnnounceIsRefusedAloneByItsIndex(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	h := hash("x").String()
	md5 := strings.Repeat("0a", 16)
	elements := []struct {
		json string
		ok   bool
	}{
		{`{"hash":"` + h + `","size":1,"name":"good"}`, true},
		{`{"hash":"` + strings.ToUpper(h) + `","size":0,"name":"also good","part":true,"later":[]}`, true},
		{`{"size":1,"name":"no hash"}`, false},
		{`{"hash":"` + strings.Repeat("0", 64) + `","size":1,"name":"zero hash"}`, false},
		{`{"hash":"abc","size":1,"name":"short hash"}`, false},
		{`{"hash":"` + h + `","size":-1,"name":"n"}`, false},
		{`{"hash":"` + h + `","size":` + strconv.Itoa(netproto.MaxContentSize+1) + `,"name":"n"}`, false},
		{`{"hash":"` + h + `","size":1.5,"name":"n"}`, false},
		{`{"hash":"` + h + `","size":1,"name":"../n"}`, false},
		{`{"hash":"` + h + `","size":1,"name":""}`, false},
		{`{"hash":"` + h + `","size":1,"name":"a\u202Eb"}`, false},
		{`{"hash":"` + h + `","size":1,"name":"n","mime":"` + strings.Repeat("x", 128) + `"}`, false},
		{`{"hash":"` + h + `","size":1,"name":"n","mime":"text/pläin"}`, false},
		{`{"hash":"` + h + `","size":1,"name":"n","md5":"xyz"}`, false},
		{`{"hash":"` + h + `","size":10241,"name":"n","md5":"` + md5 + `"}`, false},
		{`{"hash":"` + h + `","size":10240,"name":"n","md5":"` + md5 + `"}`, true},
		{`null`, false},
		{`"text"`, false},
	}
	var all []string
	wantRefused := 0
	for _, e := range elements {
		all = append(all, e.json)
		if !e.ok {
			wantRefused++
		}
	}
	got := peer.send("POST", netproto.RouteResources, `{"resources":[`+strings.Join(all, ",")+`]}`)
	var answer netproto.AnnounceResponse
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil || got.status != 200 {
		t.Fatal(got, err)
	}
	if answer.Accepted != len(elements)-wantRefused || len(answer.Refused) != wantRefused {
		t.Errorf("%d accepted, %d refused", answer.Accepted, len(answer.Refused))
	}
	for _, r := range answer.Refused {
		if elements[r.Index].ok || r.Code != netproto.CodeInvalid || r.Detail == "" {
			t.Errorf("refused: %+v of %s", r, elements[r.Index].json)
		}
	}
}

func TestABatchHasAThousandElementsAtTheMost(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	var rs []netproto.Resource
	var hs []netproto.ContentHash
	for i := range netproto.MaxAnnounce + 1 {
		rs = append(rs, file(fmt.Sprint(i)))
		hs = append(hs, rs[i].Hash)
	}
	if got := peer.announce(rs[1:]...); got.Accepted != netproto.MaxAnnounce {
		t.Fatalf("%+v", got)
	}
	body, _ := json.Marshal(netproto.AnnounceRequest{Resources: rs})
	peer.refused("POST", netproto.RouteResources, string(body), netproto.CodeTooLarge)
	body, _ = json.Marshal(netproto.WithdrawRequest{Hashes: hs})
	peer.refused("DELETE", netproto.RouteResources, string(body), netproto.CodeTooLarge)
}

func TestASearchIsReadStrictly(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a.mkv"), file("b.mkv"), file("c.txt"))
	for _, query := range []string{
		"q=" + strings.Repeat("x", netproto.MaxQueryBytes+1), "q=%ff", "type=films", "min_size=-1", "min_size=x",
		"max_size=99999999999999999999", "sort=worst", "sort=best&order=asc", "owner=x", "owner=00000000-0000-0000-0000-000000000000", "since=yesterday", "until=2026-13-01T00:00:00Z", "order=up", "limit=0", "limit=201", "limit=x", "cursor=x",
		"cursor=" + strings.Repeat("A", netproto.MaxCursorBytes+1),
	} {
		peer.refused("GET", netproto.RouteResources+"?"+query, "", netproto.CodeInvalid)
	}
	peer.refused("GET", netproto.RouteResources+"?q=%zz", "", netproto.CodeBadRequest)
	peer.refused("GET", "/v1/resources/abc", "", netproto.CodeInvalid)
	peer.refused("GET", "/v1/resources/abc/peers", "", netproto.CodeInvalid)
	peer.refused("GET", "/v1/peers/abc/resources", "", netproto.CodeInvalid)
	peer.refused("GET", "/v1/peers/"+tr.client("").id.PeerID().String()+"/resources", "", netproto.CodeNotFound)
	peer.refused("GET", "/v1/peers/"+peer.id.PeerID().String()+"/resources?cursor=x", "", netproto.CodeInvalid)

	if got := names(peer.search("type=video&sort=name").Items); got != "a.mkv | b.mkv" {
		t.Error(got)
	}
	if got := peer.search("max_size=0"); got.Items == nil || len(got.Items) != 0 {
		t.Errorf("%+v", got)
	}
	for query, want := range map[string]string{
		"sort=name&order=asc": "a.mkv | b.mkv | c.txt", "sort=name&order=desc": "c.txt | b.mkv | a.mkv",
		"sort=name&order=desc&limit=2": "c.txt | b.mkv", "sort=newest&order=desc": names(peer.search("sort=newest").Items),
	} {
		if got := names(peer.search(query).Items); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	first := peer.search("sort=name&limit=2")
	if got := names(peer.search("sort=name&limit=2&cursor=" + first.Next).Items); got != "c.txt" {
		t.Error(got)
	}
}

func TestTheTrackerTellsAboutItselfToAnybody(t *testing.T) {
	tr := startTracker(t, nil)
	stranger := tr.clientOf(nil, "")
	var info netproto.TrackerInfo
	stranger.call("GET", netproto.RouteTracker, nil, &info)
	want := netproto.TrackerInfo{
		Name: "test tracker", Fingerprint: tr.key.Fingerprint(), Version: "1.2.3", SeedClients: netproto.SeedLAN,
		HeartbeatSeconds: 30, LeaseSeconds: 90, Limits: netproto.Limits{Announce: 1000, Page: 200, ResourcesPerPeer: 500_000},
		Ports: []int{int(netip.MustParseAddrPort(tr.addr).Port())}, Line: true, Relay: true, Wishes: true,
	}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Fatal(diff)
	}
	for _, c := range []*client{stranger, tr.plain("")} {
		for _, path := range []string{netproto.RouteHealth, netproto.RouteReady} {
			if got := c.send("GET", path, ""); got.status != 200 {
				t.Errorf("%s: %+v", path, got)
			}
		}
	}
	tr.store.Close()
	if got := stranger.send("GET", netproto.RouteReady, ""); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("ready without a store: %+v", got)
	}
	if got := stranger.send("GET", netproto.RouteHealth, ""); got.status != 200 {
		t.Errorf("alive without a store: %+v", got)
	}
}

func TestAFailureInsideIsNotShown(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.Store = &brokenStore{c.Store} })
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	if p := peer.refused("POST", netproto.RouteResources, `{"resources":[]}`, netproto.CodeInternal); p.Detail != "" {
		t.Errorf("shown: %q", p.Detail)
	}
}

// brokenStore fails unexpectedly.
type brokenStore struct{ store.Store }

func (*brokenStore) Announce(context.Context, netproto.PeerID, []netproto.Resource, bool) ([]netproto.Refusal, error) {
	return nil, errors.New("a secret of the tracker")
}

func TestAHeartbeatBringsTheCountsOfTheTracker(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a"), file("b"))
	var beat netproto.HeartbeatResponse
	peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, &beat)
	var asked netproto.Stats
	peer.call("GET", netproto.RouteStats, nil, &asked)
	if beat.Stats == nil || *beat.Stats != asked || asked.PeersOnline != 1 || asked.Resources != 2 {
		t.Errorf("the heartbeat brings %+v, the counts are %+v", beat.Stats, asked)
	}
}

// uncounted is a store that cannot count.
type uncounted struct{ store.Store }

func (*uncounted) Stats(context.Context) (netproto.Stats, error) {
	return netproto.Stats{}, errors.New("no counts")
}

func TestAHeartbeatSucceedsWithoutCounts(t *testing.T) {
	limits := admission.Limits{} // a limit of peers would ask for the counts, too
	tr := startTracker(t, func(c *server.Config) { c.Store, c.Limits = &uncounted{c.Store}, &limits })
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	var beat netproto.HeartbeatResponse
	peer.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, &beat)
	if beat.Status != netproto.HeartbeatOK || beat.Stats != nil {
		t.Errorf("%+v", beat)
	}
}

func TestAPeerWhoseLeaseEndedHasToJoinAgain(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	peer.announce(file("a"))
	if err := tr.store.Leave(t.Context(), peer.id.PeerID()); err != nil {
		t.Fatal(err)
	}
	peer.refused("POST", netproto.RouteResources, `{"resources":[]}`, netproto.CodeJoinFirst)
	if joined := peer.join(netproto.JoinRequest{Port: 4000}); joined.Count != 1 || joined.Digest != netproto.Digest(0).Toggle(hash("a")) {
		t.Fatalf("%+v", joined)
	}
}

// A program that ends tells it, and may be gone before the answer.
func TestAGoodbyeCountsIfNobodyWaitsForTheAnswer(t *testing.T) {
	var srv *server.Server
	tr := startServer(t, nil, func(s *server.Server) { srv = s })
	c := tr.client("")
	id := c.join(netproto.JoinRequest{Name: "Ada", Port: 4000}).PeerID
	gone, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(gone, http.MethodDelete, netproto.RouteSelf, nil)
	if err := srv.LeaveFor(r, id); err != nil {
		t.Error(err)
	}
	if stats, err := tr.store.Stats(t.Context()); err != nil || stats.PeersOnline != 0 {
		t.Errorf("%d peers are online: %v", stats.PeersOnline, err)
	}
}
