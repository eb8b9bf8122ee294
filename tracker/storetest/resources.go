package storetest

import (
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func (h *house) reset(n int, rs ...netproto.Resource) {
	h.Helper()
	refused, err := h.Announce(h.ctx, peer(n).ID(), rs, true)
	if err != nil || len(refused) > 0 {
		h.Fatalf("peer %d announces again: %v, refused %v", n, err, refused)
	}
}

var resourceTests = map[string]func(*house){
	"an unknown peer cannot announce": func(h *house) {
		_, err := h.Announce(h.ctx, peer(1).ID(), []netproto.Resource{file("a")}, false)
		h.wantCode(err, netproto.CodeJoinFirst)
	},
	"what is announced is found with all that was said": func(h *house) {
		h.join(1)
		small := file("a note")
		small.MD5 = "00112233445566778899aabbccddeeff"
		folder := netproto.Resource{Hash: hash("f"), Size: 12345, Name: "photos", MIME: netproto.FolderMIME, Folder: true, Part: true}
		h.announce(1, small, folder)
		got, _, err := h.Resource(h.ctx, folder.Hash)
		want := netproto.ResourceResponse{Names: []string{"photos"}, Hit: netproto.Hit{
			Hash: folder.Hash, Name: "photos", Size: 12345, MIME: netproto.FolderMIME, Folder: true, Sources: 1, Added: h.Now(),
			Owners: netproto.Owners{{PeerID: peer(1).ID(), Name: "peer 1"}},
		}}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			h.Fatal(err, diff)
		}
		sources := h.sources("f")
		if diff := cmp.Diff(store.Source{Peer: peer(1), Part: true}, sources[peer(1).ID()], byText); diff != "" {
			h.Fatal(diff)
		}
		offers, err := h.Offers(h.ctx, "a note", 10)
		if diff := cmp.Diff([]store.Offer{{Peer: peer(1), Resource: small, Added: h.Now()}}, offers, byText); err != nil || diff != "" {
			h.Fatal(err, diff)
		}
	},
	"announcing twice is as announcing once": func(h *house) {
		h.join(1)
		for range 3 {
			h.announce(1, file("a"), file("b"), file("a"))
			if held := h.join(1); held != holdings(file("a"), file("b")) {
				h.Fatalf("holdings %+v", held)
			}
			if got := h.sources("a"); len(got) != 1 {
				h.Fatalf("sources %v", got)
			}
		}
	},
	"the last announce of a hash wins": func(h *house) {
		h.join(1)
		first, second := file("old name"), file("old name")
		first.Part = true
		second.Name, second.MIME = "new name", ""
		for _, batches := range [][][]netproto.Resource{{{first, second}}, {{first}, {second}}} {
			for _, batch := range batches {
				h.announce(1, batch...)
			}
			if got := h.found(""); !slices.Equal(got, []string{"new name"}) {
				h.Fatalf("found %v", got)
			}
			if h.sources("old name")[peer(1).ID()].Part {
				h.Fatal("the peer is still said to have a part only")
			}
			h.heartbeat(1, holdings(first), netproto.HeartbeatOK)
		}
	},
	"a peer that has got the rest is no longer listed with a part": func(h *house) {
		h.join(1)
		part := file("a")
		part.Part = true
		h.announce(1, part)
		if !h.sources("a")[peer(1).ID()].Part {
			h.Fatal("a part is listed as the whole")
		}
		h.announce(1, file("a"))
		if h.sources("a")[peer(1).ID()].Part {
			h.Fatal("the whole is listed as a part")
		}
		h.heartbeat(1, holdings(file("a")), netproto.HeartbeatOK)
	},
	"with reset, what is not named is withdrawn": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("a"), file("b"), file("c"))
		h.announce(2, file("a"))
		h.reset(1, file("c"), file("d"))
		h.announce(1, file("e"))
		h.heartbeat(1, holdings(file("c"), file("d"), file("e")), netproto.HeartbeatOK)
		if got := h.found(""); !slices.Equal(got, []string{"a", "c", "d", "e"}) {
			h.Fatalf("found %v", got)
		}
		if got := h.sources("a"); len(got) != 1 || got[peer(2).ID()].Name == "" {
			h.Fatalf("sources of a: %v", got)
		}
		h.reset(1)
		h.heartbeat(1, holdings(), netproto.HeartbeatOK)
	},
	"withdrawing counts what was held and passes over the rest": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("a"), file("b"))
		h.announce(2, file("a"))
		removed, err := h.Withdraw(h.ctx, peer(1).ID(), []netproto.ContentHash{hash("a"), hash("x"), hash("a")})
		if err != nil || removed != 1 {
			h.Fatalf("removed %d, %v", removed, err)
		}
		if got := h.sources("a"); len(got) != 1 {
			h.Fatalf("sources %v", got)
		}
		h.heartbeat(1, holdings(file("b")), netproto.HeartbeatOK)
		h.heartbeat(2, holdings(file("a")), netproto.HeartbeatOK)
		if removed, err := h.Withdraw(h.ctx, peer(1).ID(), []netproto.ContentHash{hash("a")}); err != nil || removed != 0 {
			h.Fatalf("again: removed %d, %v", removed, err)
		}
	},
	"beyond the limit elements are refused, the others taken": func(h *house) {
		h.join(1)
		var batch []netproto.Resource
		for i := range most + 2 {
			batch = append(batch, file(fmt.Sprintf("file %03d", i)))
		}
		refused, err := h.Announce(h.ctx, peer(1).ID(), batch, false)
		want := []netproto.Refusal{{Index: most, Code: netproto.CodeFull}, {Index: most + 1, Code: netproto.CodeFull}}
		if err != nil || !slices.Equal(refused, want) {
			h.Fatalf("%v, refused %v", err, refused)
		}
		renamed := batch[0]
		renamed.Name = "renamed"
		h.announce(1, renamed) // no more than before
		h.heartbeat(1, holdings(batch[:most]...), netproto.HeartbeatOK)
		if refused, err := h.Announce(h.ctx, peer(1).ID(), batch[2:], true); err != nil || len(refused) != 0 {
			h.Fatalf("a reset makes room: %v, refused %v", err, refused)
		}
	},
	"several names of one content are counted and listed by use": func(h *house) {
		for n, name := range []string{"rare.txt", "common.txt", "common.txt"} {
			h.join(n)
			r := file("content")
			r.Name = name
			h.announce(n, r)
		}
		got, _, err := h.Resource(h.ctx, hash("content"))
		if err != nil || got.Sources != 3 || got.Name != "common.txt" || !slices.Equal(got.Names, []string{"common.txt", "rare.txt"}) {
			h.Fatalf("%+v, %v", got, err)
		}
		if err := h.Leave(h.ctx, peer(0).ID()); err != nil {
			h.Fatal(err)
		}
		got, _, err = h.Resource(h.ctx, hash("content"))
		if err != nil || got.Sources != 2 || !slices.Equal(got.Names, []string{"common.txt"}) {
			h.Fatalf("after one left: %+v, %v", got, err)
		}
	},
	"of many sources a random choice is given": func(h *house) {
		for n := range 30 {
			h.join(n)
			h.announce(n, file("a"))
		}
		seen := map[netproto.PeerID]bool{}
		for range 60 {
			list, looks, err := h.Sources(h.ctx, hash("a"), 5)
			if err != nil || len(list) != 5 || looks < 5 {
				h.Fatalf("%d sources, %v", len(list), err)
			}
			for _, s := range list {
				seen[s.ID()] = true
			}
		}
		if len(seen) < 25 { // each is missed 60 times with probability (5/6)^60
			h.Fatalf("only %d of 30 sources were ever given", len(seen))
		}
	},
	"offers come in the order of their announce, one for each peer": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("b"), file("a"))
		h.announce(2, file("a"), file("c"))
		text := func(name string, limit int) (out []string) {
			offers, err := h.Offers(h.ctx, name, limit)
			if err != nil {
				h.Fatal(err)
			}
			for _, o := range offers {
				out = append(out, o.Name+" of "+o.Peer.Name)
			}
			return out
		}
		if got := text("", 100); !slices.Equal(got, []string{"b of peer 1", "a of peer 1", "a of peer 2", "c of peer 2"}) {
			h.Fatalf("%q", got)
		}
		if got := text("", 2); !slices.Equal(got, []string{"b of peer 1", "a of peer 1"}) {
			h.Fatalf("two: %q", got)
		}
		if got := text("a", 100); !slices.Equal(got, []string{"a of peer 1", "a of peer 2"}) {
			h.Fatalf("by name: %q", got)
		}
		if got := text("A", 100); len(got) != 0 {
			h.Fatalf("another name: %q", got)
		}
		if err := h.Leave(h.ctx, peer(1).ID()); err != nil {
			h.Fatal(err)
		}
		if got := text("", 100); !slices.Equal(got, []string{"a of peer 2", "c of peer 2"}) {
			h.Fatalf("after one left: %q", got)
		}
	},
	"stats count contents and bytes with an online source": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("a"), file("bb"))
		h.announce(2, file("a"), file("ccc"))
		want := netproto.Stats{PeersOnline: 2, PeersKnown: 2, Resources: 3, Bytes: 6000}
		if got, err := h.Stats(h.ctx); err != nil || got != want {
			h.Fatalf("%+v, %v", got, err)
		}
		if err := h.Leave(h.ctx, peer(1).ID()); err != nil {
			h.Fatal(err)
		}
		want = netproto.Stats{PeersOnline: 1, PeersKnown: 2, Resources: 2, Bytes: 4000}
		if got, err := h.Stats(h.ctx); err != nil || got != want {
			h.Fatalf("after one left: %+v, %v", got, err)
		}
	},
}
