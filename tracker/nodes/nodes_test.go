package nodes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// street is a store over which nodes speak at once.
type street struct {
	mu    sync.Mutex
	nodes map[store.NodeID]store.Meeting
	said  [][]byte
}

// door is the street as one node sees it.
type door struct {
	*street
	self store.NodeID
}

func (d door) Self() store.NodeID { return d.self }

func (d door) Meet(ctx context.Context, _ string, m store.Meeting) {
	d.mu.Lock()
	d.nodes[d.self] = m
	d.mu.Unlock()
	<-ctx.Done()
}

func (d door) Say(to store.NodeID, said []byte) {
	d.mu.Lock()
	d.said = append(d.said, said)
	m, there := d.nodes[to]
	d.mu.Unlock()
	if there {
		m.Heard(d.self, said)
	}
}

// wisher is a node that remembers what it is asked for, and keeps the wishes of some peers.
type wisher struct {
	mu    sync.Mutex
	keeps map[netproto.PeerID]int
	did   []string
}

func (w *wisher) note(form string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did = append(w.did, fmt.Sprintf(form, args...))
}

func (w *wisher) Wishes(asked WishesAsked) (*netproto.WishesResponse, *netproto.Problem) {
	if n, keeps := w.keeps[asked.Of]; keeps {
		return &netproto.WishesResponse{Wishes: n}, nil
	}
	return nil, nil
}

func (w *wisher) Kept(id netproto.PeerID) { w.note("kept %v", id) }
func (w *wisher) Left(id netproto.PeerID) { w.note("left %v", id) }
func (w *wisher) Cut(t store.Target)      { w.note("cut %v", t) }
func (w *wisher) Announced(_ context.Context, by netproto.PeerID, rs []netproto.Resource) {
	w.note("announced %d of %v", len(rs), by)
}

// lineHost is a tracker whose lines nobody uses.
type lineHost struct{}

func (lineHost) Charge(*line.Line, bool) (time.Duration, error) { return 0, nil }
func (lineHost) Beat(context.Context, *line.Line, netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error) {
	return netproto.HeartbeatResponse{}, nil
}
func (lineHost) Refused(context.Context, error) netproto.Problem { return netproto.Problem{} }

func newNode(on *street, self store.NodeID, host Host) *Others {
	lines := line.New(lineHost{}, 0)
	return New(Config{Store: door{on, self}, Host: host, Lines: lines, Calls: line.NewCalls(lines),
		Rates: map[string]limit.Shared{"requests": limit.NewSourceRates(1, 5, limit.MaxEntries)},
		Now:   func() time.Time { return time.Unix(1_000_000, 0) }, Log: slog.New(slog.DiscardHandler)})
}

func newStreet() *street { return &street{nodes: map[store.NodeID]store.Meeting{}} }

// seenAt returns where a node is said to see that many peers.
func seenAt(peers int) map[netproto.PeerID][]netip.AddrPort {
	of := map[netproto.PeerID][]netip.AddrPort{}
	for n := range peers {
		of[netproto.PeerID{byte(n >> 16), byte(n >> 8), byte(n)}] = []netip.AddrPort{netip.MustParseAddrPort("[2001:db8::ffff:ffff]:65535"), netip.MustParseAddrPort("192.0.2.100:65535")}
	}
	return of
}

// A node with a crowd of lines tells of all of them, in letters that others read.
func TestACrowdOfLinesIsToldInLetters(t *testing.T) {
	const crowd = 2*linesOnce + 1
	on := newStreet()
	o := newNode(on, 1, &wisher{})
	o.meet([]store.Node{{ID: 2}})
	hear := func(letters []letter) {
		for _, l := range letters {
			raw, err := json.Marshal(l)
			if err != nil || len(raw) > store.MaxSaid {
				t.Fatal(len(raw), err)
			}
			o.heard(t.Context(), 2, raw)
		}
	}
	hear(lineLetters(seenAt(crowd), true))
	if n := len(o.known[0].lines); n != crowd {
		t.Fatalf("of %d peers with a line, %d are known", crowd, n)
	}
	gone := seenAt(2)
	for id := range gone {
		gone[id] = nil
	}
	hear(lineLetters(gone, false))
	if n := len(o.known[0].lines); n != crowd-2 {
		t.Errorf("%d are known after two have gone", n)
	}
	if lineLetters(nil, false) != nil {
		t.Error("something is said of nothing")
	}
	hear(lineLetters(nil, true))
	if n := len(o.known[0].lines); n != 0 {
		t.Errorf("%d are known after all have gone", n)
	}
}

