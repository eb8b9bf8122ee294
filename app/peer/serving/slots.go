package serving

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
)

// slotFree is the largest content, in bytes, that is served without a slot.
const slotFree = 512 << 10

// slots decides which peers are served now: a few at a time, so that each is served
// well. A peer has one slot, however much it fetches. While others wait it keeps
// the slot for one turn and then goes to the end of the queue.
//
// The number of slots may adapt. AirDC++ and Nicotine+ open slots while all uploads
// together stay below a rate that the person chose. Here nobody has to know that
// rate: while peers wait and no limit is reached, one more slot is tried, and it
// stays if all uploads together become faster by slotGain. If they do not, or if a
// limit leaves each peer next to nothing, a slot is taken away.
type slots struct {
	timing Timing
	call   chan struct{} // receives when a peer may have its turn, or waits

	mu       sync.Mutex
	limit    int // that the person chose
	adaptive bool
	extra    int       // slots beyond limit, while they adapt
	grown    int64     // bytes a second of all uploads before the slot on trial was added; 0 if none is on trial
	calm     time.Time // no slot is added before
	active   map[netproto.PublicKey]*slot
	waiting  []waiter
	crowded  atomic.Bool // somebody waits; set with the lock held, and read without it
}

// slot belongs to a peer, which keeps it at least as long as it is owed an answer.
type slot struct {
	owed  int
	since time.Time
	last  time.Time   // asked or answered
	over  atomic.Bool // its turn is over: only what it is owed is still sent
	// stuck is since when it does not take what it asked for, in nanoseconds since 1970;
	// 0: it does. Its connections note that for every frame, without a lock.
	stuck atomic.Int64
}

// hold is what one connection has of its peer's slot: while nobody waits, the slots know of
// one of its requests only, so that the others take no lock that all connections share. The
// lock of its owner guards it.
type hold struct {
	slots *slots
	key   netproto.PublicKey
	slot  *slot // while told > 0
	owed  int   // requests that have a slot and are not answered
	told  int   // those of them that the slots know of; at least one, if there are any
}

// ask is that of slots.
func (h *hold) ask() (*slot, int) {
	if h.told > 0 && !h.slots.crowded.Load() && !h.slot.over.Load() {
		h.owed++
		return h.slot, 0
	}
	held, place := h.slots.ask(h.key)
	if held != nil {
		h.slot = held
		h.owed++
		h.told++
	}
	return held, place
}

// answered ends a request that got a slot.
func (h *hold) answered() {
	if h.owed--; h.told > h.owed {
		h.told--
		h.slots.answered(h.key)
	}
}

type waiter struct {
	key    netproto.PublicKey
	asked  time.Time
	called time.Time // to its turn
}

const (
	// maxExtraSlots bounds how many slots are added.
	maxExtraSlots = 28
	// slotGain is the factor by which one more slot must speed up all uploads.
	slotGain = 1.05
	// slotPause is how many reviews pass after a useless trial before the next one.
	slotPause = 15
	// leastRate is the least share of a limit that is worth a slot, in bytes a second.
	leastRate = 16 << 10
	// nearLimit is the part of the limit from which on the limit is what slows uploads.
	nearLimit = 0.85
)

func newSlots(limit int, adaptive bool, t Timing) *slots {
	return &slots{timing: t, limit: limit, adaptive: adaptive, call: make(chan struct{}, 1), active: map[netproto.PublicKey]*slot{}}
}

func (s *slots) set(limit int, adaptive bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit, s.adaptive = limit, adaptive
	if !adaptive {
		s.extra, s.grown = 0, 0
	}
	s.callNext()
}

// taken is the number of slots in use; the caller holds the lock.
func (s *slots) taken() int {
	n := 0
	for _, held := range s.active {
		if !held.over.Load() {
			n++
		}
	}
	return n
}

func (s *slots) free() int { return s.limit + s.extra - s.taken() }

// ask returns the slot of a peer that is served now, otherwise its place in the queue. The
// caller calls answered once for each slot.
func (s *slots) ask(key netproto.PublicKey) (*slot, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.expire(now)
	held := s.active[key]
	if held != nil && !held.over.Load() {
		if now.Sub(held.since) < s.timing.SlotTurn || !s.othersWait(key) {
			held.owed++
			held.last = now
			return held, 0
		}
		held.over.Store(true)
		defer s.callNext()
	}
	at := slices.IndexFunc(s.waiting, func(w waiter) bool { return w.key == key })
	if at < 0 {
		at = len(s.waiting)
		s.wait(append(s.waiting, waiter{key: key}))
	}
	place := 0
	for _, w := range s.waiting[:at] {
		if !s.missed(w, now) {
			place++
		}
	}
	if place < s.free() {
		s.wait(slices.Delete(s.waiting, at, at+1))
		if held == nil {
			held = &slot{}
			s.active[key] = held
		}
		held.over.Store(false)
		held.since, held.last = now, now
		held.owed++
		return held, 0
	}
	s.waiting[at].asked = now
	s.wake()
	return nil, place + 1
}

