package storetest

import (
	"crypto/sha256"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// invite returns the invite that a number stands for.
func (h *house) invite(n byte) store.Invite {
	h.Helper()
	i := store.Invite{Hash: store.InviteHash(netproto.Invite{n}), For: "guest", Expires: h.Now().Add(time.Hour)}
	if err := h.AddInvite(h.ctx, i); err != nil {
		h.Fatal(err)
	}
	return i
}

func (h *house) isMember(n int, want bool) {
	h.Helper()
	if got, err := h.IsMember(h.ctx, peer(n).Key); err != nil || got != want {
		h.Fatalf("peer %d is a member: %v, %v; want %v", n, got, err, want)
	}
}

func (h *house) ban(target string) store.Target {
	h.Helper()
	t, err := store.ParseTarget(target)
	if err != nil {
		h.Fatal(err)
	}
	if err := h.Ban(h.ctx, store.Ban{Target: t, Why: "because", Since: h.Now()}); err != nil {
		h.Fatal(err)
	}
	return t
}

func (h *house) admitted(n int, from string, want bool) {
	h.Helper()
	key := peer(n).Key
	err := h.Admit(h.ctx, &key, netip.MustParseAddr(from))
	if want && err != nil {
		h.Fatalf("peer %d from %s: %v", n, from, err)
	}
	if !want {
		h.wantCode(err, netproto.CodeBanned)
	}
}

func printOf(n int) netproto.Fingerprint {
	key := peer(n).Key
	return netproto.FingerprintOf(key[:])
}

var memberTests = map[string]func(*house){
	"an invite makes one member, once, and it lasts": func(h *house) {
		i := h.invite(1)
		h.isMember(1, false)
		since := h.Now()
		for range 2 { // the second time nothing is used up
			if err := h.Redeem(h.ctx, i.Hash, peer(1).Key); err != nil {
				h.Fatal(err)
			}
		}
		h.wantCode(h.Redeem(h.ctx, i.Hash, peer(2).Key), netproto.CodeInvite)
		h.restart()
		h.isMember(1, true)
		h.isMember(2, false)
		h.wantCode(h.Redeem(h.ctx, i.Hash, peer(2).Key), netproto.CodeInvite)
		members, err := h.Members(h.ctx)
		if want := []store.Member{{Key: peer(1).Key, For: "guest", Since: since}}; err != nil || !slices.Equal(members, want) {
			h.Fatalf("%+v, %v; want %+v", members, err, want)
		}
	},
	"a member does not use up an invite": func(h *house) {
		first, second := h.invite(1), h.invite(2)
		for _, i := range []store.Invite{first, second} {
			if err := h.Redeem(h.ctx, i.Hash, peer(1).Key); err != nil {
				h.Fatal(err)
			}
		}
		if err := h.Redeem(h.ctx, second.Hash, peer(2).Key); err != nil {
			h.Fatal(err)
		}
	},
	"an invite that is over or was never made is refused": func(h *house) {
		i := h.invite(1)
		h.wantCode(h.Redeem(h.ctx, sha256.Sum256([]byte("guessed")), peer(1).Key), netproto.CodeInvite)
		h.pass(time.Hour - 1)
		h.restart()
		h.pass(1)
		h.wantCode(h.Redeem(h.ctx, i.Hash, peer(1).Key), netproto.CodeInvite)
		h.isMember(1, false)
		h.invite(2)
	},
	"of two that use one invite at once one gets in": func(h *house) {
		i := h.invite(1)
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() { h.Redeem(h.ctx, i.Hash, peer(n).Key) })
		}
		all.Wait()
		if members, err := h.Members(h.ctx); err != nil || len(members) != 1 {
			h.Fatalf("%d members, %v", len(members), err)
		}
	},
	"a removed member is no longer a member, and offline": func(h *house) {
		i := h.invite(1)
		if err := h.Redeem(h.ctx, i.Hash, peer(1).Key); err != nil {
			h.Fatal(err)
		}
		h.join(1)
		h.announce(1, file("a"))
		if err := h.RemoveMember(h.ctx, printOf(1)); err != nil {
			h.Fatal(err)
		}
		for range 2 {
			h.isMember(1, false)
			if got := h.found(""); len(got) != 0 {
				h.Fatalf("found %q", got)
			}
			h.restart()
		}
		h.wantCode(h.RemoveMember(h.ctx, printOf(1)), netproto.CodeNotFound)
	},
}

