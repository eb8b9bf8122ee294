package metrics

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto/pulse"
)

// meterSpan is how many seconds the rate of requests covers: short enough to
// follow, long enough not to flicker.
const meterSpan = 10

// Meter counts what happens and tells how often it did lately: it samples its total once a
// second.
type Meter struct {
	total atomic.Uint64

	mu    sync.Mutex
	seen  [meterSpan + 1]uint64 // totals one second apart; the newest is at last-1
	count int                   // how many of seen are filled
	last  int
}

// Count counts one.
func (m *Meter) Count() { m.total.Add(1) }

// Total returns how many were counted.
func (m *Meter) Total() uint64 { return m.total.Load() }

// Run samples the total until ctx ends, and returns nil.
func (m *Meter) Run(ctx context.Context) error {
	tick := pulse.NewTicker(time.Second)
	defer tick.Stop()
	for {
		m.look()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (m *Meter) look() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[m.last] = m.total.Load()
	m.last = (m.last + 1) % len(m.seen)
	m.count = min(m.count+1, len(m.seen))
}

// PerSecond returns the mean of the last meterSpan seconds, or of fewer after the
// start.
func (m *Meter) PerSecond() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.count < 2 {
		return 0
	}
	n := len(m.seen)
	newest := m.seen[(m.last+n-1)%n]
	oldest := m.seen[(m.last+n-m.count)%n]
	return float64(newest-oldest) / float64(m.count-1)
}
