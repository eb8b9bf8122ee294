package index

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAHeapGivesItsItemsInOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for size := range 50 {
		h := heap[int]{before: func(a, b *int) bool { return *a < *b }}
		var want []int
		for range size {
			n := random.IntN(20)
			h.push(n)
			want = append(want, n)
		}
		if size > 0 { // the top grows
			at := slices.Index(want, *h.top())
			want[at] += 7
			*h.top() += 7
			h.fix()
		}
		slices.Sort(want)
		var got []int
		for len(h.items) > 0 {
			got = append(got, *h.top())
			h.pop()
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
