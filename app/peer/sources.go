package peer

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

const (
	// maxSources and maxLinks bound what one download knows and uses; maxMaking
	// bounds the connections that are being made, most of them perhaps to
	// addresses where nobody is any more.
	maxSources = 200
	maxLinks   = 24
	maxMaking  = 24
	// With fewSources others are looked for sooner: everybody else may just have
	// begun, too.
	fewSources = 16
	// smallRest is what one connection to a source is enough for, in bytes.
	smallRest = 8 << 20
	// linkRate is the least share of a limit for which a link pays, in bytes a
	// second: with less each the sources would seem to be stuck.
	linkRate = 64 << 10
)

// source is a peer that has what a download wants. Guarded by the download's lock.
type source struct {
	netproto.Source
	links   int // at work, or being made
	made    int // at work
	retry   time.Time
	delay   time.Duration
	failure error
	got     int64 // bytes
	rate    meter
	heard   bool // from another peer only, and not connected yet
	traded  bool // it was another peer, or itself, that told of it, and not the tracker
	// unreached tells that the last attempt to connect failed.
	unreached bool
}

// fail puts the source aside for a while.
func (s *source) fail(err error, t *timing) {
	s.failure = err
	s.delay = min(max(2*s.delay, t.minSource), t.maxSource)
	s.retry = time.Now().Add(s.delay)
}

// seek asks the trackers who has what the download wants. The answers are not
// waited for: what is known already goes on. The caller holds the lock.
func (d *download) seek(ctx context.Context) {
	if d.seeking > 0 {
		return
	}
	trackers := d.engine.Trackers()
	d.seeking = len(trackers)
	for _, t := range trackers {
		d.work.Go(func() { d.seekAt(ctx, t) })
	}
}

// seekAt asks one tracker.
func (d *download) seekAt(ctx context.Context, t Tracker) {
	found, err := t.Sources(ctx, d.record.Hash)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seeking--
	d.sought = time.Now()
	if err != nil {
		d.engine.log.Debug("asking for sources", "hash", d.record.Hash, "tracker", t.Address(), "error", err)
		return
	}
	for _, src := range found {
		d.know(src)
	}
	d.wake()
}

// know takes a source from the tracker, which may lie: the key must be that of
// the peer id, and one more than there is room for takes the place of one that
// failed.
func (d *download) know(src netproto.Source) {
	if src.PeerID == d.engine.identity.PeerID() || netproto.PeerIDOf(src.Key[:]) != src.PeerID {
		return
	}
	if known := d.sources[src.Key]; known != nil {
		known.Source, known.heard, known.traded = mergeSource(src, known.Source), false, false
		known.Addresses = known.Addresses[:min(len(known.Addresses), maxAddresses)]
		return
	}
	if len(d.sources) >= maxSources && !d.forgetFailed() {
		return
	}
	d.sources[src.Key] = &source{Source: src}
}

func (d *download) forgetFailed() bool {
	for key, s := range d.sources {
		if s.failure != nil && s.links == 0 && s.got == 0 {
			delete(d.sources, key)
			return true
		}
	}
	return false
}

// manage makes links where they are wanted, ends those that stall, and gives
// every link what it can do.
func (d *download) manage(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	stall := d.engine.timing.stall
	d.climb.judge(d.rate.rate(), len(d.links), now)
	waiting := d.makeLinks(ctx, now)
	for l := range d.links {
		switch {
		case l.stalled(now, stall):
			d.sendAway(l, now)
			l.conn.close(l.source.failure)
		case waiting && l.inflight == 0 && now.Sub(l.useful) > stall: // others may have more to give
			d.sendAway(l, now)
		default:
			d.relieve(l, now)
			d.fill(l)
		}
	}
	for _, j := range d.active {
		d.doubt(j)
	}
}

