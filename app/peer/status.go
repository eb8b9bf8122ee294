package peer

import (
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// DownloadState is where a download stands.
type DownloadState string

// The states of a download.
const (
	DownloadWaiting     DownloadState = "waiting"    // for a source
	DownloadQueued      DownloadState = "queued"     // for its turn, here or at its sources
	DownloadConnecting  DownloadState = "connecting" // to its sources
	DownloadDownloading DownloadState = "downloading"
	DownloadVerifying   DownloadState = "verifying"
	DownloadMoving      DownloadState = "moving"
	DownloadPaused      DownloadState = "paused"
	DownloadFinished    DownloadState = "finished"
	DownloadNoSpace     DownloadState = "no-space" // and what else is wrong with the disk: goes on by itself
	DownloadFailed      DownloadState = "failed"
)

// Download is a content that the person asked for.
type Download struct {
	ID       string
	Hash     netproto.ContentHash
	Name     string
	Folder   bool
	Size     int64 // bytes; -1 while it is not known
	Done     int64 // bytes verified
	Rate     int64 // bytes a second
	Sources  int   // connected
	Used     int   // sources that sent something
	State    DownloadState
	Place    int           // in a queue, from 1
	Left     time.Duration // 0 while it is not known
	Path     string        // where it is or will be, absolute
	Err      error         // why it failed, what is wrong with the disk, or why a wish was given up
	Added    time.Time
	Finished time.Time
	Priority Priority
	Limit    int64     // bytes a second, 0 = none
	Retry    time.Time // when a failed one is tried again by itself
}

// Downloads are all in the list, in the order of the queue.
func (e *Engine) Downloads() []Download {
	e.downloads.mu.Lock()
	list := slices.Clone(e.downloads.list)
	e.downloads.mu.Unlock()
	snapshots := make([]Download, len(list))
	var queued [ranks][]int
	for i, d := range list {
		d.mu.Lock()
		s := &snapshots[i]
		d.snapshot(s)
		if s.State == DownloadQueued && s.Place == 0 {
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

// DownloadCounts say how many downloads there are.
type DownloadCounts struct {
	Unfinished int
	Failed     int // of them
}

// DownloadCounts are cheaper than [Engine.Downloads].
func (e *Engine) DownloadCounts() DownloadCounts {
	e.downloads.mu.Lock()
	defer e.downloads.mu.Unlock()
	var c DownloadCounts
	for _, d := range e.downloads.list {
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

// DownloadByID is one of them; false when it is not in the list.
func (e *Engine) DownloadByID(id string) (Download, bool) {
	d := e.downloads.find(id)
	if d == nil {
		return Download{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var s Download
	d.snapshot(&s)
	return s, true
}

// snapshot fills in all but the place in our own queue; the caller holds the lock.
func (d *download) snapshot(s *Download) {
	r := &d.record
	*s = Download{ID: r.ID, Hash: r.Hash, Name: r.Name, Folder: r.Folder, Size: r.Size, Done: d.done, Path: r.Path, Added: r.Added, Finished: r.Finished,
		Priority: r.Priority, Limit: r.Limit}
	if s.Path == "" {
		s.Path = d.where
	}
	if r.Code != "" {
		s.Err = &netproto.Error{Code: r.Code, Detail: r.Reason}
	}
	for _, src := range d.sources {
		if src.got > 0 {
			s.Used++
		}
	}
	switch {
	case d.hasErrand() && (d.errand || r.State == library.DownloadFinished):
		d.errandSnapshot(s)
		return
	case r.State == library.DownloadFinished:
		s.State, s.Done = DownloadFinished, max(r.Size, 0)
		return
	case r.State == library.DownloadFailed:
		s.State, s.Retry = DownloadFailed, r.Retry
	case r.State == library.DownloadPaused:
		s.State = DownloadPaused
	default:
		s.State, s.Place = d.stateNow()
	}
	if d.total >= 0 {
		s.Size = d.total
	}
	if d.cancel != nil {
		d.runSnapshot(s)
	}
}

// errandSnapshot is of one whose files are checked or moved, or will be.
func (d *download) errandSnapshot(s *Download) {
	s.State = DownloadVerifying
	if d.record.Move != nil {
		s.State = DownloadMoving
	}
	if s.Done = d.checked; s.Size >= 0 {
		s.Done = min(s.Done, s.Size)
	}
}

// runSnapshot adds what only a running download has.
func (d *download) runSnapshot(s *Download) {
	s.Done += d.openBytes()
	switch s.State {
	case DownloadNoSpace:
		s.Err = d.diskErr
	case DownloadVerifying:
		s.Done = max(s.Done, d.checked)
	case DownloadDownloading:
		s.Rate = d.rate.rate()
		if s.Rate > 0 && s.Size >= 0 {
			s.Left = duration(max(s.Size-s.Done, 0), s.Rate)
		}
	}
	for _, src := range d.sources {
		if src.made > 0 {
			s.Sources++
		}
	}
}

// stateNow is what an active download does; the caller holds the lock.
func (d *download) stateNow() (DownloadState, int) {
	switch {
	case d.parked:
		return DownloadWaiting, 0
	case d.cancel == nil:
		return DownloadQueued, 0
	case d.phase == phaseDisk:
		return DownloadNoSpace, 0
	case d.phase == phaseVerifying:
		return DownloadVerifying, 0
	}
	place := 0
	for l := range d.links {
		if l.inflight > 0 {
			return DownloadDownloading, 0
		}
		for _, s := range l.streams {
			if s.place > 0 && (place == 0 || s.place < place) {
				place = s.place
			}
		}
	}
	switch {
	case place > 0:
		return DownloadQueued, place
	case d.making > 0 || d.fetchable():
		return DownloadConnecting, 0
	}
	return DownloadWaiting, 0
}

// fetchable tells whether a connected source has agreed to give something.
func (d *download) fetchable() bool {
	for l := range d.links {
		for _, s := range l.streams {
			if !s.refused {
				return true
			}
		}
	}
	return false
}

// Here tells what of a content is on this computer: a share or a finished
// download, or one under way.
func (e *Engine) Here(hash netproto.ContentHash) (whole, underWay bool) {
	if e.Shared(hash) {
		return true, false
	}
	e.downloads.mu.Lock()
	defer e.downloads.mu.Unlock()
	for _, d := range e.downloads.byHash[hash] {
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
