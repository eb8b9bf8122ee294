package peer

import (
	"path/filepath"
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
	Err      error         // why it failed, or what is wrong with the disk
	Added    time.Time
	Finished time.Time
}

// Downloads are all in the list, in the order they were added.
func (e *Engine) Downloads() []Download {
	e.downloads.mu.Lock()
	list := slices.Clone(e.downloads.list)
	e.downloads.mu.Unlock()
	snapshots := make([]Download, 0, len(list))
	place := 0
	for _, d := range list {
		s := d.snapshot()
		if s.State == DownloadQueued && s.Place == 0 {
			place++
			s.Place = place
		}
		snapshots = append(snapshots, s)
	}
	return snapshots
}

func (d *download) snapshot() Download {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.record
	s := Download{ID: r.ID, Hash: r.Hash, Name: r.Name, Folder: r.Folder, Size: r.Size, Path: r.Path, Added: r.Added, Finished: r.Finished}
	if s.Path == "" {
		s.Path = filepath.Join(r.Dir, r.Name)
	}
	for _, src := range d.sources {
		if src.got > 0 {
			s.Used++
		}
	}
	switch r.State {
	case library.DownloadFinished:
		s.State, s.Done = DownloadFinished, max(r.Size, 0)
		return s
	case library.DownloadFailed:
		s.State, s.Err = DownloadFailed, &netproto.Error{Code: r.Code, Detail: r.Reason}
	case library.DownloadPaused:
		s.State = DownloadPaused
	default:
		s.State, s.Place = d.stateNow()
	}
	if d.total >= 0 {
		s.Size = d.total
	}
	s.Done = d.done + d.openBytes()
	if d.cancel == nil {
		return s
	}
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
	return s
}

// stateNow is what an active download does; the caller holds the lock.
func (d *download) stateNow() (DownloadState, int) {
	switch {
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
	for _, d := range e.downloads.list {
		if d.record.Hash != hash { // never changes
			continue
		}
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
