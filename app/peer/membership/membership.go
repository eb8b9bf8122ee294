package membership

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

const (
	// leaveTimeout bounds how long a goodbye may delay the end of the program.
	leaveTimeout = 2 * time.Second
	// A tracker may ask for intervals between these; others are clamped.
	minHeartbeat = time.Second
	maxHeartbeat = time.Hour
)

// membership keeps this peer joined to one tracker, and the tracker informed of
// what this peer has.
type membership struct {
	config  *Config
	tracker Tracker         // nil: no tracker was chosen
	page    *page           // nil without a tracker
	ctx     context.Context // ends when the tracker is left
	all     context.Context // of all memberships
	leave   context.CancelFunc
	retry   chan struct{} // asks for an attempt at once
	rejoin  chan struct{} // asks to join again: what the join said has changed
	shut    chan error    // of capacity 1: a line was refused for good, or met another key
	done    chan struct{} // closed when run returns
	present bool          // the tracker may count this peer as online; only run uses it
	ways    netproto.Ways // that the tracker was told; only run uses it
	known   string        // of what the tracker was told, as remembered; only run uses it
	counted time.Time     // when an older tracker was last asked for its counts; only run uses it
	broke   atomic.Bool   // the tracker or a line to it was lost, and is not back

	mu     sync.Mutex
	again  context.CancelCauseFunc // ends what is under way, to join again; nil before the first attempt
	held   *lines                  // of the present stay; nil without
	status Status
}

// with returns a membership with a tracker that does not run yet.
func (ms *Memberships) with(t Tracker) *membership {
	m := &membership{config: &ms.config, tracker: t, retry: make(chan struct{}, 1), rejoin: make(chan struct{}, 1), shut: make(chan error, 1),
		done: make(chan struct{})}
	m.all = ms.ctx
	m.ctx, m.leave = context.WithCancel(m.all)
	m.status = Status{State: StateNone, Reachable: netproto.ReachableUnknown}
	if t != nil {
		m.page = ms.book.open()
		m.status.Address, m.status.State = t.Address(), StateConnecting
	}
	return m
}

// discard drops a membership that never ran.
func (m *membership) discard() {
	m.leave()
	if m.tracker != nil {
		m.page.book.close(m.page)
		m.tracker.Close()
	}
}

// at reports whether the membership is with the tracker at an address.
func (m *membership) at(address string) bool {
	return m.tracker != nil && m.tracker.Address() == address
}

// over reports whether the membership has ended and said goodbye.
func (m *membership) over() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}

// announced reports whether the tracker has taken a resource. The error says why it
// will not: it refused, it does not let this peer in, or its key changed, which only
// the person can decide on.
func (m *membership) announced(h netproto.ContentHash) (bool, error) {
	if m.tracker == nil {
		return false, nil
	}
	taken, err := m.page.taken(h)
	if err != nil {
		return false, err
	}
	status := m.snapshot()
	switch netproto.CodeOf(status.Err) {
	case netproto.CodeKeyChanged, netproto.CodeInvite, netproto.CodeBanned:
		return false, status.Err
	}
	return taken && status.State == StateConnected, nil
}

func (m *membership) snapshot() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

func (m *membership) update(change func(*Status)) {
	m.mu.Lock()
	change(&m.status)
	m.mu.Unlock()
	m.config.Changed()
}

// renew joins the tracker again at once and gives up what is under way.
func (m *membership) renew() {
	m.mu.Lock()
	again := m.again
	m.mu.Unlock()
	if again != nil {
		again(errRejoin)
		m.tracker.Reset()
	}
	poke(m.retry)
}

// run joins, keeps the lease, and joins again when it is lost, until the tracker
// is left; then it says goodbye.
func (m *membership) run() {
	defer close(m.done)
	if m.tracker == nil {
		return
	}
	defer m.tracker.Close()
	defer m.page.book.close(m.page)
	ctx, shortest, longest := m.ctx, m.config.Timing.MinRetry, m.config.Timing.MaxRetry
	delay, lost := shortest, time.Now()
	for {
		began := time.Now()
		err := m.attempt(ctx)
		if ctx.Err() != nil {
			m.sayGoodbye()
			return
		}
		if time.Since(began) > longest {
			delay, lost = shortest, time.Now()
		}
		// A tracker that forgets this peer right after each join is not joined
		// again without a pause.
		if errors.Is(err, errRejoin) {
			delay = shortest
			continue
		}
		if netproto.CodeOf(err) == netproto.CodeJoinFirst && time.Since(began) > shortest {
			continue
		}
		m.present = false
		m.broke.Store(true)
		delay = min(delay, m.longest(err, lost))
		wait := max(jitter(delay), askedToWait(err))
		delay = min(2*delay, longest)
		m.config.Log.Info("the tracker was lost", "tracker", m.tracker.Address(), "error", err)
		m.update(func(s *Status) {
			s.State, s.Err, s.Retry = StateReconnecting, err, time.Now().Add(wait)
			if netproto.CodeOf(err) == netproto.CodeKeyChanged {
				s.State = StateKeyChanged // the right key may come back by itself
			}
		})
		if !m.pause(ctx, wait) {
			m.sayGoodbye()
			return
		}
	}
}

