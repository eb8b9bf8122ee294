package lookout

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
)

// reachabilityEvent tells how others reach this peer.
type reachabilityEvent struct {
	Event   string           `json:"event"` // reachability
	Verdict netproto.Verdict `json:"verdict"`
	Tracker string           `json:"tracker"` // that says so
	Reason  string           `json:"reason"`  // a sentence, and what would improve it
}

// settled is how long a verdict must stand that could be better: at the start, a line
// to the tracker and a port on the router take a moment.
const settled = 3 * time.Second

// toldReach is how others reach this peer, as the person was told.
type toldReach struct {
	seen  peer.Reachability
	since time.Time // of seen
	told  reachabilityEvent
}

// reachability tells how others reach this peer, when that is known and when it
// changes. With --json that is an event; a person reads only what is not as it could be,
// and its end. While a peer only fetches, that is that nobody outside can fetch from it.
func (l *Lookout) reachability(r peer.Reachability, now time.Time) {
	if r != l.reach.seen {
		l.reach.seen, l.reach.since = r, now
	}
	open := r.Verdict == netproto.VerdictReachable || r.Verdict == netproto.VerdictRouter
	before := l.reach.told
	event := reachabilityEvent{"reachability", r.Verdict, r.Tracker, reachWords(r)}
	if r.Verdict == netproto.VerdictUnknown || event == before {
		return
	}
	if !open && now.Sub(l.reach.since) < settled {
		l.waiting = true
		return
	}
	l.reach.told = event
	if l.Log != nil {
		l.Log.Info(event.Reason, slog.Any("verdict", event.Verdict), slog.String("tracker", event.Tracker))
		return
	}
	if l.screen.JSON {
		l.screen.Event(event)
	}
	worth := func(v netproto.Verdict) bool {
		return v == netproto.VerdictUnreachable || (v == netproto.VerdictRelay || v == netproto.VerdictCalled) && len(l.shares) > 0
	}
	if worth(r.Verdict) || worth(before.Verdict) {
		l.screen.Tell(event.Reason)
	}
}

// reachWords says how others reach this peer, and what would improve it.
func reachWords(r peer.Reachability) string {
	var said []string
	switch r.Verdict {
	case netproto.VerdictReachable:
		return fmt.Sprintf("Others can connect to port %d of this computer.", r.Port)
	case netproto.VerdictRouter:
		return fmt.Sprintf("Others can connect through the router, which passes its port %d on to this computer%s.", r.RouterPort, by(r.Protocol))
	case netproto.VerdictCalled:
		said = append(said, "Others cannot connect to this computer by themselves, so the tracker arranges connections.")
	case netproto.VerdictRelay:
		said = append(said, "Others get through to this computer only by way of the tracker, which is slower.")
	case netproto.VerdictUnreachable:
		why := "this tracker arranges no connections"
		switch r.Reason {
		case netproto.ReachCallsOff:
			why = "arranged connections are switched off, by --no-calls or in the settings"
		case netproto.ReachNoLine:
			why = "the tracker has no line to it now"
		}
		said = append(said, "Nobody outside this network can fetch from this computer: its port is closed, and "+why+".")
	default:
		return ""
	}
	switch r.Advice {
	case netproto.AdviceSwitchOnUPnP:
		said = append(said, fmt.Sprintf("The router maps nothing: switch UPnP on there, or forward TCP port %d.", r.Port))
	case netproto.AdviceForwardPort:
		said = append(said, fmt.Sprintf("The router does not open a port by itself: forward TCP port %d in its settings.", r.Port))
	case netproto.AdviceOpenFirewall:
		said = append(said, fmt.Sprintf("Let TCP port %d through the firewall.", r.Port))
	case netproto.AdviceLetRouterOpen:
		said = append(said, fmt.Sprintf("Let this program open the port on the router, or forward TCP port %d there.", r.Port))
	case netproto.AdviceCannotBeOpened:
		said = append(said, "Your provider shares one address among customers, or there is a second router: a port cannot be opened.")
	}
	return strings.Join(said, " ")
}

func by(p portmap.Protocol) string {
	if p == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", p)
}

// shutWords says that all sources of a download are behind routers that let nobody in;
// "" if that is not so.
func shutWords(sources []swarm.SourceDetails) string {
	var shut []swarm.SourceDetails
	for _, s := range sources {
		switch {
		case s.State == swarm.SourceBanned:
		case s.State == swarm.SourceFailed && s.Reach == netproto.ReachableNo:
			shut = append(shut, s)
		default:
			return ""
		}
	}
	if len(shut) == 0 {
		return ""
	}
	what, again := "the source is behind a NAT and does not answer", ". It is tried again by itself."
	if len(shut) > 1 {
		what, again = fmt.Sprintf("the %d sources are behind NATs and do not answer", len(shut)), ". They are tried again by themselves."
	}
	if why, ok := errors.AsType[*netproto.Error](shut[0].Err); ok && why.Detail != "" {
		what += ": " + why.Detail
	}
	return what + again
}
