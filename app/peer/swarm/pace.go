package swarm

import (
	"slices"
	"sync/atomic"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/netproto"
)

// How much a lane has on its way, and when it asks for more.

const (
	// The window of a lane is how many bytes are asked for and not received:
	// minWindow at first, then what its rate and its delay need, at least two pieces
	// and at most maxWindow. ahead is what all lanes of an attempt together ask for
	// beyond their delays: a kill costs what is on its way.
	minWindow = 1 << 20
	maxWindow = 32 << 20
	ahead     = 10 << 20
	// risingTime is how long a rate rises after the first bytes. What comes fast later on has
	// waited for something that was lost.
	risingTime = 5 * time.Second
	// While a lane rises, doubling times what has come is asked for, up to maxRising: what is on
	// its way, and what the source sends in the next two round trips. A connection that runs
	// out of bytes meanwhile cannot find out how fast its line is, and loses much later on.
	doubling  = 4
	maxRising = 8 << 20
	// lagging is how many times as fast a lane was before that waits for what was lost.
	lagging = 4
	// maxDelay is the longest delay that a window makes up for.
	maxDelay = time.Second / 2
	// maxLaneRequests leaves room for other downloads on the connection.
	maxLaneRequests = 64
)

// window is how many bytes may be on their way: what comes in two round trips, which
// keeps the line busy, and in half a second more, up to its share of ahead. A source
// that failed or fell silent gets one piece to show that it is back. The caller holds
// the attempt's lock.
func (l *lane) window(pieceSize int64) int64 {
	if l.source.failure != nil || l.slow {
		return 1
	}
	least := 2 * pieceSize
	if l.measured.IsZero() || time.Since(l.measured) < time.Second {
		least = max(least, minWindow) // its rate is not known yet
	}
	rate := l.rate.Rate()
	if l.rises() { // a rate of five seconds is late there
		rate = max(rate, l.sprint.now(l.delay, time.Now()))
	}
	wanted := int64(float64(rate)*2*l.delay.Seconds()) + min(rate/2, ahead/int64(max(len(l.attempt.lanes.open), 1)))
	if l.rises() {
		wanted = max(wanted, min(minWindow+doubling*l.rate.Total(), maxRising))
	}
	return max(min(wanted, maxWindow), least)
}

// rises reports whether a lane from far away has not come far: what it gives doubles with
// each round trip.
func (l *lane) rises() bool {
	return l.delay >= farAway && (l.measured.IsZero() || time.Since(l.measured) < risingTime)
}

// trip is how many bytes come in a round trip, at most those of a few pieces.
func (l *lane) trip() int64 {
	return min(int64(float64(l.rate.Rate())*l.delay.Seconds()), minWindow)
}

// sprint is the rate of a lane in about its last round trip. A connection that starts
// doubles its own with each; what is asked for must keep ahead of that.
//
// The reading goroutine changes it, and others read it meanwhile; after a pause, whoever asks
// for something begins it anew.
type sprint struct {
	rate  atomic.Int64 // bytes a second
	since moment
	bytes atomic.Int64 // since then
}

// now returns the rate, 0 if it is not of the present.
func (s *sprint) now(delay time.Duration, now time.Time) int64 {
	if now.Sub(s.since.get()) > 3*max(delay, shortestSprint) {
		return 0
	}
	return s.rate.Load()
}

// shortestSprint is long enough for bytes that come in bursts.
const shortestSprint = 100 * time.Millisecond

// rest begins anew with the next byte: what came before a pause says nothing of what comes
// after it. Nothing is on its way when it is called.
func (s *sprint) rest() {
	s.since.clear()
	s.bytes.Store(0)
}

func (s *sprint) add(n int, delay time.Duration, now time.Time) {
	if !s.since.isSet() {
		s.since.set(now)
	}
	bytes := s.bytes.Add(int64(n))
	if took := now.Sub(s.since.get()); took >= max(delay, shortestSprint) {
		s.rate.Store(int64(float64(bytes) / took.Seconds()))
		s.since.set(now)
		s.bytes.Store(0)
	}
}

// eta is how long the requests of a lane will take.
func (l *lane) eta() time.Duration {
	inflight, unanswered := l.inflight.Load(), l.unanswered.Load()
	if silent := time.Since(l.heard.get()); unanswered > 0 && silent > l.attempt.swarms.config.Timing.Silent {
		return silent + flow.TimeFor(inflight, max(l.rate.Rate(), 1))
	}
	rate := l.rate.Rate()
	if age := time.Since(l.asked); rate == 0 && unanswered > 0 && age > time.Second { // a rate comes late
		rate = max(int64(float64(l.rate.Total())/age.Seconds()), 1)
	}
	return flow.TimeFor(inflight, rate)
}

// lag is how long the first bytes of what a lane was asked for will take: longer than at its
// rate if it gives a small part of that now, since its connection waits for what was lost, or
// measures its line. TCP may need seconds then until it is as fast as the others to the same
// source. It is 0 for one that has just begun, and if a limit is what it waits for; and for one
// from far away at its rate: what it was asked for is under way before it could be taken back.
func (l *lane) lag(bytes int64, now time.Time) time.Duration {
	usual, rate := l.rate.Rate(), l.sprint.rate.Load()
	if bytes == 0 || usual == 0 || rate == 0 || l.measured.IsZero() || len(l.limits()) > 0 {
		return 0
	}
	came, from := l.sprint.bytes.Load(), l.busy // before since: add changes them in the other order
	if l.sprint.since.isSet() {                 // something has come
		from = l.sprint.since.get()
	}
	least := max(2*l.delay, shortestSprint, 2*flow.TimeFor(netproto.MaxDataBytes, usual))
	if took := now.Sub(from); took >= least {
		rate = min(rate, int64(float64(came)/took.Seconds()))
	}
	if rate > usual/lagging {
		if l.delay >= farAway {
			return 0
		}
		rate = usual
	}
	return flow.TimeFor(bytes, max(rate, 1))
}

