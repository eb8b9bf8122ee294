package lookout

import (
	"fmt"
	"time"

	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/session"
)

// progressEvent says how far a download has come.
type progressEvent struct {
	Event   string      `json:"event"` // progress
	State   queue.State `json:"state"`
	Done    int64       `json:"done"` // bytes verified
	Size    int64       `json:"size"` // bytes; -1 while it is unknown
	Rate    int64       `json:"rate"` // bytes per second
	Sources int         `json:"sources"`
	// Ways are the connections at work, by how they came about.
	Ways session.WayCounts `json:"ways,omitzero"`
}

// Progress shows how far a download has come: a bar on a terminal, events with --json,
// and nothing in a log.
type Progress struct {
	*screen.Bar
	last    progressEvent
	waits   waiting
	lookout *Lookout // nil: nothing else is told
}

// NewProgress returns the progress of a download. l tells what happens around it; it may
// be nil.
func NewProgress(s *screen.Screen, name string, l *Lookout) *Progress {
	return &Progress{Bar: s.NewBar(name), lookout: l}
}

// Look tells what happens around a download.
func (g *Progress) Look(d queue.Download) {
	if g.lookout != nil {
		g.lookout.Look()
		g.lookout.download(d)
	}
}

// Download shows how far a download has come, and what it waits for.
func (g *Progress) Download(d queue.Download) {
	now := progressEvent{"progress", d.State, d.Done, d.Size, d.Rate, d.Sources, d.Ways}
	if g.JSON && now != g.last {
		g.Event(now)
	}
	g.last = now
	if n, ok := g.waits.look(d, time.Now(), func() string { return g.shut(d.ID) }); ok {
		g.Notice(n)
	}
	if d.Size > 0 {
		g.Set(d.Done, d.Size, d.Rate)
	}
}

// waiting knows how long a download has waited, and for what, as the person has read.
type waiting struct {
	state queue.State
	done  int64
	since time.Time // of state and done
	told  map[string]bool
}

// ownQueue reports whether a download waits for others of this peer, and for no source.
func ownQueue(d queue.Download) bool { return d.State == queue.StateQueued && d.Sources == 0 }

// look returns what a download waits for, if it waits for too long; each thing once.
// shut says that nobody can connect to its sources, or "".
func (w *waiting) look(d queue.Download, now time.Time, shut func() string) (screen.Notice, bool) {
	if d.Done != w.done || w.told == nil {
		w.told = map[string]bool{}
	}
	if d.State != w.state || d.Done != w.done || w.since.IsZero() {
		w.state, w.done, w.since = d.State, d.Done, now
	}
	if now.Sub(w.since) < Patience {
		return screen.Notice{}, false
	}
	var what string
	code := screen.NoticeWaiting
	switch d.State {
	case queue.StateWaiting:
		what = "waiting for a source: no peer that has it answers"
	case queue.StateConnecting:
		what = "waiting for a connection to a source"
	case queue.StateQueued:
		what = fmt.Sprintf("waiting in the queue of the source, at place %d", d.Place)
		if ownQueue(d) {
			what = fmt.Sprintf("waiting for its turn among the downloads here, at place %d", d.Place)
		}
	case queue.StateDownloading:
		if now.Sub(w.since) < stalled {
			return screen.Notice{}, false
		}
		what = fmt.Sprintf("waiting for bytes: nothing has come for %d seconds", int(stalled.Seconds()))
	default:
		return screen.Notice{}, false
	}
	if d.State == queue.StateWaiting || d.State == queue.StateConnecting {
		if shut := shut(); shut != "" {
			what, code = shut, screen.NoticeShut
		}
	}
	key := code
	if code == screen.NoticeWaiting {
		key = string(d.State) // the place in a queue is no news
	}
	if w.told[key] {
		return screen.Notice{}, false
	}
	w.told[key] = true
	return screen.Notice{Code: code, Message: what}, true
}

// shut says that nobody can connect to the sources of a download; "" if that is not so.
func (g *Progress) shut(id string) string {
	if g.lookout == nil {
		return ""
	}
	return shutWords(g.lookout.peer.sources(id))
}

const (
	// Patience is how long a download may wait before the person reads why.
	Patience = 2 * time.Second
	// stalled is how long a download may get nothing from its sources before the
	// person reads it.
	stalled = 10 * time.Second
)
