package picker

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"centralizedp2p/app/piece"
)

// written is what is on the disk.
type written piece.Bits

func (w written) Has(i int) bool { return piece.Bits(w).Has(i) }

// set is a set of so many pieces at most.
func set(of int, pieces ...int) piece.Bits {
	b := piece.NewBits(of)
	for _, i := range pieces {
		b.Set(i)
	}
	return b
}

// fresh is the picker of a content of which nothing is here.
func fresh(count, start int) *Picker {
	return New(count, start, piece.NewBits(count), written(nil))
}

// all takes what comes, one after the other, until nothing does.
func all(p *Picker, pick func() (int, bool)) (order []int) {
	for {
		i, ok := pick()
		if !ok {
			return order
		}
		order = append(order, i)
		p.Take(i)
	}
}

func TestTheRarestPieceComesFirst(t *testing.T) {
	t.Parallel()
	const count = 20
	p := fresh(count, 0)
	whole := piece.AllBits(count)
	p.Count(whole)
	p.Count(set(count, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12))
	p.Count(set(count, 0, 1, 2, 3, 4, 5, 6, 7))
	order := all(p, func() (int, bool) { return p.Rarest(whole, nil, 0, time.Now()) })
	if want := []int{13, 14, 15, 16, 17, 18, 19, 8, 9, 10, 11, 12, 0, 1, 2, 3, 4, 5, 6, 7}; !slices.Equal(order, want) {
		t.Errorf("they come as %v", order)
	}
	if !p.Exhausted() || p.Flying() != count || p.Done() {
		t.Error("there is more to ask for")
	}
}

func TestEquallyRarePiecesComeInOrderFromWhereAReaderBegins(t *testing.T) {
	t.Parallel()
	const count = 11
	p := fresh(count, 7+3*count)
	whole := piece.AllBits(count)
	p.Count(whole)
	rarest := func() (int, bool) { return p.Rarest(whole, nil, 0, time.Now()) }
	if order := all(p, rarest); !slices.Equal(order, []int{7, 8, 9, 10, 0, 1, 2, 3, 4, 5, 6}) {
		t.Errorf("they come as %v", order)
	}
	for _, i := range []int{5, 9, 0} { // they did not come
		p.Give(i)
	}
	if order := all(p, rarest); !slices.Equal(order, []int{9, 0, 5}) {
		t.Errorf("what did not come comes as %v", order)
	}
}

func TestOnlyWhatASourceHasAndIsMissingIsChosen(t *testing.T) {
	t.Parallel()
	const count = 30
	p := New(count, 4, set(count, 3, 12), written(set(count, 3, 12, 20)))
	have := set(count, 3, 5, 12, 17, 20, 29)
	p.Count(have)
	if order := all(p, func() (int, bool) { return p.Rarest(have, set(count, 17), 0, time.Now()) }); !slices.Equal(order, []int{5, 29}) {
		t.Errorf("chosen are %v, though one is left to others, and one is written already", order)
	}
	p.Give(5)
	p.Give(29)
	if order := all(p, func() (int, bool) { return p.InOrder(have, 6) }); !slices.Equal(order, []int{17, 29}) {
		t.Errorf("from the sixth on, chosen are %v", order)
	}
	if short := have[:1]; !p.Takes(short, 5) || p.Takes(short, 17) || p.Takes(short, 1) {
		t.Error("of a source that has told only the beginning, other pieces are chosen than it has")
	}
}

// Whole bytes of sets are skipped: what is chosen is still what a look at every piece finds.
func TestTheRarestIsWhatALookAtEveryPieceFinds(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		count := 1 + rng.IntN(60)
		p := fresh(count, rng.IntN(2*count))
		have := some(rng, count, 6)[:1+rng.IntN((count+7)/8)]
		p.Count(have)
		for range 3 {
			p.Count(some(rng, count, 2))
		}
		for i := range count {
			if rng.IntN(2) == 0 {
				p.Take(i)
			}
		}
		want, found := 0, false
		for k := range count {
			if i := (p.start + k) % count; p.free.Has(i) && have.Has(i) && (!found || p.Held(i) < p.Held(want)) {
				want, found = i, true
			}
		}
		if i, ok := p.Rarest(have, nil, 0, time.Now()); i != want || ok != found {
			t.Fatalf("of %d pieces, %d is chosen: %t; the rarest is %d: %t", count, i, ok, want, found)
		}
	}
}

