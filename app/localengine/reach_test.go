package localengine

import (
	"strings"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestHowOthersReachThisPeerIsShown(t *testing.T) {
	alice, _, tracker := neighbours(t)
	var reach face.Reach
	alice.until("the tracker has tried", func() bool {
		s, err := alice.Status(deadline(t))
		check(t, err)
		reach = s.Reach
		return reach.Verdict == netproto.VerdictReachable
	})
	want := face.Reach{Verdict: netproto.VerdictReachable, Tracker: tracker.Address, Port: alice.local.engine.Port()}
	view, err := alice.Tracker(deadline(t))
	check(t, err)
	if reach != want || view.Reach != want {
		t.Errorf("the status has %+v, the tracker's page %+v, expected %+v", reach, view.Reach, want)
	}
	d, err := alice.Diagnostics(deadline(t))
	check(t, err)
	for _, want := range []string{"Reachability: reachable\n", "Router: off", "port on the router true, calls true, relay true", "lan 0, direct 0, router 0, called 0, relayed 0"} {
		if !strings.Contains(d.Text, want) {
			t.Errorf("the diagnostics do not say %q:\n%s", want, d.Text)
		}
	}
}

func TestASourceSaysHowItIsReached(t *testing.T) {
	_, bob, _ := slowFilm(t, 4<<20)
	bob.until("the way of the source is known", func() bool {
		d, err := bob.Details(deadline(t), bob.rows()["film.mkv"].ID)
		check(t, err)
		return len(d.Sources) == 1 && d.Sources[0].Way == face.WayLAN && d.Sources[0].Limit == 0 && !d.Sources[0].Shut
	})
}

func TestTheSwitchesOfReachAreAppliedAtOnce(t *testing.T) {
	alice, _, _ := neighbours(t)
	alice.until("the tracker can call", func() bool { return len(alice.local.engine.Trackers.Status().Lines) > 0 })
	settings, err := alice.Settings(deadline(t))
	check(t, err)
	if !settings.RouterPort || !settings.Calls || !settings.Relay {
		t.Errorf("they are not on by themselves: %+v", settings)
	}
	settings.RouterPort, settings.Calls, settings.Relay = false, false, false
	check(t, alice.ApplySettings(deadline(t), settings))
	alice.until("the tracker cannot call", func() bool {
		s := alice.local.engine.Trackers.Status()
		return !s.Calls && len(s.Lines) == 0
	})
	if saved, err := alice.Settings(deadline(t)); err != nil || saved != settings {
		t.Errorf("they are saved as %+v, %v", saved, err)
	}
}
