package server_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server"
	"centralizedp2p/tracker/server/admission"
	"centralizedp2p/tracker/store"
)

func personPath(c *client) string {
	return strings.Replace(netproto.RoutePeer, "{id}", c.id.PeerID().String(), 1)
}

// people lists all who are found, in pages of two.
func (c *client) people(words string) (names []string) {
	c.Helper()
	for cursor, pages := "", 0; ; pages++ {
		var page netproto.PeopleResponse
		c.call("GET", netproto.RoutePeers+"?limit=2&q="+url.QueryEscape(words)+"&cursor="+cursor, nil, &page)
		for _, p := range page.Items {
			names = append(names, p.Name)
		}
		if cursor = page.Next; cursor == "" {
			return names
		}
		if pages > 100 {
			c.Fatal("the pages never end")
		}
	}
}

func TestPeopleAreListedThoseOnlineFirst(t *testing.T) {
	tr := startTracker(t, nil)
	away, shy, anna := tr.client(""), tr.client(""), tr.client("")
	away.join(netproto.JoinRequest{Name: "Aaron", Port: 4000})
	away.call("DELETE", netproto.RouteSelf, nil, nil)
	shy.join(netproto.JoinRequest{Name: "Ben", Port: 4000, Unlisted: true})
	anna.join(netproto.JoinRequest{Name: "anna", Port: 4000})
	for _, name := range []string{"Zoë", "Carl"} {
		tr.client("").join(netproto.JoinRequest{Name: name, Port: 4000})
	}
	shown := file("song")
	anna.announce(shown, netproto.Resource{Hash: hash("secret"), Size: 7, Name: "secret", Hidden: true})
	if got := fmt.Sprint(anna.people("")); got != "[anna Carl Zoë Aaron]" {
		t.Errorf("listed: %s", got)
	}
	if got := fmt.Sprint(anna.people("ZOË")); got != "[Zoë]" {
		t.Errorf("found: %s", got)
	}
	var person netproto.Person
	tr.client("").call("GET", personPath(anna), nil, &person)
	if want := (netproto.Person{PeerID: anna.id.PeerID(), Key: netproto.PublicKey(anna.id.Key()), Name: "anna", Online: true, Resources: 1, Bytes: shown.Size}); person != want {
		t.Errorf("%+v, want %+v", person, want)
	}
	anna.call("GET", personPath(shy), nil, &person)
	anna.refused("GET", personPath(tr.client("")), "", netproto.CodeNotFound)
	anna.refused("GET", "/v1/peers/somebody", "", netproto.CodeInvalid)
	anna.refused("GET", netproto.RoutePeers+"?limit=201", "", netproto.CodeInvalid)
	anna.refused("GET", netproto.RoutePeers+"?cursor=x", "", netproto.CodeInvalid)
	anna.refused("GET", netproto.RoutePeers+"?q="+strings.Repeat("x", netproto.MaxQueryBytes+1), "", netproto.CodeInvalid)
	tr.clientOf(nil, "").refused("GET", netproto.RoutePeers, "", netproto.CodeCertificate)
}