// some is a set of one in so many pieces.
func some(rng *rand.Rand, count, in int) piece.Bits {
	b := piece.NewBits(count)
	for i := range count {
		if rng.IntN(in) == 0 {
			b.Set(i)
		}
	}
	return b
}

// A picker keeps apart what is free, asked for and verified, whatever the order.
func TestEveryPieceIsFreeOrAskedForOrVerified(t *testing.T) {
	t.Parallel()
	const count = 37
	rng := rand.New(rand.NewPCG(1, 2))
	p := fresh(count, 5)
	whole := piece.AllBits(count)
	p.Count(whole)
	var asked []int
	for verified := 0; verified < count; {
		if i, ok := p.Rarest(whole, nil, 0, time.Now()); ok && rng.IntN(2) == 0 {
			if p.Verified(i) || slices.Contains(asked, i) {
				t.Fatalf("%d is chosen, which is asked for or here", i)
			}
			p.Take(i)
			asked = append(asked, i)
		} else if ok != (verified+len(asked) < count) {
			t.Fatalf("there is one to choose: %t, with %d here and %d asked for", ok, verified, len(asked))
		}
		if len(asked) == 0 || rng.IntN(2) == 0 {
			continue
		}
		at := rng.IntN(len(asked))
		p.Give(asked[at])
		if rng.IntN(2) == 0 {
			p.Verify(asked[at])
			verified++
		}
		asked = slices.Delete(asked, at, at+1)
		if p.Flying() != len(asked) || p.Exhausted() != (verified+len(asked) == count) || p.Done() != (verified == count) {
			t.Fatalf("%d are asked for, and not %d", p.Flying(), len(asked))
		}
	}
}

// Of two requests for a piece the second may end when the first was right already.
func TestAVerifiedPieceIsNeverFreeAgain(t *testing.T) {
	t.Parallel()
	p := fresh(3, 0)
	p.Take(1)
	p.Verify(1)
	if p.Give(1); p.Takes(piece.AllBits(3), 1) || p.Flying() != 0 || p.Exhausted() {
		t.Error("it is asked for again")
	}
}