// wait sets who waits; the caller holds the lock.
func (s *slots) wait(waiting []waiter) {
	s.waiting = waiting
	s.crowded.Store(len(waiting) > 0)
}

// idle reports whether nobody is served or waits, and no slot is to be given up, so that
// reviews may be rare.
func (s *slots) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.active) == 0 && len(s.waiting) == 0 && s.extra == 0
}

// missed reports whether a peer was called to its turn and does not come: it may still,
// but others no longer wait for it.
func (s *slots) missed(w waiter, now time.Time) bool {
	return !w.called.IsZero() && !w.called.Before(w.asked) && now.Sub(w.called) > s.timing.SlotReview
}

func (s *slots) othersWait(key netproto.PublicKey) bool {
	return slices.ContainsFunc(s.waiting, func(w waiter) bool { return w.key != key })
}

// expire takes slots from peers that do not use them, also from those that do not take
// what they asked for while others wait, and forgets waiting peers that no longer ask.
func (s *slots) expire(now time.Time) {
	for key, held := range s.active {
		if since := held.stuck.Load(); since != 0 && now.Sub(time.Unix(0, since)) > s.timing.SlotIdle && s.othersWait(key) {
			held.over.Store(true)
		}
		if held.owed == 0 && (held.over.Load() || now.Sub(held.last) > s.timing.SlotIdle) {
			delete(s.active, key)
		}
	}
	s.wait(slices.DeleteFunc(s.waiting, func(w waiter) bool { return now.Sub(w.asked) > s.timing.SlotPatience }))
}

// answered ends a request of a served peer.
func (s *slots) answered(key netproto.PublicKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.active[key]
	if held == nil {
		return
	}
	held.owed--
	held.last = time.Now()
	// A peer that wants nothing at the moment does not keep others waiting: peers that
	// read an unfinished download here ask for a piece only now and then.
	if held.owed == 0 && s.othersWait(key) {
		delete(s.active, key)
		s.callNext()
	}
}

// callNext has the next peers called; the caller holds the lock.
func (s *slots) callNext() {
	if len(s.waiting) > 0 && s.free() > 0 {
		s.wake()
	}
}

func (s *slots) wake() {
	select {
	case s.call <- struct{}{}:
	default:
	}
}

// called returns the peers whose turn has come and that do not know it yet.
func (s *slots) called() []netproto.PublicKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.expire(now)
	var keys []netproto.PublicKey
	free := s.free()
	for i := range s.waiting {
		w := &s.waiting[i]
		if s.missed(*w, now) {
			continue
		}
		if free--; free < 0 {
			break
		}
		if w.called.Before(w.asked) {
			w.called = now
			keys = append(keys, w.key)
		}
	}
	return keys
}

// left forgets waiting peers that are no longer connected.
func (s *slots) left(connected func(netproto.PublicKey) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait(slices.DeleteFunc(s.waiting, func(w waiter) bool { return !connected(w.key) }))
}

// review adapts the number of slots. rate and limit are those of all uploads in bytes
// a second; 0 is no limit.
func (s *slots) review(now time.Time, rate, limit int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.adaptive {
		return
	}
	taken := s.taken()
	full := limit > 0 && float64(rate) > nearLimit*float64(limit)
	switch {
	case len(s.waiting) == 0: // unused slots are given up
		s.extra, s.grown = min(s.extra, max(taken-s.limit, 0)), 0
	case full && taken > 0 && rate/int64(taken) < leastRate:
		s.extra, s.grown = max(s.extra-1, 0), 0
	case s.grown > 0 && float64(rate) < slotGain*float64(s.grown):
		s.extra, s.grown = max(s.extra-1, 0), 0
		s.calm = now.Add(slotPause * s.timing.SlotReview)
	case s.free() <= 0 && !full && s.extra < maxExtraSlots && now.After(s.calm):
		s.extra++
		s.grown = max(rate, 1)
	default:
		s.grown = 0
	}
	s.callNext()
}
