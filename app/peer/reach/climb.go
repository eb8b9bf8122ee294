package reach

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Connect returns the index-th connection to a peer, counted from 0, the best first.
// If there are fewer, it climbs the ladder, or has the peer meet this one again if a call
// brought them together. Over a relay there is one connection. The error has the code "peer-unreachable" and says why; its
// cause may be [session.ErrBudget].
func (l *Ladder) Connect(ctx context.Context, to session.Target, index int) (*session.Conn, error) {
	first := false // of the connections to the peer
	c, err := l.conns.Connect(ctx, to.Key, index, func(ctx context.Context) (*session.Channel, error) {
		have := l.conns.Of(to.Key)
		if first = len(have) == 0 && !to.Beside; len(have) > 0 && have[0].Way == session.WayCalled && l.config.Switches().Calls {
			return l.another(ctx, have[0])
		}
		return l.climb(ctx, to, climbing{call: first, relay: !to.NoRelay})
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		if first && !errors.Is(err, session.ErrBudget) && !errors.Is(err, session.ErrLater) && !errors.Is(err, context.Canceled) {
			l.climbed("")
		}
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "%w", err)
	}
	if first {
		l.climbed(c.Way)
	}
	l.improve(c, to)
	return c, nil
}

// climbing says which rungs there are, besides the peer's addresses.
type climbing struct{ call, relay bool }

// ascent is one climb. Only the goroutine of the climb uses it, except for came.
type ascent struct {
	ladder *Ladder
	to     session.Target
	ctx    context.Context
	work   sync.WaitGroup
	came   chan outcome
	busy   int // what is under way
	begun  time.Time
	rings  time.Time // when a tracker was asked to call

	tracker  Tracker // that was asked to call, once it has answered
	answer   netproto.CallResponse
	expected *session.Expected
	punching []netip.AddrPort // addresses that are dialled because of the call
	ahead    *time.Timer      // ends what is dialled before the answer
	direct   []error          // why its addresses do not answer
	called   error            // why it cannot be called
	relayed  error            // why it is not relayed
}

// outcome is what became of one thing that was under way.
type outcome struct {
	what    rung
	ch      *session.Channel
	err     error
	tracker Tracker
	answer  netproto.CallResponse
	rings   time.Time
}

type rung int

const (
	dialled rung = iota
	asked        // the tracker, to call
	punched
	waited // for the other side of a call to come in
	relayed
)

// climb tries all ways to a peer and returns the first channel that is ready.
func (l *Ladder) climb(ctx context.Context, to session.Target, with climbing) (ready *session.Channel, err error) {
	wanted := ctx
	ctx, cancel := context.WithTimeout(ctx, l.config.Timing.GiveUp)
	a := &ascent{ladder: l, to: to, ctx: ctx, begun: time.Now(), came: make(chan outcome, 3*session.MaxAddresses+maxRungs)}
	defer func() {
		cancel()
		if ready = a.end(ready); ready != nil {
			err = nil
		}
	}()
	on := l.config.Switches()
	callable := with.call && on.Calls && to.Callable && len(to.Trackers) > 0
	local, public := split(dialable(to.Addresses))
	own := l.config.Own()
	public = slices.DeleteFunc(public, func(at netip.AddrPort) bool { return !hasRoute(own, at.Addr()) })
	a.dial(ctx, local, 0)
	if !callable || to.Reach != netproto.ReachableNo {
		a.dial(ctx, public, len(local))
		public = nil
	}
	var call, relay <-chan time.Time
	if callable {
		wait := l.config.Timing.Call
		if to.Reach == netproto.ReachableNo {
			wait = 0
		}
		call = time.After(wait)
	}
	for {
		if a.busy == 0 && call != nil { // nothing else is left to wait for
			call = time.After(0)
		}
		if a.busy == 0 && call == nil && relay == nil {
			return nil, a.reason()
		}
		select {
		case <-ctx.Done():
			if wanted.Err() != nil {
				return nil, wanted.Err()
			}
			return nil, a.reason()
		case <-call:
			call = nil
			ahead, alone := context.WithCancel(ctx)
			a.ahead = time.AfterFunc(l.config.Timing.Punch, alone)
			defer a.ahead.Stop()
			defer alone()
			if rang := l.mayCall(to.Key, alone); rang == nil {
				a.call(ahead)
			} else {
				a.await(rang)
			}
		case <-relay:
			relay = nil
			a.relay()
		case o := <-a.came:
			a.busy--
			if o.ch != nil {
				return o.ch, nil
			}
			if !a.note(o) {
				continue
			}
			if o.err != nil {
				l.endAhead(to.Key)
				switch netproto.CodeOf(o.err) {
				case netproto.CodeDenied:
				case netproto.CodeBusy: // perhaps because it calls as well
					a.start(func() outcome { return a.pause(l.config.Timing.Relay) })
				default: // the tracker may have been wrong about its port, too
					short, end := context.WithTimeout(ctx, l.config.Timing.Punch)
					defer end()
					a.dial(short, public, 0)
					public = nil
				}
				continue
			}
			a.punch()
			if with.relay && on.Relay && a.answer.Relay != nil {
				relay = time.After(a.relayIn())
			}
		}
	}
}

