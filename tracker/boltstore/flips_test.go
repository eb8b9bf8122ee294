package boltstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/fliptest"
	"centralizedp2p/tracker/store"
)

const (
	flipsEnv = "CP2P_TRACKER_FLIPS" // of a long campaign

	flipPeers, flipFiles = 6, 80
)

// flipped is what a tracker says of a database.
type flipped struct {
	Refused string `json:",omitempty"` // why it was not opened
	Code    string `json:",omitempty"`
	Wrong   string `json:",omitempty"`
	Lost    int    // peers that had to join or announce again
}

func flipFilesOf(n int) (rs []netproto.Resource) {
	for i := range flipFiles {
		rs = append(rs, testFile(fmt.Sprintf("file %d of %d", i, n)))
	}
	return rs
}

// reopen opens a database, has its peers do what the tracker asks of them, and looks
// whether it knows everything then, also at its next start.
func reopen(file string) (f flipped) {
	for range 2 {
		s, err := open(file, store.Config{})
		if err != nil {
			f.Refused, f.Code = err.Error(), string(netproto.CodeOf(err))
			return f
		}
		err = onlyWhatWasAnnounced(s)
		if err == nil {
			err = heal(s, &f.Lost)
		}
		if err := errors.Join(err, s.Close()); err != nil {
			f.Wrong = err.Error()
			return f
		}
	}
	return f
}

// onlyWhatWasAnnounced looks whether the store offers anything that nobody announced.
func onlyWhatWasAnnounced(s *Store) error {
	known := map[netproto.ContentHash]netproto.Resource{}
	for n := range flipPeers {
		for _, f := range flipFilesOf(n) {
			known[f.Hash] = f
		}
	}
	for cursor := ""; ; {
		page, err := s.Search(context.Background(), store.Query{MaxSize: -1, Sort: netproto.SortName, Limit: netproto.MaxPage, Offline: true, Cursor: cursor})
		if err != nil {
			return err
		}
		for _, hit := range page.Items {
			if f := known[hit.Hash]; f.Name != hit.Name || f.Size != hit.Size || f.MIME != hit.MIME {
				return fmt.Errorf("it offers %+v", hit)
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

func heal(s *Store, lost *int) error {
	ctx := context.Background()
	for n := range flipPeers {
		files, id := flipFilesOf(n), testPeer(n).ID()
		var has store.Holdings
		for _, f := range files {
			has.Count++
			has.Digest = has.Digest.Toggle(f.Hash)
		}
		status, _, err := s.Heartbeat(ctx, id, has)
		if err != nil {
			return err
		}
		if status != netproto.HeartbeatOK {
			*lost++
			_, err = s.Join(ctx, testPeer(n))
			if err == nil {
				_, err = s.Announce(ctx, id, files, true)
			}
			if err == nil {
				status, _, err = s.Heartbeat(ctx, id, has)
			}
		}
		if err != nil || status != netproto.HeartbeatOK {
			return fmt.Errorf("peer %d cannot heal it: %s, %w", n, status, err)
		}
		if _, err := s.Search(ctx, store.Query{Text: files[n].Name, MaxSize: -1, Sort: netproto.SortName, Limit: 10}); err != nil {
			return err
		}
	}
	return nil
}

// A tracker's database has a wrong bit, a wrong sector or a wrong end. The tracker never
// crashes or hangs: it says what to do, or its peers bring back what is missing.
func TestADamagedDatabaseIsRefusedOrHeals(t *testing.T) {
	flips, random := fliptest.Flips(t, flipsEnv, 60)
	good := filepath.Join(t.TempDir(), "tracker.db")
	f := &fliptest.Looker[flipped]{TB: t}
	defer f.End()
	if is, err := f.Look(good); err != nil || is.Lost != flipPeers || is.Wrong != "" { // makes it
		t.Fatalf("%+v, %v", is, err)
	}
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	refused, lost := 0, 0
	for i := range flips {
		file := filepath.Join(t.TempDir(), "tracker.db")
		damaged, what := fliptest.Damage(random, raw)
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		is, err := f.Look(file)
		switch {
		case err != nil:
			t.Errorf("flip %d, %s: %v", i, what, err)
		case is.Wrong != "":
			t.Errorf("flip %d, %s: %s", i, what, is.Wrong)
		case is.Refused != "":
			refused++
			if is.Code != string(netproto.CodeStore) || !strings.Contains(is.Refused, file) ||
				!strings.Contains(is.Refused, "move it away") && !strings.Contains(is.Refused, "newer version") {
				t.Errorf("flip %d, %s: it says %q", i, what, is.Refused)
			}
		}
		lost += is.Lost
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d were refused; %d peers joined or announced again", refused, lost)
	t.Logf("tried %d", flips)
}
