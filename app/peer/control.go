package peer

import (
	"cmp"
	"errors"
	"os"
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// What a person does with downloads. Every call takes several and remembers
// all at once; one that is not in the list, or of which it makes no sense, does
// not keep the others from it. The first error is returned.

var errNotListed = netproto.Errorf(netproto.CodeNotFound, "this download is not in the list any more")

// chosen are the downloads with these ids.
func (ds *downloads) chosen(ids []string) ([]*download, error) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	var first error
	list := make([]*download, 0, len(ids))
	for _, id := range ids {
		if d := ds.byID[id]; d != nil {
			list = append(list, d)
		} else {
			first = errNotListed
		}
	}
	return list, first
}

// change edits downloads and remembers those that edit says have changed.
func (ds *downloads) change(ids []string, edit func(d *download) bool) ([]*download, error) {
	list, err := ds.chosen(ids)
	var changed []*download
	for _, d := range list {
		d.mu.Lock()
		if edit(d) {
			changed = append(changed, d)
		}
		d.mu.Unlock()
	}
	if saveErr := ds.save(changed...); saveErr != nil {
		err = saveErr
	}
	return changed, err
}

// Pause stops downloads until they are resumed; what was fetched stays. A
// failed one is not tried again by itself any more.
func (e *Engine) Pause(ids ...string) error {
	ds := e.downloads
	changed, err := ds.change(ids, func(d *download) bool {
		r := &d.record
		switch r.State {
		case library.DownloadActive:
			r.State, r.Code, r.Reason = library.DownloadPaused, "", ""
		case library.DownloadFailed:
			r.Retry = time.Time{}
		}
		r.Check = ""
		return true
	})
	stop(changed, func(d *download) bool { return !d.errand || d.record.Move == nil })
	ds.schedule()
	return err
}

// Resume starts paused, failed or waiting downloads, or finished ones whose
// file is gone, as soon as their turn comes.
func (e *Engine) Resume(ids ...string) error {
	ds := e.downloads
	changed, err := ds.change(ids, func(d *download) bool {
		r := &d.record
		if r.State == library.DownloadFinished {
			if _, err := os.Lstat(r.Path); err == nil {
				return false
			}
			r.Path, r.Finished = "", time.Time{}
		}
		r.State, r.Code, r.Reason, r.Tries, r.Retry = library.DownloadActive, "", "", 0, time.Time{}
		d.unpark()
		return true
	})
	for _, d := range changed {
		d.wake()
	}
	ds.schedule()
	return err
}

// stop ends the runs that match and waits for their end.
func stop(list []*download, match func(d *download) bool) {
	var ends []chan struct{}
	for _, d := range list {
		d.mu.Lock()
		if d.cancel != nil && match(d) {
			d.cancel()
			ends = append(ends, d.ended)
		}
		d.mu.Unlock()
	}
	for _, ended := range ends {
		<-ended
	}
}

func anyRun(*download) bool { return true }

// Remove takes downloads off the list. What was fetched of unfinished ones is
// removed from the disk; finished files stay.
func (e *Engine) Remove(ids ...string) error {
	return e.downloads.drop(ids, library.RemoveUnfinished)
}

// RemoveWithFiles takes downloads off the list and deletes what was fetched,
// finished files too. What is in their place and was not fetched stays: another
// file, or one in a folder that its list does not name.
func (e *Engine) RemoveWithFiles(ids ...string) error {
	return e.downloads.drop(ids, library.RemoveFiles)
}

func (ds *downloads) drop(ids []string, removal library.Removal) error {
	chosen, _ := ds.chosen(ids) // of one that is not in the list nothing remains to be done
	var list []*download
	var gone []string
	for _, d := range chosen {
		d.mu.Lock()
		if !d.removed {
			d.removed, d.gone = true, make(chan struct{}) // it is not saved and does not start any more
			list, gone = append(list, d), append(gone, d.record.ID)
		}
		d.mu.Unlock()
	}
	stop(list, anyRun)
	records, err := ds.mark(list, removal)
	for _, r := range records {
		if dropErr := ds.discard(r); dropErr != nil && err == nil {
			err = dropErr
		}
	}
	ds.forget(list...)
	if saveErr := ds.engine.library.RemoveDownloads(gone...); saveErr != nil {
		err = saveErr
	}
	for _, d := range list {
		close(d.gone)
	}
	ds.schedule()
	return err
}

// mark remembers that downloads are being removed, and gives their records. No
// other of their records is remembered after it.
func (ds *downloads) mark(list []*download, removal library.Removal) ([]library.Download, error) {
	ds.saving.Lock()
	defer ds.saving.Unlock()
	records := make([]library.Download, len(list))
	for i, d := range list {
		d.mu.Lock()
		d.record.Removal = removal
		records[i] = d.record
		d.mu.Unlock()
	}
	return records, ds.engine.library.SaveDownloads(records...)
}

// endRemovals ends the removals that a kill interrupted, before any share is
// offered, and gives the downloads that stay.
func (ds *downloads) endRemovals(records []library.Download) ([]library.Download, error) {
	var stay []library.Download
	var gone []string
	for _, r := range records {
		if r.Removal == "" {
			stay = append(stay, r)
			continue
		}
		gone = append(gone, r.ID)
		err := ds.engine.forgetShareOf(r)
		if err = errors.Join(err, ds.discard(r)); err != nil {
			ds.engine.log.Warn("removing a download", "name", r.Name, "error", err)
		}
	}
	return stay, ds.engine.library.RemoveDownloads(gone...)
}

