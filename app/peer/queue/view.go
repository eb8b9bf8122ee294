package queue

import (
	"slices"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// List returns all downloads in the order of the queue.
func (q *Queue) List() []Download {
	q.mu.Lock()
	list := slices.Clone(q.list.ordered)
	q.mu.Unlock()
	snapshots := make([]Download, len(list))
	var queued [ranks][]int
	for i, d := range list {
		d.mu.Lock()
		s := &snapshots[i]
		d.snapshot(s)
		if s.State == StateQueued && s.Place == 0 {
			queued[d.rank()] = append(queued[d.rank()], i)
		}
		d.mu.Unlock()
	}
	place := 0
	for _, indexes := range queued {
		for _, i := range indexes {
			place++
			snapshots[i].Place = place
		}
	}
	return snapshots
}

// Counts says how many downloads there are.
type Counts struct {
	Unfinished int
	Failed     int // of them
}

// Counts counts the downloads. It is cheaper than [Queue.List].
func (q *Queue) Counts() Counts {
	q.mu.Lock()
	defer q.mu.Unlock()
	var c Counts
	for _, d := range q.list.ordered {
		d.mu.Lock()
		state := d.record.State
		d.mu.Unlock()
		if state != library.DownloadFinished {
			c.Unfinished++
		}
		if state == library.DownloadFailed {
			c.Failed++
		}
	}
	return c
}

// ByID returns one download; false if it is not in the list.
func (q *Queue) ByID(id string) (Download, bool) {
	d := q.find(id)
	if d == nil {
		return Download{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var s Download
	d.snapshot(&s)
	return s, true
}

// Details returns the details of a download. The error is "not-found" if it is not in
// the list.
func (q *Queue) Details(id string) (Details, error) {
	d := q.find(id)
	if d == nil {
		return Details{}, errNotListed
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var details Details
	if d.pace != nil {
		details.Speeds, details.Got = d.pace.history.List(), d.pace.rate.Total()
	}
	if d.attempt != nil {
		details.Details = d.attempt.Details()
	}
	if d.record.State == library.DownloadFinished && (d.cancel == nil || d.errand) {
		details.Cells = []piece.Cell{{State: piece.CellVerified}}
	}
	if d.diskErr != nil {
		details.Slow = swarm.SlowMyDisk
	}
	return details, nil
}

// Here reports whether a content is in the list, finished or under way.
func (q *Queue) Here(hash netproto.ContentHash) (whole, underWay bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range q.list.byHash[hash] {
		d.mu.Lock()
		finished := d.record.State == library.DownloadFinished
		d.mu.Unlock()
		if finished {
			return true, false
		}
		underWay = true
	}
	return false, underWay
}
