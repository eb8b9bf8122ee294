package swarm

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/swarm/sources"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Details is what a person can learn about an attempt beyond a line.
type Details struct {
	Sources []SourceDetails // the connected first, then those that gave most
	Slow    Slow
	Cells   []piece.Cell // at most piece.MaxCells
	Copies  float64      // whole copies that the connected sources have together, and the part of the next
}

// Slow is what keeps an attempt from being faster.
type Slow string

// What may be slow.
const (
	SlowNot        Slow = ""
	SlowOneSource  Slow = "one-source"
	SlowTheirLimit Slow = "their-limit"
	SlowMyLimit    Slow = "my-limit"
	SlowMyDisk     Slow = "my-disk"
	SlowRelay      Slow = "relay"
	SlowNetwork    Slow = "network"
)

// SourceState is what a source of an attempt does.
type SourceState string

// The states of a source.
const (
	SourceKnown       SourceState = "known"
	SourceConnecting  SourceState = "connecting"
	SourceIdle        SourceState = "idle"
	SourceQueued      SourceState = "queued"
	SourceDownloading SourceState = "downloading"
	SourceStalled     SourceState = "stalled"
	SourceFailed      SourceState = "failed"
	SourceBanned      SourceState = "banned"
)

// SourceDetails describes a source of an attempt.
type SourceDetails struct {
	PeerID  netproto.PeerID
	Key     netproto.PublicKey
	Name    string
	Address string // ip:port
	State   SourceState
	Place   int   // in its queue, from 1
	Rate    int64 // bytes a second
	Got     int64 // bytes
	Whole   bool
	Local   bool                  // in the local network, or on this computer
	Way     session.Way           // of its best connection; "" without one
	Limit   int64                 // bytes a second, of a relay; 0 is none
	Reach   netproto.Reachability // without a call, as the tracker says
	Traded  bool                  // another peer, or itself, named it and not the tracker
	Err     error
}

// Details describes an attempt, at work or over.
func (a *Attempt) Details() Details {
	now := time.Now()
	a.mu.Lock()
	defer a.unlock()
	details := Details{Cells: a.cells}
	for _, s := range a.sources.Banned() {
		details.Sources = append(details.Sources, a.describe(s, now))
	}
	for s := range a.sources.All() {
		details.Sources = append(details.Sources, a.describe(s, now))
	}
	slices.SortFunc(details.Sources, func(a, b SourceDetails) int {
		return cmp.Or(cmp.Compare(rankOf(a), rankOf(b)), cmp.Compare(b.Got, a.Got), slices.Compare(a.Key[:], b.Key[:]))
	})
	if !a.over {
		details.Cells, details.Copies = a.pieceMap()
		details.Slow = a.slow(details.Sources)
	}
	return details
}

// Forget frees the memory of an attempt that is over, except for the sources that gave
// something: thousands of finished downloads may be in the list.
func (a *Attempt) Forget() {
	a.mu.Lock()
	defer a.unlock()
	a.cells = nil
	a.sources.Trim()
}

// rankOf puts the connected sources first.
func rankOf(s SourceDetails) int {
	switch s.State {
	case SourceDownloading, SourceStalled, SourceQueued, SourceIdle:
		return 0
	case SourceConnecting:
		return 1
	}
	return 2
}

// describe describes a source of an attempt. The caller holds the lock.
func (a *Attempt) describe(s *sources.Source, now time.Time) SourceDetails {
	details := SourceDetails{PeerID: s.PeerID, Key: s.Key, Name: s.Name, State: SourceKnown, Whole: !s.Part, Reach: s.Reach, Traded: s.Traded(), Got: s.Got()}
	if len(s.Addresses) > 0 {
		details.Address = s.Addresses[0]
	}
	switch {
	case a.swarms.config.Conns.Banned(s.Key):
		details.State, details.Err = SourceBanned, s.Failure()
	case s.Failure() != nil:
		details.State, details.Err = SourceFailed, s.Failure()
	case s.Lanes() > 0:
		details.State = SourceConnecting
	}
	for l := range a.lanes.open {
		if l.source == s {
			details.add(l, now)
		}
	}
	if at, err := netip.ParseAddrPort(details.Address); err == nil && details.Way != session.WayRelayed {
		details.Local = session.InLocalNetwork(at.Addr().Unmap().WithZone(""))
	}
	return details
}

// add adds what one lane to the source does.
func (s *SourceDetails) add(l *lane, now time.Time) {
	s.Rate += l.pace.Rate()
	if s.Way == "" || l.conn.Way.Better(s.Way) {
		s.Address, s.Way, s.Limit = l.conn.Address(), l.conn.Way, l.conn.Limit
	}
	s.Err = nil
	if name := l.conn.Name(); name != "" {
		s.Name = name
	}
	state := SourceIdle
	switch {
	case l.pace.Silence(now) > l.attempt.swarms.config.Timing.Silent:
		state = SourceStalled
	case l.pace.Inflight() > 0:
		state = SourceDownloading
	}
	for _, stream := range l.streams {
		if stream.place > 0 && state == SourceIdle {
			state = SourceQueued
		}
		if stream.place > 0 && (s.Place == 0 || stream.place < s.Place) {
			s.Place = stream.place
		}
		if stream.have != nil && stream.job.ready() {
			s.Whole = !stream.lacks()
		}
	}
	if better(state, s.State) {
		s.State = state
	}
	if s.State != SourceQueued {
		s.Place = 0
	}
}

// better reports whether the first of two states says more about a source.
func better(a, b SourceState) bool {
	order := []SourceState{SourceDownloading, SourceQueued, SourceStalled, SourceIdle}
	i, j := slices.Index(order, a), slices.Index(order, b)
	return j < 0 || i < j
}

const (
	// soonDone is the remaining time in which nobody wants to know what is slow.
	soonDone = 15 * time.Second
	// nearLimit is the share of a limit at which the limit is what is slow.
	nearLimit = 0.85
	// busyDisk is the share of their time at which lanes write so much that the disk
	// is what is slow.
	busyDisk = 0.5
)

// slow says what keeps the attempt from being faster.
func (a *Attempt) slow(sources []SourceDetails) Slow {
	if a.phase != Fetching {
		return SlowNot
	}
	rate := a.task.Rate.Rate()
	if rate > 0 && a.total >= 0 && flow.TimeFor(a.lanes.rest(), rate) < soonDone {
		return SlowNot
	}
	connected, queued, full := 0, 0, 0
	for _, s := range sources {
		if rankOf(s) == 0 {
			connected++
		}
		if s.Limit > 0 && float64(s.Rate) > nearLimit*float64(s.Limit) {
			full++
		}
		if s.State == SourceQueued {
			queued++
		}
	}
	traffic := a.swarms.config.Traffic
	limit, all := a.task.Limit.Limit(), traffic.Down.Limit()
	switch {
	case limit > 0 && float64(rate) > nearLimit*float64(limit):
		return SlowMyLimit
	case all > 0 && float64(traffic.DownMeter.Rate()) > nearLimit*float64(all):
		return SlowMyLimit
	case connected == 0:
		return SlowNot // the state says that there is no source
	case a.diskShare > busyDisk:
		return SlowMyDisk
	case queued == connected:
		return SlowTheirLimit
	case full == connected-queued:
		return SlowRelay
	case connected == 1:
		return SlowOneSource
	}
	return SlowNetwork
}
