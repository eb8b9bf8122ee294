package serving

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

func key(n int) netproto.PublicKey { return netproto.PublicKey{byte(n), byte(n >> 8)} }

// serve answers everything that a peer is owed.
func (s *slots) serve(k netproto.PublicKey) {
	for range s.active[k].owed {
		s.answered(k)
	}
}

// place has a peer ask; 0 is a slot.
func (s *slots) place(k netproto.PublicKey) int {
	_, place := s.ask(k)
	return place
}

func TestAPeerHasOneSlotHoweverMuchItFetches(t *testing.T) {
	s := newSlots(2, false, StandardTiming)
	for range 10 {
		if place := s.place(key(1)); place != 0 {
			t.Fatalf("it waits at %d", place)
		}
	}
	if s.place(key(2)) != 0 || s.place(key(3)) != 1 || s.place(key(4)) != 2 || s.place(key(3)) != 1 {
		t.Error("the others do not get the second slot and places in order")
	}
}

func TestWhileOthersWaitATurnEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, false, StandardTiming)
		s.place(key(1))
		time.Sleep(2 * StandardTiming.SlotTurn)
		if s.place(key(1)) != 0 {
			t.Fatal("its turn ended though nobody waits")
		}
		if place := s.place(key(2)); place != 1 {
			t.Fatalf("the next one is at %d", place)
		}
		if place := s.place(key(1)); place != 2 {
			t.Errorf("after its turn it is at %d", place)
		}
		if got := s.called(); !slices.Equal(got, []netproto.PublicKey{key(2)}) {
			t.Errorf("told to come are %v", got)
		}
		if got := s.called(); len(got) != 0 {
			t.Errorf("told twice are %v", got)
		}
		// What the first one is still owed keeps nobody waiting.
		if s.place(key(2)) != 0 {
			t.Error("the second one has to wait for what the first is owed")
		}
		s.serve(key(1))
		if place := s.place(key(1)); place != 1 {
			t.Errorf("it waits at %d", place)
		}
	})
}

func TestEightPeersAreServedInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(2, false, StandardTiming)
		got := map[int]time.Duration{}
		for began := time.Now(); time.Since(began) < 8*StandardTiming.SlotTurn; time.Sleep(time.Second) {
			for n := range 8 {
				if s.place(key(n)) == 0 {
					s.answered(key(n))
					got[n] += time.Second
				}
			}
		}
		for n := range 8 {
			if got[n] < StandardTiming.SlotTurn {
				t.Errorf("peer %d was served for %s of %s", n, got[n], 8*StandardTiming.SlotTurn)
			}
		}
	})
}

func TestASlotThatIsNotUsedGoesToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, false, StandardTiming)
		s.place(key(1))
		s.serve(key(1))
		s.place(key(2))
		time.Sleep(StandardTiming.SlotIdle + time.Second)
		if !slices.Equal(s.called(), []netproto.PublicKey{key(2)}) || s.place(key(2)) != 0 {
			t.Error("the next one still waits")
		}
		s.place(key(3))
		s.left(func(k netproto.PublicKey) bool { return k != key(3) })
		if place := s.place(key(4)); place != 1 {
			t.Errorf("behind one that left it is at %d", place)
		}
	})
}

func TestWhoDoesNotTakeWhatItAsksForLosesItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, false, StandardTiming)
		held, _ := s.ask(key(1))
		s.place(key(2))
		time.Sleep(StandardTiming.SlotIdle + time.Second)
		if len(s.called()) != 0 {
			t.Fatal("who is sent what it asked for loses its turn")
		}
		held.stuck.Store(time.Now().UnixNano())
		time.Sleep(StandardTiming.SlotIdle + time.Second)
		held.stuck.Store(0)
		if len(s.called()) != 0 {
			t.Error("who takes it in the end loses its turn")
		}
		held.stuck.Store(time.Now().UnixNano())
		time.Sleep(StandardTiming.SlotIdle + time.Second)
		if !slices.Equal(s.called(), []netproto.PublicKey{key(2)}) || s.place(key(2)) != 0 {
			t.Error("the next one still waits")
		}
	})
}

