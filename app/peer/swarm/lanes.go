package swarm

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/swarm/pace"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
)

// How many lanes an attempt has, to which sources, and for how long.

const (
	// maxLanes bounds the lanes of one attempt; maxMaking bounds the connections
	// that are being made, most of them perhaps to addresses that nobody uses any
	// longer.
	maxLanes  = 24
	maxMaking = 24
	// maxPerSource is for a source far away, and over lines that lose packets. Eight
	// connections fill 300 Mbit/s over 180 ms, even when some of them wait for what was lost.
	// Browsers have six to a web server.
	maxPerSource = 8
	// smallRest is what one connection to a source is enough for, in bytes.
	smallRest = 8 << 20
	// laneRate is the smallest share of a limit that is worth a lane, in bytes a
	// second: with less each, the sources would seem to be stuck.
	laneRate = 64 << 10
	// trickle is what no source is slow enough to give unless it means to keep its
	// place, in bytes a second.
	trickle = 1 << 10
	// unanswered is when a source that has not answered yet is taken for one far away. Those
	// that answer later and are none lose a few connections that were hardly begun.
	unanswered = pace.FarAway / 3
	// maxUnlikely bounds the connections that are being made to sources which are
	// probably behind a router that lets nothing in.
	maxUnlikely = maxMaking / 4
)

// manage makes lanes where they are wanted, ends those that stall, and has every
// lane ask for what it can.
func (ls *lanes) manage(ctx context.Context) {
	a := ls.attempt
	a.mu.Lock()
	defer a.unlock()
	now := time.Now()
	stall := a.swarms.config.Timing.Stall
	ls.spare = ls.sparesRelays()
	for l := range ls.open {
		l.leave()
	}
	ls.climb.Judge(a.task.Rate.Rate(), len(ls.open), maxPerSource-1, now)
	waiting := ls.dial(ctx, now)
	for l := range ls.open {
		if l.stalled(now, stall) {
			l.sendAway(now)
			l.conn.Close(l.source.Failure())
			continue
		}
		l.wakePace()
		l.relieve(now)
		l.fill()
		if waiting > 0 && l.useless(now) { // others may have more to give
			l.sendAway(now)
			waiting--
		}
	}
	for _, j := range a.active {
		j.askAgain()
	}
}

// dial makes the missing lanes, first to sources that did not fail before. It
// returns how many sources wait because there are enough lanes.
func (ls *lanes) dial(ctx context.Context, now time.Time) (waiting int) {
	a := ls.attempt
	near, far := ls.perSource()
	most := ls.most()
	for _, s := range a.sources.InOrder() {
		if !s.Due(now) || !s.Reached() && !a.swarms.config.Conns.Dials.Open(session.Named{Trackers: s.NamedBy(), Content: a.task.Hash}, now) {
			continue
		}
		if a.swarms.config.Conns.Banned(s.Key) {
			a.sources.Ban(s)
			continue
		}
		wanted := near
		if ls.far(s) {
			wanted = far
		}
		for s.Lanes() < wanted && s.MayHaveMore() {
			if len(ls.open) >= most || ls.making >= maxMaking || s.Unlikely() && ls.unlikely >= maxUnlikely {
				if s.Lanes() == 0 && len(ls.open) >= most {
					waiting++
				}
				break
			}
			to := session.Target{Source: s.Source, Hash: a.task.Hash, Trackers: s.Trackers(), NamedBy: s.NamedBy(), NoRelay: ls.spare}
			index := s.Reserve()
			ls.making++
			unlikely := 0
			if s.Unlikely() {
				unlikely = 1
			}
			ls.unlikely += unlikely
			within := ctx
			switch {
			case index == 0:
				to.Trip = a.sights(ctx, s)
			case s.Made() > 0: // and while nothing is left of those, the first is what counts
				within = s.Beside()
			default:
				if to.Beside = true; index >= near {
					within = s.Distant()
				}
			}
			a.work.Go(func() { ls.connect(ctx, within, s, to, index, unlikely) })
		}
	}
	return waiting
}

