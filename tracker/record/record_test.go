package record

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

var addresses = cmp.Options{
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
}

// Values as they stand in existing files: a change here needs a new schema number
// and a migration.
func TestTheFormOfTheValuesIsFixed(t *testing.T) {
	hash := netproto.ContentHash{0: 0xaa, 31: 0xbb}
	row := AppendName(nil, &memory.Name{Hash: hash, Text: "a.txt", MIME: "x/y", Size: 300, Folder: true, Added: 5})
	wantRow := append(hash[:], "\xac\x02\x05\x01\x03x/y\x05a.txt"...)
	if !bytes.Equal(row, wantRow) {
		t.Errorf("row %q, want %q", row, wantRow)
	}
	md5 := [16]byte{0: 1, 15: 2}
	if got, want := AppendHolding(nil, true, &md5), append([]byte{3}, md5[:]...); !bytes.Equal(got, want) {
		t.Errorf("holding %q, want %q", got, want)
	}
	if got := AppendHolding(nil, false, nil); !bytes.Equal(got, []byte{0}) {
		t.Errorf("holding %q", got)
	}
	p := testPeer(1)
	p.SeedPort, p.Candidates = 258, []netip.AddrPort{netip.MustParseAddrPort("[fd00::1]:2")}
	want := append(p.Key[:], "\x07\x01\x02\x06peer 1\x04\xc0\x00\x02\x01\x0f\xa0\x01\x10\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x81\x01\x09"...)
	if got := AppendPeer(nil, &p, 7, memory.Stay{Before: 129, Since: 9}); !bytes.Equal(got, want) {
		t.Errorf("peer %q, want %q", got, want)
	}
	p.MappedPort = 513 // records without one are those of before there were any
	if got, want := AppendPeer(nil, &p, 7, memory.Stay{Before: 129, Since: 9}), append(want, 2, 1); !bytes.Equal(got, want) {
		t.Errorf("peer %q, want %q", got, want)
	}
	p.Unlisted = true
	if got, want := AppendPeer(nil, &p, 7, memory.Stay{Before: 129, Since: 9}), append(want, 2, 1, 1); !bytes.Equal(got, want) {
		t.Errorf("peer %q, want %q", got, want)
	}
	p.MappedPort = 0
	if got, want := AppendPeer(nil, &p, 7, memory.Stay{Before: 129, Since: 9}), append(want, 0, 0, 1); !bytes.Equal(got, want) {
		t.Errorf("peer %q, want %q", got, want)
	}
	row = AppendName(nil, &memory.Name{Hash: hash, Text: "a.txt", Size: 300, Hidden: true, Added: 5})
	if wantRow := append(hash[:], "\xac\x02\x05\x02\x00\x05a.txt"...); !bytes.Equal(row, wantRow) {
		t.Errorf("row %q, want %q", row, wantRow)
	}
	left := store.Note{ID: netproto.NoteID{15: 1}, To: netproto.PeerID{15: 2}, Key: netproto.PublicKey{31: 3}, From: netip.MustParseAddr("10.0.0.1"),
		Left: unixMilli(300), Sealed: []byte("sealed")}
	wantNote := slices.Concat(left.ID[:], left.To[:], left.Key[:], []byte("\x04\x0a\x00\x00\x01\xac\x02\x00\x06sealed"))
	if got := AppendNote(nil, &left); !bytes.Equal(got, wantNote) {
		t.Errorf("note %q, want %q", got, wantNote)
	}
	seed := store.SeedRow{From: netip.MustParseAddr("10.0.0.1"), Added: unixMilli(1), SeedResource: netproto.SeedResource{
		PeerIP: "10.0.0.1", PeerPort: 3000, ResourcePath: "p", ResourceName: "n", ResourceHash: "h"}}
	want = append(make([]byte, 16), "\x04\x0a\x00\x00\x01\x01\x0810.0.0.1\x0b\xb8\x00\x01p\x00\x01n\x00\x01h"...)
	if got := AppendSeed(nil, &seed); !bytes.Equal(got, want) {
		t.Errorf("seed row %q, want %q", got, want)
	}
}

func FuzzRow(f *testing.F) {
	f.Add(AppendName(nil, &memory.Name{Hash: netproto.ContentHash{1}, Text: "a", MIME: "text/plain", Size: netproto.MaxContentSize, Added: 1 << 40}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, mime, err := ParseName(raw)
		if err != nil {
			return
		}
		n.MIME = string(mime)
		if again, mime, err := ParseName(AppendName(nil, &n)); err != nil || string(mime) != n.MIME || again.Text != n.Text || again.Hash != n.Hash ||
			again.Size != n.Size || again.Added != n.Added || again.Folder != n.Folder || again.Hidden != n.Hidden {
			t.Fatalf("%+v became %+v, %v", n, again, err)
		}
	})
}

func FuzzHolding(f *testing.F) {
	f.Add(AppendHolding(nil, true, new([16]byte)))
	f.Add(AppendHolding(nil, false, nil))
	f.Fuzz(func(t *testing.T, raw []byte) {
		part, md5, err := ParseHolding(raw)
		if err == nil && !bytes.Equal(AppendHolding(nil, part, md5), raw) {
			t.Fatalf("%x became %x", raw, AppendHolding(nil, part, md5))
		}
	})
}

func FuzzPeer(f *testing.F) {
	p := testPeer(1)
	p.Candidates = []netip.AddrPort{netip.MustParseAddrPort("[fd00::1]:2"), netip.MustParseAddrPort("10.0.0.1:65535")}
	f.Add(AppendPeer(nil, &p, 1<<40, memory.Stay{Before: 1 << 30}))
	p.MappedPort = 40000
	f.Add(AppendPeer(nil, &p, 0, memory.Stay{Since: 1 << 30}))
	p.Unlisted = true
	f.Add(AppendPeer(nil, &p, 0, memory.Stay{Since: 1 << 30}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, offline, online, err := ParsePeer(raw)
		if err != nil {
			return
		}
		again, since, stayed, err := ParsePeer(AppendPeer(nil, &p, offline, online))
		if diff := cmp.Diff(p, again, addresses); diff != "" || since != offline || stayed != online || err != nil {
			t.Fatal(diff, since, err)
		}
	})
}

func FuzzNote(f *testing.F) {
	f.Add(AppendNote(nil, &store.Note{From: netip.MustParseAddr("fd00::1"), Left: unixMilli(1), Sealed: []byte("sealed")}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		n, err := ParseNote(raw)
		if err != nil {
			return
		}
		again, err := ParseNote(AppendNote(nil, &n))
		if diff := cmp.Diff(n, again, addresses); diff != "" || err != nil {
			t.Fatal(diff, err)
		}
	})
}

func FuzzSeedRow(f *testing.F) {
	f.Add(AppendSeed(nil, &store.SeedRow{From: netip.MustParseAddr("fd00::1"), Added: unixMilli(1), SeedResource: netproto.SeedResource{
		PeerIP: "10.0.0.1", PeerPort: 3000, ResourcePath: "p", ResourceName: "n", ResourceHash: "h"}}))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ParseSeed(raw)
		if err != nil {
			return
		}
		again, err := ParseSeed(AppendSeed(nil, &r))
		if diff := cmp.Diff(r, again, addresses); diff != "" || err != nil {
			t.Fatal(diff, err)
		}
	})
}

func testPeer(n int) store.Peer {
	return store.Peer{Key: netproto.PublicKey{byte(n)}, Name: fmt.Sprint("peer ", n), Observed: netip.MustParseAddrPort("192.0.2.1:4000")}
}
