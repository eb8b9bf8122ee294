package peer

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/reach"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
	"centralizedp2p/netproto/reuse"
)

// How this peer reaches others, and others reach it.

func (e *Engine) newLadder() *reach.Ladder {
	dial, from := e.config.dial, e.config.dialFrom
	if dial == nil {
		dial = func(ctx context.Context, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", address)
		}
	}
	if from == nil {
		from = func(ctx context.Context, address string) (net.Conn, error) {
			e.mu.Lock()
			l := e.listener
			e.mu.Unlock()
			return l.Dial(ctx, "tcp", address)
		}
	}
	return reach.New(e.ctx, reach.Config{Key: netproto.PublicKey(e.config.Library.Identity().Key()), Conns: e.conns, Log: e.log, Timing: e.timing.reach,
		Dial: dial, DialFrom: from, Port: e.Port, Switches: e.switches, Own: e.lastOwn,
		Another: func(ctx context.Context) (reach.Port, error) { return reuse.Listen(ctx, ":0") },
		Tracker: e.callingTracker,
		Shares:  func(hash netproto.ContentHash) bool { _, shared := e.Trackers.Holding(hash); return shared }})
}

const (
	// joinWait is how long a call waits until its tracker is joined, and lineWait how
	// long until a line stands there, without which the other side learns only the port
	// that this one claims.
	joinWait = 5 * time.Second
	lineWait = time.Second
	// familyWait is how long a call waits for the line in the other family of addresses:
	// the other side may have only that one.
	familyWait = 250 * time.Millisecond
)

// callingTracker waits until a tracker can arrange a call for this peer.
func (e *Engine) callingTracker(ctx context.Context, address string) reach.Tracker {
	ctx, cancel := context.WithTimeout(ctx, joinWait)
	defer cancel()
	var late, lateFamily <-chan time.Time
	for {
		step := e.changes.nextStep()
		t, stands, more := e.Trackers.Find(address)
		switch {
		case stands && !more:
			return t
		case stands && lateFamily == nil:
			lateFamily = time.After(familyWait)
		case t != nil && late == nil:
			late = time.After(lineWait)
		}
		select {
		case <-step:
		case <-late:
			return t
		case <-lateFamily:
			return t
		case <-ctx.Done():
			return nil
		}
	}
}

// dialLine dials a tracker from the port that this peer listens at, so that the tracker
// sees what a router makes of that port.
func (e *Engine) dialLine(ctx context.Context, network, address string) (net.Conn, error) {
	e.mu.Lock()
	l := e.listener
	e.mu.Unlock()
	return l.DialOrFree(ctx, network, address)
}

// leads reports whether this computer has an address in a network, tcp4 or tcp6, that is
// good beyond the local one. What cannot be found out may be.
func (e *Engine) leads(network string) bool {
	own := e.lastOwn()
	return len(own) == 0 || slices.ContainsFunc(own, func(ip netip.Addr) bool { return ip.Is4() == (network == "tcp4") && ip.IsGlobalUnicast() })
}

func (e *Engine) rung(t membership.Tracker, ring netproto.Ring) netproto.RingResult {
	return e.reach.Ring(t, ring)
}

func (e *Engine) switches() reach.Switches {
	return reach.Switches{
		Calls: !e.config.NoCalls && e.setting(func(s *library.Settings) bool { return s.Calls }),
		Relay: !e.config.NoRelay && e.setting(func(s *library.Settings) bool { return s.Relay }),
	}
}

// lastOwn returns the addresses of this computer, as last found out.
func (e *Engine) lastOwn() []netip.Addr {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.own
}

// Ways returns how many connections are at work now, both ways, by how they came about.
func (e *Engine) Ways() session.WayCounts { return e.reach.Counts() }

