package memory

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// peerAt returns a peer with a key of its own at an address.
func peerAt(n int, addr string) store.Peer {
	p := testPeer(n)
	p.Observed = netip.AddrPortFrom(netip.MustParseAddr(addr), 4000)
	return p
}

// files returns resources with names of that length.
func files(from, n, letters int) []netproto.Resource {
	rs := make([]netproto.Resource, n)
	for i := range rs {
		name := fmt.Sprintf("%d %s", from+i, strings.Repeat("some words ", letters/10+1))[:letters-1] + "x"
		rs[i] = netproto.Resource{Hash: testFile(fmt.Sprint("file ", from+i)).Hash, Size: 1, Name: name}
	}
	return rs
}

// fill announces until a peer gets nothing more, and returns how many it holds and
// the last refusal.
func fill(t *testing.T, s *Store, p store.Peer, from int) (held int, last error) {
	t.Helper()
	if _, err := s.Join(t.Context(), p); err != nil {
		return 0, err
	}
	for {
		refused, err := s.Announce(t.Context(), p.ID(), files(from+held, 100, 60), false)
		if err != nil {
			return held, err
		}
		if held += 100 - len(refused); len(refused) == 100 {
			return held, &netproto.Error{Code: refused[0].Code, Detail: refused[0].Detail}
		}
		if held > 50_000 {
			t.Fatal("there is no limit")
		}
	}
}

func TestOneAddressCannotFillTheMemory(t *testing.T) {
	const memory = 16 << 20
	s := openFor(t, store.Config{Memory: memory})
	all, before := 0, 1<<30
	for n := range 8 { // addresses
		held := 0
		for k := range 2 { // peers at each
			got, err := fill(t, s, peerAt(10*n+k, fmt.Sprintf("192.0.2.%d", n+1)), all+held)
			if netproto.CodeOf(err) != netproto.CodeFull {
				t.Fatal(err)
			}
			held += got
		}
		if all += held; held == 0 && n < 4 || held > before { // the last ones find nothing left
			t.Errorf("the address %d got %d names, the one before %d", n, held, before)
		}
		if before = held; n == 0 && int64(held)*(bytesOfRow+60*bytesOfLetter+bytesOfHolding) > memory/2 {
			t.Errorf("the first address got %d names", held)
		}
	}
	if used := s.Sizes().Memory; used > memory || used < memory/10*8 {
		t.Errorf("%d of %d bytes are used", used, memory)
	}
	// That is known before an announce is read.
	if err := s.Full(t.Context(), netip.MustParseAddr("192.0.2.1")); netproto.CodeOf(err) != netproto.CodeFull {
		t.Error(err)
	}
	if err := s.Full(t.Context(), netip.MustParseAddr("198.51.100.1")); (err == nil) != (s.Sizes().Memory+bytesOfRow+bytesOfHolding <= memory) {
		t.Error(err)
	}
	// Who is there stays there: heartbeats and joins go on.
	first := peerAt(0, "192.0.2.1")
	held, err := s.Join(t.Context(), first)
	if err != nil || held.Count == 0 {
		t.Fatal(held, err)
	}
	if status, _, err := s.Heartbeat(t.Context(), first.ID(), held); err != nil || status != netproto.HeartbeatOK {
		t.Error(status, err)
	}
	if _, err := s.Withdraw(t.Context(), first.ID(), []netproto.ContentHash{testFile("file 0").Hash}); err != nil {
		t.Error(err)
	}
}

func TestANetworkOfIPv6IsOneAddress(t *testing.T) {
	s := openFor(t, store.Config{Memory: 16 << 20})
	first, _ := fill(t, s, peerAt(1, "2001:db8:1:1::1"), 0)
	second, _ := fill(t, s, peerAt(2, "2001:db8:1:2::1"), first)
	other, _ := fill(t, s, peerAt(3, "2001:db8:2:1::1"), first+second)
	if first < 1000 || second > first/20 || other < first/4 {
		t.Errorf("%d, %d in the same /48, %d in another", first, second, other)
	}
}

