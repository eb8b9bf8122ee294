// Package line keeps the lines that peers hold to a tracker, and rings peers over
// them. It knows nothing of HTTP: a connection comes in once it has become a line.
//
// A line costs one goroutine, which reads. Whoever has something to say writes under
// the line's lock, within a deadline; one goroutine for all lines says ping and looks
// for silence, so no line has a timer of its own.
package line

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

// Bounds of a line.
const (
	writeTime = 5 * time.Second // for one frame to a peer that does not read
	byeTime   = 5 * time.Second // for all goodbyes when the tracker stops
	byes      = 256             // at once
	rounds    = 5               // a line is looked at this often between two pings
)

// Host is the tracker around the lines.
type Host interface {
	// Charge counts a frame as a request of the peer. If it is one too many, it
	// returns how long the peer has to wait, and the refusal.
	Charge(l *Line, beat bool) (time.Duration, error)

	// Beat answers a heartbeat.
	Beat(ctx context.Context, l *Line, req netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error)

	// Refused returns what a peer is told about an error.
	Refused(ctx context.Context, err error) netproto.Problem
}

// Owner is the peer at the other end of a line.
type Owner struct {
	Key  netproto.PublicKey
	Seen netip.AddrPort // port 0 if a proxy hides it
}

// Lines are the lines of one tracker: at most one for each peer and family. All
// methods are safe for concurrent use.
type Lines struct {
	host     Host
	answered func(netproto.PeerID, netproto.RingAnswer)
	opened   func(*Line) // once its first frame was said
	ping     time.Duration
	began    time.Time
	ctx      context.Context // of whatever lines wait for
	stop     context.CancelFunc
	running  sync.WaitGroup // readers, pings and goodbyes

	mu     sync.Mutex
	closed bool
	of     map[netproto.PeerID][2]*Line // IPv4, IPv6
	moved  map[netproto.PeerID]struct{} // see Changes; nil before Watch
	shifts [rounds]map[*Line]struct{}
	next   int // shift of the next line
	count  int
}

// New returns no lines; Run keeps those that come. A ping of 0 is netproto.LinePing.
func New(host Host, ping time.Duration) *Lines {
	if ping == 0 {
		ping = netproto.LinePing
	}
	ls := &Lines{host: host, ping: ping, began: time.Now(), of: map[netproto.PeerID][2]*Line{}}
	ls.answered, ls.opened = func(netproto.PeerID, netproto.RingAnswer) {}, func(*Line) {}
	ls.ctx, ls.stop = context.WithCancel(context.Background())
	for i := range ls.shifts {
		ls.shifts[i] = map[*Line]struct{}{}
	}
	return ls
}

// Run pings the lines and closes the silent ones until ctx ends. Then it says goodbye
// to all and waits for their goroutines.
func (ls *Lines) Run(ctx context.Context) error {
	tick := pulse.NewTicker(ls.ping / (rounds * rounds))
	defer tick.Stop()
	for turn := 0; ; turn = (turn + 1) % rounds {
		select {
		case <-ctx.Done():
			ls.end()
			return nil
		case <-tick.C:
			ls.look(turn)
		}
	}
}

// look closes the silent lines of a shift and pings those that heard nothing lately.
// A ping has a goroutine of its own because the peer may not read.
func (ls *Lines) look(turn int) {
	now, between := ls.elapsed(), ls.ping/rounds
	var silent, quiet []*Line
	ls.mu.Lock()
	for l := range ls.shifts[turn] {
		switch {
		case now-time.Duration(l.heard.Load()) > 3*ls.ping:
			silent = append(silent, l)
		case now-time.Duration(l.said.Load()) > ls.ping-between && l.writing.TryLock():
			quiet = append(quiet, l)
		}
	}
	ls.mu.Unlock()
	for _, l := range silent {
		l.abort()
	}
	for _, l := range quiet {
		ls.running.Go(func() {
			defer l.writing.Unlock()
			l.write(pingFrame)
		})
	}
}

// pingFrame is a ping as it goes over a line.
var pingFrame = func() []byte {
	frame, err := netproto.AppendLineFrame(nil, netproto.LineFrame{Ping: &struct{}{}})
	if err != nil {
		panic(err) // it is a constant
	}
	return frame
}()

func (ls *Lines) elapsed() time.Duration { return time.Since(ls.began) }

// Open makes a connection the line of its owner and takes it over; early are bytes of
// it that were read already. It replaces an older line of the same peer and family.
// moved says that the peer joined from elsewhere before: it is asked to join again.
// Open reports false, and has closed the connection, if the tracker stops.
func (ls *Lines) Open(conn net.Conn, early []byte, owner Owner, at netip.AddrPort, moved bool) bool {
	l := &Line{lines: ls, conn: conn, early: early, owner: owner, id: netproto.PeerIDOf(owner.Key[:])}
	l.moved.Store(moved)
	l.heard.Store(int64(ls.elapsed()))
	ls.mu.Lock()
	if ls.closed {
		ls.mu.Unlock()
		l.abort()
		return false
	}
	held := ls.of[l.id]
	old := held[family(owner.Seen.Addr())]
	held[family(owner.Seen.Addr())] = l
	ls.of[l.id] = held
	ls.note(l.id)
	l.shift = ls.next
	ls.next = (ls.next + 1) % rounds
	ls.shifts[l.shift][l] = struct{}{}
	ls.count++
	ls.running.Add(1)
	l.writing.Lock() // until its first frame is said
	ls.mu.Unlock()
	if old != nil {
		old.bye()
	}
	go l.read(at)
	return true
}

