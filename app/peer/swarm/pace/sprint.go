package pace

import (
	"sync/atomic"
	"time"
)

// sprint is the rate in about the last round trip. A connection that starts doubles its own
// with each; what is asked for must keep ahead of that.
//
// One goroutine changes it, and others read it meanwhile. After a pause, whoever asks for
// something says that it is to begin anew, which that goroutine does with the next bytes: those
// from before the pause may still be counted just then.
type sprint struct {
	rate  atomic.Int64 // bytes a second
	since moment
	bytes atomic.Int64 // since then
	anew  atomic.Bool  // neither since nor bytes count any longer
}

// now returns the rate, 0 if it is not of the present.
func (s *sprint) now(delay time.Duration, now time.Time) int64 {
	if s.anew.Load() || now.Sub(s.since.get()) > 3*max(delay, shortestSprint) {
		return 0
	}
	return s.rate.Load()
}

// shortestSprint is long enough for bytes that come in bursts.
const shortestSprint = 100 * time.Millisecond

// rest begins anew with the next byte: what came before a pause says nothing of what comes
// after it. Nothing is on its way when it is called.
func (s *sprint) rest() { s.anew.Store(true) }

// begun returns how many bytes have come since when; ok is false if none have.
func (s *sprint) begun() (bytes int64, since time.Time, ok bool) {
	if s.anew.Load() || !s.since.isSet() {
		return 0, time.Time{}, false
	}
	bytes = s.bytes.Load() // before since: add changes them in the other order
	return bytes, s.since.get(), true
}

func (s *sprint) add(n int, delay time.Duration, now time.Time) {
	if s.anew.Load() || !s.since.isSet() {
		s.since.set(now)
		s.bytes.Store(0)
		s.anew.Store(false)
	}
	bytes := s.bytes.Add(int64(n))
	if took := now.Sub(s.since.get()); took >= max(delay, shortestSprint) {
		s.rate.Store(int64(float64(bytes) / took.Seconds()))
		s.since.set(now)
		s.bytes.Store(0)
	}
}

// moment is a time that one goroutine sets while others read it. It is one of the
// monotonic clock.
type moment struct{ since atomic.Int64 } // momentZero, in nanoseconds

var momentZero = time.Now()

func (m *moment) set(t time.Time) { m.since.Store(int64(t.Sub(momentZero))) }

func (m *moment) get() time.Time { return momentZero.Add(time.Duration(m.since.Load())) }

func (m *moment) isSet() bool { return m.since.Load() != 0 }
