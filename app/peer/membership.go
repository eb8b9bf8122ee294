package peer

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

const (
	// maxAskedToWait bounds what a tracker can ask for.
	maxAskedToWait = 10 * time.Minute
	// leaveTimeout bounds what a goodbye may delay the end of the program.
	leaveTimeout = 2 * time.Second
	// A tracker may ask for heartbeats between these; beyond them it is damaged.
	minHeartbeat = time.Second
	maxHeartbeat = time.Hour
)

// membership keeps this peer joined to one tracker, and the tracker informed
// of what this peer has.
type membership struct {
	engine  *Engine
	tracker Tracker // nil: no tracker was chosen, and all calls only remember
	wake    chan struct{}
	retry   chan struct{} // tries at once
	rejoin  chan struct{} // joins again: what the join said has changed
	done    chan struct{} // closed when run returns
	stop    context.CancelFunc

	mu       sync.Mutex
	again    context.CancelCauseFunc // ends what is under way, to join again; nil before the first attempt
	holdings map[netproto.ContentHash]netproto.Resource
	digest   netproto.Digest
	pending  map[netproto.ContentHash]struct{} // changed since the tracker was told
	refused  map[netproto.ContentHash]refusal
	resync   bool        // the tracker holds something else: tell it everything
	heir     *membership // takes over what is announced here from now on
	status   TrackerStatus
}

// refusal is a resource that the tracker did not take. It is offered again to
// the next tracker, and to this one after the next join.
type refusal struct {
	resource netproto.Resource
	err      error
}

func newMembership(e *Engine, t Tracker) *membership {
	m := &membership{engine: e, tracker: t, wake: make(chan struct{}, 1), retry: make(chan struct{}, 1), rejoin: make(chan struct{}, 1), done: make(chan struct{}),
		holdings: map[netproto.ContentHash]netproto.Resource{}, pending: map[netproto.ContentHash]struct{}{}, refused: map[netproto.ContentHash]refusal{}}
	m.status = TrackerStatus{State: TrackerNone, Reachable: netproto.ReachableUnknown}
	if t != nil {
		m.status.Address, m.status.State = t.Address(), TrackerConnecting
	}
	return m
}

// bequeath hands everything over to another membership, which also gets what
// is still announced here later.
func (m *membership) bequeath(heir *membership) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heir = heir
	for _, r := range m.holdings {
		heir.announce(r)
	}
	for _, r := range m.refused {
		heir.announce(r.resource)
	}
}

// announce makes a resource one of those that the tracker is told about.
func (m *membership) announce(r netproto.Resource) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heir != nil {
		m.heir.announce(r)
		return
	}
	old, known := m.holdings[r.Hash]
	if known && old == r {
		return
	}
	m.hold(r)
	m.poke(m.wake)
}

// hold is announce with the lock held.
func (m *membership) hold(r netproto.Resource) {
	if _, known := m.holdings[r.Hash]; !known {
		m.digest = m.digest.Toggle(r.Hash)
	}
	m.holdings[r.Hash] = r
	m.pending[r.Hash] = struct{}{}
	delete(m.refused, r.Hash)
}

// withdraw takes a resource back.
func (m *membership) withdraw(h netproto.ContentHash) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.heir != nil {
		m.heir.withdraw(h)
		return
	}
	delete(m.refused, h)
	if _, known := m.holdings[h]; known {
		delete(m.holdings, h)
		m.digest = m.digest.Toggle(h)
		m.pending[h] = struct{}{}
		m.poke(m.wake)
	}
}

// announced tells whether the tracker has taken a resource, or why it will
// not: it refused, it lets this peer not in, or its key changed, which only the
// person can decide on.
func (m *membership) announced(h netproto.ContentHash) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, refused := m.refused[h]; refused {
		return false, r.err
	}
	switch netproto.CodeOf(m.status.Err) {
	case netproto.CodeKeyChanged, netproto.CodeInvite, netproto.CodeBanned:
		return false, m.status.Err
	}
	_, pending := m.pending[h]
	return m.status.State == TrackerConnected && !pending && !m.resync, nil
}

// holding is how a content is announced.
func (m *membership) holding(h netproto.ContentHash) (netproto.Resource, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.holdings[h]
	return r, ok
}

func (m *membership) poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (m *membership) snapshot() TrackerStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

