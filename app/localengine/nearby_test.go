package localengine

import (
	"context"
	"net/netip"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/lan"
)

func TestTrackersInTheLocalNetworkAreShown(t *testing.T) {
	alice := newHouse(t)
	alice.close()
	asked := make(chan struct{}, 1)
	kitchen := lan.Tracker{Name: "kitchen", Fingerprint: netproto.Fingerprint{1}, Port: 5000, Address: netip.MustParseAddr("192.168.1.20")}
	attic := lan.Tracker{Name: "attic", Fingerprint: netproto.Fingerprint{2}, Port: 5001, Address: netip.MustParseAddr("192.168.1.21")}
	alice.around = func(context.Context) ([]lan.Tracker, error) {
		asked <- struct{}{}
		return []lan.Tracker{kitchen, attic}, nil
	}
	alice.open()
	<-asked
	alice.until("the trackers are shown", func() bool { return len(alice.view().Nearby) == 2 })
	want := []face.KnownTracker{
		{Address: "192.168.1.21:5001", Name: "attic", Fingerprint: attic.Fingerprint},
		{Address: "192.168.1.20:5000", Name: "kitchen", Fingerprint: kitchen.Fingerprint},
	}
	for i, got := range alice.view().Nearby {
		if got != want[i] {
			t.Errorf("%+v, want %+v", got, want[i])
		}
	}
}

func TestTheTrackerOnThisComputerIsNotNearby(t *testing.T) {
	alice := newHouse(t)
	check(t, alice.StartTracker(deadline(t)))
	alice.local.nearby.set([]lan.Tracker{
		{Name: "own", Fingerprint: alice.owned().Fingerprint, Port: 5000, Address: netip.MustParseAddr("127.0.0.1")},
		{Name: "kitchen", Fingerprint: netproto.Fingerprint{1}, Port: 5000, Address: netip.MustParseAddr("192.168.1.20")},
	})
	if got := alice.view().Nearby; len(got) != 1 || got[0].Name != "kitchen" {
		t.Errorf("%+v", got)
	}
}
