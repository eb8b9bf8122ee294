// Package membership keeps a peer joined to its trackers and tells them what the
// peer offers.
//
// A peer stays with one main tracker, which its links name, and with any number
// of others beside it. It announces to all of them what it has, asks all of them
// for sources, and searches all of them: see [Trackers]. If one is lost, the others
// are not affected. To a tracker that arranges calls it holds lines, on which its
// heartbeats travel and over which other peers ring it.
//
// Locks, outer first: Memberships.joining, Memberships.mu, membership.mu, lines.mu,
// book.mu. None is held while a tracker is asked; line.writing is, for one frame.
package membership

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// Timing says how long the memberships wait.
type Timing struct {
	Gather time.Duration // changes are collected before they are announced
	// A lost tracker is tried again after MinRetry, doubled each time up to
	// MaxRetry, ± a quarter.
	MinRetry, MaxRetry time.Duration
	// Counts is how often a tracker is asked for its counts if its heartbeats do
	// not bring them.
	Counts time.Duration
}

// StandardTiming is for everyday use.
var StandardTiming = Timing{Gather: 100 * time.Millisecond, MinRetry: time.Second, MaxRetry: 30 * time.Second, Counts: 5 * time.Minute}

// Config is what memberships need of the peer.
type Config struct {
	Self    func() netproto.JoinRequest // what a tracker learns about this peer
	Changed func()                      // something a person sees, or a waiter waits for, has changed; must not wait
	Log     *slog.Logger
	Timing  Timing
	// Dial connects lines, from the port that this peer listens at.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Leads reports whether this computer has an address with which a network, tcp4 or
	// tcp6, leads beyond the local one.
	Leads func(network string) bool
	// Ways counts how this peer has connected to others so far; nil: nobody does.
	Ways func() netproto.Ways
	// Ring takes a call; it must not wait. Calls says whether they are taken at all.
	Ring  func(t Tracker, ring netproto.Ring) netproto.RingResult
	Calls func() bool
	// Notes is told that a tracker keeps notes for this peer; it must not wait.
	Notes func(t Tracker)
	// Joined is told that a tracker was joined, and whether it keeps wishes; Finds, that
	// something fits one, or that a line stands again, before which they may have been
	// forgotten. They must not wait.
	Joined func(t Tracker, wishes bool)
	Finds  func(t Tracker)
	// Looked returns a channel that is closed when this peer has found what it offers, or
	// that takes too long; nil: it has. It is nil if that is always so.
	Looked func() <-chan struct{}
	// Told returns what was last remembered of what the tracker at an address was told, and
	// Remember remembers it, or "" for nothing certain. They may wait for the disk; nil:
	// nothing is remembered.
	Told     func(address string) string
	Remember func(address, sum string)
	// Back is told that a tracker that was lost, or a line to it, is there again: others
	// can be called. It must not wait.
	Back func()
}

// Memberships are all memberships of a peer: with its main tracker, if it has one, and
// with others. They announce what the peer offers.
type Memberships struct {
	config Config
	book   *book
	ctx    context.Context // of all memberships
	cancel context.CancelFunc
	work   sync.WaitGroup

	joining sync.Mutex // held while the set of trackers changes

	mu     sync.Mutex
	closed bool
	main   *membership // its tracker is nil at first
	others []*membership
	left   []*membership // those that may still say goodbye
}

// New returns memberships with no tracker; ctx or Close ends them.
func New(ctx context.Context, config Config) *Memberships {
	ms := &Memberships{config: config, book: newBook()}
	ms.ctx, ms.cancel = context.WithCancel(ctx)
	ms.main = ms.with(nil)
	close(ms.main.done)
	return ms
}

// Close says goodbye to all trackers and waits for it.
func (ms *Memberships) Close() {
	ms.mu.Lock()
	ms.closed = true
	ms.mu.Unlock()
	ms.cancel()
	ms.work.Wait()
}

// Use leaves the main tracker and stays with t from now on, or with none if t is nil.
// If t's address is among the other trackers, that membership ends. Memberships closes
// t when it is left. The channel is closed when the previous tracker knows that this
// peer left, or cannot be told; at once if there was none.
func (ms *Memberships) Use(t Tracker) (left <-chan struct{}) {
	ms.joining.Lock()
	defer ms.joining.Unlock()
	if t != nil {
		ms.drop(t.Address())
	}
	m := ms.with(t)
	ms.mu.Lock()
	old := ms.main
	begun := ms.join(m, old) // goodbye first: it may be the same tracker under another address
	if begun {
		ms.main = m
		ms.left = append(ms.left, old)
	}
	ms.mu.Unlock()
	if !begun {
		m.discard()
		return old.done
	}
	old.leave()
	ms.config.Changed()
	return old.done
}

// Add stays with a tracker beside the main one and reports true; the tracker is
// closed when it is left. If one with that address is in use already, Add closes
// t at once and reports false.
func (ms *Memberships) Add(t Tracker) bool {
	ms.joining.Lock()
	defer ms.joining.Unlock()
	m := ms.with(t)
	ms.mu.Lock()
	used := slices.ContainsFunc(ms.all(), func(o *membership) bool { return o.at(t.Address()) })
	begun := !used && ms.join(m)
	if begun {
		ms.others = append(ms.others, m)
	}
	ms.mu.Unlock()
	if !begun {
		m.discard()
		return false
	}
	ms.config.Changed()
	return true
}