// sights finds out how far away a source is while the first connection to it is still being
// made: others then need not wait for that. It returns what learns how long the first address
// took to answer. One that a tracker could connect to is taken to be far away while none does.
// Once the attempt is over, the source belongs to the next one.
func (a *Attempt) sights(ctx context.Context, s *sources.Source) (trip func(time.Duration)) {
	answered := false
	sighted := func(away bool) {
		s.Sighted(ctx, away)
		if away {
			a.Wake()
		}
	}
	if s.Reach == netproto.ReachableYes {
		time.AfterFunc(unanswered, func() {
			a.mu.Lock()
			defer a.unlock()
			if !a.over && !answered && s.Lanes() > 0 && s.Made() == 0 {
				sighted(true)
			}
		})
	}
	return func(trip time.Duration) {
		a.mu.Lock()
		defer a.unlock()
		if !a.over && !answered {
			answered = true
			sighted(trip >= pace.FarAway)
		}
	}
}

// sparesRelays reports whether other sources are enough: two at least, which give as
// much as the limits let through.
func (ls *lanes) sparesRelays() bool {
	a := ls.attempt
	direct := map[*sources.Source]struct{}{}
	var rate int64
	for l := range ls.open {
		if l.conn.Way != session.WayRelayed {
			direct[l.source] = struct{}{}
			rate += l.pace.Rate()
		}
	}
	if len(direct) < 2 {
		return false
	}
	return slices.ContainsFunc(a.swarms.config.Traffic.DownFrom(false, a.task.Limit), func(limit *flow.Throttle) bool {
		return float64(rate) >= nearLimit*float64(limit.Limit())
	})
}

// connect fetches over the source's index-th connection, which it makes if there are
// fewer, until the attempt or the connection ends. It gives up making one when within ends.
func (ls *lanes) connect(ctx, within context.Context, s *sources.Source, to session.Target, index, unlikely int) {
	a := ls.attempt
	begun := time.Now()
	c, err := a.swarms.config.Connect(within, to, index)
	a.mu.Lock()
	ls.making--
	ls.unlikely -= unlikely
	if err != nil || ctx.Err() != nil {
		switch {
		case err == nil || within.Err() != nil:
			s.Release()
			a.Wake() // for the first one
		case oserror.Scarce(err) || errors.Is(err, session.ErrBudget): // here, which is not the fault of the source
			s.Release()
			s.Rest(time.Now().Add(a.swarms.config.Timing.MinSource))
		case index > 0 || s.Made() > 0:
			s.Refused()
		default:
			a.sources.Unreached(s, err, a.swarms.config.Timing.backoff(), time.Now())
		}
		a.unlock()
		return
	}
	if len(ls.open) >= ls.most() || ls.uses(c) {
		s.Release()
		a.unlock()
		return
	}
	now := time.Now()
	l := &lane{attempt: a, source: s, conn: c, reader: c.Reader.(*reader), begun: begun, wake: make(chan struct{}, 1),
		streams: map[*job]*stream{}, requests: map[*request]struct{}{}}
	l.pace.Start(cmp.Or(min(c.Trip, ls.distance(s)), c.Trip), now)
	l.ctx, l.end = context.WithCancel(ctx)
	ls.open[l] = struct{}{}
	s.Connected(ctx, c.Way)
	l.fill()
	a.Wake() // for further connections to it
	a.unlock()
	a.swarms.config.Log.Debug("a source is connected", "way", c.Way, "ms", now.Sub(begun).Milliseconds())
	a.swarms.config.Notify()
	a.Wake()
	l.run()
}

// uses reports whether a connection has a lane already. The caller holds the lock.
func (ls *lanes) uses(c *session.Conn) bool {
	for l := range ls.open {
		if l.conn == c {
			return true
		}
	}
	return false
}

// run asks for what the limits let through, until the lane ends.
func (l *lane) run() {
	for {
		select {
		case <-l.wake:
			l.runPace()
			continue
		case <-l.conn.Ended(): // it may have ended before the first stream was opened
			l.lost(errors.New("the connection ended"))
		case <-l.ctx.Done():
			l.attempt.mu.Lock()
			l.detach()
			l.attempt.unlock()
		}
		return
	}
}

