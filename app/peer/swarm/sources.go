package swarm

import (
	"context"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

const (
	// maxSources and maxLanes bound what one attempt knows and uses; maxMaking
	// bounds the connections that are being made, most of them perhaps to
	// addresses that nobody uses any longer.
	maxSources = 200
	maxLanes   = 24
	maxMaking  = 24
	// With fewer than fewSources others are looked for sooner: everybody else may
	// just have begun, too.
	fewSources = 16
	// smallRest is what one connection to a source is enough for, in bytes.
	smallRest = 8 << 20
	// laneRate is the smallest share of a limit for which a lane pays, in bytes a
	// second: with less each, the sources would seem to be stuck.
	laneRate = 64 << 10
)

// source is a peer that has what an attempt wants. The attempt's lock guards it.
type source struct {
	netproto.Source
	lanes   int // at work, or being made
	made    int // at work
	retry   time.Time
	delay   time.Duration
	failure error
	got     int64 // bytes
	rate    flow.Meter
	heard   bool // only another peer named it, and it is not connected yet
	traded  bool // another peer, or itself, named it and not the tracker
	// unreached tells that the last attempt to connect failed.
	unreached bool
}

// fail puts the source aside for a while.
func (s *source) fail(err error, t *Timing) {
	s.failure = err
	s.delay = min(max(2*s.delay, t.MinSource), t.MaxSource)
	s.retry = time.Now().Add(s.delay)
}

// seek asks the trackers who has what the download wants. The answers are not
// waited for: what is known already goes on. The caller holds the lock.
func (a *Attempt) seek(ctx context.Context) {
	if a.seeking > 0 {
		return
	}
	trackers := a.swarms.config.Trackers()
	a.seeking = len(trackers)
	for _, t := range trackers {
		a.work.Go(func() { a.seekAt(ctx, t) })
	}
}

// seekAt asks one tracker.
func (a *Attempt) seekAt(ctx context.Context, t Tracker) {
	found, err := t.Sources(ctx, a.task.Hash)
	a.mu.Lock()
	defer a.unlock()
	a.seeking--
	a.sought = time.Now()
	if err != nil {
		a.swarms.config.Log.Debug("asking for sources", "hash", a.task.Hash, "tracker", t.Address(), "error", err)
		return
	}
	for _, src := range found {
		a.know(src)
	}
	a.Wake()
}

// know takes a source from the tracker, which may lie: the key must belong to the
// peer id. When the table is full, a failed source is evicted.
func (a *Attempt) know(src netproto.Source) {
	if src.PeerID == a.swarms.self || netproto.PeerIDOf(src.Key[:]) != src.PeerID {
		return
	}
	if known := a.sources[src.Key]; known != nil {
		known.Source, known.heard, known.traded = src.Merge(known.Source), false, false
		known.Addresses = known.Addresses[:min(len(known.Addresses), session.MaxAddresses)]
		return
	}
	if len(a.sources) >= maxSources && !a.forgetFailed() {
		return
	}
	a.sources[src.Key] = &source{Source: src}
}

func (a *Attempt) forgetFailed() bool {
	for key, s := range a.sources {
		if s.failure != nil && s.lanes == 0 && s.got == 0 {
			delete(a.sources, key)
			return true
		}
	}
	return false
}

// manage makes lanes where they are wanted, ends those that stall, and has every
// lane ask for what it can.
func (a *Attempt) manage(ctx context.Context) {
	a.mu.Lock()
	defer a.unlock()
	now := time.Now()
	stall := a.swarms.config.Timing.Stall
	a.climb.judge(a.task.Rate.Rate(), len(a.lanes), now)
	waiting := a.makeLanes(ctx, now)
	for l := range a.lanes {
		switch {
		case l.stalled(now, stall):
			a.sendAway(l, now)
			l.conn.Close(l.source.failure)
		case waiting && l.inflight == 0 && now.Sub(l.useful) > stall: // others may have more to give
			a.sendAway(l, now)
		default:
			l.wakePace()
			a.relieve(l, now)
			a.fill(l)
		}
	}
	for _, j := range a.active {
		a.doubt(j)
	}
}

// relieve takes from a lane that has become silent what others can give, except
// for one piece, with which its source shows that it is back.
func (a *Attempt) relieve(l *lane, now time.Time) {
	if l.unanswered == 0 || now.Sub(l.heard) <= a.swarms.config.Timing.Silent {
		return
	}
	l.slow = true
	oldest := uint64(1<<64 - 1)
	for r := range l.requests {
		oldest = min(oldest, r.number)
	}
	freed := false
	for r := range l.requests {
		if r.number != oldest && a.othersGive(r, now) {
			a.drop(r, true)
			freed = true
		}
	}
	if freed {
		a.kick()
	}
}

// othersGive tells whether another source, which is not silent, has the piece
// of a request.
func (a *Attempt) othersGive(r *request, now time.Time) bool {
	for l := range a.lanes {
		s := l.streams[r.stream.job]
		if l.source != r.lane.source && !l.slow && s != nil && s.have.Has(r.index) && r.stream.job.usable(s, now) {
			return true
		}
	}
	return false
}

// sendAway lets go of a lane that is of no use; its source waits for long.
func (a *Attempt) sendAway(l *lane, now time.Time) {
	t := &a.swarms.config.Timing
	l.source.fail(netproto.Errorf(netproto.CodePeerUnreachable, "it sends nothing"), t)
	l.source.retry = now.Add(t.MaxSource)
	a.detach(l)
}

// makeLanes makes what is missing, to sources that were not tried yet first. It
// tells whether a source waits because there are lanes enough.
func (a *Attempt) makeLanes(ctx context.Context, now time.Time) (waiting bool) {
	wanted, most := a.lanesPerSource(), a.mostLanes()
	for _, failed := range [...]bool{false, true} {
		for key, s := range a.sources {
			if (s.failure != nil) != failed || now.Before(s.retry) {
				continue
			}
			if a.swarms.config.Conns.Banned(key) {
				if s.lanes == 0 && s.got == 0 {
					delete(a.sources, key)
				}
				continue
			}
			for s.lanes < wanted {
				if len(a.lanes) >= most || a.making >= maxMaking {
					waiting = waiting || s.lanes == 0 && len(a.lanes) >= most
					break
				}
				at, index := s.Source, s.lanes
				s.lanes++
				a.making++
				a.work.Go(func() { a.runLane(ctx, s, at, index) })
			}
		}
	}
	return waiting
}

// lanesPerSource is how many connections to have to each source: several pay if
// there are few sources and much to fetch, and one more if a trial shows that.
func (a *Attempt) lanesPerSource() int {
	if a.rest() < smallRest || a.mostLanes() < maxLanes {
		return 1
	}
	alive := 0
	for _, s := range a.sources {
		if s.made > 0 || s.failure == nil {
			alive++
		}
	}
	lanes := 1
	switch alive {
	case 0, 1:
		lanes = 3
	case 2, 3:
		lanes = 2
	}
	return min(lanes+a.climb.extra, maxPerSource)
}

// climb finds out whether more connections to each source make it faster. They do
// if packets are lost or roads are long: then each connection by itself is slow,
// whatever the line could carry.
type climb struct {
	extra  int
	before int64     // bytes a second, when the last connection was added
	next   time.Time // when it is judged, or another one is tried
}

const (
	// maxPerSource leaves room on the other side for other downloads.
	maxPerSource = 4
	// climbEvery gives the rate, which is over five seconds, time to show it.
	climbEvery = 6 * time.Second
	// climbRest is for how long nothing is tried after a trial did not pay.
	climbRest = time.Minute
	// climbGain is by how much one more connection must make it faster.
	climbGain = 1.15
	// fastLane needs no other beside it, in bytes a second.
	fastLane = 8 << 20
)

// judge decides on one more or one less. It is called at each tick with the rate,
// in bytes a second, and the number of lanes.
func (c *climb) judge(rate int64, lanes int, now time.Time) {
	switch {
	case lanes == 0 || c.next.IsZero():
		c.before, c.next = 0, now.Add(climbEvery)
	case now.Before(c.next):
	case c.before > 0 && float64(rate) < climbGain*float64(c.before):
		c.extra--
		c.before, c.next = 0, now.Add(climbRest)
	case c.extra < maxPerSource-1 && rate < int64(lanes)*fastLane:
		c.extra++
		c.before, c.next = max(rate, 1), now.Add(climbEvery)
	default:
		c.before, c.next = 0, now.Add(climbEvery)
	}
}

// lower is the lower of two limits; 0 is none.
func lower(a, b int64) int64 {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

func (a *Attempt) mostLanes() int {
	if limit := lower(a.swarms.config.Traffic.Down.Limit(), a.task.Limit.Limit()); limit > 0 {
		return int(min(max(limit/laneRate, 1), maxLanes))
	}
	return maxLanes
}

// rest is the number of bytes that are missing; the caller holds the lock.
func (a *Attempt) rest() int64 {
	if a.total < 0 {
		return 0
	}
	return a.total - a.done - a.openBytes()
}
