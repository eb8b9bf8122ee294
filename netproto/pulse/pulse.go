// Package pulse has everything in this process that looks again and again do so at the
// same moments: a computer that wakes once for all of it needs less power.
package pulse

import (
	"sync"
	"time"
)

// Slow is how many intervals of a ticker one of its intervals at rest takes.
const Slow = 4

// Ticker is like [time.Ticker], except that all of one interval tick together, and that
// it can rest.
type Ticker struct {
	C <-chan time.Time

	mu      sync.Mutex
	every   time.Duration // now
	rest    bool
	stopped bool
	timer   *time.Timer
}

// origin is a tick of every ticker.
var origin = time.Now()

// NewTicker returns a ticker whose first tick comes within the interval, which is more
// than 0. It drops ticks for a slow receiver.
func NewTicker(every time.Duration) *Ticker {
	c := make(chan time.Time, 1)
	t := &Ticker{C: c, every: every}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.timer = time.AfterFunc(next(every), func() {
		select {
		case c <- time.Now():
		default:
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.stopped {
			t.timer.Reset(next(t.every))
		}
	})
	return t
}

// Rest has the ticker tick only every [Slow] intervals, and Rest(false) each interval
// again. It is for what has nothing to do now and is told when it has. Several goroutines
// may call it.
func (t *Ticker) Rest(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped || t.rest == on {
		return
	}
	t.rest = on
	if on {
		t.every *= Slow
	} else {
		t.every /= Slow
	}
	t.timer.Reset(next(t.every))
}

// Within returns the longest wait of at most that long that ends with a tick of an
// interval, and the wait itself if it is too short for one.
func Within(wait, every time.Duration) time.Duration {
	first := next(every)
	if first > wait {
		return wait
	}
	return first + (wait - first).Truncate(every)
}

// next is how long it is until the next tick. The origin may be in the future: in a
// bubble of synctest it is.
func next(every time.Duration) time.Duration {
	since := time.Since(origin) % every
	if since < 0 {
		since += every
	}
	return every - since
}

// Stop ends the ticks.
func (t *Ticker) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	t.timer.Stop()
}
