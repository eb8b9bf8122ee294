package memory

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"centralizedp2p/netproto"
)

// A table does what a map does, whatever its things have in common: here some share
// their slots, some the end of the row.
func TestATableIsAMap(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	hashes := make([]netproto.ContentHash, 2_000)
	for i := range hashes {
		hashes[i] = netproto.ContentHash{byte(i), byte(i >> 8)}
	}
	tab, want := table[int]{hashOf: func(n int) netproto.ContentHash { return hashes[n%len(hashes)] }}, map[int]int{}
	for step := range 100_000 {
		n := 1 + random.IntN(len(hashes)-1)
		if step > 50_000 { // fewer, each of which comes and goes
			n = 1 + n%40
		}
		has, there := want[n]
		switch got := tab.find(hashes[n]); {
		case got != has:
			t.Fatalf("%d is found as %d, not as %d", n, got, has)
		case !there:
			tab.add(n)
			want[n] = n
		case random.IntN(3) == 0:
			other := n + len(hashes)*(1+random.IntN(9))
			tab.change(hashes[n], has, other)
			want[n] = other
		default:
			tab.remove(has)
			delete(want, n)
		}
		if step%1000 == 0 {
			there := slices.DeleteFunc(slices.Clone(tab.slots), func(n int) bool { return n == 0 })
			slices.Sort(there)
			if !slices.Equal(there, slices.Sorted(maps.Values(want))) || tab.used != len(want) || tab.used > len(tab.slots)/3*2 {
				t.Fatalf("%d of %d slots are taken, %d things counted, %d expected", len(there), len(tab.slots), tab.used, len(want))
			}
		}
	}
	if found := (&table[int]{}).find(hashes[1]); found != 0 {
		t.Errorf("an empty table has %d", found)
	}
}

func TestATableGrowsOnceForManyThings(t *testing.T) {
	tab := table[uint32]{hashOf: func(n uint32) netproto.ContentHash { return netproto.ContentHash{byte(n), byte(n >> 8), byte(n >> 16)} }}
	for _, n := range []int{0, 1, 2, 3, 4, 5, 6, 7, 100, 10_000} {
		tab.slots = tab.grown(n)
		slots := len(tab.slots)
		for range n {
			tab.add(uint32(tab.used + 1))
		}
		if len(tab.slots) != slots || slots > 3*tab.used+9 {
			t.Errorf("for %d more things, %d slots became %d", n, slots, len(tab.slots))
		}
	}
}

func TestFewAreASlice(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var f few[int]
	var want []int
	for range 10_000 {
		if most := []int{1, 2, 9}[random.IntN(3)]; len(want) < most {
			n := 1 + random.IntN(9)
			f.add(n)
			want = append(want, n)
		} else {
			n := random.IntN(len(want) + 1)
			f.cut(n)
			want = want[:n]
		}
		if !slices.Equal(f.all(), want) {
			t.Fatalf("%v, want %v", f.all(), want)
		}
	}
}