// uneven reports whether a lane has nothing to do while another one to its source has.
func (ls *lanes) uneven() bool {
	a := ls.attempt
	a.mu.Lock()
	defer a.unlock()
	idle := map[*source]bool{}
	for l := range ls.open {
		if l.inflight.Load() == 0 && !l.measured.IsZero() {
			idle[l.source] = true
		}
	}
	for l := range ls.open {
		if l.unanswered.Load() > 0 && idle[l.source] && len(l.limits()) == 0 {
			return true
		}
	}
	return false
}

// stalled reports whether the source has owed an answer for longer than limit.
func (l *lane) stalled(now time.Time, limit time.Duration) bool {
	if l.inflight.Load() > 0 {
		return l.unanswered.Load() > 0 && now.Sub(l.heard.get()) > limit
	}
	for _, s := range l.streams {
		if (s.have == nil || s.pending != nil) && !s.refused && now.Sub(s.opened) > limit && now.Sub(s.heard) > limit {
			return true
		}
	}
	return false
}

// runPace asks for what the limits let through, in the order of the requests, until
// nothing is left to ask for. Bytes thus wait at the source, and not in front of those
// of other downloads on the same connection.
func (l *lane) runPace() {
	a := l.attempt
	for l.ctx.Err() == nil {
		limits := l.limits()
		a.mu.Lock()
		r := l.nextPaced()
		step := int64(0)
		if r != nil {
			step = min(flow.Step(limits), r.length-r.asked)
		}
		a.unlock()
		if r == nil {
			return
		}
		for _, limit := range limits {
			if limit.Wait(l.ctx, int(step)) != nil {
				return
			}
		}
		a.mu.Lock()
		if _, ok := l.requests[r]; ok && !l.over {
			l.ask(r, min(step, r.length-r.asked))
		}
		a.unlock()
	}
}

// nextPaced is the first waiting request that may be asked for now. The caller holds
// the attempt's lock.
func (l *lane) nextPaced() *request {
	l.paced = slices.DeleteFunc(l.paced, func(r *request) bool {
		_, ok := l.requests[r]
		return !ok || r.asked >= r.length
	})
	now := time.Now()
	for _, r := range l.paced {
		if !now.Before(r.stream.pause) {
			return r
		}
	}
	return nil
}

// ask asks for the next n bytes of a request. The caller holds the attempt's lock.
func (l *lane) ask(r *request, n int64) {
	if l.unanswered.Load() == 0 {
		l.heard.set(time.Now())
	}
	if l.asked.IsZero() {
		l.asked = time.Now()
	}
	l.unanswered.Add(n)
	l.reader.ask(r, n)
}

// wait leaves a request to runPace. The caller holds the attempt's lock.
func (l *lane) wait(r *request) {
	l.paced = append(l.paced, r)
	l.wakePace()
}

func (l *lane) wakePace() {
	if len(l.paced) == 0 {
		return
	}
	select {
	case l.pace <- struct{}{}:
	default:
	}
}

// takeBack has the missing bytes of a request asked for anew, as the limits let them
// through. The caller holds the attempt's lock, and is the reading goroutine of the
// connection: no bytes of the request may be half read.
func (l *lane) takeBack(r *request, tell bool) {
	l.reader.forget(r, tell)
	r.asked = r.length - r.owed.Load()
	l.wait(r)
}

// limits are the limits that bytes of a lane pass.
func (l *lane) limits() []*flow.Throttle {
	a := l.attempt
	return a.swarms.config.Traffic.DownFrom(l.conn.Local, a.task.Limit)
}

// Limited applies a new or lower limit to what is on its way already, when it begins to come.
func (a *Attempt) Limited() {
	a.mu.Lock()
	defer a.unlock()
	for l := range a.lanes.open {
		l.limited.Store(true)
	}
}

// applyLimits has what comes anyway asked for as the limits let it through, if they are new.
// The reading goroutine calls it.
func (l *lane) applyLimits() {
	if !l.limited.Swap(false) || len(l.limits()) == 0 {
		return
	}
	a := l.attempt
	a.mu.Lock()
	defer a.unlock()
	for r := range l.requests {
		if r.asked == r.length && r.unanswered() > netproto.MaxDataBytes {
			l.takeBack(r, true)
		}
	}
}

// moment is a time that one goroutine sets while others read it. It is one of the
// monotonic clock.
type moment struct{ since atomic.Int64 } // momentZero, in nanoseconds

var momentZero = time.Now()

func (m *moment) set(t time.Time) { m.since.Store(int64(t.Sub(momentZero))) }

func (m *moment) clear() { m.since.Store(0) }

func (m *moment) get() time.Time { return momentZero.Add(time.Duration(m.since.Load())) }

func (m *moment) isSet() bool { return m.since.Load() != 0 }