// forgetShareOf takes the share of a download that goes with its files off what
// is offered at every start.
func (e *Engine) forgetShareOf(r library.Download) error {
	if r.Removal != library.RemoveFiles || r.Path == "" {
		return nil
	}
	list, err := e.library.Shares()
	for _, s := range list {
		if s.Path == r.Path {
			err = errors.Join(err, e.library.RemoveShare(s.ID))
		}
	}
	return err
}

// discard removes what a download that is being removed has on the disk.
func (ds *downloads) discard(record library.Download) error {
	err := removeCopy(record)
	if record.State != library.DownloadFinished {
		if record.Move != nil { // a kill may have come between its files
			moved := record
			moved.Dir = record.Move.To
			err = errors.Join(err, discard(moved))
		}
		return errors.Join(discard(record), err)
	}
	if record.Removal != library.RemoveFiles {
		return err
	}
	ds.engine.stopSharingPath(record.Path)
	return errors.Join(ds.deleteFinished(record), err)
}

// Priority says which of the waiting downloads are next.
type Priority = library.Priority

// SetPriority lets downloads have their turn before all of a lower priority.
func (e *Engine) SetPriority(priority Priority, ids ...string) error {
	if priority != library.PriorityHigh && priority != library.PriorityNormal && priority != library.PriorityLow {
		return netproto.Errorf(netproto.CodeInvalid, "there is no priority %q", string(priority))
	}
	_, err := e.downloads.change(ids, func(d *download) bool {
		changed := d.record.Priority != priority
		d.record.Priority = priority
		return changed
	})
	e.downloads.schedule()
	return err
}

// SetDownloadLimit bounds each of the downloads, in bytes a second; 0 is no
// limit. It counts at once.
func (e *Engine) SetDownloadLimit(limit int64, ids ...string) error {
	if limit < 0 {
		return netproto.Errorf(netproto.CodeInvalid, "a limit cannot be negative")
	}
	_, err := e.downloads.change(ids, func(d *download) bool {
		d.limit.set(limit)
		changed := d.record.Limit != limit
		d.record.Limit = limit
		return changed
	})
	e.notify()
	return err
}

// QueueMove is a way in the queue.
type QueueMove string

// The ways. Several downloads that go the same way keep their order.
const (
	QueueTop    QueueMove = "top"
	QueueUp     QueueMove = "up"
	QueueDown   QueueMove = "down"
	QueueBottom QueueMove = "bottom"
)

// MoveInQueue changes the order of the queue. Up and down go past the next
// download that is not finished.
func (e *Engine) MoveInQueue(way QueueMove, ids ...string) error {
	ds := e.downloads
	list, err := ds.chosen(ids)
	changed, moveErr := ds.reorder(list, way)
	if moveErr != nil {
		return moveErr
	}
	if saveErr := ds.save(changed...); saveErr != nil {
		err = saveErr
	}
	ds.schedule()
	return err
}

func (ds *downloads) reorder(list []*download, way QueueMove) ([]*download, error) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if len(ds.list) == 0 {
		return nil, nil
	}
	slices.SortFunc(list, byOrder)
	var changed []*download
	switch way {
	case QueueTop:
		first := ds.list[0].order() - int64(len(list))
		for i, d := range list {
			d.setOrder(first + int64(i))
		}
		changed = list
	case QueueBottom:
		last := ds.list[len(ds.list)-1].order()
		for i, d := range list {
			d.setOrder(last + 1 + int64(i))
		}
		changed = list
	case QueueUp:
		changed = ds.pass(list, -1)
	case QueueDown:
		slices.Reverse(list)
		changed = ds.pass(list, +1)
	default:
		return nil, netproto.Errorf(netproto.CodeInvalid, "there is no way %q in the queue", string(way))
	}
	slices.SortStableFunc(ds.list, byOrder)
	return changed, nil
}

// pass lets each of the downloads change places with the next unfinished one
// in a direction, unless that is one of them itself: then they are at the end
// of the queue together.
func (ds *downloads) pass(list []*download, step int) []*download {
	chosen := map[*download]bool{}
	for _, d := range list {
		chosen[d] = true
	}
	places := make(map[*download]int, len(ds.list))
	for i, d := range ds.list {
		places[d] = i
	}
	var changed []*download
	for _, d := range list {
		at := places[d]
		other := at + step
		for other >= 0 && other < len(ds.list) && ds.list[other].isFinished() {
			other += step
		}
		if other < 0 || other >= len(ds.list) || chosen[ds.list[other]] {
			continue
		}
		passed := ds.list[other]
		order := d.order()
		d.setOrder(passed.order())
		passed.setOrder(order)
		ds.list[at], ds.list[other] = passed, d
		places[d], places[passed] = other, at
		changed = append(changed, d, passed)
	}
	return changed
}

func byOrder(a, b *download) int { return cmp.Compare(a.order(), b.order()) }

// order is changed with the list's lock and the download's held, and read with
// either.
func (d *download) order() int64 { return d.record.Order }

func (d *download) setOrder(order int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.record.Order = order
}

func (d *download) isFinished() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.record.State == library.DownloadFinished
}