// pause waits until the next attempt is due or wanted; it reports false if the
// tracker is left meanwhile.
func (m *membership) pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-m.retry:
	case <-timer.C:
	}
	return true
}

// seconds clamps a number of seconds from the network to a sane range.
func seconds(n int) time.Duration { return time.Duration(min(max(n, 0), 1e6)) * time.Second }

// sayGoodbye takes leave of the tracker, if it may count this peer as online.
func (m *membership) sayGoodbye() {
	if !m.present {
		return
	}
	m.remember()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), leaveTimeout)
	defer cancel()
	leave := m.tracker.Leave
	if m.all.Err() != nil {
		leave = m.tracker.Goodbye
	}
	if err := leave(ctx); err != nil {
		m.config.Log.Debug("leaving the tracker", "error", err)
	}
}

// errRejoin ends a stay because what the join said is no longer true.
var errRejoin = errors.New("this peer joins again")

// attempt calls stay in a way that renew can end.
func (m *membership) attempt(ctx context.Context) error {
	ctx, again := context.WithCancelCause(ctx)
	defer again(nil)
	m.mu.Lock()
	m.again = again
	m.mu.Unlock()
	err := m.stay(ctx)
	if errors.Is(context.Cause(ctx), errRejoin) {
		return errRejoin
	}
	return err
}

// stay joins and keeps the lease until something fails.
func (m *membership) stay(ctx context.Context) error {
	joined, calls, err := m.join(ctx)
	if err != nil {
		return err
	}
	var held *lines
	if !calls {
		m.back()
	} else {
		ctx, end := context.WithCancel(ctx)
		held = m.holdLines(ctx)
		defer held.work.Wait()
		defer end()
		defer m.hold(nil)
		m.hold(held)
	}
	interval := min(max(seconds(joined.HeartbeatSeconds), minHeartbeat), maxHeartbeat)
	beat := time.NewTimer(0)
	defer beat.Stop()
	soon := m.config.Timing.MinRetry
	var told time.Time        // when the tracker was last told something
	var calm <-chan time.Time // receives when the tracker is ready to hear news again; nil while it is
	quiet := false            // not even folders are told until then
	looked := m.looked(joined)
	for {
		if looked == nil && (calm == nil || !quiet && m.page.hasFolders()) {
			some, folders, err := m.tell(ctx, calm != nil)
			if some {
				told = time.Now()
			}
			if wait := askedToWait(err); wait > 0 {
				calm, quiet = time.After(wait), folders
			} else if err != nil {
				return err
			}
		}
		select {
		case <-looked:
			looked = nil
			m.compare(joined)
		case <-calm:
			calm = nil
		case <-ctx.Done():
			return ctx.Err()
		case <-m.page.wake:
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(m.config.Timing.Gather - time.Since(told)): // no wait after a quiet time
			}
		case <-m.rejoin:
			return errRejoin
		case err := <-m.shut:
			return err
		case <-m.retry:
			beat.Reset(0)
		case <-beat.C:
			// A lease survives one heartbeat that the tracker was too busy for.
			if err := m.heartbeat(ctx, held); err != nil && askedToWait(err) == 0 {
				return err
			}
			wait := pulse.Within(jitter(interval)*4/5, restBeat) // never later than the interval
			// The tracker may still be dialling back.
			if m.snapshot().Reachable == netproto.ReachableUnknown {
				wait = min(wait, soon)
				soon = min(2*soon, interval) // it may never find out
			}
			beat.Reset(wait)
		}
	}
}

