package owner_test

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server/owner"
	"centralizedp2p/tracker/store"
)

// of returns the owner of a tracker, and the targets that were cut.
func of(t *testing.T, private bool) (o *owner.Owner, cut *[]store.Target) {
	t.Helper()
	kept, err := boltstore.Open(filepath.Join(t.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	cut = new([]store.Target)
	return owner.New(kept, private, func(target store.Target) int {
		*cut = append(*cut, target)
		return 1
	}, slog.New(slog.DiscardHandler)), cut
}

func TestInvitesAreForAPrivateTrackerAndATime(t *testing.T) {
	open, _ := of(t, false)
	private, _ := of(t, true)
	for name, c := range map[string]struct {
		o   *owner.Owner
		who string
		age time.Duration
	}{
		"of an open tracker": {open, "Ann", time.Hour},
		"a long name":        {private, strings.Repeat("x", store.MaxInviteFor+1), time.Hour},
		"an invisible name":  {private, "\u202e", time.Hour},
		"too short":          {private, "Ann", time.Minute - 1},
		"too long":           {private, "Ann", store.MaxInviteAge + 1},
	} {
		if _, _, err := c.o.Invite(t.Context(), c.who, c.age); netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	token, invite, err := private.Invite(t.Context(), "Ann", time.Minute)
	if err != nil || invite.For != "Ann" || invite.Hash != store.InviteHash(token) || time.Until(invite.Expires) > time.Minute {
		t.Errorf("%+v, %v", invite, err)
	}
}

func TestABanEndsConnectionsOnceItIsKept(t *testing.T) {
	o, cut := of(t, false)
	target := store.Target{Prefix: netip.MustParsePrefix("198.51.100.0/24")}
	if err := o.Ban(t.Context(), store.Ban{Target: target, Why: "\x00"}); netproto.CodeOf(err) != netproto.CodeInvalid || len(*cut) != 0 {
		t.Errorf("for an invisible reason: %v, %v are cut", err, *cut)
	}
	if err := o.Ban(t.Context(), store.Ban{Target: target, Why: "floods"}); err != nil {
		t.Fatal(err)
	}
	if bans, err := o.Bans(t.Context()); err != nil || len(bans) != 1 || bans[0].Why != "floods" || time.Since(bans[0].Since) > time.Minute {
		t.Errorf("%+v, %v", bans, err)
	}
	if len(*cut) != 1 || (*cut)[0] != target {
		t.Errorf("%v are cut", *cut)
	}
	if err := o.RemoveMember(t.Context(), netproto.Fingerprint{1}); netproto.CodeOf(err) != netproto.CodeNotFound || len(*cut) != 1 {
		t.Errorf("who is no member: %v, %v are cut", err, *cut)
	}
}