func (m *membership) update(change func(*TrackerStatus)) {
	m.mu.Lock()
	change(&m.status)
	m.mu.Unlock()
	m.engine.step()
}

// run joins, keeps the lease, and joins again when it is lost, until ctx ends;
// then it leaves.
func (m *membership) run(ctx context.Context) {
	defer close(m.done)
	if m.tracker == nil {
		return
	}
	defer m.tracker.Close()
	shortest, longest := m.engine.timing.minTracker, m.engine.timing.maxTracker
	delay := shortest
	for {
		began := time.Now()
		err := m.attempt(ctx)
		if ctx.Err() != nil {
			m.leave(ctx)
			return
		}
		if time.Since(began) > longest {
			delay = shortest
		}
		// A tracker that forgets this peer at once, again and again, is not
		// joined as fast as it can be.
		if err == errRejoin {
			delay = shortest
			continue
		}
		if netproto.CodeOf(err) == netproto.CodeJoinFirst && time.Since(began) > shortest {
			continue
		}
		wait := max(jitter(delay), askedToWait(err))
		delay = min(2*delay, longest)
		m.engine.log.Info("the tracker was lost", "tracker", m.tracker.Address(), "error", err)
		m.update(func(s *TrackerStatus) {
			s.State, s.Err, s.Retry = TrackerReconnecting, err, time.Now().Add(wait)
			if netproto.CodeOf(err) == netproto.CodeKeyChanged {
				s.State = TrackerKeyChanged
			}
		})
		if !m.pause(ctx, wait, netproto.CodeOf(err) == netproto.CodeKeyChanged) {
			m.leave(ctx)
			return
		}
	}
}

// pause waits until the next attempt is due or wanted; a changed key is the
// person's to decide on.
func (m *membership) pause(ctx context.Context, wait time.Duration, forPerson bool) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	due := timer.C
	if forPerson {
		due = nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-m.retry:
	case <-due:
	}
	return true
}

// jitter spreads a time by a quarter, so that peers that lost a tracker at
// once do not return at once.
func jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2+1)
}

// askedToWait is how long the tracker does not want to be asked again; 0 when
// it did not say so.
func askedToWait(err error) time.Duration {
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return min(e.RetryAfter, maxAskedToWait)
	}
	return 0
}

// seconds keeps a number from the network within what can be reckoned with.
func seconds(n int) time.Duration { return time.Duration(min(max(n, 0), 1e6)) * time.Second }

// leave says goodbye after ctx has ended.
func (m *membership) leave(ctx context.Context) {
	if m.snapshot().State != TrackerConnected {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if err := m.tracker.Leave(ctx); err != nil {
		m.engine.log.Debug("leaving the tracker", "error", err)
	}
}

// errRejoin ends a stay whose join said what is not true any more.
var errRejoin = errors.New("this peer joins again")

// attempt is stay, which renew can end.
func (m *membership) attempt(ctx context.Context) error {
	ctx, again := context.WithCancelCause(ctx)
	defer again(nil)
	m.mu.Lock()
	m.again = again
	m.mu.Unlock()
	err := m.stay(ctx)
	if context.Cause(ctx) == errRejoin {
		return errRejoin
	}
	return err
}

// stay joins and keeps the lease until something fails.
func (m *membership) stay(ctx context.Context) error {
	info, err := m.tracker.Info(ctx)
	if err != nil {
		return err
	}
	joined, err := m.tracker.Join(ctx, m.engine.joinRequest())
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.resync = joined.Count != len(m.holdings) || joined.Digest != m.digest
	for _, r := range m.refused {
		m.hold(r.resource)
	}
	m.mu.Unlock()
	m.update(func(s *TrackerStatus) {
		s.Name, s.Fingerprint = info.Name, m.tracker.Fingerprint()
		s.Observed, s.Reachable = joined.ObservedAddress, joined.Reachable
		s.Lease = seconds(joined.LeaseSeconds)
		s.Err, s.Retry, s.State = nil, time.Time{}, TrackerConnected
	})
	m.engine.log.Info("joined the tracker", "tracker", m.tracker.Address(), "name", netproto.Printable(info.Name))
	interval := min(max(seconds(joined.HeartbeatSeconds), minHeartbeat), maxHeartbeat)
	beat := time.NewTimer(0)
	defer beat.Stop()
	var told time.Time        // when something was
	var calm <-chan time.Time // ends the time in which the tracker wants to hear nothing new
	for {
		if calm == nil {
			some, err := m.tell(ctx)
			if some {
				told = time.Now()
			}
			if wait := askedToWait(err); wait > 0 {
				calm = time.After(wait)
			} else if err != nil {
				return err
			}
		}
		select {
		case <-calm:
			calm = nil
		case <-ctx.Done():
			return ctx.Err()
		case <-m.wake:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(m.engine.timing.gather - time.Since(told)): // at once after a rest
			}
		case <-m.rejoin:
			return errRejoin
		case <-m.retry:
			beat.Reset(0)
		case <-beat.C:
			// A lease outlives a heartbeat that came at a bad time.
			if err := m.heartbeat(ctx); err != nil && askedToWait(err) == 0 {
				return err
			}
			beat.Reset(jitter(interval) * 4 / 5) // never later than the interval
		}
	}
}

