package queue

import (
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/swarm"
)

// maxIdle bounds how many downloads run beyond the number that the person chose,
// because they get nothing: each has sockets and buffers.
const maxIdle = 16

// scouts bounds how many parked downloads the trackers are asked about at each
// tick.
const scouts = 2

// turns decides which downloads run. [Queue.mu] guards it, as it does the list: the
// caller of its methods holds that lock.
type turns struct {
	list    *list
	running map[*download]struct{}
	limit   int  // downloads that fetch at once
	on      bool // all downloads run as their turn comes
}

// each calls do with every attempt that fetches now.
func (t *turns) each(do func(*swarm.Attempt)) {
	for d := range t.running {
		if a := d.atWork(); a != nil {
			do(a)
		}
	}
}

// taken returns the number of places in use.
func (t *turns) taken() int {
	n := 0
	for d := range t.running {
		d.mu.Lock()
		if d.takesPlace() {
			n++
		}
		d.mu.Unlock()
	}
	return n
}

// next returns the downloads whose turn to fetch it is. Those that get nothing for a
// while leave their place to others and go on looking for something; but they need
// sockets and memory too.
func (t *turns) next() []*download {
	n := min(t.limit-t.taken(), t.limit+maxIdle-len(t.running))
	if n <= 0 {
		return nil
	}
	var byRank [ranks][]*download
	for _, d := range t.list.ordered {
		d.mu.Lock()
		rank, ready := d.rank(), d.ready(t.on)
		d.mu.Unlock()
		if ready && len(byRank[rank]) < n {
			byRank[rank] = append(byRank[rank], d)
		}
		if len(byRank[0]) == n {
			break
		}
	}
	all := slices.Concat(byRank[:]...)
	return all[:min(n, len(all))]
}

// nextErrand returns the download whose errand is next; nil while one is under way,
// because two would share one disk.
func (t *turns) nextErrand() *download {
	for d := range t.running {
		d.mu.Lock()
		busy := d.errand
		d.mu.Unlock()
		if busy {
			return nil
		}
	}
	var first *download
	for d := range t.list.errands {
		d.mu.Lock()
		ready := d.cancel == nil && d.hasErrand() && !d.fresh && !d.removed && (t.on || d.alone)
		d.mu.Unlock()
		if ready && (first == nil || d.order() < first.order()) {
			first = d
		}
	}
	return first
}

// look samples the running downloads and parks those without a source if others
// wait. It reports whether a turn may have changed, and returns the parked downloads
// about which to ask the trackers; none unless a tracker was joined.
func (t *turns) look(now time.Time, joined bool) (changed bool, due []*download) {
	changed = t.retry(now)
	var sourceless []*download
	for d := range t.running {
		d.mu.Lock()
		changed = d.sample(now) || changed
		if joined && d.sourceless() {
			sourceless = append(sourceless, d)
		}
		d.mu.Unlock()
	}
	if len(sourceless) > 0 && t.crowded() {
		for _, d := range sourceless {
			d.mu.Lock()
			d.park(now)
			d.mu.Unlock()
		}
	}
	if joined {
		due = t.toScout(now)
	}
	return changed, due
}

// idle reports whether no download runs, and none has its time until then.
func (t *turns) idle(until time.Time, joined bool) bool {
	if len(t.running) > 0 {
		return false
	}
	for _, d := range t.list.ordered {
		d.mu.Lock()
		due := d.retryDue(until) || joined && d.scoutDue(until)
		d.mu.Unlock()
		if due {
			return false
		}
	}
	return true
}

// retry lets failed downloads have their turn again whose time has come, and reports
// whether there were any.
func (t *turns) retry(now time.Time) (some bool) {
	for _, d := range t.list.ordered {
		d.mu.Lock()
		if r := &d.record; d.retryDue(now) {
			r.State, r.Retry, r.Code, r.Reason, some = library.DownloadActive, time.Time{}, "", "", true
		}
		d.mu.Unlock()
	}
	return some
}

// crowded reports whether a download waits for a place.
func (t *turns) crowded() bool {
	if t.taken() < t.limit && len(t.running) < t.limit+maxIdle {
		return false
	}
	for _, d := range t.list.ordered {
		d.mu.Lock()
		ready := d.ready(t.on)
		d.mu.Unlock()
		if ready {
			return true
		}
	}
	return false
}

// toScout returns the parked downloads about which to ask the trackers, those that
// wait longest first.
func (t *turns) toScout(now time.Time) []*download {
	var due []*download
	for _, d := range t.list.ordered {
		d.mu.Lock()
		if d.scoutDue(now) {
			due = append(due, d)
		}
		d.mu.Unlock()
	}
	// Only this goroutine writes the time.
	slices.SortFunc(due, func(a, b *download) int { return a.scoutAt.Compare(b.scoutAt) })
	due = due[:min(len(due), scouts)]
	for _, d := range due {
		d.mu.Lock()
		d.scoutAt = now.Add(d.config.Timing.Scout)
		d.mu.Unlock()
	}
	return due
}
