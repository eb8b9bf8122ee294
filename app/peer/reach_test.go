package peer_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/reach"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
)

// blocked is what a dial is to a peer behind a router that lets nothing in.
func blocked(context.Context, string) (net.Conn, error) {
	return nil, errors.New("the test lets nothing through")
}

// waysOf downloads a file and returns by which ways it came, as the progress said.
func waysOf(t *testing.T, sharer, getter *testPeer, size int) (ways session.WayCounts) {
	t.Helper()
	path, content := sharer.write(t, "film.mkv", size)
	id := getter.add(t, sharer.share(t, path))
	d := getter.until(t, id, "it is not fetched", func(d queue.Download) bool {
		if d.Ways != (session.WayCounts{}) {
			ways = d.Ways
		}
		return d.State == queue.StateFinished
	})
	got, err := os.ReadFile(d.Path)
	check(t, err)
	if !bytes.Equal(got, content) {
		t.Error("it came with other bytes")
	}
	return ways
}

// Neither can dial the other by itself: the tracker rings the sharer, and it dials from
// the port that it listens at.
func TestTwoThatCannotDialMeetByACall(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	dials := make(chan string, 100)
	sharer := startWith(t, &testPeer{calm: true, dial: blocked}, tr, nil)
	getter := startWith(t, &testPeer{calm: true, dial: func(ctx context.Context, address string) (net.Conn, error) {
		dials <- address
		return blocked(ctx, address)
	}}, tr, nil)
	waysOf(t, sharer, getter, 1<<20)
	if len(dials) == 0 {
		t.Error("it was not even dialled")
	}
	statuses := sharer.Trackers.Statuses()
	if len(statuses) != 1 || len(statuses[0].Lines) != 1 || !statuses[0].Calls {
		t.Errorf("%+v", statuses)
	}
}

// Nothing gets through at all, and the tracker passes the bytes on.
func TestTwoThatCannotMeetAreRelayed(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	sharer := startWith(t, &testPeer{calm: true, dial: blocked, dialFrom: blocked}, tr, nil)
	getter := startWith(t, &testPeer{calm: true, dial: blocked, dialFrom: blocked}, tr, nil)
	began := time.Now()
	ways := waysOf(t, sharer, getter, 3<<19)
	if ways != (session.WayCounts{Relayed: 1}) {
		t.Errorf("after %s: %+v", time.Since(began), ways)
	}
}

func TestSwitchesOfTheProfileKeepAPeerFromCallsAndRelays(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	sharer := startWith(t, &testPeer{dial: blocked, dialFrom: blocked}, tr, func(s *library.Settings) { s.Calls = false })
	sharer.waitTracker(t, func(s membership.Status) bool { return s.State == membership.StateConnected })
	if s := sharer.Trackers.Status(); s.Calls || len(s.Lines) != 0 {
		t.Errorf("it holds a line: %+v", s)
	}
	settings, err := sharer.library.Settings()
	check(t, err)
	settings.Calls = true
	sharer.Apply(settings)
	sharer.Trackers.Rejoin()
	sharer.waitTracker(t, func(s membership.Status) bool { return len(s.Lines) == 1 })
}

func TestAPeerKnowsHowItIsReached(t *testing.T) {
	t.Parallel()
	p := startPeer(t, nil)
	if r := p.Reachability(); r.Verdict != netproto.VerdictUnknown || r.Reason != netproto.ReachNoTracker {
		t.Errorf("without a tracker: %+v", r)
	}
	tr := startTracker(t)
	p.join(t, tr)
	p.waitTracker(t, func(membership.Status) bool { return p.Reachability().Verdict == netproto.VerdictReachable })
	if r := p.Reachability(); r.Tracker != tr.address || r.Port != p.Port() || r.Reason != "" || r.Advice != "" {
		t.Errorf("%+v", r)
	}
}