func TestSourcesAreCounted(t *testing.T) {
	t.Parallel()
	const count = 12
	p := fresh(count, 0)
	whole, part, beyond := piece.AllBits(count), set(count, 1), set(40, 1, 39)
	p.Count(whole)
	p.Count(part)
	if p.Held(0) != 1 || p.Held(1) != 2 || !p.Partial() || p.Lacks(whole) || !p.Lacks(part) {
		t.Errorf("%d and %d sources have the first pieces", p.Held(0), p.Held(1))
	}
	p.Gain(part, []uint32{1, 2, 15, 999})
	if p.Held(1) != 2 || p.Held(2) != 2 || part.Has(999) || !part.Has(15) {
		t.Errorf("after news, %d and %d sources have pieces", p.Held(1), p.Held(2))
	}
	p.Gain(part, []uint32{0, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	if p.Partial() || p.Held(11) != 2 {
		t.Error("a source that has all pieces by now lacks some")
	}
	p.Uncount(part)
	p.Uncount(whole)
	p.Count(beyond) // it claims pieces that the content does not have
	if p.Held(1) != 1 || p.Held(0) != 0 || !p.Partial() {
		t.Errorf("%d and %d sources have the first pieces", p.Held(0), p.Held(1))
	}
	p.Verify(1)
	if p.Helps(set(count, 1)) || !p.Helps(set(count, 1, 2)) {
		t.Error("a source helps that has nothing new, or the other way round")
	}
}

func TestWhatSeveralSourcesWillGiveIsWhatOneHasAndIsFree(t *testing.T) {
	t.Parallel()
	const count = 20
	p := fresh(count, 0)
	p.Take(3)
	p.Verify(4)
	if of := p.FreeOf([]piece.Bits{set(count, 1, 3), set(8, 2, 4), set(count, 1, 19)}); !slices.Equal(of, set(count, 1, 2, 19)) {
		t.Errorf("it is %08b", of)
	}
}

// reader is another reader, which goes on with what it claimed, or does not.
type reader bool

func (r reader) Fetches(int) bool { return bool(r) }

func TestAClaimedPieceIsLeftToItsReaderForAWhile(t *testing.T) {
	t.Parallel()
	const count, patience = 4, 4 * time.Second
	now := time.Now()
	p := fresh(count, 0)
	whole := piece.AllBits(count)
	p.Count(whole)
	p.Claim(reader(true), []uint32{0, 1, 99}, now)
	p.Claim(reader(false), []uint32{2}, now.Add(time.Second))
	p.Claim(reader(true), []uint32{0}, now.Add(3*time.Second)) // it does not count twice
	for _, c := range []struct {
		patience, later time.Duration
		want            int
	}{{patience, 0, 2}, {0, 0, 0}, {patience, patience - 1, 2}, {patience, patience, 0}} {
		if i, ok := p.Rarest(whole, nil, c.patience, now.Add(c.later)); i != c.want || !ok {
			t.Errorf("with a patience of %s, %s later, %d is chosen", c.patience, c.later, i)
		}
	}
	p.Claim(reader(true), []uint32{3}, now.Add(3*time.Second))
	p.Take(2)
	p.Take(0)
	if i, ok := p.Rarest(whole, nil, patience, now.Add(5*time.Second)); i != 1 || !ok {
		t.Errorf("once a claim is old, %d is chosen: %t", i, ok)
	}
	p.Take(1)
	if i, ok := p.Rarest(whole, nil, patience, now.Add(5*time.Second)); ok {
		t.Errorf("%d is chosen, which was claimed later", i)
	}
}

// BenchmarkRarest chooses each piece of a large content once.
func BenchmarkRarest(b *testing.B) {
	const count = 4096
	whole := piece.AllBits(count)
	for b.Loop() {
		p := fresh(count, 1000)
		p.Count(whole)
		p.Count(set(count, 1, 2, 3))
		now := time.Now()
		for range count {
			i, _ := p.Rarest(whole, nil, time.Second, now)
			p.Take(i)
		}
	}
}

// A source may send bits beyond the last piece: it must not pass for one that has all.
func TestBitsBeyondTheLastPieceCountForNothing(t *testing.T) {
	t.Parallel()
	for _, count := range []int{1, 5, 8, 13, 16} {
		p := fresh(count, 0)
		lacking := append(piece.AllBits(count), 0xff, 0xff)
		for i := count; i < 8*len(lacking); i++ {
			lacking.Set(i)
		}
		if p.Count(lacking); p.Lacks(lacking) || p.Partial() {
			t.Errorf("of %d pieces, one that has all lacks some", count)
		}
		p.Uncount(lacking)
		lacking.Clear(count - 1)
		if p.Count(lacking); !p.Lacks(lacking) || !p.Partial() {
			t.Errorf("of %d pieces, one that lacks the last has all", count)
		}
		p.Gain(lacking, []uint32{uint32(count), uint32(count + 1), 1<<32 - 1})
		if !p.Partial() {
			t.Errorf("of %d pieces, one that has got pieces beyond the last has all", count)
		}
		if p.Gain(lacking, []uint32{uint32(count - 1)}); p.Partial() || p.Held(count-1) != 1 {
			t.Errorf("of %d pieces, one that has got the last lacks some", count)
		}
		if p.Uncount(lacking); p.Partial() || p.Held(0) != 0 {
			t.Errorf("of %d pieces, one that is counted no longer is", count)
		}
	}
}
