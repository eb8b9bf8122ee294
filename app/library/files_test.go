package library

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

func manifestOf(t testing.TB, size int) *piece.Manifest {
	t.Helper()
	m, err := piece.Hash(t.Context(), bytes.NewReader(make([]byte, size)), int64(size), nil)
	check(t, err)
	return m
}

func TestFilesAndManifestsAreRemembered(t *testing.T) {
	l := open(t, t.TempDir())
	m := manifestOf(t, 3*netproto.MinPieceSize)
	f := File{Path: "/song.flac", State: piece.State{Size: m.Size, Modified: 5, Inode: 9}, Hash: m.Hash, MD5: "d41d8cd98f00b204e9800998ecf8427e"}
	check(t, l.SaveFiles([]File{f}, []*piece.Manifest{m}))
	got, err := l.File(f.Path)
	check(t, err)
	gotManifest, err := l.Manifest(m.Hash)
	check(t, err)
	if diff := cmp.Diff(f, got) + cmp.Diff(m, gotManifest); diff != "" {
		t.Errorf("they differ:\n%s", diff)
	}
	if _, err := l.File("/other"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown file gives %v", err)
	}
	if _, err := l.Manifest(netproto.ContentHash{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown manifest gives %v", err)
	}
}

func TestAManifestThatDoesNotFoldIsIgnored(t *testing.T) {
	l := open(t, t.TempDir())
	m := manifestOf(t, 3*netproto.MinPieceSize)
	raw := encodeManifest(m)
	for i := range raw {
		raw[i] ^= 1
		put(t, l, bucketManifests, string(m.Hash[:]), string(raw))
		got, err := l.Manifest(m.Hash)
		// A last piece of another length folds all the same: see Manifest.Check.
		if err == nil && netproto.PieceCount(got.Size) != 3 {
			t.Fatalf("with byte %d flipped it is believed", i)
		}
		raw[i] ^= 1
	}
	for _, n := range []int{0, 7, 8, 9, 39, len(raw) - 32, len(raw) - 1} {
		put(t, l, bucketManifests, string(m.Hash[:]), string(raw[:n]))
		if _, err := l.Manifest(m.Hash); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d bytes of it: %v", n, err)
		}
	}
}

func FuzzDecodeManifest(f *testing.F) {
	m := manifestOf(f, 3*netproto.MinPieceSize)
	f.Add(encodeManifest(m))
	f.Add(encodeManifest(m)[:40])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := decodeManifest(m.Hash, raw)
		if got == nil {
			return
		}
		if got.Size < 0 || got.Size > netproto.MaxContentSize || len(got.CVs) > len(raw)/32 {
			t.Fatalf("%d bytes and %d hashes", got.Size, len(got.CVs))
		}
		if !bytes.Equal(encodeManifest(got), raw) {
			t.Fatal("it is written in another way than it was read")
		}
		got.Check()
	})
}

// inode is what is known of a file by its inode alone.
func inode(l *Library, state piece.State) (File, error) {
	// So much to hash that the library is worth a look.
	if moved := l.Moved([]piece.State{state, {Size: netproto.MaxContentSize, Inode: 1 << 40}})[0]; moved != nil {
		return *moved, nil
	}
	return File{}, fs.ErrNotExist
}

func TestARenamedFileIsKnownByItsInode(t *testing.T) {
	l := open(t, t.TempDir())
	state := piece.State{Size: 3, Modified: 5, Changed: 6, Device: 7, Inode: 9}
	f := File{Path: "/log", State: state, Hash: netproto.ContentHash{1}, MD5: "00112233445566778899aabbccddeeff"}
	check(t, l.SaveFiles([]File{f, {Path: "/z", State: piece.State{Size: 3, Modified: 8, Inode: 10}, Hash: netproto.ContentHash{2}}}, nil))
	state.Changed, state.Device = 60, 70
	got, err := inode(l, state)
	check(t, err)
	if diff := cmp.Diff(f, got); diff != "" {
		t.Errorf("it differs:\n%s", diff)
	}
	for what, other := range map[string]piece.State{"inode": {Size: 3, Modified: 5, Inode: 11}, "size": {Size: 4, Modified: 5, Inode: 9}, "time": {Size: 3, Modified: 6, Inode: 9}, "system": {Size: 3, Modified: 5}} {
		if _, err := inode(l, other); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("with another %s: %v", what, err)
		}
	}
}

func TestAFileThatIsSoonHashedIsNotLookedForAmongAll(t *testing.T) {
	l := open(t, t.TempDir())
	all := make([]File, 20_000)
	states := make([]piece.State, len(all))
	for i := range all {
		states[i] = piece.State{Size: 10, Inode: uint64(i + 1)}
		all[i] = File{Path: fmt.Sprintf("/f/%05d", i), State: states[i], Hash: netproto.ContentHash{byte(i), byte(i >> 8), 1}}
	}
	check(t, l.SaveFiles(all, nil))
	if moved := l.Moved(states[:1])[0]; moved != nil {
		t.Error("all files were read to find one of ten bytes")
	}
	for i, f := range l.Moved(states) {
		if f == nil || *f != all[i] {
			t.Fatalf("%s is known as %v", all[i].Path, f)
		}
	}
}

