// Package pace measures how fast bytes come over one connection, and says from that how
// many to ask for and when they will be here. It knows neither sockets nor pieces: what is
// asked for and what comes are numbers of bytes, and the caller says what time it is.
package pace

import (
	"sync/atomic"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/netproto"
)

const (
	// A window is minWindow at first, then what the rate and the delay need, at least two
	// pieces and at most maxWindow. ahead is what all connections of a download together ask
	// for beyond their delays: a kill costs what is on its way.
	minWindow = 1 << 20
	maxWindow = 32 << 20
	ahead     = 10 << 20
	// risingTime is how long a rate rises after the first bytes. What comes fast later on has
	// waited for something that was lost.
	risingTime = 5 * time.Second
	// While a connection rises, doubling times what has come is asked for, up to maxRising: what
	// is on its way, and what the source sends in the next two round trips. A connection that
	// runs out of bytes meanwhile cannot find out how fast its line is, and loses much later on.
	doubling  = 4
	maxRising = 8 << 20
	// lagging is how many times as fast a connection was before that waits for what was lost.
	lagging = 4
	// maxDelay is the longest delay that a window makes up for.
	maxDelay = time.Second / 2
	// FarAway is the delay from which one connection is slower than many lines: systems keep
	// a few megabytes for each at most, which is all that a round trip can carry. Radio links,
	// which are slow for other reasons, answer sooner.
	FarAway = 120 * time.Millisecond
	// handedOver is how many bytes a source may have given to its system for one connection,
	// in front of those that are on their way. They come, whatever is taken back.
	handedOver = 512 << 10
)

// Pace is that of one connection. The zero value is that of one with no delay, over which
// nothing ever came.
//
// It has no lock. The sums and what comes may change and be read at any time; whoever reads
// them sees them as they were a moment ago. A lock of the caller guards everything else, which
// [Pace.Start], [Pace.Begin], [Pace.Ask] and [Pace.Measure] change. The goroutine that calls
// Measure may call [Pace.Came] without it.
type Pace struct {
	inflight   atomic.Int64 // bytes of requests that were not received
	unanswered atomic.Int64 // those of them that the source was asked for

	heard  moment // when bytes came, or were asked for when none were owed
	useful moment // when bytes came
	sprint sprint
	rate   flow.Meter

	measured time.Time     // when the first bytes came
	delay    time.Duration // a round trip: of the handshake, or from the first request to its first byte
	busy     time.Time     // since when there have been requests, while there are
	asked    time.Time     // for the first time
}

// Start begins now, with the round trip of the handshake.
func (p *Pace) Start(trip time.Duration, now time.Time) {
	p.delay = min(trip, maxDelay)
	p.heard.set(now)
	p.useful.set(now)
}

// Begin counts a request of n bytes. The source need not know of it yet.
func (p *Pace) Begin(n int64, now time.Time) {
	if p.inflight.Load() == 0 {
		p.busy = now
		p.sprint.rest()
	}
	p.inflight.Add(n)
}

// Ask notes that the source is asked for n bytes of a request.
func (p *Pace) Ask(n int64, now time.Time) {
	if p.unanswered.Load() == 0 {
		p.heard.set(now)
	}
	if p.asked.IsZero() {
		p.asked = now
	}
	p.unanswered.Add(n)
}

// Count measures n bytes that came, of whatever request.
func (p *Pace) Count(n int) { p.rate.Add(n) }

// Answer takes n bytes that came out of the sums.
func (p *Pace) Answer(n int64) {
	p.inflight.Add(-n)
	p.unanswered.Add(-n)
}

// TakeBack takes n bytes out of what the source was asked for. The request still waits for
// them.
func (p *Pace) TakeBack(n int64) { p.unanswered.Add(-n) }

// End takes n bytes out of the sums that no request waits for any longer.
func (p *Pace) End(n int64) { p.inflight.Add(-n) }

// Came notes n bytes of a request that is still wanted. One goroutine calls it, for each
// frame.
func (p *Pace) Came(n int, now time.Time) {
	p.heard.set(now)
	p.useful.set(now)
	p.sprint.add(n, p.delay, now)
}

// Measure notes when the first byte came that anybody had asked for, and reports whether it
// did not know that. It comes before the first [Pace.Came].
func (p *Pace) Measure(first, now time.Time) bool {
	if p.Measured() {
		return false
	}
	p.measured = now
	if d := first.Sub(p.heard.get()); d > 0 { // not of what was dropped
		p.delay = min(p.delay, d)
	}
	return true
}

// Measured reports whether something has come.
func (p *Pace) Measured() bool { return !p.measured.IsZero() }

// Inflight is how many bytes of requests were not received.
func (p *Pace) Inflight() int64 { return p.inflight.Load() }

// Unanswered is how many of these the source was asked for.
func (p *Pace) Unanswered() int64 { return p.unanswered.Load() }

