package peer

import (
	"context"
	"fmt"
	"net"
	"net/netip"
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
)

// callingTracker waits until a tracker can arrange a call for this peer.
func (e *Engine) callingTracker(ctx context.Context, address string) reach.Tracker {
	ctx, cancel := context.WithTimeout(ctx, joinWait)
	defer cancel()
	var late <-chan time.Time
	for {
		step := e.changes.nextStep()
		t, stands := e.Trackers.Find(address)
		if stands {
			return t
		}
		if t != nil && late == nil {
			late = time.After(lineWait)
		}
		select {
		case <-step:
		case <-late:
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

// Reachability says whether others can fetch from this peer.
type Reachability struct {
	Verdict Verdict
	Tracker string // that says so, host:port; "" without one
	Reason  string // a sentence, with what would improve it
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

// fewCalls is how many calls have to end at the relay until nothing else is expected.
const fewCalls = 3

// Reachability returns how others reach this peer, as the tracker says that knows best.
func (e *Engine) Reachability() Reachability {
	e.mu.Lock()
	router, port := e.routerPort, e.port
	e.mu.Unlock()
	best := Reachability{Verdict: Unknown, Reason: "No tracker has been joined yet."}
	order := []Verdict{Reachable, ByRouter, WhenCalled, ByRelay, Unreachable, Unknown}
	rank := func(v Verdict) int {
		for i, o := range order {
			if o == v {
				return i
			}
		}
		return len(order)
	}
	for i, s := range e.Trackers.Statuses() {
		if s.State != membership.StateConnected {
			continue
		}
		if r := judge(s, router, port, e.switches(), e.reach.Tally()); i == 0 || best.Tracker == "" || rank(r.Verdict) < rank(best.Verdict) {
			best = r
		}
	}
	return best
}

// judge says how others reach this peer that know it from one tracker.
func judge(s membership.Status, router portmap.State, port int, on reach.Switches, tally reach.Tally) Reachability {
	r := Reachability{Tracker: s.Address}
	improve := advice(router, port)
	switch {
	case s.Reachable == netproto.ReachableYes && s.MappedPort != 0:
		r.Verdict, r.Reason = ByRouter, fmt.Sprintf("The router passes its port %d on to this computer.", s.MappedPort)
	case s.Reachable == netproto.ReachableYes:
		r.Verdict, r.Reason = Reachable, fmt.Sprintf("Others can connect to port %d of this computer.", port)
	case s.Reachable == netproto.ReachableUnknown || s.Reachable == "":
		r.Verdict, r.Reason = Unknown, "The tracker has not tried yet whether others can connect."
	case len(s.Lines) > 0 && on.Relay && tally.Called == 0 && tally.Relayed >= fewCalls:
		r.Verdict, r.Reason = ByRelay, "Others get through only by way of the tracker, which is slower. "+improve
	case len(s.Lines) > 0:
		r.Verdict, r.Reason = WhenCalled, "The tracker arranges connections, because others cannot connect to this computer on their own. "+improve
	case !on.Calls:
		r.Verdict = Unreachable
		r.Reason = "Nobody outside this network can connect, and arranged connections are switched off. Let the tracker arrange connections. " + improve
	default:
		r.Verdict, r.Reason = Unreachable, "Nobody outside this network can connect, and this tracker arranges no connections. "+improve
	}
	return r
}

// advice is a sentence on what would open the port, as far as the router lets know.
func advice(router portmap.State, port int) string {
	switch router.Reason {
	case portmap.Shared:
		return "Your provider shares one address among customers, or there is a second router, so opening the port of this one changes nothing."
	case portmap.Refused, portmap.Taken:
		return fmt.Sprintf("The router does not open a port by itself: forward TCP port %d in its settings.", port)
	case portmap.Public, portmap.NoRouter:
		return fmt.Sprintf("Let TCP port %d through the firewall.", port)
	}
	if router.Verdict == portmap.Off {
		return fmt.Sprintf("Let the program open the port on the router, or forward TCP port %d there.", port)
	}
	return fmt.Sprintf("Switch UPnP on in the router, or forward TCP port %d there.", port)
}
