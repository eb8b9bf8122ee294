package storetest

import (
	"os"
	"path/filepath"
	"slices"

	"centralizedp2p/netproto"
)

var backupTests = map[string]func(*house){
	"a backup is the store of that instant": func(h *house) {
		h.join(1)
		h.announce(1, file("before"))
		i := h.invite(1)
		if err := h.Redeem(h.ctx, i.Hash, peer(1).Key); err != nil {
			h.Fatal(err)
		}
		h.ban("198.51.100.0/24")
		copied := filepath.Join(h.TempDir(), "copy.db")
		to, err := os.Create(copied)
		if err != nil {
			h.Fatal(err)
		}
		if err := h.Backup(h.ctx, to); err != nil {
			h.Fatal(err)
		}
		if err := to.Close(); err != nil {
			h.Fatal(err)
		}
		h.announce(1, file("after"))
		if got := h.found(""); !slices.Equal(got, []string{"after", "before"}) {
			h.Fatalf("the store itself: found %q", got)
		}
		if err := h.Close(); err != nil {
			h.Fatal(err)
		}
		h.file = copied
		h.start()
		if got := h.found(""); !slices.Equal(got, []string{"before"}) {
			h.Fatalf("found %q", got)
		}
		h.isMember(1, true)
		h.admitted(2, "198.51.100.7", false)
		h.heartbeat(1, holdings(file("before"), file("after")), netproto.HeartbeatResync)
	},
}