func TestMemoryComesBack(t *testing.T) {
	now := time.Now()
	c := store.Config{Memory: 64 << 20, Now: func() time.Time { return now }}
	s := openFor(t, c)
	p := peerAt(1, "192.0.2.1")
	if _, err := s.Join(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	rs := files(0, 500, 60)
	if _, err := s.Announce(t.Context(), p.ID(), rs, false); err != nil {
		t.Fatal(err)
	}
	for i := range rs {
		rs[i].Name = "renamed " + rs[i].Name
	}
	if _, err := s.Announce(t.Context(), p.ID(), rs, false); err != nil {
		t.Fatal(err)
	}
	p.Observed = netip.MustParseAddrPort("192.0.2.2:4000") // it moves
	if _, err := s.Join(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	row := store.SeedRow{PeerID: uuid.UUID{6: 0x40, 8: 0x80}, From: netip.MustParseAddr("192.0.2.9"), SeedResource: netproto.SeedResource{ResourceName: "n", ResourceHash: "h"}}
	for range 2 {
		if err := s.SeedPost(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		row.ResourceName = "longer"
	}
	used := s.Sizes().Memory
	if used < 500*500 {
		t.Errorf("%d bytes are used", used)
	}
	if err := s.Leave(t.Context(), p.ID()); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * store.DefaultRetention)
	for range 2 {
		for more := true; more; {
			var err error
			if more, err = s.Reap(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(time.Hour)
	}
	if used := s.Sizes().Memory; used != 0 || len(s.memory.budget.sources) != 0 {
		t.Errorf("%d bytes are used for nothing, charged to %v", used, s.memory.budget.sources)
	}
}

func TestAStoreKnowsOnlySoManyPeers(t *testing.T) {
	s := openFor(t, store.Config{KnownPeers: 3})
	for n := range 3 {
		if _, err := s.Join(t.Context(), testPeer(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Leave(t.Context(), testPeer(1).ID()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Join(t.Context(), testPeer(3)); netproto.CodeOf(err) != netproto.CodeFull {
		t.Error(err)
	}
	if _, err := s.Join(t.Context(), testPeer(1)); err != nil {
		t.Error(err)
	}
}

func TestRareMediaTypesAreFew(t *testing.T) {
	types := newMediaTypes()
	for i := range 10 * maxOtherTypes {
		types.number(fmt.Appendf(nil, "made/up-%d", i))
	}
	if len(types.numbers) > maxOtherTypes+len(commonTypes)+1 {
		t.Errorf("%d are kept", len(types.numbers))
	}
	for text, want := range map[string]string{"audio/mpeg": "audio/mpeg", "made/up-7": "made/up-7", "made/up-40000": "", "": ""} {
		if got := types.texts[types.number([]byte(text))]; got != want {
			t.Errorf("%q is kept as %q", text, got)
		}
	}
	s := openFor(t, store.Config{})
	s.memory.mimes = types
	p := testPeer(1)
	if _, err := s.Join(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	odd := testFile("a")
	odd.MIME = "made/up-50000"
	for range 2 { // the second time nothing changes
		if refused, err := s.Announce(t.Context(), p.ID(), []netproto.Resource{odd}, false); err != nil || len(refused) > 0 {
			t.Fatal(refused, err)
		}
	}
	found, _, err := s.Resource(t.Context(), odd.Hash)
	if err != nil || found.MIME != "" || s.Sizes().Names != 1 {
		t.Errorf("%+v, %v, %d names", found, err, s.Sizes().Names)
	}
}

func TestSeedClientsAtOneAddressLeaveRoomForOthers(t *testing.T) {
	s := openFor(t, store.Config{})
	greedy, other := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8:0:1::1")
	row := func(n int, from netip.Addr) store.SeedRow {
		return store.SeedRow{PeerID: uuid.UUID{0: byte(n >> 16), 1: byte(n >> 8), 2: byte(n), 6: 0x40, 8: 0x80}, From: from,
			SeedResource: netproto.SeedResource{ResourceName: "n", ResourceHash: fmt.Sprint(n)}}
	}
	for n := range maxSeedRowsOfSource {
		from := greedy
		if n%2 == 0 {
			from = greedy.Next() // of the same network
		}
		s.seeds.add(&seedRow{id: uint64(n), SeedRow: row(n, from)})
	}
	s.writer.next.Seed = maxSeedRowsOfSource
	if err := s.SeedPost(t.Context(), row(maxSeedRowsOfSource, greedy)); netproto.CodeOf(err) != netproto.CodeFull {
		t.Error(err)
	}
	if err := s.SeedPost(t.Context(), row(maxSeedRowsOfSource, other)); err != nil {
		t.Error(err)
	}
	s.seeds.forget(s.seeds.rowsOf(row(1, greedy).PeerID))
	if err := s.SeedPost(t.Context(), row(maxSeedRowsOfSource+1, greedy)); err != nil {
		t.Error(err)
	}
}

// The budget counts about what lives on the heap, for names of words and for those
// that share nothing.
func TestTheBudgetIsAboutWhatThingsTake(t *testing.T) {
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, letters := range []int{24, 60, 255} {
		for _, alike := range []bool{true, false} {
			s := openFor(t, store.Config{})
			before := heap()
			for n := range 3 {
				p := peerAt(n, "192.0.2.1")
				if _, err := s.Join(t.Context(), p); err != nil {
					t.Fatal(err)
				}
				for k := range 8 {
					rs := files(8000*n+1000*k, 1000, letters)
					for i := range rs {
						if !alike {
							rs[i].Name = strings.Repeat(fmt.Sprintf("%x%x", sha256.Sum256(fmt.Append(nil, n, k, i)), sha256.Sum256(fmt.Append(nil, i, k, n))), 2)[:letters]
						}
					}
					if _, err := s.Announce(t.Context(), p.ID(), rs, false); err != nil {
						t.Fatal(err)
					}
				}
			}
			s.memory.names.Close() // ends merging, which holds some things twice
			took, counted := heap()-before, s.Sizes().Memory
			t.Logf("names of %d bytes, alike: %t: %d bytes each, counted as %d", letters, alike, took/24_000, counted/24_000)
			if counted < took/3*2 || counted > 3*took {
				t.Errorf("names of %d bytes, alike: %t: %d bytes on the heap are counted as %d", letters, alike, took, counted)
			}
		}
	}
}
