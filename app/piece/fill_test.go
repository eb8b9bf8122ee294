package piece

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"testing"

	"centralizedp2p/netproto"
)

// brokenAt reads text up to an offset.
type brokenAt struct {
	text   []byte
	offset int64
}

var errBroken = errors.New("broken")

func (b brokenAt) ReadAt(p []byte, offset int64) (int, error) {
	if offset+int64(len(p)) > b.offset {
		return 0, errBroken
	}
	return copy(p, b.text[offset:]), nil
}

func TestAnotherPlaceFillsWhatItHasRight(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("0123456789abcdef"), 3*netproto.MinPieceSize/16)
	m, err := Hash(context.Background(), bytes.NewReader(text), int64(len(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Clone(text)
	wrong[netproto.MinPieceSize] ^= 1
	for _, c := range []struct {
		name   string
		from   io.ReaderAt
		broken error
		have   []bool
		copied int
	}{
		{"right", bytes.NewReader(text), nil, []bool{true, true, true}, len(text)},
		{"one wrong piece", bytes.NewReader(wrong), nil, []bool{true, false, true}, len(text)},
		{"broken", brokenAt{text, netproto.MinPieceSize}, errBroken, []bool{true, false, false}, netproto.MinPieceSize},
	} {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		part, err := OpenPart(context.Background(), root, ".", m, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer part.Close()
		copied := 0
		broken, err := Fill(context.Background(), part, c.from, func(n int) { copied += n })
		if !errors.Is(broken, c.broken) || err != nil {
			t.Errorf("%s: %v, %v", c.name, broken, err)
		}
		for i, want := range c.have {
			if part.Has(i) != want {
				t.Errorf("%s: piece %d is there: %t", c.name, i, !want)
			}
		}
		if copied != c.copied {
			t.Errorf("%s: %d bytes were copied, not %d", c.name, copied, c.copied)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	small := NewSmall(nil, ".", "small", m)
	if broken, err := Fill(ctx, small, bytes.NewReader(text), func(int) {}); broken != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v, %v", broken, err)
	}
}
