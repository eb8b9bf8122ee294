package piece

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// journalOf is the text of a journal of m with those claims.
func journalOf(t testing.TB, m *Manifest, pieces ...int) []byte {
	t.Helper()
	dir := t.TempDir()
	j, _, _, err := openJournal(openRoot(t, dir), ".", m)
	if err != nil {
		t.Fatal(err)
	}
	defer j.close()
	for _, i := range pieces {
		if err := j.append([]uint32{uint32(i)}); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, journalName(m.Hash)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAJournalClaimsWhatWasAppended(t *testing.T) {
	_, m := contentOf(t, 5*ps)
	got, claimed, err := readJournal(bytes.NewReader(journalOf(t, m, 3, 1, 4)))
	if err != nil || got.Hash != m.Hash || got.Size != m.Size || len(got.CVs) != 5 || got.CVs[4] != m.CVs[4] {
		t.Errorf("the manifest is %v, %v", got, err)
	}
	if len(claimed) != 3 || claimed[0] != 3 || claimed[1] != 1 || claimed[2] != 4 {
		t.Errorf("the claims are %v", claimed)
	}
	_, claimed, err = readJournal(bytes.NewReader(journalOf(t, m, 3, 1, 3, 4)))
	if err != nil || len(claimed) != 2 {
		t.Errorf("a piece that is claimed twice does not end the claims: %v, %v", claimed, err)
	}
}

// Whatever happens to a journal, no piece that is on the disk is lost, none that
// is not there counts, and what is fetched afterwards is claimed again.
func TestADamagedJournalLosesNothing(t *testing.T) {
	content, m := contentOf(t, 5*ps+9)
	_, other := contentOf(t, 6*ps)
	header, record := int64(journalHeader), int64(journalHeader+6*32+4)
	for name, damage := range map[string]func(t *testing.T, path string){
		"removed":               func(t *testing.T, path string) { must(t, os.Remove(path)) },
		"empty":                 func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) },
		"a wrong magic":         func(t *testing.T, path string) { flip(t, path, 0) },
		"a wrong hash":          func(t *testing.T, path string) { flip(t, path, 20) },
		"a wrong size":          func(t *testing.T, path string) { flip(t, path, header-6) },
		"a wrong piece hash":    func(t *testing.T, path string) { flip(t, path, header+40) },
		"cut in the header":     func(t *testing.T, path string) { must(t, os.Truncate(path, header-1)) },
		"cut in the manifest":   func(t *testing.T, path string) { must(t, os.Truncate(path, header+33)) },
		"that of another":       func(t *testing.T, path string) { must(t, os.WriteFile(path, journalOf(t, other, 1), 0o600)) },
		"records of another":    func(t *testing.T, path string) { appendRecord(t, path, other, 4) },
		"a claim too many":      func(t *testing.T, path string) { appendRecord(t, path, m, 3) },
		"a claim twice":         func(t *testing.T, path string) { appendRecord(t, path, m, 0) },
		"a claim out of bounds": func(t *testing.T, path string) { appendRecord(t, path, m, 6) },
		"a damaged record":      func(t *testing.T, path string) { flip(t, path, record+recordSize) },
		"a torn record": func(t *testing.T, path string) {
			appendRecord(t, path, m, 4)
			must(t, os.Truncate(path, record+3*recordSize+3))
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			root := openRoot(t, dir)
			p := openPart(t, root, m)
			putPieces(t, p, content, 0, 2, 5)
			p.Close()
			damage(t, filepath.Join(dir, journalName(m.Hash)))
			p = openPart(t, root, m)
			wantHave(t, p, 0, 2, 5)
			putPieces(t, p, content, 1, 4)
			p.Close()
			_, claimed, err := readJournal(bytes.NewReader(mustRead(t, filepath.Join(dir, journalName(m.Hash)))))
			if err != nil || len(claimed) != 5 {
				t.Errorf("the journal claims %v, %v", claimed, err)
			}
			p = openPart(t, root, m)
			wantHave(t, p, 0, 1, 2, 4, 5)
			putPieces(t, p, content, 3)
			publishAs(t, p, "f")
			wantFile(t, filepath.Join(dir, "f"), content)
		})
	}
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

