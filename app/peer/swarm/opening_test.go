package swarm

import (
	"bytes"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// nobody announces and reads nothing.
type nobody struct{}

func (nobody) Announce(netproto.Resource)              {}
func (nobody) Withdraw(netproto.ContentHash)           {}
func (nobody) AnnouncePiece(offer.Content, int)        {}
func (nobody) AnnounceFetching(_ offer.Content, _ int) {}

// A source can prove another size at any moment, also while the unfinished file of the
// first one is opened, and after that before the next look at it.
func TestASizeThatIsProvenWhileAFileIsOpenedHarmsNothing(t *testing.T) {
	for name, opened := range map[string]bool{"while it is opened": false, "after it was opened": true} {
		t.Run(name, func(t *testing.T) { proveWhileOpening(t, opened) })
	}
}

func proveWhileOpening(t *testing.T, opened bool) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	content := bytes.Repeat([]byte("piece"), 150_000)
	m, err := piece.Hash(t.Context(), bytes.NewReader(content), int64(len(content)), nil)
	if err != nil {
		t.Fatal(err)
	}
	var notify func()
	conns := session.New(t.Context(), session.Config{})
	defer conns.Close()
	ss := New(Config{Conns: conns, Contents: offer.NewRegister(nobody{}), Audience: nobody{}, Traffic: flow.NewTraffic(0, 0, false), Log: slog.New(slog.DiscardHandler),
		Timing: StandardTiming, Port: func() int { return 0 }, FreeSpace: func(string) (int64, error) { return 1 << 40, nil }, Notify: func() { notify() }})
	a := ss.Attempt(Task{Hash: m.Hash, Name: "song.flac", Dir: dir, Size: -1, Limit: flow.NewThrottle(0), Rate: new(flow.Meter), Checked: new(atomic.Int64)}, nil, Preference{})
	a.root = root
	part, err := piece.OpenPart(t.Context(), root, ".", m, nil) // an earlier attempt left something: it is verified
	if err != nil {
		t.Fatal(err)
	}
	w := part.Writer(0, false)
	if _, err := w.Write(content[:m.Length(0)]); err != nil {
		t.Fatal(err)
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
	j := newJob(a, m.Hash, -1, ".", "song.flac")
	j.m = &piece.Manifest{Hash: m.Hash, Size: m.Size - 1, CVs: m.CVs} // a lie that folds
	proven := false
	notify = func() {
		a.mu.Lock()
		defer a.unlock()
		if !proven && j.ready() == opened {
			proven = true
			j.settle(m)
		}
	}
	waiting := jobOf(j)
	for range 5 {
		if _, err = a.open(t.Context(), waiting); err != nil {
			t.Fatal(err)
		}
	}
	if !proven || !j.ready() || !j.sure || j.size != m.Size || j.part.Manifest() != m || !j.picker.Verified(0) {
		t.Errorf("a size was proven: %t; the file is open: %t, with %d of %d bytes", proven, j.ready(), j.size, m.Size)
	}
	a.letGo(func() {})
}
