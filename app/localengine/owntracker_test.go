package localengine

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

func TestThisComputerCanBeTheTracker(t *testing.T) {
	alice, bob := newHouse(t), newHouse(t)
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	v := alice.view()
	if !v.Own.Running || !slices.Contains(v.Own.Addresses, v.Address) || !v.Own.Failure.IsZero() {
		t.Errorf("the view is %+v", v)
	}
	if v.Own.LinkProblem != face.LinkLoopback { // the trackers of these tests listen there
		t.Errorf("what is wrong with the link is %q", v.Own.LinkProblem)
	}
	invite, err := netproto.ParseLink(v.Own.Invite)
	if err != nil || !invite.IsTracker() || invite.Fingerprint != v.Fingerprint {
		t.Errorf("the invitation is %s, %v", v.Own.Invite, err)
	}
	check(t, alice.StartTracker(deadline(t))) // it is already running
	check(t, bob.UseTracker(deadline(t), v.Own.Invite))
	bob.until("both are online", func() bool { return bob.status().PeersOnline == 2 })
	path, content := alice.write("song.flac", 1000)
	alice.offer(path)
	bob.fetch(bob.findOne("song"))
	same(t, bob.finish("song.flac").Path, content)

	check(t, alice.StopTracker(deadline(t)))
	check(t, alice.StopTracker(deadline(t))) // it is already stopped
	if v := alice.view(); v.Own.Running || v.Address != "" || v.Own.Invite != "" || alice.status().Connection != face.ConnectionNone {
		t.Errorf("the view is %+v", v)
	}
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	if again := alice.view(); again.Fingerprint != v.Fingerprint {
		t.Errorf("it has another key than before")
	}
}

// online asks a tracker that was started again how many of its peers did not
// say goodbye: those it knows as online for a lease of grace.
func (h *house) online() int {
	h.t.Helper()
	tracker, err := node.StartTracker(node.TrackerData(h.profile), "127.0.0.1:0", "again", io.Discard)
	check(h.t, err)
	defer tracker.Close()
	bob := newHouse(h.t)
	c, err := node.Client(bob.local.library, tracker.Link)
	check(h.t, err)
	defer c.Close()
	stats, err := c.Stats(deadline(h.t))
	check(h.t, err)
	return stats.PeersOnline
}

func TestThePeerSaysGoodbyeBeforeItsTrackerStops(t *testing.T) {
	alice := newHouse(t)
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	check(t, alice.StopTracker(deadline(t)))
	if n := alice.online(); n != 0 {
		t.Errorf("%d peers count as online after the switch was turned off", n)
	}
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	alice.close()
	if n := alice.online(); n != 0 {
		t.Errorf("%d peers count as online after the program ended", n)
	}
}

// portOf returns the port of an address.
func portOf(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	check(t, err)
	port, err := strconv.Atoi(text)
	check(t, err)
	return port
}

func TestATrackerTakesAnotherPortIfTheUsualOneIsTakenAndKeepsIt(t *testing.T) {
	taken, err := net.Listen("tcp", porttest.Address(t)) // the tracker takes one of the next, which nobody else gets either
	check(t, err)
	defer taken.Close()
	alice := newHouse(t)
	alice.listen = taken.Addr().String()
	alice.reopen()
	check(t, alice.StartTracker(deadline(t)))
	address := alice.owned().Address
	if address == alice.listen || !strings.Contains(alice.view().Own.Invite, address) {
		t.Errorf("it listens on %s, and the invite is %s", address, alice.view().Own.Invite)
	}
	check(t, taken.Close())
	alice.reopen()
	if again := alice.owned().Address; again != address {
		t.Errorf("the next time it listens on %s, not on %s as the invites say", again, address)
	}
}

