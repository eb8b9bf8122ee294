package queue

import (
	"context"
	"time"

	"centralizedp2p/app/library"
)

// doErrand does one errand of a download; the next one is another run. An interrupted
// errand starts again from the beginning.
func (d *download) doErrand(ctx context.Context) {
	d.mu.Lock()
	record := d.record
	d.mu.Unlock()
	d.pace.checked.Store(0)
	d.config.Notify()
	var err error
	if record.Move != nil {
		err = d.move(ctx, record)
	} else {
		err = d.check(ctx, record)
	}
	if ctx.Err() != nil {
		return
	}
	d.mu.Lock()
	if d.record.State != library.DownloadFailed {
		d.record.Code, d.record.Reason = "", ""
	}
	if err != nil { // the errand is given up, and the person learns why
		if record.Move == nil {
			d.record.Check = ""
		} else {
			record, d.record.Move = d.record, nil
		}
		d.record.Code, d.record.Reason = codeAndReason(err)
	}
	d.mu.Unlock()
	d.records.saved(d)
	if err != nil && record.Move != nil {
		if err := removeCopy(record); err != nil {
			d.config.Log.Warn("removing a copy", "name", record.Name, "error", err)
		}
	}
}

// check hashes what a download has on the disk and notes what must be fetched again.
// An error leaves the download as it is.
func (d *download) check(ctx context.Context, record library.Download) error {
	if record.State != library.DownloadFinished {
		done, err := d.newAttempt().CheckUnfinished(ctx)
		d.mu.Lock()
		defer d.mu.Unlock()
		if err == nil {
			d.record.Check, d.record.Done, d.done = "", done, done
		}
		return err
	}
	right, err := d.disk.intact(ctx, record, d.progress)
	if err != nil {
		return err
	}
	if !right && record.Check == library.CheckRepair {
		if err := d.disk.takeBack(record); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.record.Check = ""
	if !right {
		r := &d.record
		r.State, r.Path, r.Finished, r.Done, r.Tries = library.DownloadActive, "", time.Time{}, 0, 0
		d.done = 0
	}
	return nil
}
