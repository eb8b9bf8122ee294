package library

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
)

// FuzzGlance reads any bytes as the list of trackers in a profile: they are read, or
// an error with a code, and what is read can be used.
func FuzzGlance(f *testing.F) {
	for _, text := range []string{`{"tracker":"h:1","more_trackers":["i:2"],"known":[{"address":"h:1","fingerprint":"","name":"x"}]}`, `{}`, `null`, `{"known":[null]}`, `{"known":`, ``,
		`{"tracker":"\u001b[2J","more_trackers":["",""]}`} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, raw []byte) {
		if err := os.WriteFile(filepath.Join(dir, trackersFile), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		g, err := GlanceAt(dir)
		if err != nil {
			if netproto.CodeOf(err) != netproto.CodeStore {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		s, err := g.Settings()
		if err == nil && s.Validate() != nil {
			t.Fatalf("settings that cannot be used: %v", s.Validate())
		}
		known, err := g.Trackers()
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range known {
			g.KnownTracker(k.Address)
			if err := g.ForgetTracker(k.Address); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzRecords reads any bytes as each of the records of a profile: what damage left of
// one is a value that can be used, or none.
func FuzzRecords(f *testing.F) {
	for _, v := range []any{DefaultSettings(), Download{ID: "1", Name: "x", State: DownloadActive, Move: &Move{To: "/x"}}, Share{ID: "2", Path: "/x"}, Tracker{Address: "h:1"}} {
		raw, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
	}
	f.Add([]byte(`{"max_downloads":-1,"listen_port":1e9,"ignore":["["]}`))
	f.Add([]byte(`{"name":"` + "\x1b" + `"}`))
	l, err := Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { l.Close() })
	l.db.NoSync = true
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, at := range []struct{ bucket, key []byte }{
			{bucketMeta, keySettings}, {bucketDownloads, []byte("1")}, {bucketShares, []byte("2")}, {bucketTrackers, []byte("h:1")},
		} {
			if err := l.update(func(tx *bbolt.Tx) error { return tx.Bucket(at.bucket).Put(at.key, raw) }); err != nil {
				t.Fatal(err)
			}
		}
		s, err := l.Settings()
		if err != nil || s.Validate() != nil {
			t.Fatalf("the settings are %+v, %v", s, err)
		}
		if _, err := l.Downloads(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Shares(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Trackers(); err != nil {
			t.Fatal(err)
		}
		l.KnownTracker("h:1")
	})
}