func TestAVerdictSaysWhyItIsNoBetterAndWhatHelps(t *testing.T) {
	const yes, no = netproto.ReachableYes, netproto.ReachableNo
	line := []membership.LineStatus{{}}
	silent := portmap.State{Verdict: portmap.Unmapped, Reason: portmap.Silent}
	on := reach.Switches{Calls: true, Relay: true}
	for name, c := range map[string]struct {
		status  membership.Status
		router  portmap.State
		unasked bool // the setting is off
		mapped  int
		on      reach.Switches
		tally   reach.Tally
		want    peer.Reachability
	}{
		"open": {status: membership.Status{Reachable: yes}, router: silent, want: peer.Reachability{Verdict: netproto.VerdictReachable}},
		"by the router": {status: membership.Status{Reachable: yes, MappedPort: 7000}, mapped: 7000,
			router: portmap.State{Verdict: portmap.Mapped, Protocol: portmap.PCP, ExternalPort: 7000},
			want:   peer.Reachability{Verdict: netproto.VerdictRouter, RouterPort: 7000, Protocol: portmap.PCP}},
		"not tried": {status: membership.Status{Reachable: netproto.ReachableUnknown}, router: silent,
			want: peer.Reachability{Verdict: netproto.VerdictUnknown, Reason: netproto.ReachNotTried}},
		"the router has not answered": {status: membership.Status{Reachable: no}, router: portmap.State{Verdict: portmap.Searching}, on: on,
			want: peer.Reachability{Verdict: netproto.VerdictUnknown, Reason: netproto.ReachNotTried}},
		"the tracker does not know the router's port yet": {status: membership.Status{Reachable: no, Lines: line}, mapped: 7000, on: on,
			router: portmap.State{Verdict: portmap.Mapped, ExternalPort: 7000},
			want:   peer.Reachability{Verdict: netproto.VerdictUnknown, Reason: netproto.ReachNotTried}},
		"called": {status: membership.Status{Reachable: no, Calls: true, Lines: line}, router: silent, on: on,
			want: peer.Reachability{Verdict: netproto.VerdictCalled, Reason: netproto.ReachPortClosed, Advice: netproto.AdviceSwitchOnUPnP}},
		"called, and once was relayed": {status: membership.Status{Reachable: no, Calls: true, Lines: line}, router: silent, on: on,
			tally: reach.Tally{Called: 1, Relayed: 5},
			want:  peer.Reachability{Verdict: netproto.VerdictCalled, Reason: netproto.ReachPortClosed, Advice: netproto.AdviceSwitchOnUPnP}},
		"relayed": {status: membership.Status{Reachable: no, Calls: true, Lines: line}, on: on, tally: reach.Tally{Relayed: 3},
			router: portmap.State{Verdict: portmap.Unmapped, Reason: portmap.Shared},
			want:   peer.Reachability{Verdict: netproto.VerdictRelay, Reason: netproto.ReachCallsFail, Advice: netproto.AdviceCannotBeOpened}},
		"calls are switched off": {status: membership.Status{Reachable: no, Calls: true}, router: portmap.State{Verdict: portmap.Unmapped, Reason: portmap.Refused},
			want: peer.Reachability{Verdict: netproto.VerdictUnreachable, Reason: netproto.ReachCallsOff, Advice: netproto.AdviceForwardPort}},
		"an old tracker": {status: membership.Status{Reachable: no}, router: portmap.State{Verdict: portmap.Unmapped, Reason: portmap.NoRouter}, on: on,
			want: peer.Reachability{Verdict: netproto.VerdictUnreachable, Reason: netproto.ReachNoCalls, Advice: netproto.AdviceOpenFirewall}},
		"no line stands": {status: membership.Status{Reachable: no, Calls: true}, router: portmap.State{Verdict: portmap.Unmapped, Reason: portmap.Failed}, on: on,
			want: peer.Reachability{Verdict: netproto.VerdictUnreachable, Reason: netproto.ReachNoLine, Advice: netproto.AdviceForwardPort}},
		"the router is not asked": {status: membership.Status{Reachable: no, Calls: true, Lines: line}, router: portmap.State{Verdict: portmap.Off}, unasked: true, on: on,
			want: peer.Reachability{Verdict: netproto.VerdictCalled, Reason: netproto.ReachPortClosed, Advice: netproto.AdviceLetRouterOpen}},
		"the mapping leads nowhere": {status: membership.Status{Reachable: no, Calls: true, Lines: line, MappedPort: 7000}, mapped: 7000, on: on,
			router: portmap.State{Verdict: portmap.Mapped, ExternalPort: 7000},
			want:   peer.Reachability{Verdict: netproto.VerdictCalled, Reason: netproto.ReachPortClosed, Advice: netproto.AdviceForwardPort}},
	} {
		t.Run(name, func(t *testing.T) {
			c.status.Address, c.want.Tracker = "203.0.113.7:5000", "203.0.113.7:5000"
			if got := peer.Judge(c.status, c.router, !c.unasked, c.mapped, c.on, c.tally); got != c.want {
				t.Errorf("got %+v, expected %+v", got, c.want)
			}
		})
	}
}

// The relay of a tracker has a limit, and the person learns that this is what is slow.
func TestARelayedDownloadKnowsItsLimit(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	sharer := startWith(t, &testPeer{calm: true, dial: blocked, dialFrom: blocked}, tr, nil)
	getter := startWith(t, &testPeer{calm: true, dial: blocked, dialFrom: blocked}, tr, nil)
	path, _ := sharer.write(t, "film.mkv", 40<<20)
	id := getter.add(t, sharer.share(t, path))
	d := getter.detailed(t, id, "that the relay is what is slow", func(d queue.Details) bool { return d.Slow == swarm.SlowRelay })
	if s := d.Sources[0]; len(d.Sources) != 1 || s.Way != session.WayRelayed || s.Limit < 100_000 || s.Local {
		t.Errorf("%+v", d.Sources)
	}
}