func TestWhatAnEarlierVersionKnewTwiceIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	f := File{Path: "/song", State: piece.State{Size: 3, Inode: 9}, Hash: netproto.ContentHash{1}}
	check(t, l.SaveFiles([]File{f}, nil))
	check(t, l.update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket(bucketInodes)
		if err != nil {
			return err
		}
		return b.Put([]byte("inode"), []byte("file"))
	}))
	check(t, l.Close())
	l = open(t, dir)
	check(t, l.view(func(tx *bbolt.Tx) error {
		if tx.Bucket(bucketInodes) != nil {
			t.Error("it is still there")
		}
		return nil
	}))
	if got, err := l.File(f.Path); err != nil || got != f {
		t.Errorf("the file is known as %v, %v", got, err)
	}
}

func TestWhatAnEarlierVersionKnewOfAFileIsStillKnown(t *testing.T) {
	l := open(t, t.TempDir())
	hash := netproto.ContentHash{3}
	put(t, l, bucketFiles, "/old", `{"path":"/old","state":{"size":3,"modified":5,"inode":9},"hash":"`+hash.String()+`"}`)
	got, err := l.File("/old")
	check(t, err)
	if diff := cmp.Diff(File{Path: "/old", State: piece.State{Size: 3, Modified: 5, Inode: 9}, Hash: hash}, got); diff != "" {
		t.Errorf("it differs:\n%s", diff)
	}
}

func TestWhetherTheBytesOfAFileWereLookedAtIsRemembered(t *testing.T) {
	l := open(t, t.TempDir())
	for _, ordinary := range []bool{false, true} {
		f := File{Path: "/song", State: piece.State{Size: 3, Modified: 5, Inode: 9}, Hash: netproto.ContentHash{1}, MD5: "00112233445566778899aabbccddeeff", Ordinary: ordinary}
		check(t, l.SaveFiles([]File{f}, nil))
		got, err := l.File("/song")
		check(t, err)
		if diff := cmp.Diff(f, got); diff != "" {
			t.Errorf("it differs:\n%s", diff)
		}
	}
}

func TestFilesThatAreNotKeptAreForgotten(t *testing.T) {
	l := open(t, t.TempDir())
	kept, gone := manifestOf(t, 3*netproto.MinPieceSize), manifestOf(t, 4*netproto.MinPieceSize)
	files := []File{
		{Path: "/kept", State: piece.State{Size: kept.Size, Inode: 1}, Hash: kept.Hash},
		{Path: "/gone", State: piece.State{Size: gone.Size, Inode: 2}, Hash: gone.Hash},
	}
	for i := range 2*forgetBatch + 1 { // more than one transaction
		files = append(files, File{Path: fmt.Sprintf("/m/%d", i), State: piece.State{Size: int64(i), Inode: 3}})
	}
	check(t, l.SaveFiles(files, []*piece.Manifest{kept, gone}))
	put(t, l, bucketFiles, "/damaged", "what is this")
	check(t, l.ForgetFiles(t.Context(), func(f File) bool { return f.Path == "/kept" }))
	for _, bucket := range [][]byte{bucketFiles, bucketManifests} {
		check(t, l.db.View(func(tx *bbolt.Tx) error {
			if n := tx.Bucket(bucket).Stats().KeyN; n != 1 {
				t.Errorf("%s has %d records", bucket, n)
			}
			return nil
		}))
	}
	if _, err := l.File("/kept"); err != nil {
		t.Error(err)
	}
	if _, err := inode(l, files[0].State); err != nil {
		t.Error(err)
	}
	if _, err := l.Manifest(kept.Hash); err != nil {
		t.Error(err)
	}
}

func FuzzDecodeFile(f *testing.F) {
	whole := File{State: piece.State{Size: 1, Modified: 2, Changed: 3, Device: 4, Inode: 5}, Hash: netproto.ContentHash{6}, MD5: "00112233445566778899aabbccddeeff"}
	raw, err := whole.encode(nil)
	check(f, err)
	f.Add(raw)
	whole.Ordinary = true
	looked, err := whole.encode(nil)
	check(f, err)
	f.Add(looked)
	f.Add(raw[:fileBytes])
	f.Add(raw[:20])
	f.Add([]byte(`{"path":"x"}`))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var got File
		if err := got.decode(bucketFiles, nil, raw); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			return
		}
		if raw, err = unseal(bucketFiles, nil, raw); err != nil {
			t.Fatal(err)
		}
		if raw[0] != fileVersion && raw[0] != ordinaryVersion {
			return // JSON
		}
		again, err := got.encode(nil)
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("it is written in another way than it was read: %v", err)
		}
	})
}
