package queue

import (
	"path/filepath"
	"strings"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/netproto"
)

// This file is what a person does with downloads. Every call takes several downloads
// and remembers them all at once. One that is not in the list, or for which the call
// makes no sense, does not affect the others. One of the errors is returned.

// chosen returns the downloads with these ids, and an error if one is not listed.
func (q *Queue) chosen(ids []string) ([]*download, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.list.chosen(ids)
}

// change calls edit on downloads, with their lock held, and remembers those for which
// it returns true.
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
	if saveErr := q.records.save(changed...); saveErr != nil {
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

// Resume lets paused, failed and waiting downloads, and finished ones whose file is
// gone, run as soon as their turn comes.
func (q *Queue) Resume(ids ...string) error {
	chosen, _ := q.chosen(ids)
	lost := map[*download]string{} // the paths of finished ones; no lock waits for the disk
	for _, d := range chosen {
		if path := d.publishedAt(); path != "" && q.disk.missing(path) {
			lost[d] = path
		}
	}
	changed, err := q.change(ids, func(d *download) bool {
		r := &d.record
		if r.State == library.DownloadFinished {
			if path, is := lost[d]; !is || path != r.Path {
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

// stopRuns ends the runs that match and waits until they are over.
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

// RemoveToTrash takes downloads off the list and moves their finished files to the
// trash; what was fetched of unfinished ones is removed. One whose files cannot be moved
// stays in the list.
func (q *Queue) RemoveToTrash(ids ...string) error {
	chosen, _ := q.chosen(ids)
	stopRuns(chosen, func(d *download) bool { return d.errand })
	var gone []string
	var failed error
	for _, d := range chosen {
		d.mu.Lock()
		record, removed := d.record, d.removed
		d.mu.Unlock()
		if record.State == library.DownloadFinished && !removed {
			if err := q.disk.toTrash(record); err != nil {
				failed = err
				continue
			}
		}
		gone = append(gone, record.ID)
	}
	if err := q.Remove(gone...); err != nil {
		return err
	}
	return failed
}

func (q *Queue) drop(ids []string, removal library.Removal) error {
	chosen, _ := q.chosen(ids) // one that is not in the list is gone already
	var list []*download
	var gone []string
	for _, d := range chosen {
		d.mu.Lock()
		if !d.removed {
			d.removed, d.gone = true, make(chan struct{}) // from now on it is neither saved nor started
			list, gone = append(list, d), append(gone, d.record.ID)
		}
		d.mu.Unlock()
	}
	stopRuns(list, anyRun)
	records, err := q.records.mark(list, removal)
	for _, r := range records {
		if dropErr := q.disk.discard(r); dropErr != nil && err == nil {
			err = dropErr
		}
	}
	q.mu.Lock()
	q.list.forget(list...)
	q.mu.Unlock()
	if saveErr := q.config.Library.RemoveDownloads(gone...); saveErr != nil {
		err = saveErr
	}
	for _, d := range list {
		close(d.gone)
	}
	q.schedule()
	return err
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

// SetRate limits each of the downloads to a rate in bytes a second; 0 is no limit. It
// applies at once.
func (q *Queue) SetRate(limit int64, ids ...string) error {
	if limit < 0 {
		return netproto.Errorf(netproto.CodeInvalid, "a limit cannot be negative")
	}
	_, err := q.change(ids, func(d *download) bool {
		if d.pace != nil {
			d.pace.limit.Set(limit)
		}
		changed := d.record.Limit != limit
		d.record.Limit = limit
		return changed
	})
	q.Limited()
	q.config.Notify()
	return err
}

// Move changes the order of the queue. Up and down go past the next
// download that is not finished.
func (q *Queue) Move(way Way, ids ...string) error {
	list, err := q.chosen(ids)
	q.mu.Lock()
	changed, moveErr := q.list.reorder(list, way)
	q.mu.Unlock()
	if moveErr != nil {
		return moveErr
	}
	if saveErr := q.records.save(changed...); saveErr != nil {
		err = saveErr
	}
	q.schedule()
	return err
}

// Prefer has a download fetch a file first, from an offset in bytes on: see
// [swarm.Preference]. It holds until the next call or restart. The error is
// "not-found" for an unknown download and "invalid" for a negative offset.
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

// Verify hashes again what downloads have on the disk. Wrong pieces of a finished one
// are fetched again and replaced, so what somebody changed in its files is lost.
func (q *Queue) Verify(ids ...string) error { return q.verify(ids, library.CheckRepair) }

func (q *Queue) verify(ids []string, check library.Check) error {
	changed, err := q.change(ids, func(d *download) bool {
		d.record.Check = check
		return true
	})
	q.sendOn(changed)
	return err
}

// sendOn queues the errands of downloads; those that fetch stop first.
func (q *Queue) sendOn(list []*download) {
	stopRuns(list, func(d *download) bool { return !d.errand })
	q.mu.Lock()
	for _, d := range list {
		q.list.errands[d] = struct{}{}
	}
	q.mu.Unlock()
	q.schedule()
}

// MoveTo moves downloads to another folder, with what was fetched of them;
// nothing is replaced there. It returns when the moves are queued; the state of the
// downloads shows how they go.
func (q *Queue) MoveTo(folder string, ids ...string) error {
	if !filepath.IsAbs(folder) {
		return netproto.Errorf(netproto.CodeInvalid, "the folder must be given with its whole path")
	}
	folder, err := usableDir(folder)
	if err != nil {
		return err
	}
	var refused error
	movable := map[*download]bool{}
	list, err := q.chosen(ids)
	for _, d := range list {
		if err := q.mayMove(d, folder); err != nil {
			refused = err
		} else {
			movable[d] = true
		}
	}
	changed, changeErr := q.change(ids, func(d *download) bool {
		// A move that is under way is not redirected: it would have to be undone.
		if !movable[d] || d.record.Dir == folder || d.record.Move != nil {
			return false
		}
		d.record.Move = &library.Move{To: folder}
		return true
	})
	q.sendOn(changed)
	for _, err := range []error{refused, changeErr, err} {
		if err != nil {
			return err
		}
	}
	return nil
}

// mayMove returns an error if a download cannot go to a folder.
func (q *Queue) mayMove(d *download, folder string) error {
	d.mu.Lock()
	record := d.record
	d.mu.Unlock()
	rel, err := filepath.Rel(record.Path, folder)
	outside := err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))
	if record.Path != "" && record.Folder && !outside {
		return netproto.Errorf(netproto.CodeInvalid, "%s cannot be moved into itself", record.Path)
	}
	moved := record
	moved.Dir = folder
	q.mu.Lock()
	defer q.mu.Unlock()
	if other := q.list.same(moved); other != nil && other != d {
		return netproto.Errorf(netproto.CodeInvalid, "the same content is in %s already", folder)
	}
	return nil
}
