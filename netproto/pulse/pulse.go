// Package pulse has everything in this process that looks again and again do so at the
// same moments: a computer that wakes once for all of it needs less power.
package pulse

import (
	"sync"
	"time"
)

// Ticker is like [time.Ticker], except that all of one interval tick together.
type Ticker struct {
	C <-chan time.Time

	mu      sync.Mutex
	stopped bool
	timer   *time.Timer
}

// origin is a tick of every ticker.
var origin = time.Now()

// NewTicker returns a ticker whose first tick comes within the interval, which is more
// than 0. It drops ticks for a slow receiver.
func NewTicker(every time.Duration) *Ticker {
	c := make(chan time.Time, 1)
	t := &Ticker{C: c}
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
			t.timer.Reset(next(every))
		}
	})
	return t
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
