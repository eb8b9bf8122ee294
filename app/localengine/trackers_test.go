package localengine

import (
	"context"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestATrackerIsUsedOnceItAnswered(t *testing.T) {
	alice, tracker := newHouse(t), newTown(t)
	if s := alice.status(); s.Connection != face.ConnectionNone || s.Tracker != "" {
		t.Errorf("before any was chosen the status is %+v", s)
	}
	refused(t, alice.UseTracker(deadline(t), "http://example.org"), netproto.CodeInvalid)
	refused(t, alice.UseTracker(deadline(t), "127.0.0.1:1"), netproto.CodeUnreachable)
	if s := alice.status(); s.Connection != face.ConnectionNone {
		t.Errorf("a tracker that does not answer is %s", s.Connection)
	}
	alice.use(tracker)
	refused(t, alice.UseTracker(deadline(t), "127.0.0.1:1"), netproto.CodeUnreachable)
	alice.until("the tracker has counted", func() bool { return alice.status().PeersOnline == 1 })
	s := alice.status()
	if s.Tracker != "town" || s.Connection != face.ConnectionConnected || !s.Failure.IsZero() || s.RetrySeconds != 0 {
		t.Errorf("the status is %+v", s)
	}
	want := face.KnownTracker{Address: tracker.Address, Name: "town", Fingerprint: tracker.Fingerprint}
	v := alice.view()
	expect(t, v.KnownTracker, want)
	expect(t, v.Known, []face.KnownTracker{want})
	if v.LeaseSeconds != 90 || v.PeersOnline != 1 || v.Resources != 0 || v.ChangedKey != nil {
		t.Errorf("the view is %+v", v)
	}
	alice.reopen()
	alice.untilConnection(face.ConnectionConnected)
	expect(t, alice.view().KnownTracker, want)

	bob := newHouse(t)
	check(t, bob.UseTracker(deadline(t), tracker.Link.String()))
	bob.untilConnection(face.ConnectionConnected)
}

func TestWhoSwitchesTrackersTakesSharesAlong(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, _ := alice.write("song.flac", 1000)
	alice.offer(path)
	other, carol := newTown(t), newHouse(t)
	carol.use(other)
	alice.use(other)
	carol.until("it is found there", func() bool { return len(carol.find("song")) == 1 })
	bob.until("it is no longer found here", func() bool { return len(bob.find("song")) == 0 })
	if known := alice.view().Known; len(known) != 2 {
		t.Errorf("the known trackers are %v", known)
	}
}

func TestATrackerCanBeUsedBesideTheMainOne(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, _ := alice.write("song.flac", 1000)
	alice.offer(path)
	other, carol := newTown(t), newHouse(t)
	carol.use(other)
	refused(t, alice.AlsoUseTracker(deadline(t), "127.0.0.1:1", true), netproto.CodeUnreachable)
	check(t, alice.AlsoUseTracker(deadline(t), other.Address, true))
	beside := func() face.KnownTracker {
		for _, k := range alice.view().Known {
			if k.Address == other.Address {
				return k
			}
		}
		t.Fatal("it is not known")
		return face.KnownTracker{}
	}
	alice.until("it is joined", func() bool { return beside().Beside && beside().Connection == face.ConnectionConnected })
	carol.until("it is found there", func() bool { return len(carol.find("song")) == 1 })
	bob.until("it is found here still", func() bool { return len(bob.find("song")) == 1 })
	far, _ := carol.write("far.flac", 1000)
	carol.offer(far)
	alice.until("what is only there is found", func() bool { return len(alice.find("far")) == 1 })

	alice.reopen()
	alice.until("it is joined again after a restart", func() bool { return beside().Connection == face.ConnectionConnected })
	check(t, alice.AlsoUseTracker(deadline(t), other.Address, false))
	if k := beside(); k.Beside {
		t.Errorf("it is still used: %+v", k)
	}
	carol.until("it is no longer found there", func() bool { return len(carol.find("song")) == 0 })
	alice.use(other)
	if k := beside(); k.Beside {
		t.Errorf("the main one is beside itself: %+v", k)
	}
}

func TestAForgottenTrackerIsLeft(t *testing.T) {
	alice, bob, tracker := neighbours(t)
	check(t, alice.ForgetTracker(deadline(t), "127.0.0.1:1")) // never known
	check(t, alice.ForgetTracker(deadline(t), tracker.Address))
	if v := alice.view(); v.Address != "" || len(v.Known) != 0 || alice.status().Connection != face.ConnectionNone {
		t.Errorf("the view is %+v", v)
	}
	stats, err := bob.local.engine.Trackers.Main().Stats(deadline(t))
	check(t, err)
	if stats.PeersOnline != 1 {
		t.Errorf("%d peers are online: there was no goodbye", stats.PeersOnline)
	}
	alice.reopen()
	if s := alice.status(); s.Connection != face.ConnectionNone {
		t.Errorf("after the restart it is %s", s.Connection)
	}
}

// lose lets the house notice that its tracker is gone.
func (h *house) lose(state face.Connection) {
	h.t.Helper()
	check(h.t, h.change(func(s *face.Settings) { s.Name += "!" })) // which the tracker is told
	h.untilConnection(state)
}

func TestALostTrackerIsTriedWhenThePersonSays(t *testing.T) {
	alice := newHouse(t)
	tracker := startTown(t, t.TempDir(), "")
	alice.use(tracker)
	check(t, tracker.Close())
	alice.lose(face.ConnectionReconnecting)
	alice.until("the retries are far apart", func() bool { return alice.status().RetrySeconds >= 2 })
	s := alice.status()
	if s.Failure.Code != netproto.CodeUnreachable || s.PeersOnline != 0 || s.Tracker != "town" {
		t.Errorf("the status is %+v", s)
	}
	tracker = startTown(t, tracker.data, tracker.Address)
	defer tracker.Close()
	check(t, alice.Reconnect(deadline(t)))
	alice.untilConnection(face.ConnectionConnected)
}

// changeKey puts a tracker with another key in the place of one.
func changeKey(t testing.TB, old *town) *town {
	t.Helper()
	check(t, old.Close())
	return startTown(t, t.TempDir(), old.Address)
}

func TestAChangedKeyIsThePersonsDecision(t *testing.T) {
	alice := newHouse(t)
	first := startTown(t, t.TempDir(), "")
	alice.use(first)
	second := changeKey(t, first)
	alice.lose(face.ConnectionKeyChanged)
	want := &face.ChangedKey{Address: first.Address, Known: first.Fingerprint, Shown: second.Fingerprint}
	decide := func() {
		t.Helper()
		// It is tried again by itself, and was out of reach while another one took its place.
		alice.until("it fails because of the key", func() bool { return alice.status().Failure.Code == netproto.CodeKeyChanged })
		expect(t, alice.view().ChangedKey, want)
	}
	decide()
	alice.reopen() // the window opens and asks again
	alice.untilConnection(face.ConnectionKeyChanged)
	decide()
	refused(t, alice.UseTracker(deadline(t), first.Address), netproto.CodeKeyChanged)
	decide()

	// Neither a key that nobody shows nor one that was shown before is trusted.
	refused(t, alice.AcceptTrackerKey(deadline(t), first.Address, netproto.Fingerprint{1}), netproto.CodeKeyChanged)
	decide()
	third := changeKey(t, second)
	refused(t, alice.AcceptTrackerKey(deadline(t), first.Address, second.Fingerprint), netproto.CodeKeyChanged)
	want.Shown = third.Fingerprint
	decide()
	check(t, third.Close())
	refused(t, alice.AcceptTrackerKey(deadline(t), first.Address, third.Fingerprint), netproto.CodeUnreachable)
	if known, ok := alice.local.library.KnownTracker(first.Address); !ok || known != first.Fingerprint {
		t.Errorf("the known key is %s now", known)
	}
	third = startTown(t, third.data, third.Address)
	defer third.Close()
	check(t, alice.AcceptTrackerKey(deadline(t), first.Address, third.Fingerprint))
	alice.untilConnection(face.ConnectionConnected)
	if v := alice.view(); v.ChangedKey != nil || v.Fingerprint != third.Fingerprint || len(v.Known) != 1 {
		t.Errorf("the view is %+v", v)
	}
}

func TestATrackerThatHasItsOldKeyAgainIsNoDecision(t *testing.T) {
	alice := newHouse(t)
	first := startTown(t, t.TempDir(), "")
	alice.use(first)
	check(t, alice.ForgetTracker(deadline(t), "127.0.0.1:1"))
	other := newTown(t)
	alice.use(other)
	second := changeKey(t, first)
	refused(t, alice.UseTracker(deadline(t), first.Address), netproto.CodeKeyChanged)
	if v := alice.view(); v.Address != other.Address || v.ChangedKey == nil || v.ChangedKey.Address != first.Address {
		t.Errorf("the view is %+v", v)
	}
	check(t, second.Close())
	first = startTown(t, first.data, first.Address)
	defer first.Close()
	refused(t, alice.AcceptTrackerKey(deadline(t), first.Address, second.Fingerprint), netproto.CodeKeyChanged)
	if changed := alice.view().ChangedKey; changed != nil {
		t.Errorf("there is still %+v to decide", changed)
	}
	alice.use(first)
}

func TestForgettingATrackerEndsTheQuestionAboutItsKey(t *testing.T) {
	alice := newHouse(t)
	first := startTown(t, t.TempDir(), "")
	alice.use(first)
	other := newTown(t)
	alice.use(other)
	second := changeKey(t, first)
	defer second.Close()
	refused(t, alice.UseTracker(deadline(t), first.Address), netproto.CodeKeyChanged)
	check(t, alice.ForgetTracker(deadline(t), first.Address))
	if v := alice.view(); v.ChangedKey != nil || v.Address != other.Address {
		t.Errorf("the view is %+v", v)
	}
	alice.use(second)
}

func TestALinkCannotMakeATrackerLookChanged(t *testing.T) {
	alice, tracker := newHouse(t), newTown(t)
	wrong := tracker.Link
	wrong.Fingerprint = netproto.Fingerprint{1}
	refused(t, alice.UseTracker(deadline(t), wrong.String()), netproto.CodeKeyChanged)
	if v := alice.view(); len(v.Known) != 0 || v.ChangedKey != nil {
		t.Errorf("a tracker that is not the one of the link left %+v", v)
	}
	alice.use(tracker)
	refused(t, alice.UseTracker(deadline(t), wrong.String()), netproto.CodeInvalid)
	if v := alice.view(); v.ChangedKey != nil || alice.status().Connection != face.ConnectionConnected {
		t.Errorf("the view is %+v", v)
	}
}

func TestAChangeOfTrackersWaitsForTheOneBefore(t *testing.T) {
	alice := newHouse(t)
	done, err := alice.local.takeTurn(deadline(t))
	check(t, err)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for name, change := range map[string]func() error{
		"use":    func() error { return alice.UseTracker(ended, "127.0.0.1:1") },
		"forget": func() error { return alice.ForgetTracker(ended, "127.0.0.1:1") },
		"accept": func() error { return alice.AcceptTrackerKey(ended, "127.0.0.1:1", netproto.Fingerprint{}) },
		"start":  func() error { return alice.StartTracker(ended) },
		"stop":   func() error { return alice.StopTracker(ended) },
	} {
		if err := change(); netproto.CodeOf(err) != netproto.CodeCancelled {
			t.Errorf("%s: %v", name, err)
		}
	}
	done()
	check(t, alice.StartTracker(deadline(t)))
}