// relieve takes from a silent lane the pieces that other sources can give, except
// for one, with which its source shows that it is back.
func (l *lane) relieve(now time.Time) {
	a := l.attempt
	if l.pace.Silence(now) <= a.swarms.config.Timing.Silent {
		return
	}
	l.slow = true
	l.steady.Store(false)
	oldest := uint64(1<<64 - 1)
	for r := range l.requests {
		oldest = min(oldest, r.number)
	}
	freed := false
	for r := range l.requests {
		if r.number != oldest && r.othersGive(now) {
			r.drop(true)
			freed = true
		}
	}
	if freed {
		a.lanes.kick()
	}
}

// useless reports whether a lane gives so little that another source should have its
// place: nothing for a while, or hardly anything, or little for long.
func (l *lane) useless(now time.Time) bool {
	t := &l.attempt.swarms.config.Timing
	if l.pace.Inflight() == 0 {
		idle := l.pace.Barren(now)
		return idle > t.Stall || idle > 2*t.Silent && !l.couldGive(now)
	}
	if l.pace.Silence(now) > 2*t.Silent {
		return true
	}
	if len(l.limits()) > 0 { // this side may be what is slow
		return false
	}
	rate, age := l.pace.Rate(), l.pace.Busy(now)
	return age > 2*t.Silent && rate < trickle || age > t.Stall && rate < laneRate
}

// couldGive reports whether the lane's source has something that this attempt lacks, and
// would give it: that it is not asked for it is not its fault.
func (l *lane) couldGive(now time.Time) bool {
	for j, s := range l.streams {
		if !s.usable(now) || s.place > 0 || s.refused {
			continue
		}
		if j.picker.Helps(s.have) {
			return true
		}
	}
	return false
}

// sendAway lets go of a useless lane, and rests its source for Timing.MaxSource.
func (l *lane) sendAway(now time.Time) {
	t := &l.attempt.swarms.config.Timing
	l.source.Fail(netproto.Errorf(netproto.CodePeerUnreachable, "it sends nothing"), t.backoff(), now)
	l.source.Rest(now.Add(t.MaxSource))
	l.detach()
}

// far reports whether bytes of a source come from far away. The caller holds the lock.
func (ls *lanes) far(s *sources.Source) bool {
	if s.Made() == 0 {
		return s.Away()
	}
	return ls.distance(s) >= pace.FarAway
}

// distance is the delay of a source's fastest lane, 0 if it has none: others may have waited
// behind its bytes when they were made. The caller holds the lock.
func (ls *lanes) distance(s *sources.Source) (least time.Duration) {
	for l := range ls.open {
		if l.source == s && (least == 0 || l.pace.Delay() < least) {
			least = l.pace.Delay()
		}
	}
	return least
}

// perSource is how many connections to have to each source, near or far: several pay if
// there are few sources and much to fetch, and more do if trials show that. Sources far
// away share the places that the others leave, if there are several for each.
func (ls *lanes) perSource() (near, far int) {
	a := ls.attempt
	if ls.rest() < smallRest || ls.most() < maxLanes {
		return 1, 1
	}
	alive, away := 0, 0
	for s := range a.sources.All() {
		if s.Made() > 0 || s.Failure() == nil {
			alive++
		}
		if ls.far(s) {
			away++
		}
	}
	near = 1
	switch alive {
	case 0, 1:
		near = 3
	case 2, 3:
		near = 2
	}
	near = min(near+ls.climb.Extra(), maxPerSource)
	places := (maxLanes - (alive-away)*near) / max(away, 1)
	return near, max(near, min(places, maxPerSource))
}

// most is how many lanes the limits are worth.
func (ls *lanes) most() int {
	most := int64(maxLanes)
	for _, limit := range ls.attempt.swarms.config.Traffic.DownFrom(false, ls.attempt.task.Limit) {
		most = min(most, max(limit.Limit()/laneRate, 1))
	}
	return int(most)
}

// rest is the number of missing bytes. The caller holds the lock.
func (ls *lanes) rest() int64 {
	a := ls.attempt
	if a.total < 0 {
		return max(a.task.Size, 0) // as whoever named it says
	}
	return a.total - a.done - a.openBytes()
}

// openBytes is the number of verified bytes of unfinished contents. The caller holds
// the lock.
func (a *Attempt) openBytes() int64 {
	var n int64
	for _, j := range a.active {
		if j.ready() {
			n += j.part.VerifiedBytes()
		}
	}
	return n
}
