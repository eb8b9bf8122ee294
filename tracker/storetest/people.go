package storetest

import (
	"slices"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// named is peer n under another name.
func (h *house) named(n int, name string, unlisted bool) {
	h.Helper()
	p := peer(n)
	p.Name, p.Unlisted = name, unlisted
	if _, err := h.Join(h.ctx, p); err != nil {
		h.Fatal(err)
	}
}

// people lists all who are found, in pages of a size.
func (h *house) people(q store.PeopleQuery) (names []string) {
	h.Helper()
	for range 1000 {
		found, err := h.People(h.ctx, q)
		if err != nil {
			h.Fatalf("%+v: %v", q, err)
		}
		if len(found.Items) > q.Limit {
			h.Fatalf("%d people in a page of %d", len(found.Items), q.Limit)
		}
		for _, p := range found.Items {
			names = append(names, p.Name)
		}
		if q.Cursor = found.Next; q.Cursor == "" {
			return names
		}
	}
	h.Fatal("the pages never end")
	return nil
}

func (h *house) everybody() []string {
	h.Helper()
	return h.people(store.PeopleQuery{Limit: netproto.MaxPage})
}

func (h *house) person(n int) netproto.Person {
	h.Helper()
	p, err := h.Person(h.ctx, peer(n).ID())
	if err != nil {
		h.Fatalf("peer %d: %v", n, err)
	}
	return p
}

func hidden(name string) netproto.Resource {
	r := file(name)
	r.Hidden = true
	return r
}

var peopleTests = map[string]func(*house){
	"those online come first, then by name, in pages of any size": func(h *house) {
		h.named(1, "zoë", false)
		h.named(2, "Anna", false)
		h.named(3, "ben", false)
		h.named(4, "Ben", false)
		h.named(5, "Carl", false)
		for _, n := range []int{1, 5} {
			if err := h.Leave(h.ctx, peer(n).ID()); err != nil {
				h.Fatal(err)
			}
		}
		for limit := 1; limit <= 6; limit++ {
			got := h.people(store.PeopleQuery{Limit: limit})
			slices.Sort(got[1:3]) // one name in two spellings
			if want := []string{"Anna", "Ben", "ben", "Carl", "zoë"}; !slices.Equal(got, want) {
				h.Fatalf("in pages of %d: %q", limit, got)
			}
		}
		h.restart()
		if got := h.everybody(); len(got) != 5 || got[0] != "Anna" || got[4] != "zoë" {
			h.Fatalf("after a restart: %q", got)
		}
	},
	"words find people, in any case": func(h *house) {
		h.named(1, "Anna Berg", false)
		h.named(2, "Anna Maria", false)
		for text, want := range map[string]int{"": 2, "ANNA": 2, "berg an": 1, "annab": 0, "x": 0} {
			if got := h.people(store.PeopleQuery{Text: text, Limit: 1}); len(got) != want {
				h.Errorf("%q finds %q", text, got)
			}
		}
		first, err := h.People(h.ctx, store.PeopleQuery{Text: "anna", Limit: 1})
		if err != nil || first.Next == "" {
			h.Fatalf("%+v, %v", first, err)
		}
		for _, q := range []store.PeopleQuery{
			{Text: "berg", Limit: 1, Cursor: first.Next}, {Limit: 1, Cursor: "x"}, {Limit: 1, Cursor: "!"}, {Text: "anna", Limit: 1, Cursor: first.Next + "\n"},
		} {
			_, err := h.People(h.ctx, q)
			h.wantCode(err, netproto.CodeInvalid)
		}
	},
	"a person has what it shows": func(h *house) {
		h.join(1)
		h.announce(1, file("a"), file("bb"), hidden("ccc"))
		want := netproto.Person{PeerID: peer(1).ID(), Key: peer(1).Key, Name: "peer 1", Online: true, Resources: 2, Bytes: 3000}
		if got := h.person(1); got != want {
			h.Fatalf("%+v, want %+v", got, want)
		}
		h.restart()
		if got := h.person(1); got != want {
			h.Fatalf("after a restart %+v, want %+v", got, want)
		}
		h.announce(1, hidden("bb"), file("ccc"))
		if got := h.person(1); got.Resources != 2 || got.Bytes != 4000 {
			h.Fatalf("after a change %+v", got)
		}
		h.pass(lease)
		want.Online, want.LastSeen = false, h.Now().Add(-lease)
		if got := h.person(1); got.Online || !got.LastSeen.Equal(want.LastSeen) {
			h.Fatalf("after its lease %+v, want %+v", got, want)
		}
		h.reap(100)
		if got := h.person(1); got.Online || got.LastSeen.IsZero() {
			h.Fatalf("after upkeep %+v", got)
		}
		h.pass(retention + time.Second)
		h.reap(100)
		_, err := h.Person(h.ctx, peer(1).ID())
		h.wantCode(err, netproto.CodeNotFound)
		if got := h.everybody(); len(got) != 0 {
			h.Fatalf("listed after it was forgotten: %q", got)
		}
	},
	"whoever is unlisted is in no list, and known by id": func(h *house) {
		h.named(1, "shy", true)
		h.named(2, "open", false)
		h.announce(1, file("a"))
		h.announce(2, file("a"))
		for range 2 {
			if got := h.everybody(); !slices.Equal(got, []string{"open"}) {
				h.Fatalf("listed: %q", got)
			}
			if got := h.person(1); got.Name != "shy" {
				h.Fatalf("by its id: %+v", got)
			}
			page, err := h.Search(h.ctx, store.Query{Text: "a", MaxSize: -1, Limit: 10, Sort: netproto.SortName})
			if err != nil || len(page.Items) != 1 || page.Items[0].Sources != 2 {
				h.Fatalf("%+v, %v", page, err)
			}
			if got := page.Items[0].Owners.List(); len(got) != 1 || got[0] != (netproto.Owner{PeerID: peer(2).ID(), Name: "open"}) {
				h.Fatalf("owners %+v", got)
			}
			offers, err := h.Offers(h.ctx, "", 10)
			if err != nil || len(offers) != 1 || offers[0].Peer.Name != "open" {
				h.Fatalf("offers %+v, %v", offers, err)
			}
			h.restart()
		}
		h.named(1, "shy", false)
		if got := h.everybody(); len(got) != 2 {
			h.Fatalf("listed now: %q", got)
		}
	},
	"a hit names at most a few of those online": func(h *house) {
		for n := range 6 {
			h.join(n + 1)
			h.announce(n+1, file("a"))
		}
		if err := h.Leave(h.ctx, peer(1).ID()); err != nil {
			h.Fatal(err)
		}
		page, err := h.Search(h.ctx, store.Query{Text: "a", MaxSize: -1, Limit: 10, Sort: netproto.SortName})
		if err != nil || len(page.Items) != 1 || len(page.Items[0].Owners.List()) != netproto.MaxOwners {
			h.Fatalf("%+v, %v", page, err)
		}
		for _, owner := range page.Items[0].Owners.List() {
			if owner.PeerID == peer(1).ID() || owner.Name == "" {
				h.Errorf("%+v is an owner", owner)
			}
		}
	},
	"those banned or no members are not listed": func(h *house) {
		for n := range 3 {
			h.join(n + 1)
		}
		i := h.invite(1)
		if err := h.Redeem(h.ctx, i.Hash, peer(2).Key); err != nil {
			h.Fatal(err)
		}
		if got := h.people(store.PeopleQuery{Limit: 1, Members: true}); !slices.Equal(got, []string{"peer 2"}) {
			h.Fatalf("members: %q", got)
		}
		h.ban(printOf(1).String())
		h.ban("192.0.2.3")
		if got := h.everybody(); !slices.Equal(got, []string{"peer 2"}) {
			h.Fatalf("listed: %q", got)
		}
		_, err := h.Person(h.ctx, peer(1).ID())
		h.wantCode(err, netproto.CodeNotFound)
	},
	"a hidden content is found by its hash alone": func(h *house) {
		h.join(1)
		small := hidden("secret")
		small.MD5 = "00112233445566778899aabbccddeeff"
		h.announce(1, small)
		for range 2 {
			if got := h.found(""); len(got) != 0 {
				h.Fatalf("found %q", got)
			}
			if got := h.names(store.Query{Text: "secret", MaxSize: -1, Sort: netproto.SortSources, Limit: 10, Offline: true}); len(got) != 0 {
				h.Fatalf("found with those offline: %q", got)
			}
			page, err := h.Search(h.ctx, store.Query{Text: "secrat", MaxSize: -1, Sort: netproto.SortName, Limit: 10})
			if err != nil || len(page.Suggestions) != 0 {
				h.Fatalf("suggested: %+v, %v", page, err)
			}
			if page, err := h.PeerResources(h.ctx, peer(1).ID(), 10, ""); err != nil || len(page.Items) != 0 {
				h.Fatalf("browsed: %+v, %v", page, err)
			}
			for _, name := range []string{"", "secret"} {
				if offers, err := h.Offers(h.ctx, name, 10); err != nil || len(offers) != 0 {
					h.Fatalf("offered: %+v, %v", offers, err)
				}
			}
			if stats, err := h.Stats(h.ctx); err != nil || stats.Resources != 0 || stats.Bytes != 0 || h.Sizes().Names < 0 {
				h.Fatalf("counted: %+v, %v", stats, err)
			}
			if len(h.sources("secret")) != 1 {
				h.Fatal("it has no sources")
			}
			if _, err := h.Source(h.ctx, hash("secret"), peer(1).ID()); err != nil {
				h.Fatal(err)
			}
			if got, _, err := h.Resource(h.ctx, hash("secret")); err != nil || got.Name != "secret" || got.Sources != 1 || len(got.Owners.List()) != 0 {
				h.Fatalf("%+v, %v", got, err)
			}
			h.heartbeat(1, holdings(small), netproto.HeartbeatOK)
			h.restart()
		}
	},
	"what one hides and another shows": func(h *house) {
		h.join(1)
		h.join(2)
		mine, theirs := hidden("a"), file("a")
		mine.Name = "my own name for it"
		h.announce(1, mine)
		h.announce(2, theirs)
		got, _, err := h.Resource(h.ctx, hash("a"))
		if err != nil || got.Name != "a" || !slices.Equal(got.Names, []string{"a"}) || got.Sources != 2 {
			h.Fatalf("%+v, %v", got, err)
		}
		page, err := h.Search(h.ctx, store.Query{MaxSize: -1, Limit: 10, Sort: netproto.SortName})
		if err != nil || len(page.Items) != 1 || page.Items[0].Sources != 1 {
			h.Fatalf("%+v, %v", page, err)
		}
		if owners := page.Items[0].Owners.List(); len(owners) != 1 || owners[0].PeerID != peer(2).ID() {
			h.Fatalf("owners %+v", owners)
		}
		if got := h.found("own"); len(got) != 0 {
			h.Fatalf("found %q", got)
		}
		h.announce(1, theirs) // shown from now on
		if got := h.names(store.Query{MaxSize: -1, Limit: 10, Sort: netproto.SortName}); !slices.Equal(got, []string{"a"}) || len(h.sources("a")) != 2 {
			h.Fatalf("found %q", got)
		}
		h.announce(1, mine)
		h.announce(2, mine)
		if got := h.found(""); len(got) != 0 {
			h.Fatalf("found after all hid it: %q", got)
		}
		for range 2 {
			h.pass(lease - 1)
			h.heartbeat(1, holdings(mine), netproto.HeartbeatOK)
			h.heartbeat(2, holdings(mine), netproto.HeartbeatOK)
			h.reap(100)
		}
		if _, err := h.Withdraw(h.ctx, peer(1).ID(), []netproto.ContentHash{hash("a")}); err != nil {
			h.Fatal(err)
		}
		if len(h.sources("a")) != 1 {
			h.Fatal("it has another number of sources")
		}
		h.ban(hash("a").String())
		if len(h.sources("a")) != 0 {
			h.Fatal("it has sources although it is banned")
		}
	},
}