// relieve takes from a link that has become silent what others can give, but
// for one piece, with which its source shows that it is back.
func (d *download) relieve(l *link, now time.Time) {
	if l.held.Load() || l.inflight == 0 || now.Sub(l.heard) <= d.engine.timing.silent {
		return
	}
	l.slow = true
	oldest := uint32(1<<32 - 1)
	for r := range l.requests {
		oldest = min(oldest, r.id)
	}
	freed := false
	for r := range l.requests {
		if r.id != oldest && d.othersGive(r, now) {
			d.drop(r, true)
			freed = true
		}
	}
	if freed {
		d.kick()
	}
}

// othersGive tells whether another source, which is not silent, has the piece
// of a request.
func (d *download) othersGive(r *request, now time.Time) bool {
	for l := range d.links {
		s := l.streams[r.stream.job]
		if l.source != r.link.source && !l.slow && s != nil && s.have.Has(r.index) && r.stream.job.usable(s, now) {
			return true
		}
	}
	return false
}

// sendAway lets go of a link that is of no use; its source waits for long.
func (d *download) sendAway(l *link, now time.Time) {
	t := &d.engine.timing
	l.source.fail(netproto.Errorf(netproto.CodePeerUnreachable, "it sends nothing"), t)
	l.source.retry = now.Add(t.maxSource)
	d.detach(l)
}

// makeLinks makes what is missing, to sources that were not tried yet first.
// It tells whether a source waits because there are links enough.
func (d *download) makeLinks(ctx context.Context, now time.Time) (waiting bool) {
	wanted, most := d.linksPerSource(), d.mostLinks()
	for _, failed := range [...]bool{false, true} {
		for key, s := range d.sources {
			if (s.failure != nil) != failed || now.Before(s.retry) {
				continue
			}
			if d.engine.conns.isBanned(key) {
				if s.links == 0 && s.got == 0 {
					delete(d.sources, key)
				}
				continue
			}
			for s.links < wanted {
				if len(d.links) >= most || d.making >= maxMaking {
					waiting = waiting || s.links == 0 && len(d.links) >= most
					break
				}
				at, index := s.Source, s.links
				s.links++
				d.making++
				d.work.Go(func() { d.runLink(ctx, s, at, index) })
			}
		}
	}
	return waiting
}

// linksPerSource: several connections pay where there are few sources and
// much to fetch, and one more where a trial shows that it does.
func (d *download) linksPerSource() int {
	if d.rest() < smallRest || d.mostLinks() < maxLinks {
		return 1
	}
	alive := 0
	for _, s := range d.sources {
		if s.made > 0 || s.failure == nil {
			alive++
		}
	}
	links := 1
	switch alive {
	case 0, 1:
		links = 3
	case 2, 3:
		links = 2
	}
	return min(links+d.climb.extra, maxPerSource)
}

// climb finds out whether more connections to each source make a download
// faster. They do where packets are lost or roads are long: there each
// connection by itself is slow, whatever the line could carry.
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
	// climbRest is how long nothing is tried after it did not pay.
	climbRest = time.Minute
	// climbGain is by how much a connection more must make it faster.
	climbGain = 1.15
	// fastLink needs no other beside it, in bytes a second.
	fastLink = 8 << 20
)

// judge is called again and again with the rate of a download, over so many links.
func (c *climb) judge(rate int64, links int, now time.Time) {
	switch {
	case links == 0 || c.next.IsZero():
		c.before, c.next = 0, now.Add(climbEvery)
	case now.Before(c.next):
	case c.before > 0 && float64(rate) < climbGain*float64(c.before):
		c.extra--
		c.before, c.next = 0, now.Add(climbRest)
	case c.extra < maxPerSource-1 && rate < int64(links)*fastLink:
		c.extra++
		c.before, c.next = max(rate, 1), now.Add(climbEvery)
	default:
		c.before, c.next = 0, now.Add(climbEvery)
	}
}

func (d *download) mostLinks() int {
	if limit := lower(d.engine.down.limit(), d.limit.limit()); limit > 0 {
		return int(min(max(limit/linkRate, 1), maxLinks))
	}
	return maxLinks
}

// rest is the number of bytes that are missing; the caller holds the lock.
func (d *download) rest() int64 {
	if d.total < 0 {
		return 0
	}
	return d.total - d.done - d.openBytes()
}
