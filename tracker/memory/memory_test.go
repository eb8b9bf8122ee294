package memory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
	"centralizedp2p/tracker/store"
)

// crowd puts peers into a memory and lets each hold one common content.
func crowd(peers int) (m *memory, c *content, all []*peer) {
	m = newMemory(store.Config{}.WithDefaults())
	c = &content{Content: index.NewContent(netproto.ContentHash{1}, time.Now())}
	r := &row{content: c, rowRecord: rowRecord{name: "what everybody has"}}
	m.addRow(r)
	for n := range peers {
		p := m.addPeer(uint32(n), store.Peer{Key: netproto.PublicKey{byte(n), byte(n >> 8), byte(n >> 16)}})
		m.hold(p, holding{row: r})
		all = append(all, p)
	}
	return m, c, all
}

// Every other place is made to name the leaving holder too: whoever searches for it finds
// a wrong one first, from whichever end.
func TestALeavingHolderIsFoundWithoutLookingAtTheOthers(t *testing.T) {
	m, c, all := crowd(9)
	const own = 4
	leaving, last := all[own], all[8]
	for i := range 8 {
		c.holders.all()[i] = leaving
	}
	m.releaseAll(leaving, []*content{c})
	for i, p := range c.holders.all() {
		if want := map[bool]*peer{true: last, false: leaving}[i == own]; p != want {
			t.Errorf("the holder at place %d is another one", i)
		}
	}
	if h, _ := last.holding(c.Hash()); len(c.holders.all()) != 8 || h.among != own {
		t.Errorf("%d holders are left, and the last one believes that its place is %d", len(c.holders.all()), h.among)
	}
}

func TestHoldersAndHoldingsStayInAgreement(t *testing.T) {
	m := newMemory(store.Config{}.WithDefaults())
	random := rand.New(rand.NewPCG(1, 2))
	var peers []*peer
	var rows []*row
	for n := range 6 {
		peers = append(peers, m.addPeer(uint32(n), store.Peer{Key: netproto.PublicKey{byte(n)}}))
		c := &content{Content: index.NewContent(netproto.ContentHash{byte(n + 1)}, time.Now())}
		for k := range 2 {
			r := &row{content: c, rowRecord: rowRecord{name: fmt.Sprint("name ", n, k)}}
			m.addRow(r)
			rows = append(rows, r)
		}
	}
	for range 2_000 {
		p, r := peers[random.IntN(len(peers))], rows[random.IntN(len(rows))]
		if random.IntN(3) == 0 {
			m.release(p, r.content)
		} else {
			m.hold(p, holding{row: r, part: random.IntN(2) == 0})
		}
		wantAgreement(t, peers, rows)
	}
}

func wantAgreement(t *testing.T, peers []*peer, rows []*row) {
	t.Helper()
	users := map[*row]int32{}
	for _, p := range peers {
		if p.places.used != len(p.held) {
			t.Fatalf("a peer finds %d of %d holdings", p.places.used, len(p.held))
		}
		var digest netproto.Digest
		for i, h := range p.held {
			users[h.row]++
			digest = digest.Toggle(h.content().Hash())
			if p.places.find(h.content().Hash()) != uint32(i+1) || h.content().holders.all()[h.among] != p {
				t.Fatal("a holding is not where it says")
			}
		}
		if digest != p.digest {
			t.Fatal("a digest differs")
		}
	}
	for _, r := range rows {
		if r.holders != users[r] {
			t.Fatalf("a row has %d holders, counted %d", users[r], r.holders)
		}
		for i, p := range r.content.holders.all() {
			if h, holds := p.holding(r.content.Hash()); !holds || h.among != int32(i) {
				t.Fatal("a holder is not where it says")
			}
		}
	}
}

func TestForgottenRowsAreSwept(t *testing.T) {
	m, _, _ := crowd(0)
	var rows []*row
	for n := range 1_000 {
		c := &content{Content: index.NewContent(netproto.ContentHash{2, byte(n), byte(n >> 8)}, time.Now())}
		rows = append(rows, &row{id: uint64(n + 1), content: c, rowRecord: rowRecord{name: fmt.Sprint("name ", n)}})
		m.addRow(rows[n])
	}
	for some := range slices.Chunk(rows, 100) {
		m.forget(some)
		if m.gone > len(m.rows)/4 {
			t.Fatalf("%d of %d rows are gone and kept", m.gone, len(m.rows))
		}
	}
	if alive := len(m.rows) - m.gone; alive != 1 || m.contents.used != 1 {
		t.Errorf("%d rows, %d contents", alive, m.contents.used)
	}
}

// A leave changes its names from the first to the last: a heartbeat that begins and ends
// between the two has waited for no end. A busy computer may let none run meanwhile, so it
// is tried until one does: in a store that holds its lock throughout none ever can.
func TestHeartbeatsDoNotWaitForLargeChanges(t *testing.T) {
	s := openFor(t, store.Config{Lease: time.Hour}) // a busy computer may need longer than a lease
	ctx := t.Context()
	for n := range 2 {
		if _, err := s.Join(ctx, testPeer(n)); err != nil {
			t.Fatal(err)
		}
	}
	large, other := testPeer(0), testPeer(1).ID()
	rs := make([]netproto.Resource, netproto.MaxAnnounce)
	for i := range 40 {
		for k := range rs {
			rs[k] = testFile(fmt.Sprintf("batch %d file %d", i, k))
		}
		if _, err := s.Announce(ctx, large.ID(), rs, false); err != nil {
			t.Fatal(err)
		}
	}
	held := s.memory.peers[large.ID()].held
	between := func() bool {
		s.memory.mu.RLock()
		defer s.memory.mu.RUnlock()
		return held[0].row.online == 0 && held[len(held)-1].row.online == 1
	}
	for began := time.Now(); time.Since(began) < time.Minute; {
		if _, err := s.Join(ctx, large); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Leave(ctx, large.ID()) }()
		passed := false
		for len(done) == 0 {
			before := between()
			if _, _, err := s.Heartbeat(ctx, other, store.Holdings{}); err != nil {
				t.Fatal(err)
			}
			passed = passed || before && between()
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if passed {
			return
		}
	}
	t.Error("no heartbeat passes a leave of 40,000 names")
}
