package membership

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"centralizedp2p/netproto"
)

// Somebody may make contents whose hashes begin in the same way.
func TestHoldingsAreToldApartWhateverTheirHashesBeginWith(t *testing.T) {
	hs := holdings{first: map[uint64]uint32{}}
	want := map[netproto.ContentHash]string{}
	numbers := map[netproto.ContentHash]uint32{}
	random := rand.New(rand.NewPCG(1, 2))
	for step := range 20_000 {
		hash := netproto.ContentHash{0: byte(random.IntN(3)), 8: byte(random.IntN(40)), 31: 1}
		n := hs.find(hash)
		if (n != 0) != (want[hash] != "") || n != numbers[hash] {
			t.Fatalf("step %d: number %d is found instead of %d", step, n, numbers[hash])
		}
		if n != 0 {
			if hs.at(n).name != want[hash] {
				t.Fatalf("step %d: it is called %q instead of %q", step, hs.at(n).name, want[hash])
			}
			hs.drop(n)
			delete(want, hash)
			delete(numbers, hash)
			continue
		}
		r := resource(step)
		r.Hash = hash
		want[hash] = r.Name
		numbers[hash] = hs.put(heldOf(&r))
	}
	if got := slices.Sorted(hs.all()); !slices.Equal(got, slices.Sorted(maps.Values(numbers))) || hs.count != len(want) {
		t.Errorf("%d are there, and counted as %d, instead of %d", len(got), hs.count, len(want))
	}
	if hs.used > 120 {
		t.Errorf("numbers are not used again: %d for 120 hashes", hs.used)
	}
}

func TestWhatIsWithdrawnAndAnnouncedAgainBetweenTwoRequestsIsToldOnce(t *testing.T) {
	b := newBook()
	p := b.open()
	p.compare(0, 0, "")
	held := map[netproto.ContentHash]netproto.Resource{}
	b.set(resource(1))
	tell(p, held)
	b.remove(resource(1).Hash)
	b.set(resource(2)) // in its place
	withdrawal := p.next()
	b.set(resource(1))
	for _, h := range withdrawal.withdrawn {
		delete(held, h)
	}
	for _, r := range withdrawal.announced {
		held[r.Hash] = r
	}
	p.told(withdrawal, nil)
	if taken, _ := p.taken(resource(1).Hash); taken {
		t.Error("it counts as told")
	}
	tell(p, held)
	if len(held) != 2 || held[resource(1).Hash] != resource(1) || !agrees(p, held) {
		t.Errorf("the tracker holds %v", held)
	}
}
