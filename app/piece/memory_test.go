package piece

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"centralizedp2p/netproto"
)

// readsFrom fails the test where bytes before an offset are read.
type readsFrom struct {
	*bytes.Reader
	offset int64
	t      *testing.T
}

func (r readsFrom) ReadAt(b []byte, offset int64) (int, error) {
	if offset < r.offset {
		r.t.Errorf("%d bytes are read at %d, and those before %d are known", len(b), offset, r.offset)
	}
	return r.Reader.ReadAt(b, offset)
}

func TestKnownPiecesAreNotReadAgain(t *testing.T) {
	b, m := contentOf(t, 9*ps+77)
	for known := range m.Pieces() + 1 {
		for _, atOnce := range []int{1, 4} {
			from := min(m.Offset(known), m.Size)
			var read atomic.Int64
			told := known
			how := hashing{atOnce: atOnce, known: m.CVs[:known:known], progress: func(n int) { read.Add(int64(n)) }, done: func(first []CV) {
				if len(first) <= told || !slices.Equal(first, m.CVs[:len(first)]) {
					t.Errorf("it hears of %d pieces after %d, or they are others", len(first), told)
				}
				told = len(first)
			}}
			got, err := how.of(t.Context(), readsFrom{bytes.NewReader(b), from, t}, m.Size)
			must(t, err)
			if got.Hash != m.Hash || !slices.Equal(got.CVs, m.CVs) {
				t.Errorf("with %d known pieces and %d at once it has another hash", known, atOnce)
			}
			if told != m.Pieces() || read.Load() != m.Size-from {
				t.Errorf("with %d known pieces %d bytes are read, and it hears of %d", known, read.Load(), told)
			}
		}
	}
}

func TestMorePiecesThanAContentHasAreNotKnown(t *testing.T) {
	for _, size := range []int{100, ps, 3*ps + 1} {
		b, m := contentOf(t, size)
		var read atomic.Int64
		how := hashing{atOnce: 2, known: make([]CV, m.Pieces()+1), progress: func(n int) { read.Add(int64(n)) }}
		got, err := how.of(t.Context(), bytes.NewReader(b), m.Size)
		must(t, err)
		if got.Hash != m.Hash || read.Load() != m.Size {
			t.Errorf("of %d bytes %d are read", size, read.Load())
		}
	}
}

// notes is a [Memory] that stops the hashing after so many pieces.
type notes struct {
	stop context.CancelFunc
	at   int

	mu    sync.Mutex
	state State
	first []CV
}

func (n *notes) Known(state State) []CV {
	n.mu.Lock()
	defer n.mu.Unlock()
	if state != n.state {
		n.state, n.first = state, nil
	}
	return n.first
}

func (n *notes) Done(first []CV) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.first = first; len(first) >= n.at {
		n.stop()
	}
}

func TestHashingAFileGoesOnWhereItStopped(t *testing.T) {
	content, m := contentOf(t, 40*ps+5)
	path := filepath.Join(t.TempDir(), "f")
	must(t, os.WriteFile(path, content, 0o600))
	ctx, cancel := context.WithCancel(t.Context())
	memory := &notes{stop: cancel, at: 20}
	if _, _, err := HashPathWith(ctx, path, 1, memory, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	known := len(memory.first)
	if known != memory.at {
		t.Fatalf("it stopped after %d pieces of %d", known, m.Pieces())
	}
	hash := func() (netproto.ContentHash, int64) {
		t.Helper()
		var read atomic.Int64
		got, state, err := HashPathWith(t.Context(), path, 2, memory, func(n int) { read.Add(int64(n)) })
		must(t, err)
		if now, err := StateOf(path); err != nil || state != now || memory.state != now {
			t.Errorf("the memory is asked of %+v, the state is %+v, %v", memory.state, now, err)
		}
		return got.Hash, read.Load()
	}
	if got, read := hash(); got != m.Hash || read != m.Size-m.Offset(known) {
		t.Errorf("%d pieces were known, and %d bytes of %d are read for %s", known, read, m.Size, got)
	}
	if got, read := hash(); got != m.Hash || read != 0 {
		t.Errorf("all pieces are known, and %d bytes are read for %s", read, got)
	}
	flip(t, path, 3)
	content[3] ^= 1
	changed, err := Hash(t.Context(), bytes.NewReader(content), m.Size, nil)
	must(t, err)
	if got, read := hash(); got != changed.Hash || read != m.Size {
		t.Errorf("it changed, and %d bytes are read for %s", read, got)
	}
}
