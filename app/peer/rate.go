package peer

import (
	"context"
	"slices"
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
	sum     int64 // of all bytes ever
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
	m.sum += int64(n)
}

// total is the number of all bytes ever.
func (m *meter) total() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sum
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

// history is how fast something was in the last minutes, see Details.
type history struct {
	speeds []int64 // bytes a second, a ring
	next   int     // in the ring
	at     time.Time
	before int64 // bytes at that time
}

const (
	historyStep = 2 * time.Second
	historySize = 150 // steps: 5 minutes
)

// add is told how many bytes there were in all, about once a second.
func (h *history) add(now time.Time, total int64) {
	took := now.Sub(h.at)
	if h.at.IsZero() || took > 2*historyStep || total < h.before { // nobody looked for a while
		h.at, h.before = now, total
		return
	}
	if took < historyStep-historyStep/10 {
		return
	}
	speed := int64(float64(total-h.before) / took.Seconds())
	if len(h.speeds) < historySize {
		h.speeds = append(h.speeds, speed)
	} else {
		h.speeds[h.next] = speed
		h.next = (h.next + 1) % historySize
	}
	h.at, h.before = now, total
}

// list is a copy, the newest last.
func (h *history) list() []int64 {
	return slices.Concat(h.speeds[h.next:], h.speeds[:h.next])
}

// throttle lets bytes through at a rate that may change while it is used.
type throttle struct {
	limiter *rate.Limiter

	mu      sync.Mutex
	changed chan struct{} // closed when the limit changes
}

const (
	// throttleBurst is for how long a rate may be made up for at once: who could
	// not send in time, since the processor was busy, does not lose it.
	throttleBurst = time.Second / 8
	// minFrame bounds how small data frames become, in bytes.
	minFrame = 4 << 10
)

func newThrottle(bytesPerSecond int64) *throttle {
	t := &throttle{limiter: rate.NewLimiter(rate.Inf, netproto.MaxDataBytes), changed: make(chan struct{})}
	t.set(bytesPerSecond)
	return t
}

// set changes the rate; 0 is no limit.
func (t *throttle) set(bytesPerSecond int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	bytesPerSecond = max(bytesPerSecond, 0)
	if bytesPerSecond == t.limit() {
		return
	}
	if bytesPerSecond == 0 {
		t.limiter.SetLimit(rate.Inf)
	} else {
		t.limiter.SetBurst(int(burstOf(bytesPerSecond)))
		t.limiter.SetLimit(rate.Limit(bytesPerSecond))
	}
	close(t.changed)
	t.changed = make(chan struct{})
}

func burstOf(bytesPerSecond int64) int64 {
	return min(max(bytesPerSecond/int64(time.Second/throttleBurst), minFrame), 1<<30)
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
		return min(burstOf(l), netproto.MaxDataBytes)
	}
	return netproto.MaxDataBytes
}

// lower is the lower of two limits, of which 0 is none.
func lower(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// noLimit lets everything through.
var noLimit = newThrottle(0)

// exempt tells whether the peer is one that is not limited.
func (c *conn) exempt() bool { return c.local && c.engine.localExempt.Load() }

// upLimit bounds what is sent to the peer.
func (c *conn) upLimit() *throttle {
	if c.exempt() {
		return noLimit
	}
	return c.engine.up
}

// downLimits bound what comes from the peer for a download. Without a limit
// there are none.
func (c *conn) downLimits(d *download) []*throttle {
	if c.exempt() {
		return nil
	}
	var limits []*throttle
	for _, t := range [...]*throttle{d.limit, c.engine.down} {
		if t.limit() > 0 {
			limits = append(limits, t)
		}
	}
	return limits
}

// stepOf is how many bytes to take in at a time under some limits: at a low
// rate little, so that it flows instead of coming in bursts.
func stepOf(limits []*throttle) int {
	step := int64(netproto.MaxDataBytes)
	for _, t := range limits {
		step = min(step, t.frame())
	}
	return int(step)
}

// wait returns when n bytes may pass. A change of the limit counts at once, for
// those that wait already, too.
func (t *throttle) wait(ctx context.Context, n int) error {
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

// pass waits until n bytes may pass; false when the limit changed before.
func (t *throttle) pass(ctx context.Context, n int, changed <-chan struct{}) (bool, error) {
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
