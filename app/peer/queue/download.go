package queue

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
)

// download is a content that the person asked for: what is remembered of it, and what
// outlives its attempts.
type download struct {
	config   *Config
	disk     *disk
	records  *records
	schedule func() // starts what may run now

	mu         sync.Mutex
	pace       *pace         // nil until it first runs
	fresh      bool          // not remembered yet. Until it is, it does not start: a kill would leave files without a download
	removed    bool          // it is being taken off the list
	gone       chan struct{} // closed when it was removed; nil unless it is being removed
	alone      bool          // it may run although the others may not
	record     library.Download
	where      string             // the path it will have, absolute
	cancel     context.CancelFunc // of the run; nil while it does not run
	errand     bool               // the run checks or moves files and fetches nothing
	ended      chan struct{}      // closed when the run is over
	attempt    *swarm.Attempt     // the present or the last one; nil before the first
	preference swarm.Preference
	diskErr    error // why the run waits for the disk; nil while it does not
	done       int64 // bytes, while it does not run

	// See waiting.go.
	idle      bool      // it got nothing for a while
	fed       time.Time // when it last got something, or began
	gotBefore int64     // bytes it had got when it was last measured
	parked    bool      // it has no turn until there is a source
	parkings  int       // how often in a row a source turned out to be none
	scoutAt   time.Time // when the trackers are asked about it
}

// pace is how fast a download goes, and may go. It takes half as much memory as the rest
// of a download, so those that only wait in a long list have none.
type pace struct {
	limit   *flow.Throttle
	rate    flow.Meter
	history flow.History  // guarded by the lock of the download
	checked atomic.Int64  // bytes verified, copied or moved in the present phase
	woken   chan struct{} // receives when the disk is to be tried again now
}

// kept notes that the download is remembered.
func (d *download) kept() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fresh = false
}

// setDir notes the folder to publish in. The caller holds the lock, unless nobody else
// knows the download yet.
func (d *download) setDir(dir string) {
	d.record.Dir = dir
	d.where = filepath.Join(dir, d.record.Name)
}

// newAttempt makes the next attempt.
func (d *download) newAttempt() *swarm.Attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &d.record
	d.attempt = d.config.Swarms.Attempt(swarm.Task{
		Hash: r.Hash, Name: r.Name, Folder: r.Folder, Paths: r.Paths, Plain: r.Plain, Private: r.Private, Dir: r.Dir, Size: r.Size,
		Limit: d.pace.limit, Rate: &d.pace.rate, Checked: &d.pace.checked, Lists: lists{d.config.Library, r.ID, r.Hash}, Remember: d.config.Share != nil,
	}, d.attempt, d.preference)
	return d.attempt
}

// last returns the present attempt, otherwise the last one; nil before the first.
func (d *download) last() *swarm.Attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.attempt
}

// atWork returns the attempt that fetches now, or nil.
func (d *download) atWork() *swarm.Attempt {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancel == nil || d.errand {
		return nil
	}
	return d.attempt
}

// fetch runs a download once and remembers the result.
func (d *download) fetch(ctx context.Context) {
	path, err := d.run(ctx)
	d.mu.Lock()
	progress := d.attempt.Progress()
	d.done = progress.Done
	d.record.Done = d.done
	if progress.Total >= 0 {
		d.record.Size = progress.Total
	}
	switch {
	case err == nil:
		d.succeed(path)
	case ctx.Err() != nil || d.record.State == library.DownloadPaused: // it was stopped meanwhile
	default:
		d.failRecord(err)
	}
	record := d.record
	d.mu.Unlock()
	d.records.saved(d)
	if err == nil {
		d.share(record)
		if d.config.Finished != nil {
			d.config.Finished(record)
		}
	}
}

// share offers what was downloaded, if the person wants that. It passes on what is known
// of the files, so that they are not hashed again.
func (d *download) share(record library.Download) {
	if d.config.Share == nil || !d.config.Share() || record.Private {
		return
	}
	fetched := d.last().Fetched()
	files := make([]library.File, 0, len(fetched.Files))
	for _, f := range fetched.Files {
		files = append(files, library.File{Path: filepath.Join(record.Dir, filepath.FromSlash(f.Name)), State: f.State, Hash: f.Hash})
	}
	if err := d.config.Shares.AddFetched(record.Path, files, fetched.Manifests); err != nil {
		d.config.Log.Warn("sharing a finished download", "path", record.Path, "error", err)
	}
}

