package storetest

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

var restartTests = map[string]func(*house){
	"who was online has one lease of grace, and all is found at once": func(h *house) {
		h.join(1)
		whole, part := file("whole"), file("part")
		whole.MD5, part.Part = "00112233445566778899aabbccddeeff", true
		h.announce(1, whole, part)
		added := h.Now()
		h.pass(lease / 2)
		h.restart()
		if got := h.found(""); !slices.Equal(got, []string{"part", "whole"}) {
			h.Fatalf("found %q", got)
		}
		if diff := cmp.Diff(store.Source{Peer: peer(1), Part: true}, h.sources("part")[peer(1).ID()], byText); diff != "" {
			h.Fatal(diff)
		}
		offers, err := h.Offers(h.ctx, "whole", 9)
		if diff := cmp.Diff([]store.Offer{{Peer: peer(1), Resource: whole, Added: added}}, offers, byText); err != nil || diff != "" {
			h.Fatal(err, diff)
		}
		h.pass(lease - 1)
		h.heartbeat(1, holdings(whole, part), netproto.HeartbeatOK)
		h.pass(lease - 1)
		h.reap(10)
		if got := h.found(""); len(got) != 2 {
			h.Fatalf("after a heartbeat: %q", got)
		}
	},
	"a peer that does not come back is hidden after the lease of grace": func(h *house) {
		h.join(1)
		h.announce(1, file("a"))
		h.pass(1000 * time.Hour)
		h.restart()
		h.pass(lease)
		h.reap(10)
		if got := h.found(""); len(got) != 0 {
			h.Fatalf("found %q", got)
		}
	},
	"who was offline stays so": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("a"))
		h.announce(2, file("b"))
		if err := h.Leave(h.ctx, peer(1).ID()); err != nil {
			h.Fatal(err)
		}
		h.pass(lease)
		h.reap(10)
		h.join(2)
		h.restart()
		if got := h.found(""); !slices.Equal(got, []string{"b"}) {
			h.Fatalf("found %q", got)
		}
		if held := h.join(1); held != holdings(file("a")) {
			h.Fatalf("holdings %+v", held)
		}
	},
	"withdrawals and resets last": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("a"), file("b"), file("c"))
		h.announce(2, file("a"), file("d"))
		if _, err := h.Withdraw(h.ctx, peer(1).ID(), []netproto.ContentHash{hash("b")}); err != nil {
			h.Fatal(err)
		}
		h.reset(2, file("e"))
		renamed := file("c")
		renamed.Name = "cc"
		h.announce(1, renamed)
		for range 2 {
			h.restart()
			if got := h.found(""); !slices.Equal(got, []string{"a", "cc", "e"}) {
				h.Fatalf("found %q", got)
			}
			h.heartbeat(1, holdings(file("a"), file("c")), netproto.HeartbeatOK)
			h.heartbeat(2, holdings(file("e")), netproto.HeartbeatOK)
		}
		h.announce(1, file("f"))
		h.join(3)
		h.announce(3, file("g"))
		h.restart()
		if got := h.found(""); !slices.Equal(got, []string{"a", "cc", "e", "f", "g"}) {
			h.Fatalf("numbers were used twice: found %q", got)
		}
	},
	"cursors stay good": func(h *house) {
		h.join(1)
		h.announce(1, file("a"), file("b"))
		q := store.Query{MaxSize: -1, Sort: netproto.SortName, Limit: 1}
		page, err := h.Search(h.ctx, q)
		if err != nil {
			h.Fatal(err)
		}
		h.restart()
		q.Cursor = page.Next
		if got := h.names(q); !slices.Equal(got, []string{"b"}) {
			h.Fatalf("found %q", got)
		}
	},
}