// A node whose sign of life is late is taken for gone by another, which forgets its lines;
// it never took the other for gone.
func TestANodeThatWasTakenForGoneSaysItsLinesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		on := newStreet()
		one, two := newNode(on, 1, &wisher{}), newNode(on, 2, &wisher{})
		var running sync.WaitGroup
		for _, o := range []*Others{one, two} {
			running.Go(func() { o.Run(ctx) })
		}
		anna := line.Owner{Key: netproto.PublicKey{1}, Seen: netip.MustParseAddrPort("198.51.100.7:4000")}
		near, far := net.Pipe()
		one.c.Lines.Open(near, nil, anna, anna.Seen, false)
		defer running.Wait()
		defer cancel()
		defer far.Close()
		knows := func(when string, want bool) {
			t.Helper()
			time.Sleep(5 * tellLines)
			synctest.Wait()
			if got := len(two.Seen(netproto.PeerIDOf(anna.Key[:]))) > 0; got != want {
				t.Errorf("%s, the other one knows of its line: %t", when, got)
			}
		}
		one.meet([]store.Node{{ID: 2}})
		knows("while it does not know the node", false)
		two.meet([]store.Node{{ID: 1}})
		knows("when both know each other", true)
		two.meet(nil)
		knows("while it takes the node for gone", false)
		two.meet([]store.Node{{ID: 1}})
		knows("when the node is there again", true)
	})
}

// Of one node, no more lines are remembered than there is room for.
func TestLinesOfAnotherNodeAreBounded(t *testing.T) {
	o := newNode(newStreet(), 1, &wisher{})
	o.meet([]store.Node{{ID: 2}})
	o.seesLines(2, linesLetter{Of: seenAt(mostLines + 10)})
	if n := len(o.known[0].lines); n != mostLines {
		t.Errorf("%d are remembered", n)
	}
}

// An answer counts if it comes from the node that was asked.
func TestOnlyWhoWasAskedAnswers(t *testing.T) {
	on := newStreet()
	o := newNode(on, 1, &wisher{})
	o.meet([]store.Node{{ID: 2}, {ID: 3}})
	o.seesLines(2, linesLetter{Of: seenAt(1)})
	asked := make(chan struct{})
	on.nodes[2] = store.Meeting{Heard: func(store.NodeID, []byte) { close(asked) }}
	became := make(chan line.Result)
	go func() {
		became <- o.Ring(t.Context(), netproto.PeerID{}, netip.MustParseAddr("192.0.2.1"), netproto.Ring{})
	}()
	<-asked
	o.heard(t.Context(), 3, []byte(`{"answer":1,"rung":"busy"}`))
	o.heard(t.Context(), 2, []byte(`{"answer":2,"rung":"busy"}`))
	o.heard(t.Context(), 2, []byte(`{"answer":1,"rung":"denied"}`))
	if got := <-became; got != line.ResultDenied {
		t.Errorf("a call became %q", got)
	}
}

// Wishes are answered by the node that keeps them. One that does not answer may keep some,
// and learns that they are kept elsewhere.
func TestWishesAreAskedForAtAllNodes(t *testing.T) {
	on := newStreet()
	o := newNode(on, 1, &wisher{})
	keeping := &wisher{keeps: map[netproto.PeerID]int{{7}: 3}}
	other := newNode(on, 2, keeping)
	on.nodes[1] = store.Meeting{Heard: func(from store.NodeID, said []byte) { o.heard(t.Context(), from, said) }}
	on.nodes[2] = store.Meeting{Heard: func(from store.NodeID, said []byte) { other.heard(t.Context(), from, said) }}
	o.meet([]store.Node{{ID: 2}})
	if found, sure, err := o.Wishes(t.Context(), WishesAsked{Of: netproto.PeerID{7}}); err != nil || !sure || found == nil || found.Wishes != 3 {
		t.Errorf("%+v, %v, %v", found, sure, err)
	}
	if found, sure, err := o.Wishes(t.Context(), WishesAsked{Of: netproto.PeerID{8}}); err != nil || !sure || found != nil {
		t.Errorf("%+v, %v, %v", found, sure, err)
	}
	delete(on.nodes, 2)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if found, sure, err := o.Wishes(gone, WishesAsked{Of: netproto.PeerID{7}}); err != nil || sure || found != nil {
		t.Errorf("%+v, %v, %v", found, sure, err)
	}
	on.nodes[2] = store.Meeting{Heard: func(from store.NodeID, said []byte) { other.heard(t.Context(), from, said) }}
	o.Keeps(netproto.PeerID{7})
	o.Left(netproto.PeerID{8})
	other.work.Wait()
	slices.Sort(keeping.did)
	if want := []string{fmt.Sprint("kept ", netproto.PeerID{7}), fmt.Sprint("left ", netproto.PeerID{8})}; !slices.Equal(keeping.did, want) {
		t.Errorf("%v; want %v", keeping.did, want)
	}
}

