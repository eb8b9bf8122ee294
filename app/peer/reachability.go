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
	Verdict    Verdict
	Tracker    string           // that says so, host:port; "" without one
	Reason     Reason           // why it is no better
	Advice     Advice           // what would improve it
	Port       int              // TCP, that this peer listens at
	RouterPort int              // that the router passes on; 0 for none
	Protocol   portmap.Protocol // by which the router was asked to
}

// Verdict is how others reach this peer.
type Verdict string

// The verdicts, the best first.
const (
	Reachable   Verdict = "reachable"   // its port is open
	ByRouter    Verdict = "router"      // the router passes its port on
	WhenCalled  Verdict = "called"      // a tracker arranges connections
	ByRelay     Verdict = "relay"       // only through a tracker
	Unreachable Verdict = "unreachable" // outside the local network
	Unknown     Verdict = "unknown"     // yet
)

var verdicts = []Verdict{Reachable, ByRouter, WhenCalled, ByRelay, Unreachable, Unknown}

// Reason says why a verdict is no better.
type Reason string

// The reasons; a peer that others connect to by themselves has none.
const (
	NoTracker  Reason = "no-tracker"  // no tracker has been joined
	NotTried   Reason = "not-tried"   // the tracker has not tried to connect yet, or the router has not answered
	PortClosed Reason = "port-closed" // others cannot connect by themselves
	CallsFail  Reason = "calls-fail"  // and arranged connections come to nothing
	CallsOff   Reason = "calls-off"   // and arranged connections are switched off
	NoCalls    Reason = "no-calls"    // and no tracker arranges any
	NoLine     Reason = "no-line"     // and the tracker cannot ring this peer now
)

// Advice says what opens the port for others.
type Advice string

// What a person can do; a port that is open needs nothing.
const (
	SwitchOnUPnP   Advice = "switch-on-upnp"   // or forward the port: the router does not answer
	ForwardPort    Advice = "forward-port"     // in the router, which does not open one by itself
	OpenFirewall   Advice = "open-firewall"    // no router is in between
	LetRouterOpen  Advice = "let-router-open"  // the setting is off
	CannotBeOpened Advice = "cannot-be-opened" // the provider shares one address among customers, or there are two routers
)

// fewCalls is how many calls have to end at the relay until nothing else is expected.
const fewCalls = 3

// Reachability returns how others reach this peer, as the tracker says that knows best.
func (e *Engine) Reachability() Reachability {
	e.mu.Lock()
	router, port, asked := e.routerPort, e.port, e.settings.RouterPort && !e.config.NoRouterPort
	e.mu.Unlock()
	best := Reachability{Verdict: Unknown, Reason: NoTracker, Port: port}
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
		r.Verdict, r.RouterPort, r.Protocol = ByRouter, s.MappedPort, router.Protocol
		return r
	case s.Reachable == netproto.ReachableYes:
		r.Verdict = Reachable
		return r
	case s.Reachable != netproto.ReachableNo, asked && !answered && !onThisComputer(s.Address), mapped != s.MappedPort:
		r.Verdict, r.Reason = Unknown, NotTried
		return r
	case len(s.Lines) > 0 && on.Relay && tally.Called == 0 && tally.Relayed >= fewCalls:
		r.Verdict, r.Reason = ByRelay, CallsFail
	case len(s.Lines) > 0:
		r.Verdict, r.Reason = WhenCalled, PortClosed
	case !on.Calls:
		r.Verdict, r.Reason = Unreachable, CallsOff
	case s.Calls:
		r.Verdict, r.Reason = Unreachable, NoLine
	default:
		r.Verdict, r.Reason = Unreachable, NoCalls
	}
	r.Advice = advise(router, asked)
	return r
}

// advise says what would open the port, as far as the router lets know.
func advise(router portmap.State, asked bool) Advice {
	switch router.Reason {
	case portmap.Shared:
		return CannotBeOpened
	case portmap.Public, portmap.NoRouter:
		return OpenFirewall
	case portmap.Refused, portmap.Taken, portmap.Failed:
		return ForwardPort
	}
	switch {
	case !asked:
		return LetRouterOpen
	case router.Verdict == portmap.Mapped: // and nothing comes through
		return ForwardPort
	}
	return SwitchOnUPnP
}
