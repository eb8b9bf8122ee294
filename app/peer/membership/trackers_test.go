package membership

import (
	"maps"
	"testing"

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
