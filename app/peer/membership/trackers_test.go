package membership

import (
	"context"
	"log/slog"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

func FuzzCursors(f *testing.F) {
	f.Add("")
	f.Add("of somebody else")
	f.Add("bnVsbA") // null
	f.Add(joinCursors(map[string]string{"a:1": "x"}))
	f.Add(joinCursors(map[string]string{"a:1": "", "[::1]:5000": "c29uZw", "träcker:1": "\x00\xff"}))
	f.Fuzz(func(t *testing.T, cursor string) {
		cursors, err := parseCursors(cursor)
		switch {
		case err != nil:
			if netproto.CodeOf(err) != netproto.CodeInvalid {
				t.Errorf("it says %v", err)
			}
			return
		case (cursors == nil) != (cursor == ""):
			t.Fatalf("%q gives %v", cursor, cursors)
		}
		again, err := parseCursors(joinCursors(cursors))
		if err != nil || !maps.Equal(again, cursors) {
			t.Errorf("%v became %v: %v", cursors, again, err)
		}
	})
}

func TestLinksSayWhereOthersReachTheTracker(t *testing.T) {
	for _, c := range []struct{ at, outside, want string }{
		{"192.168.1.11:5000", "203.0.113.5:5001", "203.0.113.5:5001"},
		{"127.0.0.1:5000", "Share.Example", "share.example:5000"},
		{"192.168.1.11:5000", "", "192.168.1.11:5000"},
		{"192.168.1.11:5000", "10.0.0.1:5000", "192.168.1.11:5000"}, // is no better
		{"192.168.1.11:5000", "203.0.113.5:5001/?tracker=x", "192.168.1.11:5000"},
		{"share.example:5000", "203.0.113.5:5001", "share.example:5000"}, // which others know as well
	} {
		synctest.Test(t, func(t *testing.T) {
			f := newFakeTracker(c.at)
			f.outside = c.outside
			ms := New(context.WithoutCancel(t.Context()), Config{
				Self: func() netproto.JoinRequest { return netproto.JoinRequest{} }, Changed: func() {}, Log: slog.New(slog.DiscardHandler), Timing: StandardTiming,
				Calls: func() bool { return false }, Joined: func(Tracker, bool) {}})
			defer ms.Close()
			ms.Use(f)
			time.Sleep(time.Second)
			if got := ms.LinkAddress(); got != c.want {
				t.Errorf("at %s, which says %q: %s", c.at, c.outside, got)
			}
		})
	}
}
