package piece

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/netproto/fliptest"
)

const flipsEnv = "CP2P_PIECE_FLIPS" // of a long campaign

// The unfinished file of a download, or its journal, has a wrong bit, a wrong sector or
// a wrong end. It never counts a wrong piece, never publishes a wrong byte, and what is
// missing can be fetched again.
func TestADamagedUnfinishedFileIsNeverBelieved(t *testing.T) {
	flips, random := fliptest.Flips(t, flipsEnv, 100)
	content := bytesOf(5*ps + 1234)
	m, err := Hash(t.Context(), bytes.NewReader(content), int64(len(content)), nil)
	must(t, err)
	lost := 0
	for i := range flips {
		dir := t.TempDir()
		root := openRoot(t, dir)
		p, err := OpenPart(t.Context(), root, ".", m, nil)
		must(t, err)
		had := 1 + random.IntN(m.Pieces())
		for _, piece := range random.Perm(m.Pieces())[:had] {
			must(t, put(p.Writer(piece, false), pieceBytes(content, m, piece)))
		}
		must(t, p.Close())
		name := PartName(m.Hash)
		if random.IntN(2) == 0 {
			name = journalName(m.Hash)
		}
		raw, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		what := damageFile(random, raw)
		must(t, os.WriteFile(filepath.Join(dir, name), what.raw, 0o600))
		kept, err := finish(root, dir, m, content)
		if err != nil {
			t.Errorf("flip %d, %s, %s: %v", i, name, what.told, err)
		}
		lost += had - kept
		must(t, root.Close())
		must(t, os.RemoveAll(dir))
	}
	t.Logf("%d pieces had to be fetched again", lost)
	t.Logf("tried %d", flips)
	if lost == 0 && flips >= 50 {
		t.Error("no damage was found: this proves little")
	}
}

// finish goes on with a download, and returns how many pieces it had.
func finish(root *os.Root, dir string, m *Manifest, content []byte) (kept int, err error) {
	if known, err := ReadPartManifest(root, ".", m.Hash); err == nil && (known.Hash != m.Hash || known.Check() != nil) {
		return 0, errors.New("the journal gives another manifest")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	p, err := OpenPart(context.Background(), root, ".", m, nil)
	if err != nil {
		return 0, err
	}
	for i := range m.Pieces() {
		if !p.Has(i) {
			if err := put(p.Writer(i, false), pieceBytes(content, m, i)); err != nil {
				return kept, err
			}
			continue
		}
		kept++
		got := make([]byte, m.Length(i))
		if _, err := p.ReadAt(got, m.Offset(i)); err != nil && m.Offset(i)+m.Length(i) != m.Size {
			return kept, err
		}
		if !bytes.Equal(got, pieceBytes(content, m, i)) {
			return kept, fmt.Errorf("piece %d counts and is wrong", i)
		}
	}
	name, err := p.Publish("final", false)
	if err != nil {
		return kept, err
	}
	final, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return kept, err
	}
	if !bytes.Equal(final, content) {
		return kept, errors.New("wrong bytes have a final name")
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) != 1 {
		err = fmt.Errorf("beside the file there is %v", entries)
	}
	return kept, err
}

type damaged struct {
	raw  []byte
	told string
}

// damageFile changes a bit near the start, where a journal says what it is, or anywhere,
// or a sector, or the end.
func damageFile(random *rand.Rand, raw []byte) damaged {
	at := random.IntN(len(raw))
	switch n := random.IntN(10); {
	case n < 4:
		at = random.IntN(min(len(raw), 400))
		fallthrough
	case n < 7:
		raw[at] ^= 1 << random.IntN(8)
		return damaged{raw, fmt.Sprint("a bit of byte ", at)}
	case n < 8:
		clear(raw[at&^511 : min(at&^511+512, len(raw))])
		return damaged{raw, fmt.Sprint("zeros from ", at&^511)}
	case n < 9:
		return damaged{append(raw, raw[:at]...), fmt.Sprint("more by ", at)}
	}
	return damaged{raw[:at], fmt.Sprint("cut to ", at)}
}
