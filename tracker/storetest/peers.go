package storetest

import (
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"net/netip"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

var byText = cmp.Options{
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

var peerTests = map[string]func(*house){
	"a new peer holds nothing": func(h *house) {
		if held := h.join(1); held != (store.Holdings{}) {
			h.Fatalf("holdings %+v", held)
		}
		h.heartbeat(1, store.Holdings{}, netproto.HeartbeatOK)
	},
	"a heartbeat of an unknown peer asks it to join": func(h *house) {
		h.heartbeat(1, store.Holdings{}, netproto.HeartbeatJoin)
	},
	"a heartbeat with other holdings asks for a resync and renews the lease": func(h *house) {
		h.join(1)
		h.announce(1, file("a"), file("b"))
		h.heartbeat(1, holdings(file("a"), file("b")), netproto.HeartbeatOK)
		h.heartbeat(1, holdings(file("a")), netproto.HeartbeatResync)
		h.heartbeat(1, holdings(file("a"), file("c")), netproto.HeartbeatResync)
		h.pass(lease - 1)
		h.heartbeat(1, holdings(), netproto.HeartbeatResync)
		h.pass(lease - 1)
		h.heartbeat(1, holdings(file("b"), file("a")), netproto.HeartbeatOK)
	},
	"a lease ends after its time and not before": func(h *house) {
		h.join(1)
		h.announce(1, file("a"))
		h.pass(lease - 1)
		if got := h.sources("a"); len(got) != 1 {
			h.Fatalf("just before the end: %v", got)
		}
		h.pass(1)
		if got := h.sources("a"); len(got) != 0 {
			h.Fatalf("after the end, before upkeep: %v", got)
		}
		h.heartbeat(1, holdings(file("a")), netproto.HeartbeatJoin)
		_, err := h.Announce(h.ctx, peer(1).ID(), []netproto.Resource{file("b")}, false)
		h.wantCode(err, netproto.CodeJoinFirst)
		_, err = h.Withdraw(h.ctx, peer(1).ID(), []netproto.ContentHash{hash("a")})
		h.wantCode(err, netproto.CodeJoinFirst)
		h.reap(100)
		if got := h.found(""); len(got) != 0 {
			h.Fatalf("found after upkeep: %v", got)
		}
		_, _, err = h.Resource(h.ctx, hash("a"))
		h.wantCode(err, netproto.CodeNotFound)
		_, err = h.PeerResources(h.ctx, peer(1).ID(), 10, "")
		h.wantCode(err, netproto.CodeNotFound)
	},
	"a peer that comes back finds its holdings": func(h *house) {
		h.join(1)
		h.announce(1, file("a"), file("b"))
		for _, way := range []func(){
			func() { h.pass(2 * lease) },              // before upkeep
			func() { h.pass(2 * lease); h.reap(100) }, // after it
			func() { h.Leave(h.ctx, peer(1).ID()) },   // voluntarily
			func() { h.Leave(h.ctx, peer(1).ID()); h.reap(1) },
		} {
			way()
			if held := h.join(1); held != holdings(file("a"), file("b")) {
				h.Fatalf("holdings %+v", held)
			}
			if got := h.found(""); len(got) != 2 {
				h.Fatalf("found %v", got)
			}
			h.heartbeat(1, holdings(file("a"), file("b")), netproto.HeartbeatOK)
		}
	},
	"a peer that leaves is no longer listed": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("a"))
		h.announce(2, file("a"), file("b"))
		for range 2 { // the second time changes nothing
			if err := h.Leave(h.ctx, peer(2).ID()); err != nil {
				h.Fatal(err)
			}
			if got := h.sources("a"); len(got) != 1 || got[peer(1).ID()].Name != "peer 1" {
				h.Fatalf("sources %v", got)
			}
			if got := h.found(""); len(got) != 1 {
				h.Fatalf("found %v", got)
			}
			h.heartbeat(2, holdings(file("a"), file("b")), netproto.HeartbeatJoin)
		}
	},
	"a heartbeat says where the peer is reached from outside": func(h *house) {
		for observed, want := range map[string]string{"198.51.100.7:4000": "198.51.100.7:40000", "192.168.1.7:4000": "192.168.1.7:4000"} {
			mapped := peer(1)
			mapped.Observed, mapped.MappedPort = netip.MustParseAddrPort(observed), 40000
			if _, err := h.Join(h.ctx, mapped); err != nil {
				h.Fatal(err)
			}
			h.restart()
			if _, at, err := h.Heartbeat(h.ctx, mapped.ID(), store.Holdings{}); err != nil || at.String() != want {
				h.Errorf("seen at %s: %s, %v", observed, at, err)
			}
		}
	},
	"one peer is found while it is online, and as a source of what it holds": func(h *house) {
		_, err := h.Online(h.ctx, peer(1).ID())
		h.wantCode(err, netproto.CodeNotFound)
		_, err = h.Source(h.ctx, hash("a"), peer(1).ID())
		h.wantCode(err, netproto.CodeNotFound)
		h.join(1)
		h.join(2)
		part := file("a")
		part.Part = true
		h.announce(1, part)
		if got, err := h.Online(h.ctx, peer(1).ID()); err != nil || !cmp.Equal(got, peer(1), byText) {
			h.Errorf("%+v, %v", got, err)
		}
		if got, err := h.Source(h.ctx, hash("a"), peer(1).ID()); err != nil || !cmp.Equal(got, store.Source{Peer: peer(1), Part: true}, byText) {
			h.Errorf("%+v, %v", got, err)
		}
		for n, name := range map[int]string{1: "b", 2: "a"} {
			_, err = h.Source(h.ctx, hash(name), peer(n).ID())
			h.wantCode(err, netproto.CodeNotFound)
		}
		h.pass(lease)
		_, err = h.Online(h.ctx, peer(1).ID())
		h.wantCode(err, netproto.CodeNotFound)
		_, err = h.Source(h.ctx, hash("a"), peer(1).ID())
		h.wantCode(err, netproto.CodeNotFound)
	},
	"an unknown peer may leave": func(h *house) {
		if err := h.Leave(h.ctx, peer(1).ID()); err != nil {
			h.Fatal(err)
		}
	},
	"what a peer says when it joins again replaces what it said before": func(h *house) {
		h.join(1)
		h.announce(1, file("a"))
		moved := peer(1)
		moved.Name, moved.SeedPort, moved.Candidates, moved.MappedPort = "another name", 0, nil, 40000
		moved.Observed = netip.MustParseAddrPort("[2001:db8::1]:5123")
		for range 2 {
			if _, err := h.Join(h.ctx, moved); err != nil {
				h.Fatal(err)
			}
			if diff := cmp.Diff(moved, h.sources("a")[moved.ID()].Peer, byText); diff != "" {
				h.Fatal(diff)
			}
			h.restart()
		}
	},
	"answers are copies": func(h *house) {
		p := peer(1)
		if _, err := h.Join(h.ctx, p); err != nil {
			h.Fatal(err)
		}
		p.Candidates[0] = netip.AddrPort{}
		h.announce(1, file("a"))
		for range 2 {
			source := h.sources("a")[p.ID()]
			if source.Candidates[0] != peer(1).Candidates[0] {
				h.Fatalf("candidates %v", source.Candidates)
			}
			source.Candidates[0] = netip.AddrPort{}
		}
	},
	"many peers at once": func(h *house) {
		var all sync.WaitGroup
		for n := range 20 {
			all.Go(func() {
				for range 5 {
					if _, err := h.Join(h.ctx, peer(n)); err != nil {
						h.Error(err)
					}
					if _, err := h.Announce(h.ctx, peer(n).ID(), []netproto.Resource{file("shared"), file(peer(n).Name)}, false); err != nil {
						h.Error(err)
					}
					if _, _, err := h.Heartbeat(h.ctx, peer(n).ID(), holdings(file("shared"), file(peer(n).Name))); err != nil {
						h.Error(err)
					}
					h.found("peer")
					h.sources("shared")
					if _, err := h.Withdraw(h.ctx, peer(n).ID(), []netproto.ContentHash{hash(peer(n).Name)}); err != nil {
						h.Error(err)
					}
					if _, err := h.Reap(h.ctx, 10); err != nil {
						h.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got := h.sources("shared"); len(got) != 20 {
			h.Fatalf("%d sources", len(got))
		}
		for n := range 20 {
			h.heartbeat(n, holdings(file("shared")), netproto.HeartbeatOK)
		}
		stats, err := h.Stats(h.ctx)
		if want := (netproto.Stats{PeersOnline: 20, PeersKnown: 20, Resources: 1, Bytes: file("shared").Size}); err != nil || stats != want {
			h.Fatalf("%+v, %v", stats, err)
		}
	},
	"a store that is closed refuses": func(h *house) {
		h.join(1)
		if err := h.Ready(h.ctx); err != nil {
			h.Fatalf("open: %v", err)
		}
		for range 2 {
			if err := h.Close(); err != nil {
				h.Fatal(err)
			}
		}
		if h.Ready(h.ctx) == nil {
			h.Fatal("a closed store is ready")
		}
		if _, err := h.Announce(h.ctx, peer(1).ID(), []netproto.Resource{file("a")}, false); err == nil {
			h.Fatal("a closed store took an announce")
		}
	},
}
