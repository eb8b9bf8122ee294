package memory

import (
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func TestAPageOfAPeerWithManyNamesIsSortedOnce(t *testing.T) {
	now := time.Now()
	s := openFor(t, store.Config{Lease: time.Hour, Now: func() time.Time { return now }})
	p := testPeer(1)
	if _, err := s.Join(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	const names = 5000
	for n := 0; n < names; n += 1000 {
		if _, err := s.Announce(t.Context(), p.ID(), files(n, 1000, 60), false); err != nil {
			t.Fatal(err)
		}
	}
	page := func(cursor string) store.Found {
		t.Helper()
		found, err := s.PeerResources(t.Context(), p.ID(), 10, cursor)
		if err != nil || len(found.Items) != 10 {
			t.Fatal(len(found.Items), err)
		}
		return found
	}
	first := page("")
	if first.Looks < names/namesOfLook {
		t.Errorf("the first page took %d looks", first.Looks)
	}
	for range 5 {
		if first = page(first.Next); first.Looks > 20 {
			t.Errorf("a later page took %d looks", first.Looks)
		}
	}
	// What was withdrawn is gone at once, what came may come a little later.
	if _, err := s.Withdraw(t.Context(), p.ID(), []netproto.ContentHash{page("").Items[0].Hash}); err != nil {
		t.Fatal(err)
	}
	fresh := testFile("a")
	fresh.Name = "0 comes first"
	if _, err := s.Announce(t.Context(), p.ID(), []netproto.Resource{fresh}, false); err != nil {
		t.Fatal(err)
	}
	if again := page(""); again.Looks > 20 {
		t.Errorf("after a change a page took %d looks", again.Looks)
	}
	now = now.Add(listingLasts)
	if again := page(""); again.Looks < names/namesOfLook || again.Items[0].Name != fresh.Name {
		t.Errorf("later a page took %d looks and begins with %q", again.Looks, again.Items[0].Name)
	}
	now = now.Add(6*listingLasts + 1)
	if _, err := s.Reap(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	if len(s.listings.kept) != 0 || s.listings.all != 0 {
		t.Errorf("%d listings with %d names are kept for nobody", len(s.listings.kept), s.listings.all)
	}
}