// run makes attempts until one succeeds or fails for another reason than the disk. It
// returns the published path.
func (d *download) run(ctx context.Context) (string, error) {
	for {
		path, err := d.newAttempt().Run(ctx)
		if err == nil { // even if it was to stop: the content is published
			return path, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		switch code := netproto.CodeOf(err); {
		case errors.Is(err, swarm.ErrIsFile), errors.Is(err, swarm.ErrIsFolder):
			d.setFolder(errors.Is(err, swarm.ErrIsFolder))
			continue
		case code == netproto.CodeNoSpace, code == netproto.CodeFolderUnwritable, oserror.Scarce(err):
		default:
			return "", err
		}
		d.config.Log.Warn("a download waits for its disk", "name", d.record.Name, "error", err)
		d.setDiskErr(err)
		if !d.waitForDisk(ctx) {
			return "", ctx.Err()
		}
		d.setDiskErr(nil)
	}
}

// setFolder notes what the bytes of the content showed it to be.
func (d *download) setFolder(folder bool) {
	d.mu.Lock()
	d.record.Folder, d.record.Paths = folder, nil
	d.mu.Unlock()
	d.records.saved(d)
	d.config.Notify()
}

func (d *download) setDiskErr(err error) {
	d.mu.Lock()
	d.diskErr = err
	d.mu.Unlock()
	d.config.Notify()
}

// waitForDisk waits for a while, or until the download is resumed. It reports false if
// ctx has ended.
func (d *download) waitForDisk(ctx context.Context) bool {
	timer := time.NewTimer(d.config.Timing.Disk)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-d.pace.woken:
	}
	return true
}

// wake has a running download look for sources and try its disk now.
func (d *download) wake() {
	d.mu.Lock()
	pace := d.pace
	d.mu.Unlock()
	if pace == nil {
		return
	}
	select {
	case pace.woken <- struct{}{}:
	default:
	}
	if a := d.atWork(); a != nil {
		a.Wake()
	}
}

// succeed notes where the finished content is; the caller holds the lock.
func (d *download) succeed(path string) {
	r := &d.record
	r.State, r.Path, r.Finished = library.DownloadFinished, path, time.Now()
	r.Code, r.Reason, r.Tries, r.Retry = "", "", 0, time.Time{}
	d.attempt.Forget()
}

// failRecord notes why a download failed, and when it is tried again; the caller
// holds the lock.
func (d *download) failRecord(err error) {
	r := &d.record
	r.State, r.Path, r.Finished = library.DownloadFailed, "", time.Time{}
	r.Code, r.Reason = codeAndReason(err)
	r.Tries++
	r.Retry = time.Time{}
	if heals(r.Code) {
		r.Retry = time.Now().Add(d.config.Timing.retryAfter(r.Tries))
	}
}

// progress counts n bytes that an errand checked, copied or moved.
func (d *download) progress(n int) {
	d.pace.checked.Add(int64(n))
	d.config.Notify()
}

// hasErrand reports whether files are to be checked or moved; the caller holds
// the lock.
func (d *download) hasErrand() bool { return d.record.Check != "" || d.record.Move != nil }

// leaving returns a channel that is closed when the download was removed; nil if it is
// not being removed.
func (d *download) leaving() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

func byOrder(a, b *download) int { return cmp.Compare(a.order(), b.order()) }

// order returns the place in the queue. It is changed with the locks of the list and
// the download held, so either lock is enough to read it.
func (d *download) order() int64 { return d.record.Order }

func (d *download) setOrder(order int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.record.Order = order
}

// publishedAt returns where a finished download was published, otherwise "".
func (d *download) publishedAt() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.record.State != library.DownloadFinished {
		return ""
	}
	return d.record.Path
}

func (d *download) isFinished() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.record.State == library.DownloadFinished
}

func codeAndReason(err error) (netproto.Code, string) {
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return e.Code, e.Detail
	}
	return netproto.CodeOf(err), err.Error()
}

// heals reports whether a failure may go away by itself. A content does not change,
// and what the other side forbids only a person can settle.
func heals(code netproto.Code) bool {
	switch code {
	case netproto.CodeProtocol, netproto.CodeWrongPiece, netproto.CodeTooLarge, netproto.CodeInvalid, netproto.CodeDenied,
		netproto.CodeBanned, netproto.CodeInvite:
		return false
	}
	return true
}
