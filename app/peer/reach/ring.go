package reach

import (
	"bytes"
	"context"
	"net/netip"
	"sync"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Ring takes a call: the peer that rang is dialled, if this one has what it wants. It
// does not wait for that.
func (l *Ladder) Ring(t Tracker, ring netproto.Ring) netproto.RingResult {
	switch {
	case !l.config.Switches().Calls, ring.Key == l.config.Key, netproto.PeerIDOf(ring.Key[:]) != ring.PeerID,
		l.conns.Banned(ring.Key), !l.config.Shares(ring.Hash):
		return netproto.RingNo
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, twice := l.meetings[ring.Key]
	alone, calling := l.calling[ring.Key]
	// Of two that call each other, the one with the smaller key is the caller.
	if twice || calling && bytes.Compare(l.config.Key[:], ring.Key[:]) < 0 || !l.mayMeet() {
		return netproto.RingBusy
	}
	m := &meeting{ladder: l, tracker: t, ring: ring, at: l.worthDialling(ring.Addresses), over: make(chan struct{})}
	m.expected = l.conns.Expect(ring.Key, session.Server, m.at)
	if !l.begin(m.run) {
		m.expected.End()
		return netproto.RingNo
	}
	if calling { // this side is the server of TLS
		alone()
	}
	l.meetings[ring.Key] = m.over
	l.rung++
	return netproto.RingOK
}

// mayMeet reports whether one more peer may be dialled because it asked. The caller holds
// the lock.
func (l *Ladder) mayMeet() bool {
	if now := time.Now(); now.Sub(l.minute) > time.Minute {
		l.minute, l.rung = now, 0
	}
	return len(l.meetings)+l.met < maxMeetings && l.rung < meetingsPerMinute
}

// meeting is with a peer that rang.
type meeting struct {
	ladder   *Ladder
	tracker  Tracker
	ring     netproto.Ring
	at       []netip.AddrPort // that are dialled
	expected *session.Expected
	over     chan struct{} // closed at the end
	noted    sync.Once
}

// run dials the peer until there is a connection with it, by whatever way, or until it
// is given up.
func (m *meeting) run() {
	l, key := m.ladder, m.ring.Key
	ctx, cancel := context.WithTimeout(l.ctx, l.config.Timing.GiveUp)
	defer cancel()
	dialling, stop := context.WithTimeout(ctx, l.config.Timing.Punch)
	defer stop()
	asking, enough := context.WithCancel(ctx)
	defer enough()
	defer m.end()
	came, forget := l.conns.Await(key)
	defer forget()
	var work sync.WaitGroup
	for _, at := range m.at {
		work.Go(func() { m.keep(ctx)(l.punch(dialling, ctx, at, key, session.Server)) })
	}
	var relay <-chan time.Time
	if m.ring.Relay != nil && l.config.Switches().Relay {
		relay = time.After(l.relayAfter(key))
	}
	tried := make(chan struct{})
	go func() { // the relay begins before the dialling ends
		defer close(tried)
		<-dialling.Done()
		work.Wait()
	}()
	defer func() { <-tried }()
	defer enough()
	defer stop()
	for met := false; !met; {
		select {
		case <-came:
			met = true
		case <-relay:
			relay = nil
			work.Go(func() { m.keep(ctx)(l.relay(asking, ctx, m.tracker, m.ring.Relay, key, session.Server)) })
		case <-tried:
			m.note("")
			return
		}
	}
	// The caller decides which channel it keeps: those whose handshake has begun go on.
	if have := l.conns.Of(key); len(have) > 0 { // the peer came in
		m.note(have[0].Way)
	}
}

// keep takes a channel to the peer, if there is one.
func (m *meeting) keep(ctx context.Context) func(ch *session.Channel, err error) {
	return func(ch *session.Channel, err error) {
		if err == nil {
			_, err = m.ladder.conns.Keep(ctx, ch)
		}
		if err != nil {
			m.ladder.config.Log.Debug("a peer that rang", "peer", m.ring.PeerID, "error", err)
			return
		}
		m.note(ch.Way())
	}
}

// note says how the peers met, once.
func (m *meeting) note(way session.Way) {
	m.noted.Do(func() { m.ladder.came(m.ring.Key, way) })
}

func (m *meeting) end() {
	m.expected.End()
	m.ladder.mu.Lock()
	delete(m.ladder.meetings, m.ring.Key)
	m.ladder.mu.Unlock()
	close(m.over)
}
