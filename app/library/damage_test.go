package library

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
)

func TestADamagedPageIsAnErrorAndNotTheEndOfTheProgram(t *testing.T) {
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if err := l.SaveShare(Share{ID: strconv.Itoa(i), Path: "/" + strings.Repeat("x", 200)}); err != nil {
			t.Fatal(err)
		}
	}
	// bbolt maps the file, so it meets the damage at once. The first two pages say
	// where the others are.
	raw, err := os.ReadFile(l.db.Path())
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(l.db.Path(), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	meta := 2 * l.db.Info().PageSize
	if _, err := file.WriteAt([]byte(strings.Repeat("\xa5", len(raw)-meta)), int64(meta)); err != nil {
		t.Fatal(err)
	}
	damaged := func(err error) {
		t.Helper()
		if netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("it says %v", err)
		}
	}
	_, err = l.Shares()
	damaged(err)
	damaged(l.SaveShare(Share{ID: "one more"}))
	_, err = l.Downloads()
	damaged(err)
	if err := l.Close(); err != nil {
		t.Errorf("the profile cannot be given back: %v", err)
	}
	open, _ := filepath.Glob("/proc/self/fd/*") // Linux only, and the pattern is right
	for _, descriptor := range open {
		if name, err := os.Readlink(descriptor); err == nil && name == file.Name() {
			if fmt.Sprintf("/proc/self/fd/%d", file.Fd()) != descriptor { // that of this test
				t.Error("the library is still open")
			}
		}
	}
	if _, err := file.WriteAt(raw, 0); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(l.Dir()); err != nil {
		t.Fatalf("mended, it cannot be opened again: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A loss of power in the first start leaves an unfinished database under another name.
func TestAFirstStartThatWasCutOffDoesNotSpoilTheNext(t *testing.T) {
	dir := t.TempDir()
	fresh := filepath.Join(dir, libraryFile+".new")
	if err := os.WriteFile(fresh, make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := os.Lstat(fresh); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the unfinished database is still there: %v", err)
	}
}

// A profile whose records have one wrong bit each still says whom it trusts.
func TestADamagedKeyOfATrackerComesBackFromTheListOrIsNeverTrusted(t *testing.T) {
	key := netproto.Fingerprint{1}
	for _, withList := range []bool{true, false} {
		dir := t.TempDir()
		l := open(t, dir)
		check(t, l.TrackerReached("x:1", key, "ours", nil, nil))
		check(t, l.db.Update(func(tx *bbolt.Tx) error {
			record := bytes.Clone(tx.Bucket(bucketTrackers).Get([]byte("x:1")))
			record[len(record)/2] ^= 4
			return tx.Bucket(bucketTrackers).Put([]byte("x:1"), record)
		}))
		check(t, l.Close())
		if !withList {
			check(t, os.Remove(filepath.Join(dir, trackersFile)))
		}
		l = open(t, dir)
		known, ok := l.KnownTracker("x:1")
		if !ok || withList != (known == key) || known.IsZero() {
			t.Errorf("with the list: %v; it is known as %v, %v", withList, known, ok)
		}
		if len(l.Notes()) != 1 || !strings.Contains(l.Notes()[0], "damaged") {
			t.Errorf("it says %q", l.Notes())
		}
		g, err := GlanceAt(dir)
		check(t, err)
		if glanced, _ := g.KnownTracker("x:1"); glanced != known {
			t.Errorf("a second process knows it as %v, not %v", glanced, known)
		}
		check(t, l.Close())
		if l = open(t, dir); len(l.Notes()) != 0 {
			t.Errorf("at the next start it says %q", l.Notes())
		}
	}
}

// bbolt uses the older of its two heads if the newer one is damaged: the last change
// is undone, and nobody says so.
func TestALibraryThatWentBackOneChangeStillKnowsItsTrackers(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	check(t, l.Close())
	before, err := os.ReadFile(filepath.Join(dir, libraryFile))
	check(t, err)
	l = open(t, dir)
	key := netproto.Fingerprint{1}
	check(t, l.TrackerReached("x:1", key, "ours", nil, nil))
	check(t, l.Close())
	check(t, os.WriteFile(filepath.Join(dir, libraryFile), before, 0o600))
	l = open(t, dir)
	if known, ok := l.KnownTracker("x:1"); !ok || known != key {
		t.Errorf("it is known as %v, %v", known, ok)
	}
}

func TestDamagedSharesDownloadsAndSettingsAreSaidAndMoved(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	check(t, l.SaveShare(Share{ID: "1", Path: "/one"}))
	check(t, l.SaveShare(Share{ID: "2", Path: "/two"}))
	check(t, l.SaveDownloads(Download{ID: "3", Name: "three"}))
	check(t, l.SaveSettings(DefaultSettings()))
	check(t, l.db.Update(func(tx *bbolt.Tx) error {
		for _, at := range []struct{ bucket, key []byte }{{bucketShares, []byte("1")}, {bucketDownloads, []byte("3")}, {bucketMeta, keySettings}} {
			record := bytes.Clone(tx.Bucket(at.bucket).Get(at.key))
			record[len(record)-3] ^= 1
			if err := tx.Bucket(at.bucket).Put(at.key, record); err != nil {
				return err
			}
		}
		return nil
	}))
	check(t, l.Close())
	l = open(t, dir)
	if notes := l.Notes(); len(notes) != 3 || !strings.Contains(strings.Join(notes, "\n"), filepath.Join(dir, damagedFile)) {
		t.Errorf("it says %q", notes)
	}
	shares, err := l.Shares()
	if err != nil || len(shares) != 1 || shares[0].ID != "2" {
		t.Errorf("%+v, %v", shares, err)
	}
	moved, err := os.ReadFile(filepath.Join(dir, damagedFile))
	if err != nil || strings.Count(string(moved), "\n") != 3 || !strings.Contains(string(moved), "/one") {
		t.Errorf("moved was %q, %v", moved, err)
	}
}

func TestTheRecordsOfVersion010AreReadAndSealed(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, bucketMeta, string(keySchema), "1")
	put(t, l, bucketMeta, string(keySettings), `{"name":"Ada","max_downloads":2,"upload_slots":3,"seed_clients":"off"}`)
	put(t, l, bucketShares, "1", `{"id":"1","path":"/one"}`)
	check(t, l.Close())
	l = open(t, dir)
	s, err := l.Settings()
	if err != nil || s.Name != "Ada" || len(l.Notes()) > 0 {
		t.Errorf("%+v, %v, %q", s, err, l.Notes())
	}
	check(t, l.view(func(tx *bbolt.Tx) error {
		if record := tx.Bucket(bucketShares).Get([]byte("1")); record[0] != sealMark {
			t.Errorf("the share is %q", record)
		}
		return nil
	}))
}