// Rate is the rate of about the last five seconds, in bytes a second.
func (p *Pace) Rate() int64 { return p.rate.Rate() }

// Delay is a round trip.
func (p *Pace) Delay() time.Duration { return p.delay }

// Silence is how long a source has sent nothing that owes bytes; 0 if it owes none.
func (p *Pace) Silence(now time.Time) time.Duration {
	if p.unanswered.Load() == 0 {
		return 0
	}
	return now.Sub(p.heard.get())
}

// Barren is how long nothing has come, owed or not.
func (p *Pace) Barren(now time.Time) time.Duration { return now.Sub(p.useful.get()) }

// Busy is how long there have been requests, if there are.
func (p *Pace) Busy(now time.Time) time.Duration { return now.Sub(p.busy) }

// Window is how many bytes may be on their way: what comes in two round trips, which keeps
// the line busy, and in half a second more, up to the share of ahead that falls to one of so
// many connections.
func (p *Pace) Window(pieceSize int64, connections int, now time.Time) int64 {
	least := 2 * pieceSize
	if !p.Measured() || now.Sub(p.measured) < time.Second {
		least = max(least, minWindow) // its rate is not known yet
	}
	rate := p.rate.Rate()
	rises := p.rises(now)
	if rises { // a rate of five seconds is late there
		rate = p.Now(now)
	}
	wanted := int64(float64(rate)*2*p.delay.Seconds()) + min(rate/2, ahead/int64(max(connections, 1)))
	if rises {
		wanted = max(wanted, min(minWindow+doubling*p.rate.Total(), maxRising))
	}
	return max(min(wanted, maxWindow), least)
}

// rises reports whether a connection from far away has not come far: what it gives doubles
// with each round trip.
func (p *Pace) rises(now time.Time) bool {
	return p.delay >= FarAway && (!p.Measured() || now.Sub(p.measured) < risingTime)
}

// Trip is how many bytes come in a round trip, at most those of a few pieces.
func (p *Pace) Trip() int64 {
	return min(int64(float64(p.rate.Rate())*p.delay.Seconds()), minWindow)
}

// ETA is how long all requests will take. A source that owes bytes and has been silent for
// longer than patience has to make up for that first.
func (p *Pace) ETA(patience time.Duration, now time.Time) time.Duration {
	inflight, rate := p.inflight.Load(), p.rate.Rate()
	if silent := p.Silence(now); silent > patience {
		return silent + flow.TimeFor(inflight, max(rate, 1))
	}
	if age := now.Sub(p.asked); rate == 0 && p.unanswered.Load() > 0 && age > time.Second { // a rate comes late
		rate = max(int64(float64(p.rate.Total())/age.Seconds()), 1)
	}
	return flow.TimeFor(inflight, rate)
}

// Lag is how long the first bytes of what was asked for will take: longer than at the rate
// if a small part of that comes now, since the connection waits for what was lost, or measures
// its line. TCP may need seconds then until it is as fast as the others to the same source; one
// of those has the rate other, in bytes a second, to compare with, as its own goes down
// meanwhile. It is 0 for one that has just begun, and for one from far away at its rate: its
// first bytes are under way before they could be taken back. For its last ones, see [Pace.Waits].
func (p *Pace) Lag(bytes, other int64, now time.Time) time.Duration {
	usual, rate := max(p.rate.Rate(), other), p.sprint.rate.Load()
	if bytes == 0 || usual == 0 || rate == 0 || !p.Measured() {
		return 0
	}
	came, from, ok := p.sprint.begun()
	if !ok {
		from = p.busy
	}
	least := max(2*p.delay, shortestSprint, 2*flow.TimeFor(netproto.MaxDataBytes, usual))
	if took := now.Sub(from); took >= least {
		rate = min(rate, int64(float64(came)/took.Seconds()))
	}
	if rate > usual/lagging {
		if p.delay >= FarAway {
			return 0
		}
		rate = usual
	}
	return flow.TimeFor(bytes, max(rate, 1))
}

// Waits is how long the last n bytes of what was asked for wait until it is their turn. It is 0
// if the first of them may be on their way, so that they would come although they were taken
// back; so it is near by, where all that was asked for may be in the buffers of two systems.
func (p *Pace) Waits(n int64, now time.Time) time.Duration {
	before := p.inflight.Load() - n
	if p.delay < FarAway || before < handedOver || !p.Measured() {
		return 0
	}
	if waits := flow.TimeFor(before, p.Now(now)); waits > 3*p.delay {
		return waits
	}
	return 0
}

// Now is the rate of about the last five seconds, or of the last round trip if that is higher,
// in bytes a second.
func (p *Pace) Now(now time.Time) int64 { return max(p.rate.Rate(), p.sprint.now(p.delay, now)) }
