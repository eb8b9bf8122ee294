package queue

import (
	"context"
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/swarm"
)

// Which downloads fetch and which wait. One that gets no byte for a while keeps
// running, but leaves its place to the next one. One for which nobody online has
// anything is parked while others wait: it does not run, and the trackers are asked
// about it now and then until there is a source.

const (
	// maxIdle bounds how many downloads run beyond the number that the person
	// chose, because they get nothing: each has sockets and buffers.
	maxIdle = 16
	// scouts bounds how many parked downloads the trackers are asked about at each
	// tick.
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
	return !d.idle && d.diskErr == nil
}

// unpark lets a download have its turn again; the caller holds the lock.
func (d *download) unpark() {
	d.parked, d.parkings = false, 0
}

// Run looks after the downloads until ctx ends.
func (q *Queue) Run(ctx context.Context) error {
	tick := time.NewTicker(q.config.Timing.Tick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			q.look(ctx, now)
		}
	}
}

// look finds out which downloads are idle, which failed and may be tried again, and
// for which there are sources.
func (q *Queue) look(ctx context.Context, now time.Time) {
	joined := q.config.Joined()
	q.mu.Lock()
	changed := q.retry(now)
	var sourceless []*download
	for d := range q.running {
		d.mu.Lock()
		changed = d.sample(now) || changed
		if joined && d.sourceless() {
			sourceless = append(sourceless, d)
		}
		d.mu.Unlock()
	}
	if len(sourceless) > 0 && q.crowded() {
		for _, d := range sourceless {
			d.mu.Lock()
			d.park(now)
			d.mu.Unlock()
		}
	}
	var due []*download
	if joined {
		due = q.toScout(now)
	}
	q.mu.Unlock()
	for _, d := range due {
		q.mu.Lock()
		q.begin(func() { q.scout(ctx, d) })
		q.mu.Unlock()
	}
	if changed {
		q.schedule()
	}
}

// retry gives failed downloads whose time has come their turn; the caller holds the
// lock.
func (q *Queue) retry(now time.Time) (any bool) {
	for _, d := range q.list {
		d.mu.Lock()
		if r := &d.record; r.State == library.DownloadFailed && !r.Retry.IsZero() && !now.Before(r.Retry) && d.cancel == nil {
			r.State, r.Retry, r.Code, r.Reason, any = library.DownloadActive, time.Time{}, "", "", true
		}
		d.mu.Unlock()
	}
	return any
}

// crowded tells whether a download waits for a place; the caller holds the lock.
func (q *Queue) crowded() bool {
	if q.taken() < q.limit && len(q.running) < q.limit+maxIdle {
		return false
	}
	for _, d := range q.list {
		d.mu.Lock()
		ready := d.ready(q.on)
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
	got := d.rate.Total()
	d.history.Add(now, got)
	fetching := d.attempt != nil && d.attempt.Sample(now) == swarm.Fetching && !d.errand && d.diskErr == nil
	if got != d.gotBefore || !fetching {
		d.gotBefore, d.fed = got, now
	}
	if fetching && got != 0 && d.fed.Equal(now) {
		d.parkings = 0
	}
	before := d.idle
	d.idle = now.Sub(d.fed) > d.queue.config.Timing.Idle
	return d.idle != before
}

// sourceless tells whether a running download knows no source, or was let down by
// all; the caller holds the lock.
func (d *download) sourceless() bool {
	if d.errand || d.diskErr != nil || d.attempt == nil {
		return false
	}
	sourceless, known := d.attempt.Sourceless()
	return sourceless && (!known || d.idle)
}

// park ends the run of a download that has no source. Each time that a source
// turned out to be none, the trackers are asked about it later. The caller holds the
// lock.
func (d *download) park(now time.Time) {
	t := &d.queue.config.Timing
	wait := t.Scout
	if _, known := d.attempt.Sourceless(); known {
		wait = min(wait<<min(d.parkings, 20), t.MaxScout)
		d.parkings++
	}
	d.parked, d.scoutAt = true, now.Add(wait)
	d.attempt.ForgetSources()
	d.cancel()
}

// toScout are parked downloads about which to ask the trackers, those that wait
// longest first; the caller holds the lock.
func (q *Queue) toScout(now time.Time) []*download {
	var due []*download
	for _, d := range q.list {
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
		d.scoutAt = now.Add(d.queue.config.Timing.Scout)
		d.mu.Unlock()
	}
	return due
}

// scout asks the trackers whether there is a source for a parked download.
func (q *Queue) scout(ctx context.Context, d *download) {
	found, err := q.config.Sources(ctx, d.record.Hash)
	if err != nil || len(found) == 0 {
		return
	}
	d.mu.Lock()
	d.parked = false
	d.mu.Unlock()
	q.schedule()
}
