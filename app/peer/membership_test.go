package peer_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

func unreachable() error { return netproto.Errorf(netproto.CodeUnreachable, "127.0.0.1:5000") }

// told waits until ok is satisfied with what the fake tracker was told.
func told(t testing.TB, p *testPeer, f *fakeTracker, what string, ok func() bool) {
	t.Helper()
	eventually(t, p.Engine, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return ok()
	}, says(what))
}

func TestWhatTheTrackerAsksForIsDone(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path, _ := p.write(t, "song.flac", 100)
	s := p.share(t, path)
	f.with(func() { clear(f.held) })
	f.with(func() { f.beats = []netproto.HeartbeatStatus{netproto.HeartbeatResync} })
	told(t, p, f, "nothing was announced again", func() bool { return len(f.held) == 1 })
	f.with(func() {
		if last := f.announces[len(f.announces)-1]; !last.Reset {
			t.Error("it was announced beside what the tracker held")
		}
		clear(f.held)
		f.beats = []netproto.HeartbeatStatus{netproto.HeartbeatJoin}
	})
	told(t, p, f, "it did not join again", func() bool { return f.joins == 2 && len(f.held) == 1 })
	check(t, p.Shares.Stop(s.ID))
	told(t, p, f, "it was not withdrawn", func() bool { return len(f.held) == 0 })
	p.stop()
	if f.leaves != 1 || !f.closed {
		t.Errorf("it left %d times, closed: %v", f.leaves, f.closed)
	}
}

func TestATrackerThatForgetsAtOnceIsNotRushed(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	for range 10_000 {
		f.beats = append(f.beats, netproto.HeartbeatJoin)
	}
	p := startPeerAt(t, f)
	told(t, p, f, "it gave up", func() bool { return f.joins >= 4 })
	began, before := time.Now(), 0
	f.with(func() { before = f.joins })
	told(t, p, f, "it gave up", func() bool { return f.joins >= before+3 })
	if time.Since(began) < 200*time.Millisecond {
		t.Error("three joins came within 0.2 s")
	}
}

func TestAHeartbeatIntervalOutOfRangeHarmsNobody(t *testing.T) {
	t.Parallel()
	for _, seconds := range []int{-1 << 62, -1, 0, 1 << 62} {
		f := newFakeTracker()
		f.interval = seconds
		p := startPeerAt(t, f)
		eventually(t, p.Engine, func() bool { return p.Trackers.Status().RoundTrip > 0 }, says("no heartbeat was sent"))
		p.stop()
	}
}

func TestAnnouncesComeInBatches(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.writeTree(t, "src", 2500)
	p.share(t, filepath.Join(p.files, "src"))
	told(t, p, f, "not everything was announced", func() bool { return len(f.held) > 2400 })
	f.with(func() {
		for _, a := range f.announces {
			if len(a.Resources) > netproto.MaxAnnounce {
				t.Errorf("%d resources in one batch", len(a.Resources))
			}
		}
	})
}

func TestARefusedShareIsReportedAndOfferedToTheNextTracker(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path, _ := p.write(t, "song.flac", 100)
	id, err := p.Shares.Add(path, sharing.Options{})
	check(t, err)
	s, err := p.Shares.Wait(deadline(t), id)
	check(t, err)
	f.with(func() { f.refuse = map[netproto.ContentHash]netproto.Code{s.Hash: netproto.CodeFull} })
	check(t, p.Shares.Stop(id))
	id, err = p.Shares.Add(path, sharing.Options{})
	check(t, err)
	if _, err = p.Shares.Wait(deadline(t), id); netproto.CodeOf(err) != netproto.CodeFull {
		t.Fatalf("waiting says %v", err)
	}
	next := newFakeTracker()
	p.Trackers.Use(next)
	told(t, p, next, "the next tracker was not told", func() bool { return len(next.held) == 1 })
	if _, err = p.Shares.Wait(deadline(t), id); err != nil {
		t.Errorf("waiting says %v", err)
	}
	if f.leaves != 1 || !f.closed {
		t.Errorf("the old one was left %d times, closed: %v", f.leaves, f.closed)
	}
}

func TestAChangedKeyWaitsForThePerson(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	f.fail = netproto.Errorf(netproto.CodeKeyChanged, "127.0.0.1:5000")
	p := startPeerAt(t, f)
	path, _ := p.write(t, "song.flac", 100)
	id, err := p.Shares.Add(path, sharing.Options{})
	check(t, err)
	if _, err := p.Shares.Wait(deadline(t), id); netproto.CodeOf(err) != netproto.CodeKeyChanged {
		t.Errorf("waiting says %v", err)
	}
	if s := p.Trackers.Status(); s.State != membership.StateKeyChanged || netproto.CodeOf(s.Err) != netproto.CodeKeyChanged {
		t.Errorf("the status is %+v", s)
	}
	f.with(func() { f.fail = nil })
	p.Trackers.Reconnect()
	told(t, p, f, "it did not join", func() bool { return len(f.held) == 1 })
}