var reapTests = map[string]func(*house){
	"nothing to do is done at once": func(h *house) {
		h.join(1)
		h.announce(1, file("a"))
		if rounds := h.reap(1); rounds != 1 {
			h.Fatalf("%d rounds", rounds)
		}
	},
	"ends many leases a few at a time": func(h *house) {
		for n := range 20 {
			h.join(n)
			h.announce(n, file(fmt.Sprint(n)))
		}
		h.pass(lease)
		h.join(7)
		if rounds := h.reap(4); rounds < 4 {
			h.Fatalf("only %d rounds of 4 for 19 peers", rounds)
		}
		if got := h.found(""); !slices.Equal(got, []string{"7"}) {
			h.Fatalf("found %q", got)
		}
	},
	"forgets who was away for longer than the retention": func(h *house) {
		h.join(1)
		h.pass(retention / 24)
		h.join(1) // it was online for long enough to be kept for long
		h.join(2)
		for i := range 40 {
			h.announce(1, file(fmt.Sprint("one ", i)))
		}
		h.announce(1, file("both"))
		h.announce(2, file("both"))
		if err := h.Leave(h.ctx, peer(1).ID()); err != nil {
			h.Fatal(err)
		}
		stats := func() netproto.Stats {
			stats, err := h.Stats(h.ctx)
			if err != nil {
				h.Fatal(err)
			}
			return stats
		}
		stay := func(d time.Duration) {
			h.pass(d)
			h.join(2)
			h.reap(10)
		}
		stay(retention)
		if got := stats(); got.PeersKnown != 2 {
			h.Fatalf("forgotten too early: %+v", got)
		}
		h.pass(2 * time.Second)
		h.join(2)
		if rounds := h.reap(10); rounds < 4 {
			h.Fatalf("41 entries were forgotten in %d rounds of 10", rounds)
		}
		if got := stats(); got.PeersKnown != 1 || got.Resources != 1 {
			h.Fatalf("not forgotten: %+v", got)
		}
		stay(lease)
		for range 2 {
			if held := h.join(1); held != (store.Holdings{}) {
				h.Fatalf("a forgotten peer holds %+v", held)
			}
			if got := h.found(""); !slices.Equal(got, []string{"both"}) {
				h.Fatalf("found %q", got)
			}
			h.restart()
		}
	},
	"forgets soon who was not there for long": func(h *house) {
		h.join(1)
		h.announce(1, file("a"))
		h.pass(lease / 2)
		h.join(2)
		h.pass(lease / 2)
		h.join(2)
		if err := h.Leave(h.ctx, peer(1).ID()); err != nil {
			h.Fatal(err)
		}
		known := func() int {
			h.join(2)
			h.reap(10)
			stats, err := h.Stats(h.ctx)
			if err != nil {
				h.Fatal(err)
			}
			return stats.PeersKnown
		}
		h.pass(time.Hour)
		h.restart()
		if got := known(); got != 2 {
			h.Fatalf("%d peers are known after an hour", got)
		}
		h.pass(2 * time.Second)
		if got := known(); got != 1 {
			h.Fatalf("%d peers are known after more than an hour", got)
		}
		for range 5 { // a peer that comes for an hour each day is known for longer and longer
			h.join(3)
			h.pass(time.Hour)
			h.join(3)
			if err := h.Leave(h.ctx, peer(3).ID()); err != nil {
				h.Fatal(err)
			}
			h.pass(23 * time.Hour)
			h.restart()
			if got := known(); got != 2 {
				h.Fatalf("%d peers are known", got)
			}
		}
		h.pass(4 * 24 * time.Hour)
		if got := known(); got != 2 {
			h.Fatalf("%d peers are known", got)
		}
	},
	"forgets what nobody holds and finds it when it comes again": func(h *house) {
		h.join(1)
		h.announce(1, file("a"), file("b"))
		for range 3 {
			if _, err := h.Withdraw(h.ctx, peer(1).ID(), []netproto.ContentHash{hash("a")}); err != nil {
				h.Fatal(err)
			}
			h.pass(lease)
			h.join(1)
			h.reap(10)
			if got := h.found(""); !slices.Equal(got, []string{"b"}) {
				h.Fatalf("found %q", got)
			}
			h.announce(1, file("a"))
			if got := h.found(""); !slices.Equal(got, []string{"a", "b"}) {
				h.Fatalf("found %q", got)
			}
		}
	},
}

var (
	home      = netip.MustParseAddr("127.0.0.1")
	elsewhere = netip.MustParseAddr("192.168.1.9")
)

// seedID returns the id of a seed client, of version 4.
func seedID(n byte) netproto.PeerID {
	return uuid.UUID{0: n, 6: 0x40, 8: 0x80}
}

func seedRow(n byte, name string) store.SeedRow {
	return store.SeedRow{PeerID: seedID(n), From: home, SeedResource: netproto.SeedResource{
		PeerIP: "127.0.0.1", PeerPort: 3000 + int(n), ResourcePath: "./tests", ResourceName: name, ResourceHash: "md5 of " + name,
	}}
}

func (h *house) seedPost(row store.SeedRow) {
	h.Helper()
	if err := h.SeedPost(h.ctx, row); err != nil {
		h.Fatalf("%s: %v", row.ResourceName, err)
	}
}

func (h *house) seedNames(name string, limit int) []string {
	h.Helper()
	rows, err := h.SeedRows(h.ctx, name, limit)
	if err != nil {
		h.Fatal(err)
	}
	names := []string{}
	for _, r := range rows {
		names = append(names, fmt.Sprintf("%s:%d", r.ResourceName, r.PeerPort))
	}
	return names
}