// join joins the tracker. calls reports whether it arranges connections to this peer.
func (m *membership) join(ctx context.Context) (joined netproto.JoinResponse, calls bool, err error) {
	info, err := m.tracker.Info(ctx)
	if err != nil {
		return joined, false, err
	}
	m.present = true // even if the answer is lost
	self := m.config.Self()
	if joined, err = m.tracker.Join(ctx, self); err != nil {
		m.present = ctx.Err() != nil
		return joined, false, err
	}
	calls = joined.Line && m.config.Calls()
	m.update(func(s *Status) {
		s.MappedPort, s.Calls, s.Relays, s.Lines = self.MappedPort, calls, info.Relay, nil
		s.Name, s.Fingerprint = info.Name, m.tracker.Fingerprint()
		s.Observed, s.Reachable, s.Outside = joined.ObservedAddress, joined.Reachable, outsideOf(joined.TrackerAt)
		s.Lease = seconds(joined.LeaseSeconds)
		s.Err, s.Retry, s.State = nil, time.Time{}, StateConnected
	})
	m.config.Joined(m.tracker, info.Wishes)
	m.config.Log.Info("joined the tracker", "tracker", m.tracker.Address(), "name", netproto.Printable(info.Name))
	return joined, calls, nil
}

func (m *membership) heartbeat(ctx context.Context, held *lines) error {
	request, told := m.page.report()
	ways := m.newWays(&request)
	began := time.Now()
	answer, err := m.beat(ctx, held, request)
	if err != nil {
		return err
	}
	took := time.Since(began)
	m.ways = ways
	switch answer.Status {
	case netproto.HeartbeatJoin:
		return netproto.Errorf(netproto.CodeJoinFirst, "%s", m.tracker.Address())
	case netproto.HeartbeatResync:
		if told {
			m.page.startOver()
		}
	case netproto.HeartbeatOK:
		if told {
			m.remember()
		}
	}
	if answer.Notes > 0 {
		m.config.Notes(m.tracker)
	}
	if answer.Wishes > 0 {
		m.config.Finds(m.tracker)
	}
	counts := answer.Stats
	if counts == nil {
		counts = m.askCounts(ctx)
	}
	m.update(func(s *Status) {
		s.RoundTrip = max(took, 1) // a clock stands still for milliseconds on Windows
		s.Reachable, s.Outside = answer.Reachable, outsideOf(answer.TrackerAt)
		if counts != nil {
			s.Stats = *counts
		}
	})
	return nil
}

// newWays adds to a heartbeat how this peer has connected to others since the last one,
// and returns all that the tracker knows once it has answered.
func (m *membership) newWays(request *netproto.HeartbeatRequest) netproto.Ways {
	if m.config.Ways == nil {
		return netproto.Ways{}
	}
	now, told := m.config.Ways(), m.ways
	fresh := netproto.Ways{Direct: now.Direct - told.Direct, Mapped: now.Mapped - told.Mapped, Called: now.Called - told.Called,
		Relayed: now.Relayed - told.Relayed, None: now.None - told.None}
	if fresh != (netproto.Ways{}) {
		request.Ways = &fresh
	}
	return now
}

// outsideOf returns where others reach a tracker, as that says; "" if it says nothing that
// can stand in a link.
func outsideOf(said string) string {
	at, err := netproto.TrackerAddress(said)
	if err != nil || isLocal(at) {
		return ""
	}
	return at
}

// isLocal reports whether an address, HOST:PORT, means something only on this computer or
// in its network.
func isLocal(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast())
}

// beat sends a heartbeat over a line, if one stands, and else as a request: so too if the
// line leads to a node of the tracker that is without its database. If another node answers
// then, the lines move there.
func (m *membership) beat(ctx context.Context, held *lines, request netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error) {
	if held == nil {
		return m.tracker.Heartbeat(ctx, request)
	}
	answer, err := held.beat(ctx, request)
	away := netproto.CodeOf(err) == netproto.CodeStoreAway
	if _, said := errors.AsType[*netproto.Error](err); err == nil || said && !away || ctx.Err() != nil {
		return answer, err
	}
	answer, err = m.tracker.Heartbeat(ctx, request)
	if away && err == nil {
		held.hangUp()
	}
	return answer, err
}

// askCounts asks a tracker whose heartbeats bring no counts for them, now and
// then. It returns nil if they were asked for lately or do not come: they are only
// shown, so a tracker that cannot count is no worse than another.
func (m *membership) askCounts(ctx context.Context) *netproto.Stats {
	if !m.counted.IsZero() && time.Since(m.counted) < m.config.Timing.Counts {
		return nil
	}
	m.counted = time.Now()
	stats, err := m.tracker.Stats(ctx)
	if err != nil {
		m.config.Log.Debug("asking the tracker for its counts", "tracker", m.tracker.Address(), "error", err)
		return nil
	}
	return &stats
}
