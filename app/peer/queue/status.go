package queue

import (
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/netproto"
)

// State says what a download does.
type State string

// The states of a download.
const (
	StateWaiting     State = "waiting"    // for a source
	StateQueued      State = "queued"     // for its turn, here or at its sources
	StateConnecting  State = "connecting" // to its sources
	StateDownloading State = "downloading"
	StateVerifying   State = "verifying"
	StateMoving      State = "moving"
	StatePaused      State = "paused"
	StateFinished    State = "finished"
	StateNoSpace     State = "no-space" // or another trouble with the disk; goes on by itself
	StateFailed      State = "failed"
)

// Download is what a person sees of a download.
type Download struct {
	ID       string
	Hash     netproto.ContentHash
	Name     string
	Folder   bool
	Size     int64             // bytes; -1 while it is not known
	Done     int64             // bytes verified
	Rate     int64             // bytes a second
	Sources  int               // connected
	Ways     session.WayCounts // how the connections at work came about
	Used     int               // sources that sent something
	State    State
	Place    int           // in a queue, from 1
	Left     time.Duration // 0 while it is not known
	Path     string        // where it is or will be, absolute
	Err      error         // why it failed, what is wrong with the disk, or why an errand was given up
	Added    time.Time
	Finished time.Time
	Priority library.Priority
	Limit    int64     // bytes a second, 0 = none
	Retry    time.Time // when a failed one is tried again by itself
}

// snapshot fills in everything but the place in the queue of this peer; the caller
// holds the lock.
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
	var progress swarm.Progress
	if d.attempt != nil {
		progress = d.attempt.Progress()
		s.Used = progress.Used
	}
	switch {
	case d.hasErrand() && (d.errand || r.State == library.DownloadFinished):
		d.errandSnapshot(s)
		return
	case r.State == library.DownloadFinished:
		s.State, s.Done = StateFinished, max(r.Size, 0)
		return
	case r.State == library.DownloadFailed:
		s.State, s.Retry = StateFailed, r.Retry
	case r.State == library.DownloadPaused:
		s.State = StatePaused
	default:
		s.State, s.Place = d.stateNow(progress)
	}
	if d.cancel != nil && d.attempt != nil {
		d.runSnapshot(s, progress)
	}
}

// errandSnapshot adds what a download shows while its files are checked or moved, or
// will be.
func (d *download) errandSnapshot(s *Download) {
	s.State = StateVerifying
	if d.record.Move != nil {
		s.State = StateMoving
	}
	if s.Done = 0; d.pace != nil {
		s.Done = d.pace.checked.Load()
	}
	if s.Size >= 0 {
		s.Done = min(s.Done, s.Size)
	}
}

// runSnapshot adds what only a running download shows.
func (d *download) runSnapshot(s *Download, p swarm.Progress) {
	s.Done, s.Sources, s.Ways = p.Done, p.Connected, p.Ways
	if p.Total >= 0 {
		s.Size = p.Total
	}
	switch s.State {
	case StateNoSpace:
		s.Err = d.diskErr
	case StateVerifying:
		s.Done = max(s.Done, d.pace.checked.Load())
	case StateDownloading:
		s.Rate = d.pace.rate.Rate()
		if s.Rate > 0 && s.Size >= 0 {
			s.Left = time.Duration(float64(max(s.Size-s.Done, 0)) / float64(s.Rate) * float64(time.Second))
		}
	}
}

// stateNow returns what an active download does, and its place in the queue of its
// sources; the caller holds the lock.
func (d *download) stateNow(p swarm.Progress) (State, int) {
	switch {
	case d.parked:
		return StateWaiting, 0
	case d.cancel == nil:
		return StateQueued, 0
	case d.attempt == nil: // it is about to begin
		return StateWaiting, 0
	case d.diskErr != nil:
		return StateNoSpace, 0
	case p.Phase == swarm.Verifying:
		return StateVerifying, 0
	}
	switch p.Activity {
	case swarm.Downloading:
		return StateDownloading, 0
	case swarm.Queued:
		return StateQueued, p.Place
	case swarm.Connecting:
		return StateConnecting, 0
	}
	return StateWaiting, 0
}

// Details is what there is to say about one download beyond its row.
type Details struct {
	swarm.Details
	Speeds []int64 // bytes a second, each over 2 s, the newest last
	Got    int64   // bytes that came since the start of the program
}