// family returns the place of an address among the lines of a peer.
func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// forget drops a line that has ended.
func (ls *Lines) forget(l *Line) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.shifts[l.shift], l)
	ls.count--
	ls.note(l.id)
	held := ls.of[l.id]
	if at := &held[family(l.owner.Seen.Addr())]; *at == l {
		*at = nil
	}
	if held == [2]*Line{} {
		delete(ls.of, l.id)
	} else {
		ls.of[l.id] = held
	}
}

// Watch has Changes tell of the lines that come and go from now on.
func (ls *Lines) Watch() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.moved = map[netproto.PeerID]struct{}{}
}

// note remembers that a line of a peer came or went; the caller holds the lock.
func (ls *Lines) note(id netproto.PeerID) {
	if ls.moved != nil {
		ls.moved[id] = struct{}{}
	}
}

// Changes returns of the peers whose lines came or went since it was asked last, or of all
// that have one, where the tracker sees their lines now.
func (ls *Lines) Changes(all bool) map[netproto.PeerID][]netip.AddrPort {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	list := make(map[netproto.PeerID][]netip.AddrPort, len(ls.moved))
	for id := range ls.moved {
		list[id] = ls.seen(id)
	}
	clear(ls.moved)
	if all {
		clear(list)
		for id := range ls.of {
			list[id] = ls.seen(id)
		}
	}
	return list
}

// end closes all lines and lets no other in.
func (ls *Lines) end() {
	ls.mu.Lock()
	ls.closed = true
	var all []*Line
	for _, shift := range ls.shifts {
		for l := range shift {
			all = append(all, l)
		}
	}
	ls.mu.Unlock()
	ls.stop()
	late := time.AfterFunc(byeTime, func() {
		for _, l := range all {
			l.abort()
		}
	})
	defer late.Stop()
	var group errgroup.Group
	group.SetLimit(byes)
	for _, l := range all {
		group.Go(l.conn.Close)
	}
	group.Wait() // one that could not be told has gone
	ls.running.Wait()
}

// Len returns how many lines there are.
func (ls *Lines) Len() int {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.count
}

// Seen returns where the tracker sees the lines of a peer, at most one for each
// family.
func (ls *Lines) Seen(id netproto.PeerID) []netip.AddrPort {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.seen(id)
}

// seen is Seen; the caller holds the lock.
func (ls *Lines) seen(id netproto.PeerID) []netip.AddrPort {
	var list []netip.AddrPort
	for _, l := range ls.of[id] {
		if l != nil {
			list = append(list, l.owner.Seen)
		}
	}
	return list
}

// Joined ends the lines of a peer that joined from another address of their family.
// One that was told to join stays: networks with several public addresses may show a
// peer under two of them at once.
func (ls *Lines) Joined(id netproto.PeerID, from netip.Addr) {
	ls.mu.Lock()
	l := ls.of[id][family(from)]
	ls.mu.Unlock()
	if l != nil && !l.moved.Swap(false) && l.owner.Seen.Addr() != from {
		l.bye()
	}
}

// Left ends the lines of a peer.
func (ls *Lines) Left(id netproto.PeerID) {
	ls.mu.Lock()
	held := ls.of[id]
	ls.mu.Unlock()
	for _, l := range held {
		if l != nil {
			l.bye()
		}
	}
}

// Cut ends all lines that match, without goodbye, and returns how many.
func (ls *Lines) Cut(match func(Owner) bool) int {
	var gone []*Line
	ls.mu.Lock()
	for _, shift := range ls.shifts {
		for l := range shift {
			if match(l.owner) {
				gone = append(gone, l)
			}
		}
	}
	ls.mu.Unlock()
	for _, l := range gone {
		l.abort()
	}
	return len(gone)
}

// Tell says something to a peer that keeps a line, and reports whether it was said.
func (ls *Lines) Tell(id netproto.PeerID, f netproto.LineFrame) bool {
	l := ls.find(id, netip.Addr{})
	return l != nil && l.send(f) == nil
}

// find returns a line of a peer, of the wanted family if there is one.
func (ls *Lines) find(id netproto.PeerID, want netip.Addr) *Line {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	held := ls.of[id]
	if l := held[family(want)]; l != nil {
		return l
	}
	return held[1-family(want)]
}

// stands reports whether a line has not ended.
func (ls *Lines) stands(l *Line) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	_, ok := ls.shifts[l.shift][l]
	return ok
}

// pause waits, but not for a tracker that stops.
func (ls *Lines) pause(d time.Duration) {
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-ls.ctx.Done():
	case <-over.C:
	}
}

// Line is a connection that stays. Its reader is its only goroutine.
type Line struct {
	lines *Lines
	conn  net.Conn
	early []byte
	owner Owner
	id    netproto.PeerID
	shift int

	writing sync.Mutex
	moved   atomic.Bool
	heard   atomic.Int64 // of Lines.elapsed
	said    atomic.Int64
}