func TestALostTrackerIsTriedAgain(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	f.fail = unreachable()
	p := startPeerAt(t, f)
	eventually(t, p.Engine, func() bool {
		s := p.Trackers.Status()
		return s.State == membership.StateReconnecting && errors.Is(s.Err, &netproto.Error{Code: netproto.CodeUnreachable}) && !s.Retry.IsZero()
	}, says("it is not said that the tracker is lost"))
	f.with(func() { f.fail = nil })
	eventually(t, p.Engine, func() bool { return p.Trackers.Status().State == membership.StateConnected }, says("it does not connect"))
}

func TestTheTrackerCanBeChangedQuicklyAndAtTheEnd(t *testing.T) {
	t.Parallel()
	p := startPeer(t, nil)
	path, _ := p.write(t, "song.flac", 100)
	_, err := p.Shares.Add(path, sharing.Options{})
	check(t, err)
	var all []*fakeTracker
	for range 20 {
		all = append(all, newFakeTracker())
		p.Trackers.Use(all[len(all)-1])
	}
	last := all[len(all)-1]
	told(t, p, last, "the last one was not told", func() bool { return len(last.held) == 1 })
	closing := make(chan struct{})
	go func() {
		defer close(closing)
		p.stop()
	}()
	for range 20 {
		all = append(all, newFakeTracker())
		p.Trackers.Use(all[len(all)-1])
	}
	<-closing
	for i, f := range all {
		f.with(func() {
			if !f.closed || f.joins != f.leaves && f.joins > 0 && i < 20 {
				t.Errorf("number %d: joined %d times, left %d times, closed: %v", i, f.joins, f.leaves, f.closed)
			}
		})
	}
}

func TestSharesThatComeWhileTheTrackerChangesAreAllAnnounced(t *testing.T) {
	t.Parallel()
	p := startPeer(t, nil)
	const n = 300
	for i := range n {
		check(t, os.WriteFile(filepath.Join(p.files, fmt.Sprint(i)), fmt.Append(nil, i), 0o644))
		_, err := p.Shares.Add(filepath.Join(p.files, fmt.Sprint(i)), sharing.Options{})
		check(t, err)
	}
	var f *fakeTracker
	for range 30 {
		f = newFakeTracker()
		p.Trackers.Use(f)
	}
	told(t, p, f, "some are missing", func() bool { return len(f.held) == n })
}

// After a restart the tracker is told only what is not as it was.
func TestATrackerThatHoldsTheSameIsToldNothingAgain(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "album/song.flac", 1000)
	p.write(t, "album/film.mkv", 3<<20)
	id, err := p.Shares.Add(filepath.Join(p.files, "album"), sharing.Options{Remember: true})
	check(t, err)
	_, err = p.Shares.Wait(deadline(t), id)
	check(t, err)
	restart := func(meanwhile func()) (joins int) {
		p.stop()
		meanwhile()
		f.with(func() { f.announces, joins = nil, f.joins })
		p.start(t, nil)
		check(t, p.Shares.Load())
		p.Trackers.Use(f)
		_, err = p.Shares.Wait(deadline(t), id) // until the tracker has taken it
		check(t, err)
		return joins
	}
	before := restart(func() {})
	f.with(func() {
		if f.joins == before {
			t.Error("it did not join again")
		}
		if len(f.held) != 3 || len(f.announces) != 0 {
			t.Errorf("of %d resources that it holds the tracker was told again: %v", len(f.held), f.announces)
		}
	})
	restart(func() {
		check(t, os.Rename(filepath.Join(p.files, "album/song.flac"), filepath.Join(p.files, "album/tune.flac")))
	})
	names := func() (list []string) {
		for _, r := range f.held {
			list = append(list, r.Name)
		}
		slices.Sort(list)
		return list
	}
	told(t, p, f, "the new name was not announced", func() bool { return slices.Equal(names(), []string{"album", "film.mkv", "tune.flac"}) })
}

// Which names the tracker has does not show in what it says it holds.
func TestATrackerIsToldANameThatChangedWhileTheProgramWasOff(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path, _ := p.write(t, "song.flac", 1000)
	p.share(t, path)
	p.stop()
	renamed := filepath.Join(p.files, "tune.flac")
	check(t, os.Rename(path, renamed))
	p.start(t, nil)
	p.Trackers.Use(f)
	p.share(t, renamed)
	told(t, p, f, "it has the old name", func() bool {
		for _, r := range f.held {
			return r.Name == "tune.flac"
		}
		return false
	})
}