// Drop leaves a tracker beside the main one. The channel is closed when the tracker
// knows it or cannot be told; at once if no such tracker is in use.
func (ms *Memberships) Drop(address string) (left <-chan struct{}) {
	ms.joining.Lock()
	defer ms.joining.Unlock()
	defer ms.config.Changed()
	return ms.drop(address)
}

func (ms *Memberships) drop(address string) (left <-chan struct{}) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for i, m := range ms.others {
		if m.at(address) {
			ms.others = slices.Delete(ms.others, i, i+1)
			ms.left = append(ms.left, m)
			m.leave()
			return m.done
		}
	}
	never := make(chan struct{})
	close(never)
	return never
}

// join has a membership run once others are over: these, and all with the same
// address. A goodbye that came after the join would take the peer off that tracker.
// Close waits for the run; join reports false after Close. The caller holds the lock.
func (ms *Memberships) join(m *membership, others ...*membership) bool {
	if ms.closed {
		return false
	}
	ms.left = slices.DeleteFunc(ms.left, (*membership).over)
	for _, o := range ms.left {
		if m.tracker != nil && o.at(m.tracker.Address()) {
			others = append(others, o)
		}
	}
	ms.work.Go(func() {
		for _, o := range others {
			<-o.done
		}
		m.run()
	})
	return true
}

// Reconnect contacts the trackers at once and does not wait until the next attempt or
// heartbeat is due.
func (ms *Memberships) Reconnect() {
	for _, m := range ms.list() {
		poke(m.retry)
	}
}

// Rejoin tells the trackers the name and the ports of this peer anew.
func (ms *Memberships) Rejoin() {
	for _, m := range ms.list() {
		poke(m.rejoin)
	}
}

// Ping says something on all lines now: a router may have forgotten them.
func (ms *Memberships) Ping() {
	for _, m := range ms.list() {
		m.ping()
	}
}

// Renew joins all trackers again at once over new connections, because the present
// ones may be dead.
func (ms *Memberships) Renew() {
	for _, m := range ms.list() {
		m.renew()
	}
}

// all returns the main membership, whose tracker may be nil, and then the others in
// the order in which they were added. The caller holds the lock.
func (ms *Memberships) all() []*membership {
	return append([]*membership{ms.main}, ms.others...)
}

func (ms *Memberships) list() []*membership {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return ms.all()
}

// Status returns how this peer stands with its main tracker.
func (ms *Memberships) Status() Status { return ms.list()[0].snapshot() }

// Statuses returns how this peer stands with each of its trackers, the main one first
// if there is one.
func (ms *Memberships) Statuses() []Status {
	var list []Status
	for _, m := range ms.list() {
		if m.tracker != nil {
			list = append(list, m.snapshot())
		}
	}
	return list
}

// Main returns the main tracker, or nil.
func (ms *Memberships) Main() Tracker { return ms.list()[0].tracker }

// Active returns the trackers that this peer has joined, the main one first; if it
// has joined none, all that it tries to join.
func (ms *Memberships) Active() Trackers {
	var all, joined Trackers
	for _, m := range ms.list() {
		if m.tracker == nil {
			continue
		}
		all = append(all, m.tracker)
		if m.snapshot().State == StateConnected {
			joined = append(joined, m.tracker)
		}
	}
	if len(joined) > 0 {
		return joined
	}
	return all
}

// LinkAddress returns the address of the main tracker for links: where others reach it,
// if this peer itself uses one that means nothing elsewhere; "" without a main tracker.
func (ms *Memberships) LinkAddress() string {
	status := ms.Status()
	if status.Outside != "" && isLocal(status.Address) {
		return status.Outside
	}
	return status.Address
}

// Find returns the tracker at an address if this peer has joined it, otherwise nil, and
// whether a line stands there, and whether another one is about to.
func (ms *Memberships) Find(address string) (t Tracker, stands, more bool) {
	for _, m := range ms.list() {
		if status := m.snapshot(); m.at(address) && status.State == StateConnected {
			return m.tracker, len(status.Lines) > 0, status.Opening > 0
		}
	}
	return nil, false, false
}

// Joined reports whether this peer has joined a tracker.
func (ms *Memberships) Joined() bool {
	return slices.ContainsFunc(ms.Statuses(), func(s Status) bool { return s.State == StateConnected })
}

// Announce has all trackers list a resource; it does not wait for them.
func (ms *Memberships) Announce(r netproto.Resource) { ms.book.set(r) }

// Withdraw takes a resource off the lists of all trackers; it does not wait for
// them.
func (ms *Memberships) Withdraw(hash netproto.ContentHash) { ms.book.remove(hash) }

// Announced reports whether the main tracker has taken a resource; the error says why
// it will not. Without a main tracker the first of the others counts.
func (ms *Memberships) Announced(hash netproto.ContentHash) (bool, error) {
	all := ms.list()
	if all[0].tracker == nil && len(all) > 1 {
		all = all[1:]
	}
	return all[0].announced(hash)
}

// Holding returns how a content is announced; false if it is not.
func (ms *Memberships) Holding(hash netproto.ContentHash) (netproto.Resource, bool) {
	return ms.book.get(hash)
}
