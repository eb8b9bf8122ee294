package peer

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"centralizedp2p/netproto"
)

// meter measures a rate in bytes a second, over about the last five seconds.
type meter struct {
	mu      sync.Mutex
	buckets [meterBuckets]int64
	at      int64 // number of the newest bucket, in units of meterStep since 1970
	begun   int64 // number of the first bucket ever
}

const (
	meterStep    = 500 * time.Millisecond
	meterBuckets = 11 // ten full ones and the running one
)

func (m *meter) add(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advance()
	m.buckets[m.at%meterBuckets] += int64(n)
}

// rate leaves the running bucket out, unless there is no other.
func (m *meter) rate() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.begun == 0 {
		return 0
	}
	m.advance()
	var sum int64
	for _, n := range m.buckets {
		sum += n
	}
	full := min(m.at-m.begun, meterBuckets-1)
	if full > 0 {
		sum -= m.buckets[m.at%meterBuckets]
	}
	return sum * int64(time.Second/meterStep) / max(full, 1)
}

func (m *meter) advance() {
	now := time.Now().UnixNano() / int64(meterStep)
	if m.begun == 0 {
		m.begun, m.at = now, now
	}
	for steps := min(now-m.at, meterBuckets); steps > 0; steps-- {
		m.buckets[(now-steps+1)%meterBuckets] = 0
	}
	m.at = max(m.at, now)
}

// throttle lets bytes through at a rate that may change while it is used.
type throttle struct{ limiter *rate.Limiter }

const (
	// throttleBurst is how many bytes pass at once: a full data frame.
	throttleBurst = netproto.MaxDataBytes
	// minFrame bounds how small data frames become, in bytes.
	minFrame = 4 << 10
)

func newThrottle(bytesPerSecond int64) *throttle {
	t := &throttle{limiter: rate.NewLimiter(rate.Inf, throttleBurst)}
	t.set(bytesPerSecond)
	return t
}

// set changes the rate; 0 is no limit.
func (t *throttle) set(bytesPerSecond int64) {
	if bytesPerSecond <= 0 {
		t.limiter.SetLimit(rate.Inf)
		return
	}
	t.limiter.SetLimit(rate.Limit(bytesPerSecond))
}

// limit is the rate in bytes a second, 0 where there is none.
func (t *throttle) limit() int64 {
	if l := t.limiter.Limit(); l != rate.Inf {
		return int64(l)
	}
	return 0
}

// frame is how many bytes of content to send at a time: at a low rate little,
// so that nobody who waits for a turn takes us for dead.
func (t *throttle) frame() int64 {
	if l := t.limit(); l > 0 {
		return min(max(l/8, minFrame), netproto.MaxDataBytes)
	}
	return netproto.MaxDataBytes
}

// wait returns when n bytes may pass, n at most throttleBurst.
func (t *throttle) wait(ctx context.Context, n int) error {
	return t.limiter.WaitN(ctx, n)
}