// FuzzLetter hands a node any bytes as the letter of another one. It reads them or refuses
// them; what it remembers has bounds, what it read it would write as it read it, limits
// never become looser, and what it passes on to peers is what nodes pass on.
func FuzzLetter(f *testing.F) {
	id := netproto.PeerID{1}
	for _, l := range slices.Concat(lineLetters(seenAt(2), true), []letter{
		{Ask: 1, Ring: &ringLetter{id, netip.MustParseAddr("192.0.2.1"), netproto.Ring{Call: netproto.CallID{1}, Name: "Anna", Hash: netproto.ContentHash{1}, Addresses: []string{"192.0.2.1:4000"}}}},
		{Answer: 1, Rung: line.ResultOK},
		{Tell: &tellLetter{id, netproto.LineFrame{Note: &netproto.NotesWaiting{Waiting: 3}}}},
		{Ask: 2, Wishes: &WishesAsked{Of: id, Source: netip.MustParseAddr("192.0.2.1"), Set: &[]netproto.Wish{{ID: 1, Words: "lecture"}}, After: 7}},
		{Answer: 2, Found: &netproto.WishesResponse{Wishes: 1, Found: []netproto.Find{{Number: 1, Wish: 1, Hit: netproto.Hit{Hash: netproto.ContentHash{1}, Name: "a lecture"}}}}},
		{Answer: 2, Refused: &netproto.Problem{Code: netproto.CodeFull}},
		{Kept: &id}, {Left: &id},
		{Spent: map[string]json.RawMessage{"requests": []byte(`{"192.0.2.1":3}`), "newer": []byte(`[1]`)}},
	}) {
		raw, err := json.Marshal(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"ask":3,"dance":{"with":"a newer node"}}`))
	f.Add([]byte(`{"ask":4,"ring":{"caller":"0.0.0.0"}}`))
	f.Add([]byte(`{"answer":1,"found":{"found":[{"wish":1}]}}`))
	f.Add([]byte(`{"lines":{"all":true,"of":null}}`))
	f.Add([]byte(`{"tell":{"frame":{"ping":{},"ring":{}}}}`))
	f.Add([]byte(`{"spent":{"requests":{"":-9223372036854775808,"192.0.2.1":9223372036854775807}}}`))
	f.Add([]byte(`{"answer":1,"rung":"anything","refused":{"code":"unheard-of"}}`))
	f.Fuzz(func(t *testing.T, said []byte) {
		on := newStreet()
		o := newNode(on, 1, &wisher{})
		rates := o.c.Rates["requests"].(*limit.SourceRates)
		source := netip.MustParseAddr("192.0.2.1")
		for rates.Take(source, 1, o.c.Now()) == 0 {
			continue
		}
		o.meet([]store.Node{{ID: 2}})
		on.said = nil // what it says to whoever it meets
		answer := make(chan letter, 1)
		o.asked[1] = question{2, answer}
		o.heard(t.Context(), 2, said)
		o.work.Wait()
		if rates.Take(source, 1, o.c.Now()) == 0 {
			t.Errorf("%q makes a limit looser", said)
		}
		for id, seen := range o.known[0].lines {
			if len(seen) == 0 || len(seen) > linesEach {
				t.Errorf("%q: %d lines of %v", said, len(seen), id)
			}
		}
		l, err := readLetter(said)
		if err != nil {
			if len(on.said) > 0 || len(answer) > 0 || o.known[0].lines != nil {
				t.Errorf("%q is refused, and does something", said)
			}
			return
		}
		if l.Ask != 0 && l.Answer == 0 && l.Lines == nil && l.Spent == nil && len(on.said) != 1 {
			t.Errorf("%q is a question with %d answers", said, len(on.said))
		}
		if l.Answer == 1 && len(answer) != 1 {
			t.Errorf("%q is an answer, and not taken", said)
		}
		raw, err := json.Marshal(l)
		if err != nil {
			t.Fatalf("%q: %v", said, err)
		}
		again, err := readLetter(raw)
		if len(raw) > store.MaxSaid { // what was not text takes more room now
			return
		}
		if rewritten, bad := json.Marshal(again); err != nil || bad != nil || !bytes.Equal(rewritten, raw) {
			t.Errorf("%q is %s, and %s when it is read again: %v", said, raw, rewritten, errors.Join(err, bad))
		}
	})
}