func TestAPrivateTrackerShowsItsMembersToEachOtherAlone(t *testing.T) {
	tr := startTracker(t, private)
	one, other, stranger := tr.client(""), tr.client(""), tr.client("")
	one.join(netproto.JoinRequest{Name: "one", Port: 4000, Invite: tr.invited(1)})
	other.join(netproto.JoinRequest{Name: "other", Port: 4000, Invite: tr.invited(2)})
	if got := fmt.Sprint(one.people("")); got != "[one other]" {
		t.Errorf("listed: %s", got)
	}
	for _, path := range []string{netproto.RoutePeers, personPath(one), netproto.RouteNotes} {
		stranger.refused("GET", path, "", netproto.CodeInvite)
	}
	stranger.refused("POST", notesPath(one), noteBody("x"), netproto.CodeInvite)
	one.leave(other, "hello")
	if err := tr.store.RemoveMember(t.Context(), other.id.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(one.people("")); got != "[one]" {
		t.Errorf("listed after one was removed: %s", got)
	}
	one.refused("GET", personPath(other), "", netproto.CodeNotFound)
	one.refused("POST", notesPath(other), noteBody("x"), netproto.CodeNotFound)
	if tr.store.NotesFor(other.id.PeerID()) != 0 {
		t.Error("the note of a removed member waits")
	}
}

func TestHitsNameTheirOwners(t *testing.T) {
	tr := startTracker(t, nil)
	for i := range 5 {
		peer := tr.client("")
		peer.join(netproto.JoinRequest{Name: fmt.Sprint("peer ", i), Port: 4000, Unlisted: i == 0})
		peer.announce(file("song"))
	}
	hits := tr.client("").search("q=song").Items
	if len(hits) != 1 || hits[0].Sources != 5 || len(hits[0].Owners.List()) != netproto.MaxOwners {
		t.Fatalf("%+v", hits)
	}
	for _, owner := range hits[0].Owners.List() {
		if !strings.HasPrefix(owner.Name, "peer ") || owner.Name == "peer 0" {
			t.Errorf("%+v is an owner", owner)
		}
	}
}

// TestWhatIsHiddenIsNowhereButAtItsHash looks everywhere a stranger can.
func TestWhatIsHiddenIsNowhereButAtItsHash(t *testing.T) {
	tr := startTracker(t, func(c *server.Config) { c.SeedClients = netproto.SeedOpen })
	owner, shy, other := tr.client(""), tr.client(""), tr.client("")
	owner.join(netproto.JoinRequest{Name: "owner", Port: 4000, SeedPort: 3000})
	shy.join(netproto.JoinRequest{Name: "hermit", Port: 4000, SeedPort: 3000, Unlisted: true})
	other.join(netproto.JoinRequest{Name: "other", Port: 4000, SeedPort: 3000})
	secret := netproto.Resource{Hash: hash("secret"), Size: 7, Name: "secret plan.txt", MD5: strings.Repeat("0a", 16), Hidden: true}
	owner.announce(secret)
	shy.announce(netproto.Resource{Hash: hash("known"), Size: 7, Name: "known.txt", MD5: strings.Repeat("0b", 16)})
	other.announce(file("harmless"))
	seed := tr.plain("")
	seen := map[string]string{
		"the seed's list":   seed.send("GET", netproto.RouteSeedResource, "").body,
		"the seed's search": seed.send("GET", netproto.RouteSeedResource, `{"resource_name":"secret plan.txt"}`).body,
		"of a hermit":       seed.send("GET", netproto.RouteSeedResource, `{"resource_name":"known.txt"}`).body,
		"the status page":   seed.send("GET", "/", "").body + seed.send("GET", "/?q=secrat+plan", "").body,
		"a search":          other.send("GET", netproto.RouteResources+"?q=secret&offline=true", "").body,
		"a list":            other.send("GET", netproto.RouteResources+"?sort=newest", "").body,
		"a browse":          other.send("GET", personPath(owner)+"/resources", "").body,
		"the people":        other.send("GET", netproto.RoutePeers, "").body,
		"the counts":        other.send("GET", netproto.RouteStats, "").body,
	}
	for where, body := range seen {
		if strings.Contains(body, "plan.txt") || strings.Contains(body, secret.Hash.String()) || strings.Contains(body, "hermit") {
			t.Errorf("%s shows it: %s", where, body)
		}
	}
	if !strings.Contains(seen["the seed's list"], hash("harmless").String()) || strings.Contains(seen["the seed's list"], hash("known").String()) ||
		strings.Contains(seen["of a hermit"], hash("known").String()) {
		t.Errorf("a seed client sees %s, and %s", seen["the seed's list"], seen["of a hermit"])
	}
	var stats netproto.Stats
	if other.call("GET", netproto.RouteStats, nil, &stats); stats.Resources != 2 {
		t.Errorf("%+v", stats)
	}
	if got := other.sources("secret"); len(got) != 1 || got[0].PeerID != owner.id.PeerID() {
		t.Errorf("sources %+v", got)
	}
	owner.line()
	tr.until("the line stands", func() bool { return other.sources("secret")[0].Callable })
	other.refused("POST", netproto.RouteCalls, fmt.Sprintf(`{"peer_id":%q,"hash":%q}`, shy.id.PeerID(), secret.Hash), netproto.CodeNotFound)
	called := make(chan reply, 1)
	go func() {
		called <- other.send("POST", netproto.RouteCalls, fmt.Sprintf(`{"peer_id":%q,"hash":%q}`, owner.id.PeerID(), secret.Hash))
	}()
	if got := <-called; got.status != 200 { // it was rung, and did not answer
		t.Errorf("a call: %d %s", got.status, got.body)
	}
}

func TestPeopleAreChargedFor(t *testing.T) {
	tr := limited(t, admission.Limits{RateAddress: 1})
	for i := range 1100 { // one more than 1,000 looks
		key := netproto.PublicKey{byte(i), byte(i >> 8), 1}
		if _, err := tr.store.Join(t.Context(), store.Peer{Key: key, Name: fmt.Sprint("peer ", i), Observed: observed}); err != nil {
			t.Fatal(err)
		}
	}
	greedy, modest := tr.client("192.0.2.1"), tr.client("192.0.2.2")
	count := func(c *client, path string) (n int) {
		for ; c.send("GET", path, "").status == 200; n++ {
		}
		return n
	}
	if cheap, dear := count(modest, netproto.RoutePeers+"?limit=1"), count(greedy, netproto.RoutePeers+"?q=nobody"); dear > cheap/2+2 {
		t.Errorf("%d long lists and %d short ones until an address has to wait", dear, cheap)
	}
}
