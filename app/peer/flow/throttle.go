package flow

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"centralizedp2p/netproto"
)

// Throttle lets bytes pass at a rate that may change while it is in use. Several
// goroutines may use it.
type Throttle struct {
	limiter *rate.Limiter
	limit   atomic.Int64  // bytes a second; 0: none. The limiter says it too, behind a lock
	burst   time.Duration // how much lost time may be made up at once
	least   int64         // bytes to pass at a time

	mu      sync.Mutex
	changed chan struct{} // closed when the limit changes
}

const (
	// throttleBurst is how much lost time may be made up at once, so that a sender that
	// missed its turn because the processor was busy keeps its rate. See [Courtesy] for
	// those that make up for less.
	throttleBurst = time.Second / 8
	// minFrame bounds how small data frames become, in bytes.
	minFrame = 4 << 10
)

// NewThrottle returns a throttle with a rate in bytes a second; 0 is no limit.
func NewThrottle(bytesPerSecond int64) *Throttle {
	return newThrottle(bytesPerSecond, throttleBurst, minFrame)
}

func newThrottle(bytesPerSecond int64, burst time.Duration, least int64) *Throttle {
	t := &Throttle{limiter: rate.NewLimiter(rate.Inf, netproto.MaxDataBytes), burst: burst, least: least, changed: make(chan struct{})}
	t.Set(bytesPerSecond)
	return t
}

// Set changes the rate, in bytes a second; 0 is no limit. It applies at once, even to
// callers that already wait.
func (t *Throttle) Set(bytesPerSecond int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	bytesPerSecond = max(bytesPerSecond, 0)
	if bytesPerSecond == t.Limit() {
		return
	}
	t.limit.Store(bytesPerSecond)
	if bytesPerSecond == 0 {
		t.limiter.SetLimit(rate.Inf)
	} else {
		t.limiter.SetBurst(int(t.burstOf(bytesPerSecond)))
		t.limiter.SetLimit(rate.Limit(bytesPerSecond))
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *Throttle) burstOf(bytesPerSecond int64) int64 {
	return min(max(bytesPerSecond/int64(time.Second/t.burst), t.least), 1<<30)
}

// Limit returns the rate in bytes a second; 0 if there is no limit. It takes no lock.
func (t *Throttle) Limit() int64 { return t.limit.Load() }

// Frame returns how many bytes to pass at a time. At a low rate it is small, so that
// bytes flow evenly and the other side does not take this one for dead.
func (t *Throttle) Frame() int64 {
	if l := t.Limit(); l > 0 {
		return min(t.burstOf(l), netproto.MaxDataBytes)
	}
	return netproto.MaxDataBytes
}

// Wait returns when n bytes may pass, or when ctx ends.
func (t *Throttle) Wait(ctx context.Context, n int) error {
	for n > 0 {
		t.mu.Lock()
		changed := t.changed
		t.mu.Unlock()
		part := min(n, t.limiter.Burst())
		passed, err := t.pass(ctx, part, changed)
		if err != nil {
			return err
		}
		if passed {
			n -= part
		}
	}
	return nil
}

// pass waits until n bytes may pass; it reports false if the limit changed first.
func (t *Throttle) pass(ctx context.Context, n int, changed <-chan struct{}) (bool, error) {
	now := time.Now()
	turn := t.limiter.ReserveN(now, n)
	if !turn.OK() { // the limit was lowered since n was chosen
		return false, ctx.Err()
	}
	delay := turn.DelayFrom(now)
	if delay == 0 {
		return true, nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true, nil
	case <-changed:
		turn.Cancel()
		return false, nil
	case <-ctx.Done():
		turn.Cancel()
		return false, ctx.Err()
	}
}
