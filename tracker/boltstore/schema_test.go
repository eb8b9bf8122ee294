package boltstore

import (
	"bytes"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/sealed"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// wantRefusal opens a file that must be refused.
func wantRefusal(t *testing.T, file string, says ...string) {
	t.Helper()
	s, err := Open(file, store.Config{})
	if err == nil {
		s.Close()
		t.Fatalf("%s was opened", file)
	}
	if netproto.CodeOf(err) != netproto.CodeStore {
		t.Errorf("the code %q", netproto.CodeOf(err))
	}
	for _, word := range append(says, file) {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%v: does not say %q", err, word)
		}
	}
}

// filled returns the file of a closed store with a peer that holds two contents.
func filled(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tracker.db")
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
	return file
}

func edit(t *testing.T, file string, change func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(file, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func put(tx *bbolt.Tx, bucket, key, value []byte) error {
	return tx.Bucket(bucket).Put(key, sealed.Append(nil, bucket, key, value))
}

func TestADatabaseOfANewerVersionIsRefused(t *testing.T) {
	file := filled(t)
	edit(t, file, func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySchema, []byte(strconv.Itoa(schema+1))) })
	wantRefusal(t, file, "newer version", "schema is "+strconv.Itoa(schema+1), "update this program")
}

func TestADatabaseThatIsInUseIsRefused(t *testing.T) {
	file := filled(t)
	s, err := Open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, file, "in use by another tracker")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func TestAFileThatIsNoDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	for name, content := range map[string][]byte{
		"text":  []byte("this is not a database\n"),
		"zeros": make([]byte, 64<<10),
		"noise": bytes.Repeat([]byte("\xde\xad\xbe\xef"), 32<<10),
	} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, file)
		if left, err := os.ReadFile(file); err != nil || !bytes.Equal(left, content) {
			t.Errorf("%s was changed", name)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, empty)
	other := filepath.Join(t.TempDir(), "other.db")
	edit(t, other, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("else")); return err })
	wantRefusal(t, other, "not a tracker's database")
	cut := filled(t)
	edit(t, cut, func(tx *bbolt.Tx) error { return tx.DeleteBucket(bucketOwn) })
	wantRefusal(t, cut, "damaged", "own")
	wantRefusal(t, filepath.Join(t.TempDir(), "missing", "tracker.db"))
	wantRefusal(t, t.TempDir())
}

func TestDamagedEntriesArePassedOverAndTold(t *testing.T) {
	file := filled(t)
	edit(t, file, func(tx *bbolt.Tx) error {
		return errors.Join(
			put(tx, bucketPeers, peerKey(8), []byte("x")),
			put(tx, bucketPeers, []byte("key of another length"), []byte("x")),
			put(tx, bucketRows, rowKey(9), []byte("x")),
			put(tx, bucketOwn, ownKey(0, 0), []byte{0xff}),
			put(tx, bucketOwn, ownKey(0, 77), []byte{0}),
			put(tx, bucketOwn, ownKey(55, 0), []byte{0}),
			put(tx, bucketSeed, rowKey(3), nil),
			tx.Bucket(bucketNotes).Put(rowKey(3), nil), // without a seal
		)
	})
	var log bytes.Buffer
	s, err := open(file, store.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !strings.Contains(log.String(), "entries=8") {
		t.Errorf("the log says %q", log.String())
	}
	held, err := s.Join(t.Context(), testPeer(1))
	if err != nil || held.Count != 1 { // it will be asked to announce again
		t.Errorf("%+v, %v", held, err)
	}
	for n := 2; n < 12; n++ { // numbers of damaged entries are not reused
		if _, err := s.Join(t.Context(), testPeer(n)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Announce(t.Context(), testPeer(n).ID(), []netproto.Resource{testFile("c"), testFile(testPeer(n).Name)}, false); err != nil {
			t.Fatal(err)
		}
	}
}

// Whichever bit of whatever entry is wrong, nothing is offered that nobody announced, it
// is said, and the peers bring back what is missing; then the file is whole again.
func TestAWrongBitIsNeverServedAndHeals(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.db")
	if f := reopen(good); f.Refused != "" || f.Wrong != "" {
		t.Fatal(f)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	random, tried := rand.New(rand.NewPCG(1, 2)), 0
	for _, bucket := range [][]byte{bucketPeers, bucketRows, bucketOwn} {
		for range 12 {
			file := filepath.Join(t.TempDir(), "tracker.db")
			if err := os.WriteFile(file, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			edit(t, file, func(tx *bbolt.Tx) error {
				b := tx.Bucket(bucket)
				key, record := b.Cursor().Seek([]byte{0, 0, 0, byte(random.IntN(flipPeers)), 0, 0, 0, byte(random.IntN(flipFiles))})
				if key == nil {
					key, record = b.Cursor().First()
				}
				record = bytes.Clone(record)
				record[random.IntN(len(record))] ^= 1 << random.IntN(8)
				return b.Put(bytes.Clone(key), record)
			})
			var log bytes.Buffer
			s, err := open(file, store.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			if err := onlyWhatWasAnnounced(s); err != nil {
				t.Errorf("%s: %v", bucket, err)
			}
			lost := 0
			if err := heal(s, &lost); err != nil || lost == 0 || !strings.Contains(log.String(), "damaged entries") {
				t.Errorf("%s: %d peers announced again, %v; the log says %q", bucket, lost, err, log.String())
			}
			log.Reset()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = open(file, store.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
				t.Fatal(err)
			}
			if lost = 0; heal(s, &lost) != nil || lost > 0 || log.Len() > 0 {
				t.Errorf("%s: at the next start %d peers announced again, and the log says %q", bucket, lost, log.String())
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			tried++
		}
	}
	t.Logf("tried %d", tried)
}

func TestADamagedPageIsAnErrorAndNotTheEndOfTheProgram(t *testing.T) {
	whole, err := os.ReadFile(filled(t))
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	for at := 0; at+page <= len(whole); at += page {
		for _, noise := range []byte{0x00, 0xff, 0x5a} {
			damaged := bytes.Clone(whole)
			for i := range page {
				damaged[at+i] ^= noise | byte(i)
			}
			file := filepath.Join(t.TempDir(), "tracker.db")
			if err := os.WriteFile(file, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(file, store.Config{})
			if err == nil {
				s.Close()
			} else if netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), file) {
				t.Errorf("page at %d: %v", at, err)
			}
		}
	}
}

func ownKey(peer uint32, row uint64) []byte {
	return (&group{}).ownKey(&memory.Holding{Peer: peer, Name: memory.Name{Number: row}})
}