func TestWhoDoesNotComeWhenItIsCalledKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, false, StandardTiming)
		s.place(key(0))
		for n := range 20 {
			s.place(key(1 + n))
		}
		s.serve(key(0))
		place := -1
		for tries := 0; place != 0 && tries < 25; tries++ {
			s.called()
			time.Sleep(StandardTiming.SlotReview + time.Millisecond)
			place = s.place(key(20))
		}
		if place != 0 {
			t.Errorf("behind 19 that do not come, one waits at %d", place)
		}
		s.serve(key(20))
		if place := s.place(key(1)); place != 0 {
			t.Errorf("who was called and comes late waits at %d", place)
		}
	})
}

// queue has peers ask for slots.
func (s *slots) queue(from, to int) {
	for n := from; n < to; n++ {
		s.place(key(n))
	}
}

func TestSlotsAreAddedWhileThatMakesUploadsFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(2, true, StandardTiming)
		rate := func() int64 { return min(int64(s.taken()), 6) * 1_000_000 } // the line has room for six
		most := 0
		for range 20 {
			time.Sleep(StandardTiming.SlotReview)
			s.queue(0, 12)
			s.review(time.Now(), rate(), 0)
			s.queue(0, 12)
			most = max(most, s.taken())
		}
		if n := s.limit + s.extra; n < 6 || n > 7 || most > 7 {
			t.Errorf("there are %d slots, and were %d", n, most)
		}
		for range 30 { // nobody waits any longer
			time.Sleep(StandardTiming.SlotPatience)
			s.expire(time.Now())
			s.review(time.Now(), 0, 0)
		}
		for n := range 12 {
			if s.active[key(n)] != nil {
				s.serve(key(n))
			}
		}
		time.Sleep(StandardTiming.SlotIdle + time.Second)
		s.expire(time.Now())
		s.review(time.Now(), 0, 0)
		if s.extra != 0 {
			t.Errorf("%d slots more than needed stay", s.extra)
		}
	})
}

func TestALimitThatIsReachedGetsNoMoreSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(4, true, StandardTiming)
		for range 20 {
			time.Sleep(StandardTiming.SlotReview)
			s.queue(0, 12)
			s.review(time.Now(), 990_000, 1_000_000)
		}
		if s.extra != 0 {
			t.Errorf("%d were added", s.extra)
		}
		s.extra = 20
		for range 20 {
			time.Sleep(StandardTiming.SlotReview)
			s.queue(0, 30)
			s.review(time.Now(), 100_000, 100_000)
		}
		if s.extra > 3 {
			t.Errorf("%d share what is hardly enough for %d", 4+s.extra, 100_000/leastRate)
		}
	})
}

func TestWithoutAdaptingThereAreAsManySlotsAsThePersonChose(t *testing.T) {
	s := newSlots(3, true, StandardTiming)
	s.extra = 5
	s.set(3, false)
	s.review(time.Now(), 0, 0)
	s.queue(0, 12)
	if s.taken() != 3 {
		t.Errorf("%d are served", s.taken())
	}
}

func TestReviewsAreRareOnlyWhileNobodyIsServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, true, StandardTiming)
		if !s.idle() {
			t.Error("it is busy before anybody came")
		}
		s.place(key(1))
		if s.idle() || len(s.call) > 0 {
			t.Error("whoever is served is taken for nobody, or for one who waits")
		}
		s.place(key(2))
		if s.idle() || len(s.call) == 0 {
			t.Error("nobody hears of one who waits")
		}
		time.Sleep(time.Second)
		s.review(time.Now(), 1000, 0)
		s.place(key(2))
		if s.idle() {
			t.Error("nobody will take the slot back that was added")
		}
		s.serve(key(1))
		s.serve(key(2))
		time.Sleep(2 * StandardTiming.SlotIdle)
		s.called()
		s.review(time.Now(), 0, 0)
		if !s.idle() {
			t.Error("it goes on although nobody is served")
		}
	})
}
