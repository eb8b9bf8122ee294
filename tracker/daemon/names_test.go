package daemon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/server/owner"
	"centralizedp2p/tracker/store"
)

func TestTheOwnerMayUseAnyName(t *testing.T) {
	st, err := boltstore.Open(filepath.Join(t.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var log bytes.Buffer
	c := control{owner: owner.New(st, false, func(store.Target) int { return 0 }, slog.New(slog.DiscardHandler)), links: noLink{}, log: slog.New(slog.NewTextHandler(&log, nil))}
	routes := c.routes()
	table := nametest.Some() // each is written to the disk
	for i, n := range table {
		text, err := json.Marshal(n.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{fmt.Sprintf(`{"for":%s,"seconds":60}`, text), fmt.Sprintf(`{"target":"192.0.%d.%d","why":%s}`, i/200, i%200, text), fmt.Sprintf(`{"target":%s,"why":"x"}`, text)} {
			path := ControlBans
			if strings.Contains(body, `"for"`) {
				path = ControlInvites
			}
			w := httptest.NewRecorder()
			routes.ServeHTTP(w, httptest.NewRequest("POST", "http://tracker"+path, strings.NewReader(body)))
			var problem netproto.Problem
			if w.Code >= 500 || w.Code != 204 && json.Unmarshal(w.Body.Bytes(), &problem) != nil {
				t.Errorf("%.200q: %d %.300s", body, w.Code, w.Body)
			}
			nametest.Shown(t, "an answer to the owner", problem.Detail)
		}
	}
	w := httptest.NewRecorder()
	routes.ServeHTTP(w, httptest.NewRequest("GET", "http://tracker"+ControlBans, nil))
	var bans BansAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &bans); err != nil || len(bans.Bans) == 0 {
		t.Fatalf("%d bans are listed, %v", len(bans.Bans), err)
	}
	for _, b := range bans.Bans {
		nametest.Shown(t, "why somebody is banned", b.Why)
	}
	nametest.Lines(t, "the log", log.String())
	nametest.Tried(t, 3*len(table), "invites and bans of the owner")
}

func TestAUnitHoldsNoHostileName(t *testing.T) {
	table := nametest.Names()
	o := DefaultOptions()
	o.Listen = ":5000"
	var plain bytes.Buffer
	if err := o.WriteSystemdUnit(&plain, []string{"/usr/bin/tracker", "--name", "x"}); err != nil {
		t.Fatal(err)
	}
	for _, n := range table {
		var unit bytes.Buffer
		if err := o.WriteSystemdUnit(&unit, []string{"/usr/bin/tracker", "--name", n.Text}); err != nil {
			if n.Accept || netproto.CodeOf(err) != netproto.CodeUsage {
				t.Errorf("%.100q: %v", n.Text, err)
			}
			nametest.Shown(t, "an error", err.Error())
			continue
		}
		nametest.Lines(t, "the unit", unit.String())
		if got, want := strings.Count(unit.String(), "\n"), strings.Count(plain.String(), "\n"); got != want {
			t.Errorf("%.100q makes a unit of %d lines, not %d", n.Text, got, want)
		}
	}
	nametest.Tried(t, len(table), "the unit of a tracker")
}
