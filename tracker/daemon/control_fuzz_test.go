package daemon

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/checkup"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server/owner"
	"centralizedp2p/tracker/store"
)

// noLink knows no link to its tracker.
type noLink struct{}

func (noLink) Link() netproto.Link      { return netproto.Link{Tracker: "h:1", Size: -1} }
func (noLink) LinkNotice() string       { return "" }
func (noLink) LinkProblem() LinkProblem { return LinkUsable }

// FuzzControl has a process of the owner send anything to the control socket: the
// answer is JSON, and never that something failed inside.
func FuzzControl(f *testing.F) {
	st, err := boltstore.Open(filepath.Join(f.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { st.Close() })
	c := control{owner: owner.New(st, false, func(store.Target) int { return 0 }, slog.New(slog.DiscardHandler)), links: noLink{}, log: slog.New(slog.DiscardHandler), last: &checkup.Errors{}}
	routes := c.routes()
	for _, s := range []struct{ method, path, body string }{
		{"POST", ControlInvites, `{"for":"Zoë","seconds":60}`}, {"POST", ControlInvites, `{"seconds":9223372036854775807}`}, {"GET", ControlMembers, ``},
		{"DELETE", ControlMembers, `{"key":"aebagbafaydqqcikbmga2dqpcaireeyuculbogazdinryhi6d4qa"}`}, {"POST", ControlBans, `{"target":"192.0.2.0/24","why":"\u001b[2J"}`},
		{"DELETE", ControlBans, `{"target":"::/0"}`}, {"GET", ControlBans, ``}, {"PATCH", "/", `{}{}`}, {"POST", ControlBans, `{"target":`},
	} {
		f.Add(s.method, s.path, []byte(s.body))
	}
	f.Fuzz(func(t *testing.T, method, path string, body []byte) {
		if path == ControlBackup {
			return // which is no parser
		}
		r := httptest.NewRequest("GET", "http://tracker/", bytes.NewReader(body))
		r.Method, r.URL.Path = method, path
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code == 200 && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%s %q %q: %d %s", method, path, body, w.Code, w.Body)
		}
	})
}
