package membership

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

const (
	// lineWrite bounds how long a frame may take to be written, and beatTime how long
	// the answer to a heartbeat may take until it is asked for by a request.
	lineWrite = 10 * time.Second
	beatTime  = 10 * time.Second
	// tooMuch is how long a peer waits that a tracker told on a line to be quieter.
	tooMuch = time.Second
	// fresh is how long a break is news: as long, a line is tried again more often.
	fresh = 30 * time.Second
)

// lines are those that one stay with a tracker holds: one in each family of addresses
// that the tracker has. Heartbeats travel on them, and rings come.
type lines struct {
	member *membership
	work   sync.WaitGroup

	mu    sync.Mutex
	stand []*line // in the order in which they were opened
}

// line is one that stands.
type line struct {
	conn    net.Conn
	network string // tcp4 or tcp6
	answers chan netproto.LineFrame
	writing chan struct{} // of capacity 1: held while a frame is written
	doubted chan struct{} // of capacity 1: asks for a ping now
	ping    *time.Ticker  // ticks when nothing was said for a while
}

// restBeat is how often a peer at rest wakes at least. Heartbeats and pings come with that:
// then the computer does not wake for each of them.
const restBeat = pulse.Slow * time.Second

// sayWithin is how long a line is left silent.
func sayWithin() time.Duration { return pulse.Within(netproto.LinePing, restBeat) }

// holdLines holds lines until ctx ends; then wait for their work.
func (m *membership) holdLines(ctx context.Context) *lines {
	ls := &lines{member: m}
	m.update(func(s *Status) { s.Opening = 1 }) // at least
	ls.work.Go(func() {
		families := m.tracker.Families(ctx)
		if len(families) > 1 { // until the addresses of this computer change, when it joins again
			families = slices.DeleteFunc(families, func(network string) bool { return !m.config.Leads(network) })
		}
		m.update(func(s *Status) { s.Opening = len(families) })
		for _, network := range families {
			ls.work.Go(func() { ls.hold(ctx, network) })
		}
	})
	return ls
}

// hold keeps a line in one family, and opens it again when it breaks.
func (ls *lines) hold(ctx context.Context, network string) {
	m := ls.member
	select {
	case <-m.shut: // of an earlier stay
	default:
	}
	// Without a line nobody can call this peer: it comes back sooner than a lost tracker.
	// Most breaks are short: a tracker or a router that restarts.
	shortest, longest := m.config.Timing.MinRetry/4, m.config.Timing.MaxRetry/3
	delay, broke := shortest, time.Now()
	opened := sync.OnceFunc(func() { m.update(func(s *Status) { s.Opening-- }) })
	for {
		began := time.Now()
		err := ls.holdOne(ctx, network, opened)
		opened()
		if ctx.Err() != nil {
			return
		}
		switch netproto.CodeOf(err) {
		case netproto.CodeNotFound, netproto.CodeMethod, netproto.CodeBadRequest: // it keeps none: asked again after the next join
			return
		case netproto.CodeKeyChanged, netproto.CodeBanned, netproto.CodeInvite: // the next heartbeat would find that out minutes later
			select {
			case m.shut <- err:
			default:
			}
			return
		}
		if time.Since(began) > longest {
			delay, broke = shortest, time.Now()
		}
		m.broke.Store(true)
		m.config.Log.Debug("a line to the tracker ended", "tracker", m.tracker.Address(), "network", network, "error", err)
		if delay = min(delay, m.longest(err, broke)); time.Since(broke) < fresh {
			delay = min(delay, 2*m.config.Timing.MinRetry)
		}
		wait := time.NewTimer(max(jitter(delay), askedToWait(err)))
		delay = min(2*delay, longest)
		select {
		case <-ctx.Done():
			wait.Stop()
			return
		case <-wait.C:
		}
	}
}

// holdOne opens a line, calls opened, and serves the line until it breaks.
func (ls *lines) holdOne(ctx context.Context, network string, opened func()) error {
	m := ls.member
	conn, err := m.tracker.Line(ctx, network, m.config.Dial)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	l := &line{conn: conn, network: network, answers: make(chan netproto.LineFrame, 1), writing: make(chan struct{}, 1),
		doubted: make(chan struct{}, 1), ping: time.NewTicker(sayWithin())}
	defer l.ping.Stop()
	seen, err := l.read()
	if err != nil {
		return err
	}
	if seen.Seen == nil {
		return netproto.Errorf(netproto.CodeProtocol, "a line that does not begin with an address")
	}
	ls.changed(l, seen.Seen.Address)
	opened()
	m.back()
	m.config.Finds(m.tracker) // a tracker that restarted has forgotten what this peer wishes for
	defer ls.changed(l, "")
	done := make(chan struct{})
	defer close(done)
	ls.work.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-l.ping.C:
			case <-l.doubted:
			}
			if l.write(netproto.LineFrame{Ping: &struct{}{}}) != nil {
				conn.Close()
				return
			}
		}
	})
	return ls.serve(l)
}

