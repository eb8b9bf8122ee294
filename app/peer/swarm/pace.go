package swarm

import (
	"slices"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/netproto"
)

// How much is on its way, and when more is asked for.

const (
	// The window of a lane is how many bytes are asked for and not received:
	// minWindow at the start, then what its rate and its delay want, at least two
	// pieces and at most maxWindow. ahead is what all lanes of an attempt together
	// ask for beyond their delays: a kill costs what is on its way.
	minWindow = 1 << 20
	maxWindow = 32 << 20
	ahead     = 10 << 20
	// maxDelay is the longest delay that a window is made for.
	maxDelay = time.Second / 2
	// maxLaneRequests leaves room for other downloads on the connection.
	maxLaneRequests = 64
)

// window is how many bytes may be on their way: what comes in two round trips, so
// that the line is never idle, and in half a second if that is not much, so that
// little waits in it. A source that failed or fell silent before shows with one
// piece that it is better now. The caller holds the attempt's lock.
func (l *lane) window(pieceSize int64) int64 {
	if l.source.failure != nil || l.slow {
		return 1
	}
	least := 2 * pieceSize
	if l.measured.IsZero() || time.Since(l.measured) < time.Second {
		least = max(least, minWindow) // its rate is not known yet
	}
	rate := l.rate.Rate()
	wanted := int64(float64(rate)*2*l.delay.Seconds()) + min(rate/2, ahead/int64(max(len(l.attempt.lanes.open), 1)))
	return max(min(wanted, maxWindow), least)
}

// eta is when what is asked for will have come.
func (l *lane) eta() time.Duration {
	if silent := time.Since(l.heard); l.unanswered > 0 && silent > l.attempt.swarms.config.Timing.Silent {
		return silent + duration(l.inflight, max(l.rate.Rate(), 1))
	}
	return duration(l.inflight, l.rate.Rate())
}

// duration is how long bytes take at a rate in bytes a second. A rate of 0 counts
// as 1 MB/s, so that an untried source is tried.
func duration(bytes, rate int64) time.Duration {
	if rate <= 0 {
		rate = 1e6
	}
	return time.Duration(float64(bytes) / float64(rate) * float64(time.Second))
}

// stalled tells whether the source has owed an answer for longer than limit.
func (l *lane) stalled(now time.Time, limit time.Duration) bool {
	if l.inflight > 0 {
		return l.unanswered > 0 && now.Sub(l.heard) > limit
	}
	for _, s := range l.streams {
		if s.have == nil && !s.refused && now.Sub(s.opened) > limit {
			return true
		}
	}
	return false
}

// runPace asks for what the limits let through, in the order of the requests,
// until there is nothing to ask for. So bytes wait at the source and not in front
// of those of other downloads on the same connection.
func (l *lane) runPace() {
	a := l.attempt
	for l.ctx.Err() == nil {
		limits := l.limits()
		a.mu.Lock()
		r := l.nextPaced()
		step := int64(0)
		if r != nil {
			step = min(stepOf(limits), r.length-r.asked)
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

// nextPaced is the first request that waits to be asked for and may be; the caller
// holds the attempt's lock.
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

// ask asks for the next n bytes of a request; the caller holds the attempt's lock.
func (l *lane) ask(r *request, n int64) {
	if l.unanswered == 0 {
		l.heard = time.Now()
	}
	l.unanswered += n
	l.reader.ask(r, n)
}

// wait leaves a request to runPace; the caller holds the attempt's lock.
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

// takeBack has what was not received of a request asked for again, as the limits
// let it through. The caller holds the attempt's lock.
func (l *lane) takeBack(r *request, tell bool) {
	l.unanswered -= r.unanswered()
	l.reader.forget(r, tell)
	r.asked = r.length - r.owed
	l.wait(r)
}

// limits are those that bytes of a lane pass.
func (l *lane) limits() []*flow.Throttle {
	a := l.attempt
	return a.swarms.config.Traffic.DownFrom(l.conn.Local, a.task.Limit)
}

// stepOf is how many bytes to ask for at a time under some limits: few at a low
// rate, so that they flow instead of coming in bursts.
func stepOf(limits []*flow.Throttle) int64 {
	if len(limits) == 0 {
		return netproto.MaxPieceSize
	}
	step := int64(netproto.MaxDataBytes)
	for _, t := range limits {
		step = min(step, t.Frame())
	}
	return step
}

// Limited applies limits that were set or lowered to what is under way already.
func (a *Attempt) Limited() {
	a.mu.Lock()
	defer a.unlock()
	for l := range a.lanes.open {
		if len(l.limits()) == 0 {
			continue
		}
		for r := range l.requests {
			if r.asked == r.length && r.unanswered() > netproto.MaxDataBytes {
				l.takeBack(r, true)
			}
		}
	}
}
