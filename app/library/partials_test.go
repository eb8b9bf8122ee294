package library

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// begun is a file of four pieces, and the first three of them.
func begun(t testing.TB) (piece.State, []piece.CV) {
	t.Helper()
	m := manifestOf(t, 3*netproto.MinPieceSize+1)
	return piece.State{Size: m.Size, Modified: 5, Changed: 6, Device: 7, Inode: 9}, m.CVs[:3]
}

func wantPartial(t *testing.T, l *Library, path string, state piece.State, first []piece.CV) {
	t.Helper()
	got, err := l.Partial(path, state)
	if first == nil && !errors.Is(err, fs.ErrNotExist) || first != nil && err != nil || !slices.Equal(got, first) {
		t.Errorf("of %s %d pieces are known (%v), want %d", path, len(got), err, len(first))
	}
}

func TestHowFarAFileIsHashedIsRemembered(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	state, first := begun(t)
	check(t, l.SavePartial("/film", state, first[:1]))
	check(t, l.SavePartial("/film", state, first))
	check(t, l.Close())
	l = open(t, dir)
	wantPartial(t, l, "/film", state, first)
	wantPartial(t, l, "/other", state, nil)
	for _, change := range []func(*piece.State){
		func(s *piece.State) { s.Size++ }, func(s *piece.State) { s.Modified++ }, func(s *piece.State) { s.Changed++ },
		func(s *piece.State) { s.Device++ }, func(s *piece.State) { s.Inode++ },
	} {
		other := state
		change(&other)
		wantPartial(t, l, "/film", other, nil)
	}
	check(t, l.ForgetPartial("/film"))
	wantPartial(t, l, "/film", state, nil)
}

func TestAFileThatIsHashedIsNoPartialAnyMore(t *testing.T) {
	l := open(t, t.TempDir())
	state, first := begun(t)
	check(t, l.SavePartial("/film", state, first))
	check(t, l.SavePartial("/other", state, first))
	check(t, l.SaveFiles([]File{{Path: "/film", State: state, Hash: netproto.ContentHash{1}}}, nil))
	wantPartial(t, l, "/film", state, nil)
	wantPartial(t, l, "/other", state, first)
}

func TestADamagedPartialIsIgnored(t *testing.T) {
	l := open(t, t.TempDir())
	state, first := begun(t)
	raw := partial{saved: time.Now(), state: state, first: first}.encode([]byte("/film"))
	for i := range raw {
		raw[i] ^= 1
		if _, ok := decodePartial([]byte("/film"), raw); ok {
			t.Fatalf("with byte %d flipped it is believed", i)
		}
		raw[i] ^= 1
	}
	damaged := [][]byte{raw[:len(raw)-1], raw[:len(raw)-32], raw[32:], append(bytes.Clone(raw), make([]byte, 32)...), raw[:partialHead], raw[:1], {}}
	// These are whole, but no program wrote them.
	for _, p := range []partial{
		{state: state}, {state: state, first: make([]piece.CV, 5)},
		{state: piece.State{Size: -1}, first: first}, {state: piece.State{Size: netproto.MaxContentSize + 1}, first: first},
	} {
		damaged = append(damaged, p.encode([]byte("/film")))
	}
	for i, d := range damaged {
		put(t, l, bucketPartials, "/film", string(d))
		if _, err := l.Partial("/film", state); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the damaged one %d: %v", i, err)
		}
	}
	put(t, l, bucketPartials, "/other", string(raw)) // of another file
	wantPartial(t, l, "/other", state, nil)
	check(t, l.SavePartial("/film", state, first))
	wantPartial(t, l, "/film", state, first)
}

func TestFewFilesAreRememberedWhoseHashingDidNotEnd(t *testing.T) {
	l := open(t, t.TempDir())
	state, first := begun(t)
	put(t, l, bucketPartials, "/damaged", "x")
	name := func(i int) string { return fmt.Sprintf("/%02d", (i*7)%(2*maxPartials)) } // not in the order of time
	for i := range 2 * maxPartials {
		check(t, l.SavePartial(name(i), state, first))
		check(t, l.SavePartial(name(0), state, first)) // it is still under way
	}
	for i := range 2 * maxPartials {
		if i == 0 || i > maxPartials {
			wantPartial(t, l, name(i), state, first)
		} else {
			wantPartial(t, l, name(i), state, nil)
		}
	}
	check(t, l.db.View(func(tx *bbolt.Tx) error {
		if n := tx.Bucket(bucketPartials).Stats().KeyN; n != maxPartials {
			t.Errorf("there are %d", n)
		}
		return nil
	}))
}

func TestPartialsOfFilesThatAreNotKeptAreForgotten(t *testing.T) {
	l := open(t, t.TempDir())
	state, first := begun(t)
	check(t, l.SavePartial("/kept", state, first))
	check(t, l.SavePartial("/gone", state, first))
	put(t, l, bucketPartials, "/damaged", "x")
	check(t, l.ForgetFiles(t.Context(), func(f File) bool {
		if f.State != state || !f.Hash.IsZero() {
			t.Errorf("it is asked of %+v", f)
		}
		return f.Path == "/kept"
	}))
	wantPartial(t, l, "/kept", state, first)
	check(t, l.db.View(func(tx *bbolt.Tx) error {
		if n := tx.Bucket(bucketPartials).Stats().KeyN; n != 1 {
			t.Errorf("there are %d", n)
		}
		return nil
	}))
}

func FuzzDecodePartial(f *testing.F) {
	state, first := begun(f)
	raw := partial{saved: time.Unix(8, 0), state: state, first: first}.encode([]byte("/film"))
	f.Add(raw[:len(raw)-32])
	f.Add(raw[:partialHead+32])
	f.Add(raw[:partialHead])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		path := []byte("/film")
		decodePartial(path, body)
		raw := partialSum(path, body).Sum(bytes.Clone(body)) // past the sum
		got, ok := decodePartial(path, raw)
		if !ok {
			return
		}
		if len(got.first) == 0 || len(got.first) > netproto.PieceCount(got.state.Size) {
			t.Fatalf("%d pieces of %d bytes", len(got.first), got.state.Size)
		}
		if !bytes.Equal(got.encode(path), raw) {
			t.Fatal("it is written in another way than it was read")
		}
	})
}