// maxRungs is how much is under way at most besides addresses.
const maxRungs = 3

// end gives up what is under way. It returns the channel that is ready, also if that is
// so only now: the peer may use it already. Others are closed.
func (a *ascent) end(ready *session.Channel) *session.Channel {
	a.work.Wait()
	for {
		select {
		case o := <-a.came:
			switch {
			case o.ch == nil:
			case ready == nil:
				ready = o.ch
			default:
				o.ch.Close()
			}
			continue
		default:
		}
		break
	}
	if a.expected != nil {
		a.expected.End()
		a.ladder.endCall(a.to.Key)
		if ready != nil {
			a.ladder.came(a.to.Key, ready.Way())
		}
	}
	return ready
}

// start runs something that ends with an outcome.
func (a *ascent) start(run func() outcome) {
	a.busy++
	a.work.Go(func() { a.came <- run() })
}

// note keeps why something failed, and reports whether it was the question to call.
func (a *ascent) note(o outcome) bool {
	switch o.what {
	case dialled, punched:
		a.direct = append(a.direct, o.err)
	case relayed:
		a.relayed = o.err
	case asked:
		a.tracker, a.answer, a.called, a.rings = o.tracker, o.answer, o.err, o.rings
		return true
	}
	return false
}

// dial tries addresses, each a moment after the one before.
func (a *ascent) dial(ctx context.Context, list []netip.AddrPort, before int) {
	l := a.ladder
	for i, at := range list {
		a.start(func() outcome {
			wait := time.NewTimer(time.Duration(before+i) * l.config.Timing.HeadStart)
			defer wait.Stop()
			select {
			case <-ctx.Done():
				return outcome{err: ctx.Err()}
			case <-wait.C:
			}
			ch, err := l.dialAt(ctx, at, a.to)
			return outcome{ch: ch, err: err}
		})
	}
}

// dialAt dials one address, if the budget allows it, and shakes hands.
func (l *Ladder) dialAt(ctx context.Context, at netip.AddrPort, to session.Target) (*session.Channel, error) {
	end, err := l.conns.BeginDial(to.Key, at, to.Named())
	if err != nil {
		return nil, err
	}
	answered := false
	defer func() { end(answered) }()
	began := time.Now()
	raw, err := l.config.Dial(ctx, at.String())
	if err != nil {
		return nil, err
	}
	if to.Trip != nil {
		to.Trip(time.Since(began))
	}
	way := session.WayDirect
	switch {
	case session.InLocalNetwork(at.Addr()):
		way = session.WayLAN
	case to.Mapped:
		way = session.WayRouter
	}
	ch, err := l.conns.Secure(ctx, raw, to.Key, session.Client, way)
	answered = err == nil
	return ch, err
}

// mayCall notes that a peer is called, unless it called first: then it returns a channel
// that is closed when that call is over. alone ends what is dialled before the answer.
func (l *Ladder) mayCall(key netproto.PublicKey, alone context.CancelFunc) (rang <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if meeting := l.meetings[key]; meeting != nil {
		return meeting
	}
	l.calling[key] = alone
	return nil
}

