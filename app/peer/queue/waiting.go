package queue

import (
	"context"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/swarm"
)

// A download that gets nothing for a while keeps running but leaves its place to the
// next one. If nobody online has anything for a download, it is parked while others
// wait: it does not run, and the trackers are asked about it now and then until there
// is a source.

// ranks of the priorities, the first first.
const ranks = 3

// rank orders downloads by priority, the first first; the caller holds the lock.
func (d *download) rank() int {
	switch d.record.Priority {
	case library.PriorityHigh:
		return 0
	case library.PriorityLow:
		return 2
	}
	return 1
}

// ready reports whether a download waits for its turn. on says that all downloads may
// run. The caller holds the lock.
func (d *download) ready(on bool) bool {
	return d.record.State == library.DownloadActive && d.cancel == nil && !d.parked && !d.fresh && !d.removed && !d.hasErrand() && (on || d.alone)
}

// retryDue reports whether a failed download has its turn again by then; the caller holds
// the lock.
func (d *download) retryDue(by time.Time) bool {
	r := &d.record
	return r.State == library.DownloadFailed && !r.Retry.IsZero() && !by.Before(r.Retry) && d.cancel == nil
}

// scoutDue reports whether the trackers are to be asked about a parked download by then;
// the caller holds the lock.
func (d *download) scoutDue(by time.Time) bool {
	return d.parked && d.cancel == nil && !by.Before(d.scoutAt)
}

// takesPlace reports whether a running download is one of those that fetch; the
// caller holds the lock.
func (d *download) takesPlace() bool {
	if d.errand { // it keeps its place for later
		return d.record.State == library.DownloadActive
	}
	return !d.idle && d.diskErr == nil
}

// unpark lets a parked download have its turn again; the caller holds the lock.
func (d *download) unpark() {
	d.parked, d.parkings = false, 0
}

// sample notes how fast a running download is, and tells whether it began or
// ceased to be idle. The caller holds the lock.
func (d *download) sample(now time.Time) bool {
	got := d.pace.rate.Total()
	d.pace.history.Add(now, got)
	fetching := d.attempt != nil && d.attempt.Sample(now) == swarm.Fetching && !d.errand && d.diskErr == nil
	if got != d.gotBefore || !fetching {
		d.gotBefore, d.fed = got, now
	}
	if fetching && got != 0 && d.fed.Equal(now) {
		d.parkings = 0
	}
	before := d.idle
	d.idle = now.Sub(d.fed) > d.config.Timing.Idle
	return d.idle != before
}

// sourceless reports whether a running download knows no source, or was let down by
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
	t := &d.config.Timing
	wait := t.Scout
	if _, known := d.attempt.Sourceless(); known {
		wait = min(wait<<min(d.parkings, 20), t.MaxScout)
		d.parkings++
	}
	d.parked, d.scoutAt = true, now.Add(wait)
	d.attempt.ForgetSources()
	d.cancel()
}

// scout asks the trackers for a source of a parked download.
func (d *download) scout(ctx context.Context) {
	found, err := d.config.Sources(ctx, d.record.Hash)
	if err != nil || len(found) == 0 {
		return
	}
	d.mu.Lock()
	d.parked = false
	d.mu.Unlock()
	d.schedule()
}
