package boltstore

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// goldenSchema1 is a database from before there were members and bans: peer 1
// online with the contents a and b, peer 2 offline with a, and a seed client.
func goldenSchema1(t *testing.T) string {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", "schema-1.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "tracker.db")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// wantGolden checks for everything in the golden database.
func wantGolden(t *testing.T, s *Store) {
	t.Helper()
	held, err := s.Join(t.Context(), testPeer(1))
	if err != nil || held.Count != 2 {
		t.Fatalf("peer 1 holds %+v, %v", held, err)
	}
	if held, err = s.Join(t.Context(), testPeer(2)); err != nil || held.Count != 1 {
		t.Fatalf("peer 2 holds %+v, %v", held, err)
	}
	sources, _, err := s.Sources(t.Context(), testFile("b").Hash, 9)
	if err != nil || len(sources) != 1 || !sources[0].Part {
		t.Fatalf("%+v, %v", sources, err)
	}
	rows, err := s.SeedRows(t.Context(), "test.csv", 9)
	if err != nil || len(rows) != 1 || rows[0].From != netip.MustParseAddr("192.0.2.9") {
		t.Fatalf("%+v, %v", rows, err)
	}
}

func TestADatabaseOfTheFirstSchemaIsBroughtForwardAndTheOldFileKept(t *testing.T) {
	file := goldenSchema1(t)
	for range 2 { // the second time nothing is left to do
		s, err := open(file, store.Config{})
		if err != nil {
			t.Fatal(err)
		}
		wantGolden(t, s)
		if err := s.Ban(t.Context(), store.Ban{Target: store.Target{Hash: testFile("x").Hash}, Since: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	contents, err := Check(file)
	if err != nil || contents.Schema != schema || contents.Peers != 2 || contents.Resources != 2 || contents.Bans != 1 {
		t.Fatalf("%+v, %v", contents, err)
	}
	kept, err := Check(keptCopy(file, 1))
	if err != nil || kept.Schema != 1 || kept.Peers != 2 {
		t.Fatalf("the copy: %+v, %v", kept, err)
	}
}

func TestAMigrationThatFailsLeavesTheDatabaseAsItWas(t *testing.T) {
	file := goldenSchema1(t)
	release := migrations[1]
	migrations[1] = func(tx *bbolt.Tx) error { return errors.Join(release(tx), errors.New("out of luck")) }
	defer func() { migrations[1] = release }()
	wantRefusal(t, file, "out of luck", "from schema 1 to 2")
	migrations[1] = release
	s, err := open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantGolden(t, s)
}

func TestABackupIsTakenWhileTheStoreWrites(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tracker.db")
	s, err := open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Join(t.Context(), testPeer(1)); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			s.Announce(ctx, testPeer(1).ID(), batch(string(rune('a'+n%26))), false)
		}
	})
	backup := filepath.Join(t.TempDir(), "backup.db")
	for range 3 { // each replaces the one before
		if _, err := SaveBackup(backup, func(w io.Writer) error { return s.Backup(t.Context(), w) }); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	writing.Wait()
	if again, err := open(backup, store.Config{}); err != nil {
		t.Fatal(err)
	} else {
		again.Close()
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(backup), ".backup-*")); len(left) > 0 {
		t.Errorf("left over: %q", left)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), io.Discard); err == nil {
		t.Error("a closed store was backed up")
	}
}

func TestABackupThatBreaksOffLeavesTheOneBefore(t *testing.T) {
	backup := filled(t)
	before, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filled(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func(io.Writer) error{
		"an error":  func(w io.Writer) error { w.Write(whole); return io.ErrUnexpectedEOF },
		"too short": func(w io.Writer) error { _, err := w.Write(whole[:len(whole)/2]); return err },
		"nothing":   func(io.Writer) error { return nil },
	} {
		if _, err := SaveBackup(backup, write); err == nil {
			t.Errorf("%s: it was taken", name)
		}
		if left, err := os.ReadFile(backup); err != nil || !bytes.Equal(left, before) {
			t.Errorf("%s: %d bytes, %v", name, len(left), err)
		}
	}
}

func TestABackupReplacesOlderBackupsOnly(t *testing.T) {
	used := filepath.Join(t.TempDir(), "tracker.db")
	s, err := open(used, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	letter := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(letter, []byte("dear Zoe"), 0o600); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(t.TempDir(), "linked.db")
	if err := os.Link(used, linked); err != nil {
		t.Skipf("no hard links here: %v", err)
	}
	for file, says := range map[string]string{used: "in use by a tracker", linked: "in use by a tracker", letter: "only an older backup"} {
		before, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = SaveBackup(file, func(w io.Writer) error { return s.Backup(t.Context(), w) })
		if netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
		if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s is another file now: %v", file, err)
		}
	}
}

func TestARestoredStoreIsTheBackupAndTheOldFileStays(t *testing.T) {
	backup := goldenSchema1(t)
	file := filled(t)
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kept, contents, err := Restore(backup, file)
	if err != nil || contents.Peers != 2 || contents.Schema != 1 {
		t.Fatalf("%+v, %v", contents, err)
	}
	if old, err := os.ReadFile(kept); err != nil || !bytes.Equal(old, before) {
		t.Errorf("%s is not the old file: %v", kept, err)
	}
	s, err := open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	wantGolden(t, s)
	_, _, err = Restore(backup, file)
	if netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), "stop it first") {
		t.Errorf("while the tracker runs: %v", err)
	}
}

func TestAStoreIsRestoredOverADamagedFileAndOverNone(t *testing.T) {
	backup := goldenSchema1(t)
	damaged := filepath.Join(t.TempDir(), "tracker.db")
	if err := os.WriteFile(damaged, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	kept, _, err := Restore(backup, damaged)
	if err != nil || kept == "" {
		t.Fatalf("%q, %v", kept, err)
	}
	missing := filepath.Join(t.TempDir(), "new", "tracker.db")
	if kept, _, err := Restore(backup, missing); err != nil || kept != "" {
		t.Fatalf("%q, %v", kept, err)
	}
	for _, file := range []string{damaged, missing} {
		if _, err := Check(file); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatIsNoGoodBackupIsNotRestored(t *testing.T) {
	file := filled(t)
	before, _ := os.ReadFile(file)
	newer := filled(t)
	edit(t, newer, func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, []byte("99")) })
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("a letter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "short")
	if err := os.WriteFile(short, before[:len(before)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for backup, want := range map[string]netproto.Code{
		newer: netproto.CodeInvalid, text: netproto.CodeInvalid, short: netproto.CodeInvalid,
		filepath.Join(t.TempDir(), "missing"): netproto.CodeStore,
	} {
		_, _, err := Restore(backup, file)
		if netproto.CodeOf(err) != want || !strings.Contains(err.Error(), backup) {
			t.Errorf("%s: %v", backup, err)
		}
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was changed: %v", err)
	}
}
