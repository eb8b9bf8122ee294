package piece

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"lukechampine.com/blake3"

	"centralizedp2p/netproto"
)

const ps = netproto.MinPieceSize // piece size of the small contents here

func TestTheHashIsPlainBlake3(t *testing.T) {
	sizes := []int{
		0, 1, 63, 64, 65, 1023, 1024, 1025, 2048, 3072, 16<<10 - 1, 16 << 10, 16<<10 + 1, 48 << 10, ps/2 + 1,
		ps - 1, ps, ps + 1, 2*ps - 1, 2 * ps, 2*ps + 1, 3*ps - 1, 3 * ps, 3*ps + 1, 4 * ps, 5 * ps, 7*ps + 1025, 13*ps - 1024, 5<<20 + 123,
	}
	for _, size := range sizes {
		b, m := contentOf(t, size)
		if want := netproto.ContentHash(blake3.Sum256(b)); m.Hash != want {
			t.Errorf("%d bytes: %s, want %s", size, m.Hash, want)
		}
		if err := m.Check(); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// From test_vectors.json of the BLAKE3 project; the input counts up to 250 again and again.
func TestTheHashAgreesWithTheOfficialVectors(t *testing.T) {
	for size, want := range map[int]string{
		0:      "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
		1024:   "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
		1025:   "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
		102400: "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085",
	} {
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(i % 251)
		}
		m, err := Hash(t.Context(), bytes.NewReader(b), int64(size), nil)
		if err != nil || m.Hash.String() != want {
			t.Errorf("%d bytes: %v %v, want %s", size, m, err, want)
		}
	}
}

func TestLargePiecesFoldToTheSameHash(t *testing.T) {
	const size int64 = 2<<30 + 12345 // pieces of 1 MiB
	path := filepath.Join(t.TempDir(), "sparse")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, at := range []int64{0, 700 << 20, 1<<30 - 3, size - 9} {
		if _, err := f.WriteAt([]byte("something"), at); err != nil {
			t.Fatal(err)
		}
	}
	var hashed atomic.Int64
	m, state, err := HashPath(t.Context(), path, func(n int) { hashed.Add(int64(n)) })
	if err != nil {
		t.Fatal(err)
	}
	if state.Size != size || hashed.Load() != size {
		t.Errorf("%d bytes hashed of %d, want %d", hashed.Load(), state.Size, size)
	}
	plain := blake3.New(32, nil)
	if _, err := io.CopyBuffer(plain, io.NewSectionReader(f, 0, size), make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
	if want := netproto.ContentHash(plain.Sum(nil)); m.Hash != want {
		t.Errorf("%s, want %s", m.Hash, want)
	}
	if m.Length(0) <= ps || m.Check() != nil {
		t.Errorf("pieces of %d bytes, %v", m.Length(0), m.Check())
	}
}

func TestAPieceMayComeInAnySplits(t *testing.T) {
	b, m := contentOf(t, 3*ps+4321)
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		for i := range m.Pieces() {
			h := NewHasher(m.Offset(i))
			for rest := pieceBytes(b, m, i); len(rest) > 0; {
				n := min(len(rest), 1+random.IntN(1<<random.IntN(19)))
				h.Write(rest[:n])
				rest = rest[n:]
			}
			if !m.right(i, h) {
				t.Fatalf("piece %d is not recognised", i)
			}
		}
	}
}

func TestAManifestOfAnotherContentIsRefused(t *testing.T) {
	_, good := contentOf(t, 5*ps+1)
	_, one := contentOf(t, 100)
	edit := func(m *Manifest, change func(m *Manifest)) *Manifest {
		c := &Manifest{Hash: m.Hash, Size: m.Size, CVs: append([]CV(nil), m.CVs...)}
		change(c)
		return c
	}
	for name, m := range map[string]*Manifest{
		"a wrong bit":          edit(good, func(m *Manifest) { m.CVs[2][7] ^= 1 }),
		"a wrong last":         edit(good, func(m *Manifest) { m.CVs[5][31] ^= 0x80 }),
		"a missing piece":      edit(good, func(m *Manifest) { m.CVs = m.CVs[:5] }),
		"one too many":         edit(good, func(m *Manifest) { m.CVs = append(m.CVs, CV{}) }),
		"none":                 edit(good, func(m *Manifest) { m.CVs = nil }),
		"swapped pieces":       edit(good, func(m *Manifest) { m.CVs[0], m.CVs[1] = m.CVs[1], m.CVs[0] }),
		"another hash":         edit(good, func(m *Manifest) { m.Hash[0] ^= 1 }),
		"a size with fewer":    edit(good, func(m *Manifest) { m.Size = 4 * ps }),
		"a list for one piece": edit(one, func(m *Manifest) { m.CVs = []CV{{1}} }),
		"a negative size":      edit(one, func(m *Manifest) { m.Size = -1 }),
		"an endless size":      edit(one, func(m *Manifest) { m.Size = 1<<63 - 1 }),
	} {
		if err := m.Check(); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := OpenPart(t.Context(), openRoot(t, t.TempDir()), ".", m, nil); !errors.Is(err, ErrManifest) {
			t.Errorf("%s opens a part: %v", name, err)
		}
	}
}

func TestAPieceIsOnlyRightInItsPlace(t *testing.T) {
	b := bytes.Repeat(bytesOf(ps), 3) // three equal pieces
	m, err := Hash(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		t.Fatal(err)
	}
	h := NewHasher(m.Offset(0))
	h.Write(b[:ps])
	if m.right(1, h) || m.CVs[0] == m.CVs[1] {
		t.Error("a piece passes for another with the same bytes")
	}
}

func TestHashingEndsWithItsContext(t *testing.T) {
	for _, size := range []int{100, 8 * ps} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Hash(ctx, bytes.NewReader(bytesOf(size)), int64(size), nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestAContentThatEndsEarlyHasChanged(t *testing.T) {
	for _, size := range []int{100, 8 * ps} {
		_, err := Hash(t.Context(), bytes.NewReader(bytesOf(size)), int64(size)+1, nil)
		wantCode(t, err, netproto.CodeFileChanged)
	}
}

func FuzzHasherSplits(f *testing.F) {
	f.Add(uint32(0), []byte{})
	f.Add(uint32(16<<10), []byte{1, 255, 0, 16})
	f.Add(uint32(3*ps+17), []byte{64, 64, 3})
	f.Fuzz(func(t *testing.T, size uint32, splits []byte) {
		b := bytesOf(int(size % (4*ps + 1)))
		m, err := Hash(t.Context(), bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			t.Fatal(err)
		}
		if m.Hash != netproto.ContentHash(blake3.Sum256(b)) {
			t.Fatalf("%d bytes: not BLAKE3", len(b))
		}
		for i := range m.Pieces() {
			h := NewHasher(m.Offset(i))
			rest := pieceBytes(b, m, i)
			for _, s := range splits {
				n := min(len(rest), int(s)*int(s)) // up to 65,025: groups are 16 KiB
				h.Write(rest[:n])
				rest = rest[n:]
			}
			h.Write(rest)
			if !m.right(i, h) {
				t.Fatalf("%d bytes in splits %v: piece %d is not recognised", len(b), splits, i)
			}
		}
	})
}

func TestSetsOfPiecesHaveNothingBeyondTheirEnds(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 4096, 4097} {
		all := AllBits(n)
		if all.Count() != n || all.Has(-1) || all.Has(n) || all.Has(n+64) || n > 0 && !all.Has(n-1) {
			t.Errorf("%d pieces: the full set has %d", n, all.Count())
		}
	}
	b := NewBits(10)
	b.Set(0)
	b.Set(9)
	if got := fmt.Sprintf("%08b", []byte(b)); got != "[10000000 01000000]" || b.Count() != 2 {
		t.Errorf("pieces 0 and 9 are %s", got)
	}
}

func TestASpotCheckSeesTheEndsAndTheMiddle(t *testing.T) {
	for _, size := range []int{1, ps, 5*ps + 1} {
		content := bytesOf(size)
		m, err := Hash(t.Context(), bytes.NewReader(content), int64(size), nil)
		must(t, err)
		if !m.Spot(t.Context(), bytes.NewReader(content)) {
			t.Errorf("%d bytes: the content itself is not right", size)
		}
		for _, at := range []int{0, int(m.Offset(m.Pieces() / 2)), size - 1} {
			changed := bytes.Clone(content)
			changed[at] ^= 1
			if m.Spot(t.Context(), bytes.NewReader(changed)) {
				t.Errorf("%d bytes: a change at %d is not seen", size, at)
			}
		}
		if m.Spot(t.Context(), bytes.NewReader(content[:size-1])) {
			t.Errorf("%d bytes: one byte less is right", size)
		}
	}
}