var seedTests = map[string]func(*house){
	"rows are listed the oldest first": func(h *house) {
		h.seedPost(seedRow(1, "b"))
		h.pass(time.Second)
		h.seedPost(seedRow(2, "a"))
		h.seedPost(seedRow(1, "a"))
		if got := h.seedNames("", 9); !slices.Equal(got, []string{"b:3001", "a:3002", "a:3001"}) {
			h.Fatalf("%q", got)
		}
		if got := h.seedNames("a", 1); !slices.Equal(got, []string{"a:3002"}) {
			h.Fatalf("%q", got)
		}
		rows, err := h.SeedRows(h.ctx, "b", 9)
		want := seedRow(1, "b")
		want.Added = h.Now().Add(-time.Second)
		if diff := cmp.Diff([]store.SeedRow{want}, rows, byText); err != nil || diff != "" {
			h.Fatal(err, diff)
		}
	},
	"a hash of one client has one row, in its place": func(h *house) {
		h.seedPost(seedRow(1, "a"))
		h.seedPost(seedRow(1, "b"))
		changed := seedRow(1, "a")
		changed.ResourceName = "aa"
		for range 2 {
			h.seedPost(changed)
			if got := h.seedNames("", 9); !slices.Equal(got, []string{"aa:3001", "b:3001"}) {
				h.Fatalf("%q", got)
			}
		}
	},
	"a lease is renewed by each heartbeat and each post": func(h *house) {
		h.seedPost(seedRow(1, "a"))
		h.pass(seedLease - 1)
		if err := h.SeedHeartbeat(h.ctx, seedID(1), home); err != nil {
			h.Fatal(err)
		}
		h.pass(seedLease - 1)
		h.seedPost(seedRow(1, "a"))
		h.pass(seedLease - 1)
		if got := h.seedNames("", 9); len(got) != 1 {
			h.Fatalf("%q", got)
		}
		h.pass(1)
		if got := h.seedNames("", 9); len(got) != 0 {
			h.Fatalf("after the lease: %q", got)
		}
	},
	"who was dropped has to post again": func(h *house) {
		for _, upkeep := range []bool{false, true} {
			h.seedPost(seedRow(1, "a"))
			h.seedPost(seedRow(1, "b"))
			h.pass(seedLease)
			if upkeep {
				h.reap(1)
			}
			if err := h.SeedHeartbeat(h.ctx, seedID(1), home); err != nil {
				h.Fatal(err)
			}
			if got := h.seedNames("", 9); len(got) != 0 {
				h.Fatalf("a heartbeat brought back %q", got)
			}
			h.seedPost(seedRow(1, "b"))
			if got := h.seedNames("", 9); !slices.Equal(got, []string{"b:3001"}) {
				h.Fatalf("a post brought back %q", got)
			}
		}
		h.restart()
		if got := h.seedNames("", 9); !slices.Equal(got, []string{"b:3001"}) {
			h.Fatalf("a restart brought back %q", got)
		}
	},
	"an id belongs to its address while its lease lives": func(h *house) {
		h.seedPost(seedRow(1, "a"))
		thief := seedRow(1, "trap")
		thief.From = elsewhere
		h.wantCode(h.SeedPost(h.ctx, thief), netproto.CodeDenied)
		h.wantCode(h.SeedHeartbeat(h.ctx, seedID(1), elsewhere), netproto.CodeDenied)
		h.restart()
		h.wantCode(h.SeedPost(h.ctx, thief), netproto.CodeDenied)
		h.pass(seedLease)
		h.seedPost(thief)
		if got := h.seedNames("", 9); !slices.Equal(got, []string{"trap:3001"}) {
			h.Fatalf("%q", got)
		}
	},
	"rows survive a restart for one lease of grace": func(h *house) {
		h.seedPost(seedRow(1, "a"))
		h.pass(seedLease - 1)
		h.restart()
		h.pass(seedLease - 1)
		if got := h.seedNames("", 9); len(got) != 1 {
			h.Fatalf("in grace: %q", got)
		}
		if got, err := h.Stats(h.ctx); err != nil || got.SeedPeers != 1 {
			h.Fatalf("%+v, %v", got, err)
		}
		h.pass(1)
		h.reap(9)
		if got := h.seedNames("", 9); len(got) != 0 {
			h.Fatalf("after grace: %q", got)
		}
		if got, err := h.Stats(h.ctx); err != nil || got != (netproto.Stats{}) {
			h.Fatalf("%+v, %v", got, err)
		}
	},
	"a client can register only a limited number of resources": func(h *house) {
		for i := 0; ; i++ {
			err := h.SeedPost(h.ctx, seedRow(1, fmt.Sprint(i)))
			if err != nil {
				h.wantCode(err, netproto.CodeFull)
				return
			}
			if i == 10_000 {
				h.Fatal("there is no limit")
			}
		}
	},
}
