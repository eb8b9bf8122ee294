package swarm

import (
	"time"

	"centralizedp2p/app/peer/session"
)

// Activity is what an attempt gets from its sources at the moment.
type Activity int

// The activities.
const (
	NoSource    Activity = iota // there is none that could give anything
	Connecting                  // to sources, or waiting for what they have
	Queued                      // at all sources, see Progress.Place
	Downloading                 // bytes are on their way
)

// Progress says in a line how far an attempt is.
type Progress struct {
	Phase     Phase
	Activity  Activity
	Place     int   // in the queue of a source, from 1; 0 = in none
	Total     int64 // bytes; -1 while it is not known
	Done      int64 // bytes verified
	Connected int   // sources
	Used      int   // sources that sent something
	// Ways says how many connections are at work, by way.
	Ways session.WayCounts
}

// Progress returns how far an attempt is, at work or over.
func (a *Attempt) Progress() Progress {
	a.mu.Lock()
	defer a.unlock()
	p := Progress{Phase: a.phase, Total: a.total, Done: a.done, Used: a.sources.Used()}
	for s := range a.sources.All() {
		if s.Made() > 0 {
			p.Connected++
		}
	}
	for l := range a.lanes.open {
		p.Ways.Add(l.conn.Way)
	}
	if !a.over {
		p.Done += a.openBytes()
		p.Activity, p.Place = a.lanes.activity()
	}
	return p
}

// activity is what the lanes do, and the best place in a queue. The caller holds the
// lock.
func (ls *lanes) activity() (Activity, int) {
	place, agreed := 0, false
	for l := range ls.open {
		waits := false
		for _, s := range l.streams {
			agreed = agreed || !s.refused
			if s.place > 0 {
				waits = true
				if place == 0 || s.place < place {
					place = s.place
				}
			}
		}
		if l.pace.Unanswered() > 0 || l.pace.Inflight() > 0 && !waits {
			return Downloading, 0
		}
	}
	switch {
	case place > 0:
		return Queued, place
	case ls.making > 0 || agreed:
		return Connecting, 0
	}
	return NoSource, 0
}

// Sourceless reports whether an attempt that fetches has asked the trackers and has no
// source at work; known says whether it knows any at all.
func (a *Attempt) Sourceless() (sourceless, known bool) {
	a.mu.Lock()
	defer a.unlock()
	sourceless = a.phase == Fetching && len(a.lanes.open) == 0 && a.lanes.making == 0 && a.search.seeking == 0 && !a.search.sought.IsZero()
	return sourceless, a.sources.Len() > 0
}

// Sample measures how busy the disk was since the last call, and returns the phase.
// Call it about once a second.
func (a *Attempt) Sample(now time.Time) Phase {
	a.mu.Lock()
	defer a.unlock()
	busy := a.diskBusy.Swap(0)
	a.diskShare = float64(busy) / float64(max(now.Sub(a.sampled)*time.Duration(max(len(a.lanes.open), 1)), 1))
	a.sampled = now
	return a.phase
}

// ForgetSources drops all sources: none of them could be reached.
func (a *Attempt) ForgetSources() {
	a.mu.Lock()
	defer a.unlock()
	a.sources.ForgetAll()
}
