package boltstore

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

const emptied = "BOLTSTORE_EMPTIED" // a file for this program to open until it is killed

// fillAndEmpty writes that many MiB into a database and deletes them again.
func fillAndEmpty(t *testing.T, file string, mib int) {
	t.Helper()
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	scratch := []byte("scratch")
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket(scratch)
		for n := 0; err == nil && n < mib; n++ {
			err = b.Put(fmt.Append(nil, n), make([]byte, 1<<20))
		}
		return err
	})
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket(scratch) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mostlyEmpty returns a database of that many MiB with a peer that holds two files.
func mostlyEmpty(t *testing.T, mib int) (file string, held store.Holdings) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "tracker.db")
	s, err := open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Join(t.Context(), testPeer(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Announce(t.Context(), testPeer(1).ID(), []netproto.Resource{testFile("a"), testFile("b")}, false); err != nil {
		t.Fatal(err)
	}
	if held, err = s.Join(t.Context(), testPeer(1)); err != nil || held.Count != 2 {
		t.Fatal(held, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	fillAndEmpty(t, file, mib)
	return file, held
}

// wantWhole expects that a database has everything, and nothing beside it.
func wantWhole(t *testing.T, file string, held store.Holdings) {
	t.Helper()
	if _, err := Check(file); err != nil {
		t.Error(err)
	}
	s, err := open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if status, _, err := s.Heartbeat(t.Context(), testPeer(1).ID(), held); err != nil || status != netproto.HeartbeatOK {
		t.Error(status, err)
	}
	if sources, _, err := s.Sources(t.Context(), testFile("b").Hash, 9); err != nil || len(sources) != 1 {
		t.Error(sources, err)
	}
	if _, err := os.Lstat(file + compactingSuffix); err == nil {
		t.Error("the unfinished copy is still there")
	}
}

func sizeOf(t *testing.T, file string) int64 {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func TestADatabaseThatIsMostlyEmptyIsCompactedWhenItIsOpened(t *testing.T) {
	file, _ := mostlyEmpty(t, 80)
	name := filepath.Join(t.TempDir(), "link.db")
	err := os.Symlink(file, name)
	linked := err == nil && isLink(name)
	if !linked && runtime.GOOS != "windows" { // where it takes a right, and Wine makes none
		t.Fatal(err)
	}
	if !linked {
		name = file
	}
	var log bytes.Buffer
	s, err := open(name, store.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	// It goes on in the new file, which is locked.
	if _, err := s.Announce(t.Context(), testPeer(1).ID(), []netproto.Resource{testFile("c")}, false); err != nil {
		t.Error(err)
	}
	held, err := s.Join(t.Context(), testPeer(1))
	if err != nil || held.Count != 3 {
		t.Error(held, err)
	}
	if _, err := open(file, store.Config{}); netproto.CodeOf(err) != netproto.CodeStore {
		t.Errorf("somebody else opens it: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if size := sizeOf(t, file); size > 1<<20 {
		t.Errorf("it still has %d bytes", size)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if linked && !isLink(name) {
		t.Error("the link was replaced")
	}
	if text := log.String(); !strings.Contains(text, "is being compacted") || !strings.Contains(text, "was compacted") {
		t.Errorf("the log says %q", text)
	}
	wantWhole(t, file, held)
}

func isLink(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}

func TestASmallDatabaseStaysAsItIs(t *testing.T) {
	file, held := mostlyEmpty(t, 20)
	before := sizeOf(t, file)
	wantWhole(t, file, held)
	if after := sizeOf(t, file); after < before {
		t.Errorf("a small one went from %d to %d bytes", before, after)
	}
}

func TestADatabaseThatCannotBeCompactedIsUsedAsItIs(t *testing.T) {
	file, held := mostlyEmpty(t, 80)
	if err := os.MkdirAll(filepath.Join(file+compactingSuffix, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := sizeOf(t, file)
	var log bytes.Buffer
	s, err := open(file, store.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if status, _, err := s.Heartbeat(t.Context(), testPeer(1).ID(), held); err != nil || status != netproto.HeartbeatOK {
		t.Error(status, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if sizeOf(t, file) != before || !strings.Contains(log.String(), "stays as it is") {
		t.Errorf("the log says %q", log.String())
	}
}

func TestACompactionThatIsKilledLosesNothing(t *testing.T) {
	file, held := mostlyEmpty(t, 80)
	large, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, compactions := int64(len(large)), 0
	for n := range lives(t) {
		if sizeOf(t, file) < before { // from the start
			compactions++
			if err := os.WriteFile(file, large, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), emptied+"="+file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(rand.Int64N(int64(60*time.Millisecond))), func() { cmd.Process.Kill() })
		cmd.Wait() // it was killed
		if contents, err := Check(file); err != nil || contents.Resources != 2 || contents.Peers != 1 {
			t.Fatalf("after %d: %+v, %v", n, contents, err)
		}
	}
	t.Logf("killed %d times, %d compactions were complete", lives(t), compactions)
	wantWhole(t, file, held)
}
