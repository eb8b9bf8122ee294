package serving

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

func TestWhileNobodyWaitsTheSlotsKnowOfOneRequestOfAConnection(t *testing.T) {
	s := newSlots(1, false, StandardTiming)
	h := hold{slots: s, key: key(1)}
	first, _ := h.ask()
	s.mu.Lock() // what needs it now waits for ever
	for range 99 {
		if held, place := h.ask(); held != first || place != 0 {
			t.Fatalf("it waits at %d", place)
		}
	}
	for range 99 {
		h.answered()
	}
	s.mu.Unlock()
	if first.owed != 1 {
		t.Errorf("the slot is owed %d answers", first.owed)
	}
	h.answered()
	if first.owed != 0 {
		t.Errorf("in the end it is owed %d answers", first.owed)
	}
}

func TestAConnectionThatAsksForMoreNoticesThatOthersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, false, StandardTiming)
		h := hold{slots: s, key: key(1)}
		h.ask()
		time.Sleep(2 * StandardTiming.SlotTurn)
		if _, place := h.ask(); place != 0 {
			t.Fatalf("it waits at %d, though nobody else is there", place)
		}
		s.place(key(2))
		if _, place := h.ask(); place == 0 {
			t.Error("its turn does not end")
		}
		h.answered()
		h.answered()
		if place := s.place(key(2)); place != 0 {
			t.Errorf("the next one waits at %d", place)
		}
	})
}

func TestWhoseTurnIsOverTakesASlotAgainOnceNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlots(1, false, StandardTiming)
		h := hold{slots: s, key: key(1)}
		h.ask()
		time.Sleep(2 * StandardTiming.SlotTurn)
		s.place(key(2))
		h.ask()
		s.left(func(netproto.PublicKey) bool { return false })
		if _, place := h.ask(); place != 0 || s.taken() != 1 {
			t.Errorf("it waits at %d, and %d slots are taken", place, s.taken())
		}
	})
}

func TestAPeerKeepsItsSlotWhileAnyOfItsConnectionsIsOwedAnAnswer(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		synctest.Test(t, func(t *testing.T) {
			s := newSlots(2, false, StandardTiming)
			holds := make([]hold, 8)
			for i := range holds {
				holds[i] = hold{slots: s, key: key(i / 2)} // two of each peer
			}
			for range 300 {
				h := &holds[random.IntN(len(holds))]
				if h.owed > 0 && random.IntN(2) == 0 {
					h.answered()
				} else {
					h.ask()
				}
				time.Sleep(time.Duration(random.Int64N(int64(StandardTiming.SlotTurn / 8))))
				for i := range holds {
					h, twin := &holds[i], &holds[i^1]
					if held := s.active[h.key]; h.owed > 0 && (held != h.slot || held.owed != h.told+twin.told) || (h.told > 0) != (h.owed > 0) || h.told > h.owed {
						t.Fatalf("seed %d: of %d answers that it is owed, %d are known, and %+v holds its slot", seed, h.owed, h.told, held)
					}
				}
			}
			for i := range holds {
				for holds[i].owed > 0 {
					holds[i].answered()
				}
			}
			for k, held := range s.active {
				if held.owed != 0 {
					t.Errorf("seed %d: in the end, the slot of %v is owed %d", seed, k, held.owed)
				}
			}
		})
	}
}
