package peer

import (
	"context"
	"slices"

	"centralizedp2p/netproto"
)

// A peer stays with one main tracker, which its links name, and with any number
// of others beside it. It announces to all of them what it has, asks all of
// them for sources, and searches in all of them: see [Trackers]. Each is joined,
// lost and joined again by itself.

// UseTracker leaves the main tracker and stays with another from now on; nil is
// none. One with that address beside it is left. The engine closes it in the end.
func (e *Engine) UseTracker(t Tracker) {
	m := newMembership(e, t)
	ctx, cancel := context.WithCancel(e.ctx)
	m.stop = cancel
	if t != nil {
		e.DropTracker(t.Address())
	}
	e.telling.Lock()
	e.mu.Lock()
	old := e.member
	begun := e.beginLocked(func() {
		<-old.done // goodbye first: it may be the same tracker
		m.run(ctx)
	})
	if begun {
		e.member = m
		old.bequeath(m)
	}
	e.mu.Unlock()
	e.telling.Unlock()
	if !begun {
		cancel()
		if t != nil {
			t.Close()
		}
		return
	}
	if old.stop != nil {
		old.stop()
	}
	e.step()
}

// AddTracker stays with a tracker beside the main one. The engine closes it in
// the end; at once, and false is returned, where one with that address is used
// already.
func (e *Engine) AddTracker(t Tracker) bool {
	m := newMembership(e, t)
	ctx, cancel := context.WithCancel(e.ctx)
	m.stop = cancel
	e.telling.Lock()
	e.mu.Lock()
	used := e.member.at(t.Address()) || slices.ContainsFunc(e.others, func(o *membership) bool { return o.at(t.Address()) })
	begun := !used && e.beginLocked(func() { m.run(ctx) })
	if begun {
		e.others = append(e.others, m)
		e.member.share(m)
	}
	e.mu.Unlock()
	e.telling.Unlock()
	if !begun {
		cancel()
		t.Close()
		return false
	}
	e.step()
	return true
}

// DropTracker leaves a tracker beside the main one. The channel is closed when
// that was told so, or cannot be.
func (e *Engine) DropTracker(address string) (left <-chan struct{}) {
	defer e.step()
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, m := range e.others {
		if m.at(address) {
			e.others = slices.Delete(e.others, i, i+1)
			m.stop()
			return m.done
		}
	}
	never := make(chan struct{})
	close(never)
	return never
}

// Reconnect tries the trackers at once instead of when the next attempt or
// heartbeat is due.
func (e *Engine) Reconnect() {
	for _, m := range e.memberships() {
		m.poke(m.retry)
	}
}

// Rejoin tells the trackers the name and the ports of this peer again.
func (e *Engine) Rejoin() {
	for _, m := range e.memberships() {
		m.poke(m.rejoin)
	}
}

// membership is the one with the main tracker.
func (e *Engine) membership() *membership {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.member
}

// memberships are the main one, which may be with no tracker, and then the
// others in the order in which they were added.
func (e *Engine) memberships() []*membership {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]*membership{e.member}, e.others...)
}

// TrackerStatus is how this peer stands with its main tracker.
func (e *Engine) TrackerStatus() TrackerStatus { return e.membership().snapshot() }

// TrackerStatuses is how this peer stands with all its trackers, the main one
// first where there is one.
func (e *Engine) TrackerStatuses() []TrackerStatus {
	var list []TrackerStatus
	for _, m := range e.memberships() {
		if m.tracker != nil {
			list = append(list, m.snapshot())
		}
	}
	return list
}

// Tracker is the main one, or nil.
func (e *Engine) Tracker() Tracker { return e.membership().tracker }

// Trackers are those that this peer has joined, the main one first; where it has
// joined none, all that it tries to.
func (e *Engine) Trackers() Trackers {
	var all, joined Trackers
	for _, m := range e.memberships() {
		if m.tracker == nil {
			continue
		}
		all = append(all, m.tracker)
		if m.snapshot().State == TrackerConnected {
			joined = append(joined, m.tracker)
		}
	}
	if len(joined) > 0 {
		return joined
	}
	return all
}

// joinedAny tells whether this peer has joined a tracker.
func (e *Engine) joinedAny() bool {
	return slices.ContainsFunc(e.TrackerStatuses(), func(s TrackerStatus) bool { return s.State == TrackerConnected })
}

// tell passes on to the trackers under which name a content is here.
func (e *Engine) tell(hash netproto.ContentHash, as *netproto.Resource) {
	e.telling.Lock()
	defer e.telling.Unlock()
	for _, m := range e.memberships() {
		if as != nil {
			m.announce(*as)
		} else {
			m.withdraw(hash)
		}
	}
}

// announced tells whether the main tracker has taken a resource, or why it will
// not; where there is no main one, the same of the first of the others.
func (e *Engine) announced(h netproto.ContentHash) (bool, error) {
	all := e.memberships()
	if all[0].tracker == nil && len(all) > 1 {
		all = all[1:]
	}
	return all[0].announced(h)
}

// at tells whether the membership is with the tracker at an address.
func (m *membership) at(address string) bool {
	return m.tracker != nil && m.tracker.Address() == address
}

// share has another membership announce the same, which goes on by itself.
func (m *membership) share(with *membership) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.holdings {
		with.announce(r)
	}
	for _, r := range m.refused {
		with.announce(r.resource)
	}
}
