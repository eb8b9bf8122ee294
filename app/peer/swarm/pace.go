package swarm

import (
	"slices"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/netproto"
)

// How much a lane has on its way, and when it asks for more.

// maxLaneRequests leaves room for other downloads on the connection.
const maxLaneRequests = 64

// window is how many bytes may be on their way. A source that failed or fell silent gets
// one piece to show that it is back. The caller holds the attempt's lock.
func (l *lane) window(pieceSize int64, now time.Time) int64 {
	if l.source.Failure() != nil || l.slow {
		return 1
	}
	return l.pace.Window(pieceSize, len(l.attempt.lanes.open), now)
}

// lag is how long bytes that the lane is asked for first take if its connection lags, beside
// one to the same source with the rate other. It is 0 if a limit is what it waits for.
func (l *lane) lag(bytes, other int64, now time.Time) time.Duration {
	lag := l.pace.Lag(bytes, other, now)
	if lag > 0 && len(l.limits()) > 0 {
		return 0
	}
	return lag
}

// uneven reports whether a lane has nothing to do while another one to its source has.
func (ls *lanes) uneven() bool {
	a := ls.attempt
	a.mu.Lock()
	defer a.unlock()
	idle := map[*sources.Source]bool{}
	for l := range ls.open {
		if l.pace.Inflight() == 0 && l.pace.Measured() {
			idle[l.source] = true
		}
	}
	for l := range ls.open {
		if l.pace.Unanswered() > 0 && idle[l.source] && len(l.limits()) == 0 {
			return true
		}
	}
	return false
}

// stalled reports whether the source has owed an answer for longer than limit.
func (l *lane) stalled(now time.Time, limit time.Duration) bool {
	if l.pace.Inflight() > 0 {
		return l.pace.Silence(now) > limit
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
			step = min(flow.Step(limits), r.length-r.asked.Load())
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
			l.ask(r, min(step, r.length-r.asked.Load()))
		}
		a.unlock()
	}
}

// nextPaced is the first waiting request that may be asked for now. The caller holds
// the attempt's lock.
func (l *lane) nextPaced() *request {
	l.paced = slices.DeleteFunc(l.paced, func(r *request) bool {
		_, ok := l.requests[r]
		return !ok || r.asked.Load() >= r.length
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
	l.pace.Ask(n, time.Now())
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
	case l.wake <- struct{}{}:
	default:
	}
}

// takeBack has the missing bytes of a request asked for anew, as the limits let them
// through. The caller holds the attempt's lock, and is the reading goroutine of the
// connection: no bytes of the request may be half read.
func (l *lane) takeBack(r *request, tell bool) {
	l.reader.forget(r, tell)
	r.asked.Store(r.length - r.owed.Load())
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
		if r.asked.Load() == r.length && r.unanswered() > netproto.MaxDataBytes {
			l.takeBack(r, true)
		}
	}
}