// Reachability says how others reach this peer. Faces have words for it.
type Reachability struct {
	Verdict    netproto.Verdict
	Tracker    string               // that says so, host:port; "" without one
	Reason     netproto.ReachReason // why it is no better
	Advice     netproto.Advice      // what would improve it
	Port       int                  // TCP, that this peer listens at
	RouterPort int                  // that the router passes on; 0 for none
	Protocol   portmap.Protocol     // by which the router was asked to
}

// verdicts are all of them, the best first.
var verdicts = []netproto.Verdict{netproto.VerdictReachable, netproto.VerdictRouter, netproto.VerdictCalled, netproto.VerdictRelay,
	netproto.VerdictUnreachable, netproto.VerdictUnknown}

// fewCalls is how many calls have to end at the relay until nothing else is expected.
const fewCalls = 3

// Reachability returns how others reach this peer, as the tracker says that knows best.
func (e *Engine) Reachability() Reachability {
	e.mu.Lock()
	router, port, asked := e.routerPort, e.port, e.settings.RouterPort && !e.config.NoRouterPort
	e.mu.Unlock()
	best := Reachability{Verdict: netproto.VerdictUnknown, Reason: netproto.ReachNoTracker, Port: port}
	mapped, on, tally := e.mappedPort(), e.switches(), e.reach.Tally()
	for _, s := range e.Trackers.Statuses() {
		if s.State != membership.StateConnected {
			continue
		}
		r := judge(s, router, asked, mapped, on, tally)
		if r.Port = port; best.Tracker == "" || slices.Index(verdicts, r.Verdict) < slices.Index(verdicts, best.Verdict) {
			best = r
		}
	}
	return best
}

// judge says how others reach this peer that know it from one tracker. asked means
// that the router may be asked for a port, and mapped is the one that leads here, 0 for
// none.
func judge(s membership.Status, router portmap.State, asked bool, mapped int, on reach.Switches, tally reach.Tally) Reachability {
	r := Reachability{Tracker: s.Address}
	answered := router.Verdict == portmap.Mapped || router.Verdict == portmap.Unmapped
	switch {
	case s.Reachable == netproto.ReachableYes && s.MappedPort != 0:
		r.Verdict, r.RouterPort, r.Protocol = netproto.VerdictRouter, s.MappedPort, router.Protocol
		return r
	case s.Reachable == netproto.ReachableYes:
		r.Verdict = netproto.VerdictReachable
		return r
	case s.Reachable != netproto.ReachableNo, asked && !answered && !onThisComputer(s.Address), mapped != s.MappedPort:
		r.Verdict, r.Reason = netproto.VerdictUnknown, netproto.ReachNotTried
		return r
	case len(s.Lines) > 0 && on.Relay && tally.Called == 0 && tally.Relayed >= fewCalls:
		r.Verdict, r.Reason = netproto.VerdictRelay, netproto.ReachCallsFail
	case len(s.Lines) > 0:
		r.Verdict, r.Reason = netproto.VerdictCalled, netproto.ReachPortClosed
	case !on.Calls:
		r.Verdict, r.Reason = netproto.VerdictUnreachable, netproto.ReachCallsOff
	case s.Calls:
		r.Verdict, r.Reason = netproto.VerdictUnreachable, netproto.ReachNoLine
	default:
		r.Verdict, r.Reason = netproto.VerdictUnreachable, netproto.ReachNoCalls
	}
	r.Advice = advise(router, asked)
	return r
}

// advise says what would open the port, as far as the router lets know.
func advise(router portmap.State, asked bool) netproto.Advice {
	switch router.Reason {
	case portmap.Shared:
		return netproto.AdviceCannotBeOpened
	case portmap.Public, portmap.NoRouter:
		return netproto.AdviceOpenFirewall
	case portmap.Refused, portmap.Taken, portmap.Failed:
		return netproto.AdviceForwardPort
	}
	switch {
	case !asked:
		return netproto.AdviceLetRouterOpen
	case router.Verdict == portmap.Mapped: // and nothing comes through
		return netproto.AdviceForwardPort
	}
	return netproto.AdviceSwitchOnUPnP
}
