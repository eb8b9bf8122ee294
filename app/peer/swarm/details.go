package swarm

import (
	"cmp"
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Details is what there is to say about an attempt beyond a line.
type Details struct {
	Sources []SourceDetails // the connected first, then those that gave most
	Slow    Slow
	Cells   []Cell  // at most MaxCells
	Copies  float64 // whole copies that the connected sources have together, and the part of the next
}

// MaxCells bounds Details.Cells.
const MaxCells = 512

// CellState is how much of a cell is here.
type CellState string

// The states of a cell.
const (
	CellMissing  CellState = "missing"
	CellInFlight CellState = "in-flight"
	CellPartly   CellState = "partly"
	CellVerified CellState = "verified"
)

// Cell is a part of a content in the map of its pieces.
type Cell struct {
	State  CellState
	Copies int // connected sources that have it all
}

// Slow is what keeps a download from being faster.
type Slow string

// What may be slow.
const (
	SlowNot        Slow = ""
	SlowOneSource  Slow = "one-source"
	SlowTheirLimit Slow = "their-limit"
	SlowMyLimit    Slow = "my-limit"
	SlowMyDisk     Slow = "my-disk"
	SlowNetwork    Slow = "network"
)

// SourceState is where a source of a download stands.
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

// SourceDetails is a source of a download.
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
	Local   bool // in the local network, or on this computer
	Traded  bool // another peer, or itself, named it and not the tracker
	Err     error
}