func TestATrackerListensOnThePortThatThePersonChose(t *testing.T) {
	port := porttest.Free(t)
	alice := newHouse(t)
	settings := alice.chosen()
	settings.TrackerPort = 70000
	var invalid face.InvalidSettings
	if err := alice.ApplySettings(deadline(t), settings); !errors.As(err, &invalid) || invalid[face.FieldTrackerPort].IsZero() {
		t.Errorf("70000 is a port: %v", err)
	}
	settings.TrackerPort = port
	check(t, alice.ApplySettings(deadline(t), settings))
	check(t, alice.StartTracker(deadline(t)))
	if got := portOf(t, alice.owned().Address); got != port {
		t.Errorf("it listens on %d, not on %d", got, port)
	}
}

func TestATakenPortIsShownUntilTheTrackerStarts(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer taken.Close()
	alice := newHouse(t)
	settings := alice.chosen()
	settings.TrackerPort = portOf(t, taken.Addr().String())
	check(t, alice.ApplySettings(deadline(t), settings))
	changed := alice.Watch(deadline(t))
	refused(t, alice.StartTracker(deadline(t)), netproto.CodePortInUse)
	<-changed
	if own := alice.view().Own; own.Running || own.Failure.Code != netproto.CodePortInUse {
		t.Errorf("the view is %+v", own)
	}
	alice.reopen()
	if own := alice.view().Own; own.Running || !own.Failure.IsZero() {
		t.Errorf("what never started is remembered: %+v", own)
	}
	settings.TrackerPort = 0
	check(t, alice.ApplySettings(deadline(t), settings))
	check(t, alice.StartTracker(deadline(t)))
	if own := alice.view().Own; !own.Running || !own.Failure.IsZero() {
		t.Errorf("the view is %+v", own)
	}
}

func TestTheOwnTrackerComesBackByItself(t *testing.T) {
	alice := newHouse(t)
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	before, address := alice.view(), alice.owned().Address
	alice.close()
	taken, err := net.Listen("tcp", address)
	check(t, err)
	defer taken.Close()
	alice.open() // it listens on another port now
	alice.untilConnection(face.ConnectionConnected)
	after := alice.view()
	if !after.Own.Running || after.Fingerprint != before.Fingerprint || after.Own.Invite == before.Own.Invite {
		t.Errorf("after the restart the view is %+v", after)
	}
	alice.until("it counts", func() bool { return alice.view().Own.Peers == 1 })
	check(t, alice.StopTracker(deadline(t)))
	alice.reopen()
	if v := alice.view(); v.Own.Running || v.Address != "" {
		t.Errorf("what was stopped came back: %+v", v)
	}
}

func TestTheOwnTrackerNeedNotBeTheOneInUse(t *testing.T) {
	alice, tracker := newHouse(t), newTown(t)
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	alice.use(tracker)
	alice.reopen()
	alice.untilConnection(face.ConnectionConnected)
	if v := alice.view(); v.Address != tracker.Address || !v.Own.Running {
		t.Errorf("after the restart the view is %+v", v)
	}
	check(t, alice.StartTracker(deadline(t))) // it runs, and is used from now on
	alice.until("it is used", func() bool { return alice.view().Fingerprint == alice.owned().Fingerprint })
	alice.use(tracker)
	check(t, alice.StopTracker(deadline(t)))
	if v := alice.view(); v.Address != tracker.Address || v.Own.Running {
		t.Errorf("the view is %+v", v)
	}
}

func TestTheOwnTrackerMayTakeTheAddressOfAnother(t *testing.T) {
	alice := newHouse(t)
	before := startTown(t, t.TempDir(), "")
	alice.use(before)
	check(t, before.Close())
	alice.local.trackers.own.listen = before.Address
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	if v := alice.view(); v.Address != before.Address || v.Fingerprint == before.Fingerprint || v.ChangedKey != nil {
		t.Errorf("the view is %+v", v)
	}
}