var banTests = map[string]func(*house){
	"a banned key is hidden at once and cannot join, until it is let in again": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("a"))
		h.announce(2, file("b"))
		target := h.ban(printOf(1).String())
		for range 2 {
			if got := h.found(""); !slices.Equal(got, []string{"b"}) {
				h.Fatalf("found %q", got)
			}
			h.admitted(1, "198.51.100.1", false)
			h.admitted(2, "198.51.100.1", true)
			_, err := h.Join(h.ctx, peer(1))
			h.wantCode(err, netproto.CodeBanned)
			h.heartbeat(1, holdings(file("a")), netproto.HeartbeatJoin)
			h.restart()
		}
		if err := h.Unban(h.ctx, target); err != nil {
			h.Fatal(err)
		}
		h.restart()
		h.admitted(1, "198.51.100.1", true)
		if held := h.join(1); held != holdings(file("a")) {
			h.Fatalf("holdings %+v", held)
		}
		h.wantCode(h.Unban(h.ctx, target), netproto.CodeNotFound)
	},
	"a banned range of addresses is kept out, seed clients included": func(h *house) {
		for n := 1; n < 6; n++ { // 192.0.2.1 to 192.0.2.5
			h.join(n)
			h.announce(n, file(peer(n).Name))
		}
		row := store.SeedRow{PeerID: uuid.MustParse("6fa459ea-ee8a-3ca4-894e-db77e160355e"), From: netip.MustParseAddr("192.0.2.3"),
			SeedResource: netproto.SeedResource{PeerIP: "192.0.2.3", PeerPort: 1, ResourcePath: "p", ResourceName: "n", ResourceHash: "h"}}
		if err := h.SeedPost(h.ctx, row); err != nil {
			h.Fatal(err)
		}
		h.ban("192.0.2.2/31")
		h.ban("192.0.2.4")
		for range 2 {
			if got := h.found(""); !slices.Equal(got, []string{"peer 1", "peer 5"}) {
				h.Fatalf("found %q", got)
			}
			for from, want := range map[string]bool{"192.0.2.1": true, "192.0.2.2": false, "192.0.2.3": false, "192.0.2.4": false,
				"192.0.2.5": true, "::1": true} {
				h.admitted(9, from, want)
			}
			rows, err := h.SeedRows(h.ctx, "", 10)
			if err != nil || len(rows) != 0 {
				h.Fatal(rows, err)
			}
			h.wantCode(h.SeedPost(h.ctx, row), netproto.CodeBanned)
			h.restart()
		}
	},
	"an IPv6 address stands for its /64": func(h *house) {
		h.ban("2001:db8:1:2::77")
		h.admitted(1, "2001:db8:1:2:ffff::1", false)
		h.admitted(1, "2001:db8:1:3::77", true)
	},
	"a banned content is nowhere, and no announce brings it back": func(h *house) {
		h.join(1)
		h.join(2)
		h.announce(1, file("bad"), file("good"))
		h.announce(2, file("bad"))
		target := h.ban(hash("bad").String())
		for range 2 {
			if got := h.found(""); !slices.Equal(got, []string{"good"}) {
				h.Fatalf("found %q", got)
			}
			if got := h.sources("bad"); len(got) != 0 {
				h.Fatalf("sources %v", got)
			}
			_, _, err := h.Resource(h.ctx, hash("bad"))
			h.wantCode(err, netproto.CodeNotFound)
			h.heartbeat(1, holdings(file("bad"), file("good")), netproto.HeartbeatResync)
			for _, reset := range []bool{true, false} {
				refused, err := h.Announce(h.ctx, peer(1).ID(), []netproto.Resource{file("good"), file("bad")}, reset)
				if want := []netproto.Refusal{{Index: 1, Code: netproto.CodeBanned}}; err != nil || !slices.Equal(refused, want) {
					h.Fatalf("refused %+v, %v", refused, err)
				}
			}
			h.heartbeat(1, holdings(file("good")), netproto.HeartbeatOK)
			h.restart()
		}
		if err := h.Unban(h.ctx, target); err != nil {
			h.Fatal(err)
		}
		h.announce(1, file("bad"))
		if got := h.found(""); !slices.Equal(got, []string{"bad", "good"}) {
			h.Fatalf("found %q", got)
		}
	},
	"bans are listed with when and why, the last word first": func(h *house) {
		first := h.ban("192.0.2.0/24")
		h.pass(time.Minute)
		second := h.ban(hash("x").String())
		h.pass(time.Minute)
		if err := h.Ban(h.ctx, store.Ban{Target: first, Why: "another reason", Since: h.Now()}); err != nil {
			h.Fatal(err)
		}
		want := []store.Ban{{Target: first, Why: "another reason", Since: h.Now()}, {Target: second, Why: "because", Since: h.Now().Add(-time.Minute)}}
		for range 2 {
			if got, err := h.Bans(h.ctx); err != nil || !slices.Equal(got, want) {
				h.Fatalf("%+v, %v; want %+v", got, err, want)
			}
			h.restart()
		}
		for _, target := range []store.Target{first, second} {
			if err := h.Unban(h.ctx, target); err != nil {
				h.Fatal(err)
			}
		}
		h.admitted(1, "192.0.2.1", true)
	},
}
