package swarm

import (
	"bytes"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// nobody announces and reads nothing.
type nobody struct{}

func (nobody) Announce(netproto.Resource)              {}
func (nobody) Withdraw(netproto.ContentHash)           {}
func (nobody) AnnouncePiece(offer.Content, int)        {}
func (nobody) AnnounceFetching(_ offer.Content, _ int) {}

// Sources that disagree about the size can have it given up at any moment, also
// between the opening of the unfinished file and the next look at it.
func TestASizeThatIsGivenUpWhileItsFileIsOpenedHarmsNothing(t *testing.T) {
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
	var givenUp func()
	ss := New(Config{Contents: offer.NewRegister(nobody{}), Audience: nobody{}, Traffic: flow.NewTraffic(0, 0, false), Log: slog.New(slog.DiscardHandler),
		Timing: StandardTiming, Port: func() int { return 0 }, FreeSpace: func(string) (int64, error) { return 1 << 40, nil }, Notify: func() { givenUp() }})
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
	j.m = m
	times := 0
	givenUp = func() {
		a.mu.Lock()
		defer a.unlock()
		if j.ready() && times < 3 {
			times++
			j.distrust()
		}
	}
	waiting := []*job{j}
	for range 5 {
		if waiting, _, err = a.open(t.Context(), waiting); err != nil {
			t.Fatal(err)
		}
		a.mu.Lock()
		if j.m == nil { // another source says the same size
			j.shared.Lock()
			j.m = m
			j.shared.Unlock()
		}
		a.unlock()
	}
	if times != 3 || !j.ready() {
		t.Errorf("it was given up %d times, and is open: %t", times, j.ready())
	}
	a.letGo(func() {})
}