func (m *membership) heartbeat(ctx context.Context) error {
	m.mu.Lock()
	told := len(m.pending) == 0 && !m.resync
	request := netproto.HeartbeatRequest{Count: len(m.holdings), Digest: m.digest}
	m.mu.Unlock()
	began := time.Now()
	answer, err := m.tracker.Heartbeat(ctx, request)
	if err != nil {
		return err
	}
	took := time.Since(began)
	switch answer.Status {
	case netproto.HeartbeatJoin:
		return netproto.Errorf(netproto.CodeJoinFirst, "%s", m.tracker.Address())
	case netproto.HeartbeatResync:
		if told {
			m.mu.Lock()
			m.resync = true
			m.mu.Unlock()
			m.poke(m.wake)
		}
	}
	stats, err := m.tracker.Stats(ctx)
	if err != nil {
		return err
	}
	m.update(func(s *TrackerStatus) { s.RoundTrip, s.Reachable, s.Stats = took, answer.Reachable, stats })
	return nil
}

// tell announces and withdraws what changed, or everything after a resync, and
// says whether there was anything.
func (m *membership) tell(ctx context.Context) (some bool, err error) {
	for ; ; some = true {
		m.mu.Lock()
		reset := m.resync
		if reset {
			m.pending = map[netproto.ContentHash]struct{}{}
			for h := range m.holdings {
				m.pending[h] = struct{}{}
			}
		}
		var batch []netproto.Resource
		var gone []netproto.ContentHash
		for h := range m.pending {
			if len(batch) == netproto.MaxAnnounce || len(gone) == netproto.MaxAnnounce {
				break // what is left comes next, and is many
			}
			if r, ok := m.holdings[h]; ok {
				batch = append(batch, r)
			} else {
				gone = append(gone, h)
			}
		}
		m.mu.Unlock()
		if len(batch) == 0 && len(gone) == 0 && !reset {
			return some, nil
		}
		if err := m.tellBatch(ctx, batch, gone, reset); err != nil {
			return some, err
		}
		m.engine.step()
	}
}

func (m *membership) tellBatch(ctx context.Context, batch []netproto.Resource, gone []netproto.ContentHash, reset bool) error {
	var answer netproto.AnnounceResponse
	var err error
	if len(batch) > 0 || reset {
		if answer, err = m.tracker.Announce(ctx, netproto.AnnounceRequest{Reset: reset, Resources: batch}); err != nil {
			return err
		}
	}
	if len(gone) > 0 {
		if err := m.tracker.Withdraw(ctx, gone); err != nil {
			return err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.resync = false
	for _, r := range batch {
		if m.holdings[r.Hash] == r { // not changed meanwhile
			delete(m.pending, r.Hash)
		}
	}
	for _, h := range gone {
		if _, again := m.holdings[h]; !again {
			delete(m.pending, h)
		}
	}
	for _, r := range answer.Refused {
		if r.Index < 0 || r.Index >= len(batch) {
			continue
		}
		h := batch[r.Index].Hash
		m.refused[h] = refusal{batch[r.Index], &netproto.Error{Code: r.Code, Detail: r.Detail}}
		if m.holdings[h] == batch[r.Index] { // the tracker does not count it either
			delete(m.holdings, h)
			m.digest = m.digest.Toggle(h)
		}
	}
	return nil
}
