package queue

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// What a person does with downloads. Every call takes several and remembers them
// all at once. One that is not in the list, or for which the call makes no sense,
// does not keep the others from it. The first error is returned.

var errNotListed = netproto.Errorf(netproto.CodeNotFound, "this download is no longer in the list")

// chosen are the downloads with these ids.
func (q *Queue) chosen(ids []string) ([]*download, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var first error
	list := make([]*download, 0, len(ids))
	for _, id := range ids {
		if d := q.byID[id]; d != nil {
			list = append(list, d)
		} else {
			first = errNotListed
		}
	}
	return list, first
}

// change edits downloads and remembers those that edit says have changed.
func (q *Queue) change(ids []string, edit func(d *download) bool) ([]*download, error) {
	list, err := q.chosen(ids)
	var changed []*download
	for _, d := range list {
		d.mu.Lock()
		if edit(d) {
			changed = append(changed, d)
		}
		d.mu.Unlock()
	}
	if saveErr := q.save(changed...); saveErr != nil {
		err = saveErr
	}
	return changed, err
}

// Pause stops downloads until they are resumed; what was fetched stays. A failed
// one is no longer tried again by itself.
func (q *Queue) Pause(ids ...string) error {
	changed, err := q.change(ids, func(d *download) bool {
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
	stopRuns(changed, func(d *download) bool { return !d.errand || d.record.Move == nil })
	q.schedule()
	return err
}

// Resume starts paused, failed or waiting downloads, or finished ones whose
// file is gone, as soon as their turn comes.
func (q *Queue) Resume(ids ...string) error {
	changed, err := q.change(ids, func(d *download) bool {
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
	q.schedule()
	return err
}

// stopRuns ends the runs that match and waits for their end.
func stopRuns(list []*download, match func(d *download) bool) {
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
func (q *Queue) Remove(ids ...string) error {
	return q.drop(ids, library.RemoveUnfinished)
}

// RemoveWithFiles takes downloads off the list and deletes what was fetched,
// finished files too. What is in their place and was not fetched stays: another
// file, or one in a folder that its list does not name.
func (q *Queue) RemoveWithFiles(ids ...string) error {
	return q.drop(ids, library.RemoveFiles)
}

func (q *Queue) drop(ids []string, removal library.Removal) error {
	chosen, _ := q.chosen(ids) // one that is not in the list is gone already
	var list []*download
	var gone []string
	for _, d := range chosen {
		d.mu.Lock()
		if !d.removed {
			d.removed, d.gone = true, make(chan struct{}) // from now on it is not saved and does not start
			list, gone = append(list, d), append(gone, d.record.ID)
		}
		d.mu.Unlock()
	}
	stopRuns(list, anyRun)
	records, err := q.mark(list, removal)
	for _, r := range records {
		if dropErr := q.discard(r); dropErr != nil && err == nil {
			err = dropErr
		}
	}
	q.forget(list...)
	if saveErr := q.config.Library.RemoveDownloads(gone...); saveErr != nil {
		err = saveErr
	}
	for _, d := range list {
		close(d.gone)
	}
	q.schedule()
	return err
}

// mark remembers that downloads are being removed, and returns their records, which
// are the last ones that are saved.
func (q *Queue) mark(list []*download, removal library.Removal) ([]library.Download, error) {
	q.saving.Lock()
	defer q.saving.Unlock()
	records := make([]library.Download, len(list))
	for i, d := range list {
		d.mu.Lock()
		d.record.Removal = removal
		records[i] = d.record
		d.mu.Unlock()
	}
	return records, q.config.Library.SaveDownloads(records...)
}

// endRemovals ends the removals that a kill interrupted, before any share is
// offered, and returns the downloads that stay.
func (q *Queue) endRemovals(records []library.Download) ([]library.Download, error) {
	var stay []library.Download
	var gone []string
	for _, r := range records {
		if r.Removal == "" {
			stay = append(stay, r)
			continue
		}
		gone = append(gone, r.ID)
		err := q.forgetShareOf(r)
		if err = errors.Join(err, q.discard(r)); err != nil {
			q.config.Log.Warn("removing a download", "name", r.Name, "error", err)
		}
	}
	return stay, q.config.Library.RemoveDownloads(gone...)
}

// forgetShareOf takes the share of a download that goes with its files off what
// is offered at every start.
func (q *Queue) forgetShareOf(r library.Download) error {
	if r.Removal != library.RemoveFiles || r.Path == "" {
		return nil
	}
	list, err := q.config.Library.Shares()
	for _, s := range list {
		if s.Path == r.Path {
			err = errors.Join(err, q.config.Library.RemoveShare(s.ID))
		}
	}
	return err
}

// discard removes what a download that is being removed has on the disk.
func (q *Queue) discard(record library.Download) error {
	err := removeCopy(record)
	if record.State != library.DownloadFinished {
		if record.Move != nil { // a kill may have come between its files
			moved := record
			moved.Dir = record.Move.To
			err = errors.Join(err, discardUnfinished(moved))
		}
		return errors.Join(discardUnfinished(record), err)
	}
	if record.Removal != library.RemoveFiles {
		return err
	}
	q.config.Shares.StopPath(record.Path)
	return errors.Join(q.deleteFinished(record), err)
}

// SetPriority lets downloads have their turn before all of a lower priority.
func (q *Queue) SetPriority(priority library.Priority, ids ...string) error {
	if priority != library.PriorityHigh && priority != library.PriorityNormal && priority != library.PriorityLow {
		return netproto.Errorf(netproto.CodeInvalid, "there is no priority %q", string(priority))
	}
	_, err := q.change(ids, func(d *download) bool {
		changed := d.record.Priority != priority
		d.record.Priority = priority
		return changed
	})
	q.schedule()
	return err
}

// SetRate bounds each of the downloads, in bytes a second; 0 is no limit. It applies
// at once.
func (q *Queue) SetRate(limit int64, ids ...string) error {
	if limit < 0 {
		return netproto.Errorf(netproto.CodeInvalid, "a limit cannot be negative")
	}
	_, err := q.change(ids, func(d *download) bool {
		d.limit.Set(limit)
		changed := d.record.Limit != limit
		d.record.Limit = limit
		return changed
	})
	q.Limited()
	q.config.Notify()
	return err
}

// Way is a way in the queue.
type Way string

// The ways. Several downloads that go the same way keep their order.
const (
	Top    Way = "top"
	Up     Way = "up"
	Down   Way = "down"
	Bottom Way = "bottom"
)

// Move changes the order of the queue. Up and down go past the next
// download that is not finished.
func (q *Queue) Move(way Way, ids ...string) error {
	list, err := q.chosen(ids)
	changed, moveErr := q.reorder(list, way)
	if moveErr != nil {
		return moveErr
	}
	if saveErr := q.save(changed...); saveErr != nil {
		err = saveErr
	}
	q.schedule()
	return err
}

func (q *Queue) reorder(list []*download, way Way) ([]*download, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.list) == 0 {
		return nil, nil
	}
	slices.SortFunc(list, byOrder)
	var changed []*download
	switch way {
	case Top:
		first := q.list[0].order() - int64(len(list))
		for i, d := range list {
			d.setOrder(first + int64(i))
		}
		changed = list
	case Bottom:
		last := q.list[len(q.list)-1].order()
		for i, d := range list {
			d.setOrder(last + 1 + int64(i))
		}
		changed = list
	case Up:
		changed = q.pass(list, -1)
	case Down:
		slices.Reverse(list)
		changed = q.pass(list, +1)
	default:
		return nil, netproto.Errorf(netproto.CodeInvalid, "there is no way %q in the queue", string(way))
	}
	slices.SortStableFunc(q.list, byOrder)
	return changed, nil
}

// pass lets each of the downloads change places with the next unfinished one
// in a direction, unless that is one of them itself: then they are at the end
// of the queue together.
func (q *Queue) pass(list []*download, step int) []*download {
	chosen := map[*download]bool{}
	for _, d := range list {
		chosen[d] = true
	}
	places := make(map[*download]int, len(q.list))
	for i, d := range q.list {
		places[d] = i
	}
	var changed []*download
	for _, d := range list {
		at := places[d]
		other := at + step
		for other >= 0 && other < len(q.list) && q.list[other].isFinished() {
			other += step
		}
		if other < 0 || other >= len(q.list) || chosen[q.list[other]] {
			continue
		}
		passed := q.list[other]
		order := d.order()
		d.setOrder(passed.order())
		passed.setOrder(order)
		q.list[at], q.list[other] = passed, d
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

// discardUnfinished removes what an unfinished download left on the disk.
func discardUnfinished(r library.Download) error {
	root, err := os.OpenRoot(r.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	if r.Folder {
		err = root.RemoveAll(piece.StagingName(r.Hash, r.Paths))
	} else {
		err = piece.RemovePart(root, ".", r.Hash)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

// Prefer has a download fetch a file from an offset in bytes on first: see
// [swarm.Preference]. It holds until the next call or restart. An unknown download
// gives "not-found", a negative offset "invalid".
func (q *Queue) Prefer(id, path string, offset int64) error {
	d := q.find(id)
	if d == nil {
		return errNotListed
	}
	if offset < 0 {
		return netproto.Errorf(netproto.CodeInvalid, "a file starts at 0, not at %d", offset)
	}
	d.mu.Lock()
	d.preference = swarm.Preference{Set: true, Path: path, Offset: offset}
	preference := d.preference
	d.mu.Unlock()
	if a := d.atWork(); a != nil {
		a.Prefer(preference)
	}
	return nil
}
