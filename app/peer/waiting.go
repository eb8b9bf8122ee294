package peer

import (
	"context"
	"slices"
	"time"

	"centralizedp2p/app/library"
)

// Who fetches and who waits. A download that gets no byte for a while keeps
// running, but leaves its place to the next one. One for which nobody online
// has anything is parked while others wait: it does not run, and the tracker is
// asked for it now and then until there is a source.

const (
	// maxIdle bounds how many downloads run beyond the number that the person
	// chose, because they get nothing: each has sockets and buffers.
	maxIdle = 16
	// scouts bounds how many parked downloads the tracker is asked about each time that the queue is looked after.
	scouts = 2
)

// ranks of the priorities, the first first.
const ranks = 3

// rank says which downloads are first; the caller holds the lock.
func (d *download) rank() int {
	switch d.record.Priority {
	case library.PriorityHigh:
		return 0
	case library.PriorityLow:
		return 2
	}
	return 1
}

// ready tells whether a download waits for its turn; on: all of them may run.
// The caller holds the lock.
func (d *download) ready(on bool) bool {
	return d.record.State == library.DownloadActive && d.cancel == nil && !d.parked && !d.removed && !d.hasErrand() && (on || d.alone)
}

// takesPlace tells whether a running download is one of those that fetch; the
// caller holds the lock.
func (d *download) takesPlace() bool {
	if d.errand { // it goes on fetching where it was
		return d.record.State == library.DownloadActive
	}
	return !d.idle && d.phase != phaseDisk
}

// unpark lets a download have its turn again; the caller holds the lock.
func (d *download) unpark() {
	d.parked, d.parkings = false, 0
}

// keep looks after the downloads until ctx ends.
func (ds *downloads) keep(ctx context.Context) error {
	defer ds.asking.Wait()
	tick := time.NewTicker(ds.engine.timing.tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			ds.look(ctx, now)
		}
	}
}

// look finds out who is idle, who failed and may be tried again, and whom there
// are sources for.
func (ds *downloads) look(ctx context.Context, now time.Time) {
	known := ds.engine.joinedAny()
	ds.mu.Lock()
	changed := ds.retry(now)
	var sourceless []*download
	for d := range ds.running {
		d.mu.Lock()
		changed = d.sample(now) || changed
		if known && d.sourceless(now) {
			sourceless = append(sourceless, d)
		}
		d.mu.Unlock()
	}
	if len(sourceless) > 0 && ds.crowded() {
		for _, d := range sourceless {
			d.mu.Lock()
			d.park(now)
			d.mu.Unlock()
		}
	}
	var due []*download
	if known {
		due = ds.toScout(now)
	}
	ds.mu.Unlock()
	for _, d := range due {
		ds.asking.Go(func() { ds.scout(ctx, d) })
	}
	if changed {
		ds.schedule()
	}
}

// retry lets failed downloads whose time has come have their turn; the caller
// holds the lock.
func (ds *downloads) retry(now time.Time) (any bool) {
	for _, d := range ds.list {
		d.mu.Lock()
		if r := &d.record; r.State == library.DownloadFailed && !r.Retry.IsZero() && !now.Before(r.Retry) && d.cancel == nil {
			r.State, r.Retry, r.Code, r.Reason, any = library.DownloadActive, time.Time{}, "", "", true
		}
		d.mu.Unlock()
	}
	return any
}

// crowded tells whether a download waits for a place; the caller holds the lock.
func (ds *downloads) crowded() bool {
	if ds.taken() < ds.limit && len(ds.running) < ds.limit+maxIdle {
		return false
	}
	for _, d := range ds.list {
		d.mu.Lock()
		ready := d.ready(ds.on)
		d.mu.Unlock()
		if ready {
			return true
		}
	}
	return false
}

// sample notes how fast a running download is, and tells whether it began or
// ceased to be idle. The caller holds the lock.
func (d *download) sample(now time.Time) bool {
	got := d.rate.total()
	d.history.add(now, got)
	busy := d.diskBusy.Swap(0)
	d.diskShare = float64(busy) / float64(max(now.Sub(d.sampled)*time.Duration(max(len(d.links), 1)), 1))
	d.sampled = now
	if got != d.gotBefore || d.phase != phaseFetching {
		d.gotBefore, d.fed = got, now
	}
	if d.phase == phaseFetching && got != 0 && d.fed.Equal(now) {
		d.parkings = 0
	}
	before := d.idle
	d.idle = now.Sub(d.fed) > d.engine.timing.idle
	return d.idle != before
}

// sourceless tells whether a running download knows nobody who has anything for
// it, or was let down by all; the caller holds the lock.
func (d *download) sourceless(now time.Time) bool {
	if d.errand || d.phase != phaseFetching || len(d.links) > 0 || d.making > 0 || d.seeking > 0 || d.sought.IsZero() {
		return false
	}
	return len(d.sources) == 0 || d.idle
}

// park ends the run of a download that has no source. Each time that a source
// turned out to be none, it is asked about later. The caller holds the lock.
func (d *download) park(now time.Time) {
	t := &d.engine.timing
	wait := t.scout
	if len(d.sources) > 0 {
		wait = min(wait<<min(d.parkings, 20), t.maxScout)
		d.parkings++
	}
	d.parked, d.scoutAt = true, now.Add(wait)
	clear(d.sources)
	d.cancel()
}

// toScout are parked downloads that the tracker is to be asked about, those
// that wait longest first; the caller holds the lock.
func (ds *downloads) toScout(now time.Time) []*download {
	var due []*download
	for _, d := range ds.list {
		d.mu.Lock()
		if d.parked && d.cancel == nil && !now.Before(d.scoutAt) {
			due = append(due, d)
		}
		d.mu.Unlock()
	}
	// Only this goroutine writes the time.
	slices.SortFunc(due, func(a, b *download) int { return a.scoutAt.Compare(b.scoutAt) })
	due = due[:min(len(due), scouts)]
	for _, d := range due {
		d.mu.Lock()
		d.scoutAt = now.Add(d.engine.timing.scout)
		d.mu.Unlock()
	}
	return due
}

// scout asks the trackers whether there is a source for a parked download.
func (ds *downloads) scout(ctx context.Context, d *download) {
	found, err := ds.engine.Trackers().Sources(ctx, d.record.Hash)
	if err != nil {
		return
	}
	self := ds.engine.identity.PeerID()
	for _, s := range found {
		if s.PeerID == self {
			continue
		}
		d.mu.Lock()
		d.parked = false
		d.mu.Unlock()
		ds.schedule()
		return
	}
}