func appendRecord(t *testing.T, path string, m *Manifest, index uint32) {
	t.Helper()
	b := mustRead(t, path)
	b = binary.BigEndian.AppendUint32(b, index)
	b = binary.BigEndian.AppendUint32(b, recordSum(m.Hash, b[len(b)-4:]))
	must(t, os.WriteFile(path, b, 0o600))
}

func TestAManifestIsOnlyReadFromAJournalOfItsContent(t *testing.T) {
	_, m := contentOf(t, 3*ps)
	_, other := contentOf(t, 4*ps)
	dir := t.TempDir()
	root := openRoot(t, dir)
	for _, text := range [][]byte{nil, []byte("nonsense"), journalOf(t, other)} {
		must(t, os.WriteFile(filepath.Join(dir, journalName(m.Hash)), text, 0o600))
		if got, err := ReadPartManifest(root, ".", m.Hash); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("from %d bytes: %v, %v", len(text), got, err)
		}
	}
	if _, err := ReadPartManifest(root, ".", other.Hash); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	must(t, os.WriteFile(filepath.Join(dir, journalName(m.Hash)), journalOf(t, m, 1), 0o600))
	for _, folder := range []string{"", "."} {
		if got, err := ReadPartManifest(root, folder, m.Hash); err != nil || got.Hash != m.Hash {
			t.Errorf("in %q: %v, %v", folder, got, err)
		}
	}
}

// The header of a large content asks for much memory before there is a body.
func TestAJournalThatIsCutOffTakesNoMemoryForItsClaims(t *testing.T) {
	b := append([]byte(journalMagic), make([]byte, 32)...)
	b = binary.BigEndian.AppendUint64(b, 1<<44) // 2^20 pieces, the most there are
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	if _, _, err := readJournal(bytes.NewReader(b)); err == nil {
		t.Error("it is accepted")
	}
	binary.BigEndian.PutUint64(b[len(b)-12:], 1<<44+1)
	binary.BigEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b[:len(b)-4], castagnoli))
	if allocated := testing.AllocsPerRun(1, func() {
		if _, _, err := readJournal(bytes.NewReader(b)); err == nil {
			t.Error("a larger content than there can be is accepted")
		}
	}); allocated > 10 {
		t.Errorf("%v allocations", allocated)
	}
}

func FuzzReadJournal(f *testing.F) {
	_, one := contentOf(f, 10)
	_, five := contentOf(f, 5*ps-1)
	whole := journalOf(f, five, 4, 0, 2)
	for _, seed := range [][]byte{nil, journalOf(f, one), whole, whole[:len(whole)-3], whole[:journalHeader], whole[:journalHeader+50]} {
		f.Add(seed, uint32(0), uint8(0))
		f.Add(seed, uint32(len(seed)-1), uint8(0xff))
	}
	f.Fuzz(func(t *testing.T, b []byte, at uint32, change uint8) {
		b = bytes.Clone(b)
		if int64(at) < int64(len(b)) {
			b[at] ^= change
		}
		if len(b) >= journalHeader { // so that the fuzzer gets past the first sum
			binary.BigEndian.PutUint32(b[journalHeader-4:], crc32.Checksum(b[:journalHeader-4], castagnoli))
		}
		m, claimed, err := readJournal(bytes.NewReader(b))
		if err != nil {
			return
		}
		if err := m.Check(); err != nil {
			t.Fatal(err)
		}
		seen := NewBits(m.Pieces())
		for _, i := range claimed {
			if int(i) >= m.Pieces() || seen.Has(int(i)) {
				t.Fatalf("piece %d of %d is claimed", i, m.Pieces())
			}
			seen.Set(int(i))
		}
	})
}
