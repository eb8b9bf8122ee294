package peer_test

import (
	"sync/atomic"
	"testing"

	"centralizedp2p/app/peer"
	"centralizedp2p/netproto/portmap"
)

func TestTheRouterIsAskedOnlyIfOthersOutsideCanHearOfThePeer(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	alice := startWith(t, &testPeer{routes: func() ([]portmap.Route, error) {
		asked.Add(1)
		return nil, nil
	}}, nil, nil)
	near, far := newFakeTracker(), newFakeTracker()
	alice.Trackers.Use(near)
	told(t, alice, near, "it did not join", func() bool { return near.joins == 1 })
	if s := alice.RouterPort(); s != (portmap.State{}) || asked.Load() != 0 {
		t.Errorf("with a tracker on this computer: %+v, asked %d times", s, asked.Load())
	}
	far.address = "198.51.100.1:5000"
	alice.Trackers.Add(far)
	eventually(t, alice.Engine, func() bool { return alice.RouterPort().Reason == portmap.NoRouter }, says("the router was not asked"))
	settings, err := alice.library.Settings()
	check(t, err)
	settings.RouterPort = false
	alice.Apply(settings)
	eventually(t, alice.Engine, func() bool { return alice.RouterPort().Verdict == portmap.Off }, says("it is not switched off"))
}

func TestTrackersLearnWhichPortOfTheRouterLeadsHere(t *testing.T) {
	t.Parallel()
	alice, f := startPeer(t, nil), newFakeTracker()
	f.interval = 1000
	alice.Trackers.Use(f)
	told(t, alice, f, "it did not join", func() bool { return f.joins == 1 && f.joined.MappedPort == 0 })
	mapped := portmap.State{Verdict: portmap.Mapped, Protocol: portmap.PCP, ExternalPort: 7000}
	peer.RouterSays(alice.Engine, mapped)
	told(t, alice, f, "the tracker does not know the port", func() bool { return f.joins == 2 && f.joined.MappedPort == 7000 })
	mapped.Protocol = portmap.UPnP // nothing new for a tracker
	peer.RouterSays(alice.Engine, mapped)
	mapped.Reason = portmap.Shared // the port leads from a network in between
	peer.RouterSays(alice.Engine, mapped)
	told(t, alice, f, "the tracker believes in the port", func() bool { return f.joins == 3 && f.joined.MappedPort == 0 })
}