// serve takes what the tracker says on a line.
func (ls *lines) serve(l *line) error {
	m := ls.member
	for {
		f, err := l.read()
		switch {
		case err != nil:
			return err
		case f.Ring != nil:
			ring := *f.Ring
			ring.Addresses = m.tracker.Dialable(ring.Addresses)
			ring.Name = netproto.Cut(ring.Name, netproto.MaxPeerName)
			answer := netproto.RingAnswer{Call: ring.Call, Result: m.config.Ring(m.tracker, ring)}
			if err := l.write(netproto.LineFrame{Answer: &answer}); err != nil {
				return err
			}
		case f.Note != nil:
			m.config.Notes(m.tracker)
		case f.Wishes != nil:
			m.config.Finds(m.tracker)
		case f.Lease != nil || f.Failed != nil:
			select {
			case l.answers <- f:
			default: // nobody asked
			}
		}
	}
}

// changed notes that a line stands, with the address at which the tracker sees it, or
// that it ended.
func (ls *lines) changed(l *line, seen string) {
	ls.mu.Lock()
	if seen != "" {
		ls.stand = append(ls.stand, l)
	} else {
		ls.stand = slices.DeleteFunc(ls.stand, func(o *line) bool { return o == l })
	}
	ls.mu.Unlock()
	ls.member.update(func(s *Status) {
		s.Lines = slices.DeleteFunc(slices.Clone(s.Lines), func(o LineStatus) bool { return o.Network == l.network })
		if seen != "" {
			s.Lines = append(s.Lines, LineStatus{l.network, seen})
		}
	})
}

// hold keeps the lines of a stay where they can be pinged.
func (m *membership) hold(held *lines) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = held
}

// ping says something on each line now.
func (m *membership) ping() {
	m.mu.Lock()
	held := m.held
	m.mu.Unlock()
	if held != nil {
		held.ping()
	}
}

// ping says something on each line now. The system ends those whose other end does not
// acknowledge it.
func (ls *lines) ping() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.stand {
		poke(l.doubted)
	}
}

// hangUp ends the lines that stand; they are opened again.
func (ls *lines) hangUp() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.stand {
		l.conn.Close()
	}
}

// LineStatus is a line that stands.
type LineStatus struct {
	Network string // tcp4 or tcp6
	Seen    string // ip:port of this end, as the tracker sees it
}

var errNoLine = errors.New("no line stands")

// beat sends a heartbeat over a line. An error that is no *netproto.Error of the tracker
// means that the line is not to be relied on, and it is closed.
func (ls *lines) beat(ctx context.Context, request netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error) {
	ls.mu.Lock()
	var l *line
	if len(ls.stand) > 0 {
		l = ls.stand[0]
	}
	ls.mu.Unlock()
	if l == nil {
		return netproto.HeartbeatResponse{}, errNoLine
	}
	select {
	case <-l.answers: // one that came too late
	default:
	}
	if err := l.write(netproto.LineFrame{Beat: &request}); err != nil {
		l.conn.Close()
		return netproto.HeartbeatResponse{}, err
	}
	late := time.NewTimer(beatTime)
	defer late.Stop()
	select {
	case f := <-l.answers:
		if f.Failed != nil {
			failed := &netproto.Error{Code: f.Failed.Code, Detail: netproto.Printable(netproto.Cut(f.Failed.Detail, netproto.MaxPeerName))}
			if slices.Contains([]netproto.Code{netproto.CodeTooMany, netproto.CodeFull, netproto.CodeStoreAway}, failed.Code) {
				failed.RetryAfter = tooMuch
			}
			return netproto.HeartbeatResponse{}, failed
		}
		return *f.Lease, nil
	case <-late.C:
		l.conn.Close()
		return netproto.HeartbeatResponse{}, context.DeadlineExceeded
	case <-ctx.Done():
		return netproto.HeartbeatResponse{}, ctx.Err()
	}
}

// read waits for a frame, three pings long.
func (l *line) read() (netproto.LineFrame, error) {
	l.conn.SetReadDeadline(time.Now().Add(3 * netproto.LinePing))
	return netproto.ReadLineFrame(l.conn)
}

func (l *line) write(f netproto.LineFrame) error {
	b, err := netproto.AppendLineFrame(nil, f)
	if err != nil {
		return err
	}
	l.writing <- struct{}{}
	defer func() { <-l.writing }()
	l.ping.Reset(sayWithin())
	l.conn.SetWriteDeadline(time.Now().Add(lineWrite))
	_, err = l.conn.Write(b)
	return err
}