func TestTheWindowOpensWhenTheOwnTrackerCannotStart(t *testing.T) {
	alice := newHouse(t)
	port := porttest.Address(t)
	settings := alice.chosen()
	settings.TrackerPort = portOf(t, port)
	check(t, alice.ApplySettings(deadline(t), settings))
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	alice.close()
	taken, err := net.Listen("tcp", port)
	check(t, err)
	defer taken.Close()
	alice.open()
	if own := alice.view().Own; own.Running || own.Failure.Code != netproto.CodePortInUse {
		t.Errorf("the view is %+v", own)
	}
	alice.untilConnection(face.ConnectionReconnecting)
	alice.close()
	check(t, taken.Close())
	alice.open() // it is tried again at the next start
	alice.untilConnection(face.ConnectionConnected)
}

func TestAnOwnTrackerThatEndsByItselfIsShownWithItsReason(t *testing.T) {
	alice := newHouse(t)
	check(t, alice.StartTracker(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
	changed := alice.Watch(deadline(t))
	check(t, alice.owned().Close()) // not by the switch
	for alice.view().Own.Running {
		<-changed
	}
	if own := alice.view().Own; own.Failure.Code != netproto.CodeInternal || own.Failure.Detail == "" || own.Invite != "" {
		t.Errorf("the view is %+v", own)
	}
	check(t, alice.StartTracker(deadline(t))) // the switch starts it again
	if own := alice.view().Own; !own.Running || !own.Failure.IsZero() {
		t.Errorf("the view is %+v", own)
	}
	alice.untilConnection(face.ConnectionConnected)
}

func TestAnEngineCanBeClosedAgain(t *testing.T) {
	alice := newHouse(t)
	check(t, alice.StartTracker(deadline(t)))
	check(t, alice.local.Close())
	check(t, alice.local.Close())
}

func TestNothingBeginsAfterTheEnd(t *testing.T) {
	alice := newHouse(t)
	alice.local.stop() // as Close does first
	refused(t, alice.StartTracker(deadline(t)), netproto.CodeCancelled)
	if own, _ := alice.local.trackers.own.state(); own != nil {
		t.Error("a tracker was started that nobody will stop")
	}
	for range alice.local.Watch(deadline(t)) {
		t.Error("there is news after the end")
	}
}

func TestAWatcherHearsHowBusyTheOwnTrackerIs(t *testing.T) {
	alice := newHouse(t)
	check(t, alice.StartTracker(deadline(t)))
	alice.until("the first heartbeat is over", func() bool { return alice.view().Own.Peers == 1 })
	ctx := deadline(t)
	changed := alice.Watch(ctx)
	toldUntil := func(so func(rate float64) bool) {
		t.Helper()
		for !so(alice.view().Own.Rate) {
			select {
			case <-changed:
			case <-ctx.Done():
				t.Fatalf("nobody told it, at a rate of %v", alice.view().Own.Rate)
			}
		}
	}
	for range 50 {
		_, err := alice.local.engine.Trackers.Main().Stats(ctx)
		check(t, err)
	}
	toldUntil(func(rate float64) bool { return rate > 5 })
	toldUntil(func(rate float64) bool { return rate == 0 })
}

func TestATrackerOfAllInterfacesHasTheAddressesOfTheComputer(t *testing.T) {
	own, err := node.StartTracker(filepath.Join(t.TempDir(), "tracker"), ":0", "town", io.Discard)
	check(t, err)
	defer own.Close()
	_, port, err := net.SplitHostPort(own.Address)
	check(t, err)
	addresses := ownAddresses(own)
	if len(addresses) == 0 || addresses[0] != own.Link.Tracker {
		t.Fatalf("the addresses are %v", addresses)
	}
	for _, a := range addresses {
		host, p, err := net.SplitHostPort(a)
		if ip := net.ParseIP(host); err != nil || p != port || ip == nil || ip.IsUnspecified() {
			t.Errorf("%s is no address of the tracker, %v", a, err)
		}
	}
	if ownListen != ":"+strconv.Itoa(netproto.DefaultPort) {
		t.Errorf("a tracker is looked for on port %d, and this one listens on %s", netproto.DefaultPort, ownListen)
	}
}