// Details tells about an attempt, at work or over.
func (a *Attempt) Details() Details {
	now := time.Now()
	a.mu.Lock()
	defer a.unlock()
	details := Details{Cells: a.cells}
	for _, s := range a.sources {
		details.Sources = append(details.Sources, a.sourceDetails(s, now))
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

// Forget keeps of an attempt that is over only the sources that gave something:
// thousands of finished downloads may be in the list.
func (a *Attempt) Forget() {
	a.mu.Lock()
	defer a.unlock()
	a.cells = nil
	maps.DeleteFunc(a.sources, func(_ netproto.PublicKey, s *source) bool { return s.got == 0 })
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

func (a *Attempt) sourceDetails(s *source, now time.Time) SourceDetails {
	details := SourceDetails{PeerID: s.PeerID, Key: s.Key, Name: s.Name, State: SourceKnown, Got: s.got, Whole: !s.Part, Traded: s.traded}
	if len(s.Addresses) > 0 {
		details.Address = s.Addresses[0]
	}
	switch {
	case a.swarms.config.Conns.Banned(s.Key):
		details.State, details.Err = SourceBanned, s.failure
	case s.failure != nil:
		details.State, details.Err = SourceFailed, s.failure
	case s.lanes > 0:
		details.State = SourceConnecting
	}
	for l := range a.lanes {
		if l.source == s {
			details.add(l, now)
		}
	}
	if at, err := netip.ParseAddrPort(details.Address); err == nil {
		details.Local = session.InLocalNetwork(at.Addr().Unmap().WithZone(""))
	}
	return details
}

// add adds what one of the connections to the source does.
func (s *SourceDetails) add(l *lane, now time.Time) {
	s.Rate += l.rate.Rate()
	s.Address, s.Err = l.conn.Address(), nil
	if l.conn.Name != "" {
		s.Name = l.conn.Name
	}
	state := SourceIdle
	switch {
	case l.unanswered > 0 && now.Sub(l.heard) > l.attempt.swarms.config.Timing.Silent:
		state = SourceStalled
	case l.inflight > 0:
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
			s.Whole = !l.attempt.lacks(stream)
		}
	}
	if better(state, s.State) {
		s.State = state
	}
	if s.State != SourceQueued {
		s.Place = 0
	}
}

// better tells which of two connections says more about a source.
func better(a, b SourceState) bool {
	order := []SourceState{SourceDownloading, SourceQueued, SourceStalled, SourceIdle}
	i, j := slices.Index(order, a), slices.Index(order, b)
	return j < 0 || i < j
}

// pieceMap is the map of all contents, the finished ones first, and how many copies
// the sources have of those under way.
func (a *Attempt) pieceMap() ([]Cell, float64) {
	total := a.total
	if total <= 0 {
		return nil, 0
	}
	m := newPieceMap(total, len(a.active))
	m.all(a.done, CellVerified, 0)
	copies := math.Inf(1)
	for _, j := range a.active {
		if !j.ready() {
			m.all(max(j.size, 0), CellMissing, 0)
			continue
		}
		held := a.heldBy(j)
		copies = min(copies, copiesOf(held))
		m.job(j, held)
	}
	m.all(total-m.at, CellMissing, 0)
	if math.IsInf(copies, 1) {
		copies = 0
	}
	return m.cells(), copies
}

// heldBy counts the connected sources that have each piece of a job.
func (a *Attempt) heldBy(j *job) []int {
	held := make([]int, len(j.owners))
	seen := map[*source]bool{}
	for l := range a.lanes {
		s := l.streams[j]
		if s == nil || s.have == nil || seen[l.source] {
			continue
		}
		seen[l.source] = true
		for i := range held {
			if s.have.Has(i) {
				held[i]++
			}
		}
	}
	return held
}

// copiesOf is how many whole copies there are together, and of the next one
// the part that there is.
func copiesOf(held []int) float64 {
	if len(held) == 0 {
		return 0
	}
	least := slices.Min(held)
	more := 0
	for _, n := range held {
		if n > least {
			more++
		}
	}
	return float64(least) + float64(more)/float64(len(held))
}

// pieceMap is filled from left to right.
type pieceMap struct {
	total, at int64 // bytes
	parts     []cellPart
}

// cellPart sums up what lies in a cell, in bytes.
type cellPart struct {
	verified, inFlight, all int64
	copies                  int // the least, -1 before it is known
}

func newPieceMap(total int64, contents int) *pieceMap {
	n := int64(MaxCells)
	if contents <= 1 {
		n = min(n, int64(netproto.PieceCount(total)))
	}
	m := &pieceMap{total: total, parts: make([]cellPart, max(min(n, total), 1))}
	for i := range m.parts {
		m.parts[i].copies = -1
	}
	return m
}

// all adds a run of bytes of one kind.
func (m *pieceMap) all(length int64, state CellState, copies int) {
	for length > 0 && m.at < m.total {
		n := int64(len(m.parts))
		i := min(int64(float64(m.at)/float64(m.total)*float64(n)), n-1)
		end := m.total
		if i+1 < n {
			end = max(int64(float64(i+1)*float64(m.total)/float64(n)), m.at+1)
		}
		step := min(length, end-m.at)
		part := &m.parts[i]
		part.all += step
		switch state {
		case CellVerified:
			part.verified += step
		case CellInFlight:
			part.inFlight += step
		}
		if part.copies < 0 || copies < part.copies {
			part.copies = copies
		}
		m.at += step
		length -= step
	}
}

func (m *pieceMap) job(j *job, held []int) {
	manifest, have := j.part.Manifest(), j.part.Have()
	for i, owner := range j.owners {
		state := CellMissing
		switch {
		case have.Has(i):
			state = CellVerified
		case owner != nil:
			state = CellInFlight
		}
		m.all(manifest.Length(i), state, held[i])
	}
}

func (m *pieceMap) cells() []Cell {
	cells := make([]Cell, len(m.parts))
	for i, part := range m.parts {
		cells[i] = Cell{State: CellMissing, Copies: max(part.copies, 0)}
		switch {
		case part.all > 0 && part.verified == part.all:
			cells[i].State = CellVerified
		case part.inFlight > 0:
			cells[i].State = CellInFlight
		case part.verified > 0:
			cells[i].State = CellPartly
		}
	}
	return cells
}

const (
	// soonDone is when nobody wants to know what is slow.
	soonDone = 15 * time.Second
	// nearLimit is the share of a limit from which on it is what is slow.
	nearLimit = 0.85
	// busyDisk is the share of the time that lanes spend with writing from which on
	// the disk is what is slow.
	busyDisk = 0.5
)

// slow says what keeps the attempt from being faster.
func (a *Attempt) slow(sources []SourceDetails) Slow {
	if a.phase != Fetching {
		return SlowNot
	}
	rate := a.task.Rate.Rate()
	if rate > 0 && a.total >= 0 && duration(a.rest(), rate) < soonDone {
		return SlowNot
	}
	connected, queued := 0, 0
	for _, s := range sources {
		if rankOf(s) == 0 {
			connected++
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
	case connected == 1:
		return SlowOneSource
	}
	return SlowNetwork
}
