package flow

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Meter measures a rate in bytes a second over about the last five seconds. Its
// zero value is ready, and several goroutines may use it.
type Meter struct {
	buckets [meterBuckets]atomic.Int64
	newest  atomic.Int64 // number of the newest bucket, in units of meterStep since 1970
	sum     atomic.Int64 // of all bytes ever

	mu    sync.Mutex // held while the newest bucket changes
	first int64      // number of the first bucket ever
}

// meterStart is when buckets begin to be counted. The clock on the wall may be set; a
// meter whose newest bucket is years ahead would never empty one again.
var meterStart = time.Now()

// stepOf returns the number of a bucket, which is positive: 0 is none. In a bubble of
// synctest, it is before the start.
func stepOf(since time.Duration) int64 { return 1<<40 + int64(since/meterStep) }

const (
	meterStep    = 500 * time.Millisecond
	meterBuckets = 11 // ten full ones and the present one
)

// Add counts n bytes. It takes a lock only with the first bytes of each half second.
func (m *Meter) Add(n int) {
	now := stepOf(time.Since(meterStart))
	if m.newest.Load() != now {
		m.advance(now)
	}
	m.buckets[now%meterBuckets].Add(int64(n))
	m.sum.Add(int64(n))
}

// Total returns the number of all bytes ever counted.
func (m *Meter) Total() int64 { return m.sum.Load() }

// Rate returns the present rate in bytes a second. It leaves out the present bucket,
// which is not full, unless there is no other.
func (m *Meter) Rate() int64 {
	if m.sum.Load() == 0 {
		return 0
	}
	now := stepOf(time.Since(meterStart))
	first := m.advance(now)
	var sum int64
	for i := range m.buckets {
		sum += m.buckets[i].Load()
	}
	full := min(now-first, meterBuckets-1)
	if full > 0 {
		sum -= m.buckets[now%meterBuckets].Load()
	}
	return max(sum, 0) * int64(time.Second/meterStep) / max(full, 1)
}

// advance empties the buckets that are too old by the bucket with the number now, and
// returns the number of the first one ever.
func (m *Meter) advance(now int64) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	newest := m.newest.Load()
	if newest == 0 {
		m.first, newest = now, now
	}
	for steps := min(now-newest, meterBuckets); steps > 0; steps-- {
		m.buckets[(now-steps+1)%meterBuckets].Store(0)
	}
	m.newest.Store(max(newest, now))
	return m.first
}

// History keeps how fast something was in the last five minutes. One goroutine at a
// time may use it.
type History struct {
	speeds []int64 // bytes a second, a ring
	next   int     // in the ring
	at     time.Time
	before int64 // bytes at that time
}

const (
	historyStep = 2 * time.Second
	historySize = 150 // steps: 5 minutes
)

// Add notes the total number of bytes so far. Call it about once a second.
func (h *History) Add(now time.Time, total int64) {
	took := now.Sub(h.at)
	if h.at.IsZero() || took > 2*historyStep || total < h.before { // there was a pause
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

// List returns the speeds in bytes a second, each over two seconds, the newest last.
func (h *History) List() []int64 {
	return slices.Concat(h.speeds[h.next:], h.speeds[:h.next])
}