// endAhead ends what is dialled before the answer of a call: the peer does not dial, or
// it called as well and this side is the callee.
func (l *Ladder) endAhead(key netproto.PublicKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if alone := l.calling[key]; alone != nil {
		alone()
	}
}

// pause waits for a peer that may be on its way.
func (a *ascent) pause(d time.Duration) outcome {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.ctx.Done():
	}
	return outcome{what: waited}
}

// await waits for a peer that called first.
func (a *ascent) await(rang <-chan struct{}) {
	a.start(func() outcome {
		select {
		case <-rang:
		case <-a.ctx.Done():
		}
		return outcome{what: waited}
	})
}

func (l *Ladder) endCall(key netproto.PublicKey) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.calling, key)
}

// call asks the trackers that can call the peer, one after the other. What the peer
// does then is expected before: it may be faster than the answer. A peer that is known to
// let nobody in is dialled at once where the tracker saw it last: that opens this side's
// router for it, and most routers show the port that it claims.
func (a *ascent) call(ahead context.Context) {
	l := a.ladder
	a.expected = l.conns.Expect(a.to.Key, session.Client, dialable(a.to.Addresses))
	if a.to.Reach == netproto.ReachableNo {
		_, public := split(l.worthDialling(a.to.Addresses))
		a.punchAt(ahead, public)
	}
	a.start(func() outcome {
		o := outcome{what: asked, err: errNoTracker}
		for _, address := range a.to.Trackers {
			t := l.config.Tracker(a.ctx, address)
			if t == nil {
				continue
			}
			l.config.Log.Debug("a peer is called", "peer", a.to.PeerID, "tracker", address, "waited", time.Since(a.begun).Milliseconds())
			o.tracker, o.rings = t, time.Now()
			o.answer, o.err = t.Call(a.ctx, netproto.CallRequest{PeerID: a.to.PeerID, Hash: a.to.Hash})
			switch netproto.CodeOf(o.err) {
			case netproto.CodeBusy, netproto.CodeDenied: // the peer itself has answered
				return o
			}
			if o.err == nil || a.ctx.Err() != nil {
				return o
			}
		}
		return o
	})
}

// punch dials all addresses of the answer from the port that is listened at, and waits
// as long for the peer to come in. A peer that has not answered may be rung again any
// time, over its next line.
func (a *ascent) punch() {
	list := a.ladder.worthDialling(a.answer.Addresses)
	a.expected.Also(list)
	long := a.ladder.config.Timing.Punch
	if a.answer.Silent {
		long = a.ladder.config.Timing.GiveUp
		a.ahead.Reset(long)
	}
	ctx, cancel := context.WithTimeout(a.ctx, long)
	punched := a.punchAt(ctx, list)
	a.start(func() outcome {
		<-ctx.Done()
		punched.Wait()
		cancel()
		return outcome{what: waited}
	})
}

// punchAt dials addresses from the port that is listened at until dialling ends, but for
// those at which that goes on already.
func (a *ascent) punchAt(dialling context.Context, list []netip.AddrPort) *sync.WaitGroup {
	var all sync.WaitGroup
	for _, at := range list {
		if slices.Contains(a.punching, at) {
			continue
		}
		a.punching = append(a.punching, at)
		all.Add(1)
		a.start(func() outcome {
			defer all.Done()
			ch, err := a.ladder.punch(dialling, a.ctx, at, a.to.Key, session.Client)
			return outcome{what: punched, ch: ch, err: err}
		})
	}
	return &all
}

// relayIn is how long the call has until the relay is tried. The callee counts from its
// ring, which was about in the middle between the question and the answer; whoever comes
// to the relay first waits there for the other.
func (a *ascent) relayIn() time.Duration {
	wait := a.ladder.relayAfter(a.to.Key)
	if !a.answer.Silent {
		wait -= time.Since(a.rings) / 2
	}
	return wait
}

// relay asks the tracker that called to pass on the bytes.
func (a *ascent) relay() {
	l, t, offer := a.ladder, a.tracker, a.answer.Relay
	a.start(func() outcome {
		ch, err := l.relay(a.ctx, a.ctx, t, offer, a.to.Key, session.Client)
		return outcome{what: relayed, ch: ch, err: err}
	})
}

var errNoTracker = errors.New("no tracker that this peer has joined can call it")
