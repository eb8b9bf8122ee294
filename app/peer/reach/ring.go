package reach

import (
	"bytes"
	"context"
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
	now := time.Now()
	if now.Sub(l.minute) > time.Minute {
		l.minute, l.rung = now, 0
	}
	_, twice := l.meetings[ring.Key]
	_, calling := l.calling[ring.Key]
	// Of two that call each other, the one with the smaller key is the caller.
	if twice || calling && bytes.Compare(l.config.Key[:], ring.Key[:]) < 0 || len(l.meetings) >= maxMeetings || l.rung >= meetingsPerMinute {
		return netproto.RingBusy
	}
	over := make(chan struct{})
	if !l.begin(func() { l.meet(t, ring, over) }) {
		return netproto.RingNo
	}
	l.meetings[ring.Key] = over
	l.rung++
	return netproto.RingOK
}

// meet dials a peer that rang until there is a connection with it, by whatever way, or
// until it is given up.
func (l *Ladder) meet(t Tracker, ring netproto.Ring, over chan struct{}) {
	ctx, cancel := context.WithTimeout(l.ctx, l.config.Timing.GiveUp)
	defer cancel()
	dialling, stop := context.WithTimeout(ctx, l.config.Timing.Punch)
	defer stop()
	asking, enough := context.WithCancel(ctx)
	defer enough()
	defer close(over)
	defer l.endMeeting(ring.Key)
	came, forget := l.conns.Await(ring.Key)
	defer forget()
	list := l.worthDialling(ring.Addresses)
	expected := l.conns.Expect(ring.Key, session.Server, list)
	defer expected.End()
	var work sync.WaitGroup
	for _, at := range list {
		work.Go(func() {
			if ch, err := l.punch(dialling, ctx, at, ring.Key, session.Server); err == nil {
				l.keep(ctx, ch)
			}
		})
	}
	var relay <-chan time.Time
	if ring.Relay != nil && l.config.Switches().Relay {
		relay = time.After(l.relayAfter(ring.Key))
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
			work.Go(func() {
				ch, err := l.relay(asking, ctx, t, ring.Relay.Token, ring.Key, session.Server)
				if err != nil {
					l.config.Log.Debug("the relay", "tracker", t.Address(), "peer", ring.PeerID, "error", err)
					return
				}
				l.keep(ctx, ch)
			})
		case <-tried:
			l.came(ring.Key, "")
			return
		}
	}
	// The caller decides which channel it keeps: those whose handshake has begun go on.
	if have := l.conns.Of(ring.Key); len(have) > 0 {
		l.came(ring.Key, have[0].Way)
	}
}

func (l *Ladder) keep(ctx context.Context, ch *session.Channel) {
	if _, err := l.conns.Keep(ctx, ch); err != nil {
		l.config.Log.Debug("a peer that rang", "error", err)
	}
}

func (l *Ladder) endMeeting(key netproto.PublicKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.meetings, key)
}
