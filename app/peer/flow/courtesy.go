package flow

import (
	"slices"
	"sync"
	"time"
)

// Courtesy finds the rate at which what is sent over a connection leaves room for others
// on the same line, as LEDBAT does (RFC 6817): bytes that wait in front of a slow line
// delay everybody's, so they are sent just so fast that few wait. It learns that from
// probes, which the other side answers at once. An answer takes longer while bytes wait,
// and it says that all bytes before the probe have arrived. Several goroutines may use it.
type Courtesy struct {
	limit *Throttle

	mu       sync.Mutex
	sent     int64 // bytes
	probe    uint64
	left     time.Time // when the probe left; zero: none is on its way
	before   int64     // bytes sent before it
	arrived  int64     // bytes that had arrived at the last answer
	answered time.Time // when that came

	line   float64         // bytes a second that arrived lately
	rising bool            // nothing has waited yet
	resume float64         // the rate before a pause, in bytes a second; 0: there is none
	delays []time.Duration // of the last answers
	least  leastDelay
}

const (
	// courtesyWait is how long bytes may wait in front of the line. RFC 6817 allows 100 ms;
	// calls and games suffer from 50.
	courtesyWait = 20 * time.Millisecond
	// An answer that waited less than half of that makes the connection faster by so much
	// that courtesyWait/courtesyClimb more waits at the next one. Around courtesyWait, the
	// rate differs from what arrives so little that courtesyWait/courtesyGain more or less
	// waits then. The answers are late; with more of either the rate would swing.
	courtesyClimb, courtesyGain = 4, 8
	// courtesyEqual is added to every rate, in bytes a second: to a small one that is much,
	// so the connections on one line become equally fast.
	courtesyEqual = 2 << 10
	// courtesyEvery is the shortest time between an answer and the next probe, and
	// courtesyPatience is when a probe counts as lost.
	courtesyEvery, courtesyPatience = 50 * time.Millisecond, 5 * time.Second
	// The rates of a connection in bytes a second: at its start, and at least.
	courtesyStart, courtesyLeast = 32 << 10, 4 << 10
	// courtesyStep is how much is sent at once, and courtesyFrame is the least of it, in
	// bytes. It adds to what waits.
	courtesyStep, courtesyFrame = 8 * time.Millisecond, 1 << 10
	// courtesyFilter is of how many answers the fastest counts: many lines are late by chance.
	courtesyFilter = 3
	// Again and again all connections of all peers send half as much for a moment, until
	// nothing waits: so they see how long an answer takes then.
	courtesyPause, courtesyPauses = 200 * time.Millisecond, 8 * time.Second
)

// NewCourtesy returns the courtesy of a connection that begins.
func NewCourtesy() *Courtesy {
	return &Courtesy{limit: newThrottle(courtesyStart, courtesyStep, courtesyFrame), rising: true}
}

// Limit passes what is sent over the connection.
func (c *Courtesy) Limit() *Throttle { return c.limit }

// Sent counts bytes that were handed to the connection. If a probe is to follow them, it
// returns the number of that probe, which is never 0.
func (c *Courtesy) Sent(n int, now time.Time) (probe uint64, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += int64(n)
	underWay := !c.left.IsZero() && now.Sub(c.left) < courtesyPatience
	if underWay || now.Sub(c.answered) < courtesyEvery {
		return 0, false
	}
	c.probe++
	c.left, c.before = now, c.sent
	return c.probe, true
}

// Answered takes the answer to a probe. Everything else is none.
func (c *Courtesy) Answered(probe uint64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left.IsZero() || probe != c.probe {
		return
	}
	delay, since, bytes := now.Sub(c.left), now.Sub(c.answered), c.before-c.arrived
	first := c.answered.IsZero()
	c.left, c.answered, c.arrived = time.Time{}, now, c.before
	c.least.add(delay, now)
	switch {
	case delay-c.least.get() > 4*courtesyWait: // that is no chance
		c.delays = c.delays[:0]
	case len(c.delays) == courtesyFilter:
		c.delays = slices.Delete(c.delays, 0, 1)
	}
	c.delays = append(c.delays, delay)
	if first {
		return
	}
	a := answer{arrived: float64(bytes) / max(since, time.Millisecond).Seconds(), since: since, at: now,
		last: delay - c.least.get(), waited: slices.Min(c.delays) - c.least.get()}
	c.limit.Set(max(int64(c.next(a)), courtesyLeast))
}

// answer is what an answer tells.
type answer struct {
	at      time.Time
	since   time.Duration // the answer before it
	arrived float64       // bytes a second since then
	last    time.Duration // how long its probe waited
	waited  time.Duration // how long probes wait lately
}

// next returns the rate to go on with, in bytes a second.
func (c *Courtesy) next(a answer) float64 {
	rate := float64(c.limit.Limit())
	if pausing(a.at) {
		if c.resume == 0 {
			c.resume = rate
		}
		return c.resume / 2
	}
	if c.resume > 0 {
		rate, c.resume = c.resume, 0
		return rate
	}
	step := courtesyWait.Seconds() / a.since.Seconds()
	switch few := a.arrived < 0.75*rate; {
	case (few || c.rising) && a.last > 2*courtesyWait || a.waited > 2*courtesyWait: // others came, or the line is slower
		c.rising, c.line = false, a.arrived
		return a.arrived / 2 // until nothing waits
	case few && a.last < courtesyWait: // it had little to send, which says nothing
		return rate
	case c.rising && a.last < courtesyWait/2:
		c.line = a.arrived
		return min(2*a.arrived, 2*rate)
	case c.rising:
		c.rising = false
		c.line = a.arrived
		return 0.8 * a.arrived
	case a.waited < courtesyWait/2:
		c.line = max(a.arrived, (3*c.line+a.arrived)/4)
		return max(rate, min(c.line, rate)*(1+step/courtesyClimb))
	}
	c.line = (3*c.line + a.arrived) / 4
	room := 1 - a.waited.Seconds()/courtesyWait.Seconds()
	return c.line*(1+max(room*step/courtesyGain, -0.2)) + min(courtesyEqual, c.line/64)
}

// pausing reports whether all connections send less at the moment. Clocks mostly agree,
// and so do several peers on one line.
func pausing(now time.Time) bool {
	return time.Duration(now.UnixNano())%courtesyPauses < courtesyPause
}

// leastDelay is the shortest delay of the last one to two minutes. Lines change.
type leastDelay struct {
	minute       int64 // since 1970
	now, earlier time.Duration
}

func (l *leastDelay) add(delay time.Duration, at time.Time) {
	minute := at.Unix() / 60
	switch {
	case l.now == 0 || minute > l.minute+1:
		l.now, l.earlier = delay, delay
	case minute != l.minute:
		l.now, l.earlier = delay, l.now
	default:
		l.now = min(l.now, delay)
	}
	l.minute = minute
}

func (l *leastDelay) get() time.Duration { return min(l.now, l.earlier) }
