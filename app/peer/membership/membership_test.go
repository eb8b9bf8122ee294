package membership

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

func TestTheCountsComeWithTheHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		f.stats = &netproto.Stats{PeersOnline: 7}
		ms := start(t)
		defer ms.Close()
		ms.Use(f)
		time.Sleep(time.Hour)
		if got := ms.Status().Stats.PeersOnline; got != 7 {
			t.Errorf("%d peers are shown", got)
		}
		f.with(func() {
			if f.beats < 100 || f.counts != 0 {
				t.Errorf("in %d heartbeats it was asked %d times besides", f.beats, f.counts)
			}
		})
	})
}

func TestAnOlderTrackerIsAskedForItsCountsNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		answered := 0
		f.asked = func() (netproto.Stats, error) {
			if answered++; answered%2 == 0 {
				return netproto.Stats{}, netproto.Errorf(netproto.CodeInternal, "not now")
			}
			return netproto.Stats{PeersOnline: answered}, nil
		}
		ms := start(t)
		defer ms.Close()
		ms.Use(f)
		synctest.Wait()
		if got := ms.Status().Stats.PeersOnline; got != 1 {
			t.Errorf("at first %d peers are shown", got)
		}
		time.Sleep(time.Hour)
		if got := ms.Status().Stats.PeersOnline; got < 3 || got%2 == 0 {
			t.Errorf("%d peers are shown", got)
		}
		f.with(func() {
			if most := int(time.Hour/StandardTiming.Counts) + 1; f.counts < most/2 || f.counts > most {
				t.Errorf("in %d heartbeats it was asked %d times", f.beats, f.counts)
			}
		})
	})
}

// A tracker that never finds out whether this peer can be reached is asked sooner at
// first, and later as often as any other.
func TestATrackerThatNeverKnowsHowThePeerIsReachedIsAskedAsOftenAsOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		f.unknown = 10_000 // so that the test ends whatever the peer does
		ms := start(t)
		defer ms.Close()
		ms.Use(f)
		time.Sleep(time.Hour)
		f.with(func() {
			if f.beats < 100 || f.beats > 220 {
				t.Errorf("in an hour it got %d heartbeats", f.beats)
			}
		})
	})
}

func TestATrackerThatCannotCountIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		ms := start(t)
		defer ms.Close()
		ms.Use(f)
		for range 120 {
			time.Sleep(30 * time.Second)
			if s := ms.Status(); s.State != StateConnected || s.Err != nil || s.Reachable != netproto.ReachableYes {
				t.Fatalf("it is %s: %v", s.State, s.Err)
			}
		}
		f.with(func() {
			if f.joins != 1 {
				t.Errorf("it was joined %d times", f.joins)
			}
		})
	})
}

func TestAPeerThatLeavesWhileItJoinsSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		f.join = func(ctx context.Context) error { // the tracker counts the peer, and the answer does not come
			<-ctx.Done()
			return ctx.Err()
		}
		ms := start(t)
		ms.Use(f)
		synctest.Wait()
		ms.Close()
		if f.joins != 1 || f.leaves != 1 || f.closes != 1 {
			t.Errorf("it joined %d times, said goodbye %d times and was closed %d times", f.joins, f.leaves, f.closes)
		}
	})
}

func TestATrackerThatShowedAnotherKeyForAWhileIsJoinedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		changed := true
		f.join = func(context.Context) error {
			if changed {
				return netproto.Errorf(netproto.CodeKeyChanged, "another one stands there")
			}
			return nil
		}
		ms := start(t)
		defer ms.Close()
		ms.Use(f)
		time.Sleep(time.Hour)
		if s := ms.Status(); s.State != StateKeyChanged || netproto.CodeOf(s.Err) != netproto.CodeKeyChanged {
			t.Errorf("with another key it is %s: %v", s.State, s.Err)
		}
		f.with(func() { changed = false })
		time.Sleep(2 * StandardTiming.MaxRetry)
		if s := ms.Status(); s.State != StateConnected || s.Err != nil {
			t.Errorf("with the known key it is %s: %v", s.State, s.Err)
		}
	})
}

func TestATrackerThatLetsNobodyInHearsNoGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		f.join = func(context.Context) error { return netproto.Errorf(netproto.CodeInvite, "by invitation only") }
		ms := start(t)
		ms.Use(f)
		synctest.Wait()
		ms.Close()
		if f.joins != 1 || f.leaves != 0 {
			t.Errorf("it joined %d times and said goodbye %d times", f.joins, f.leaves)
		}
	})
}

func TestOneAddressHasOneMembershipHoweverManyAskAtOnce(t *testing.T) {
	const rounds = 2000
	for range rounds {
		ms := start(t)
		var all []*fakeTracker
		var calls sync.WaitGroup
		for i := range 4 {
			f := newFakeTracker("127.0.0.1:5000")
			all = append(all, f)
			if i%2 == 0 {
				calls.Go(func() { ms.Use(f) })
			} else {
				calls.Go(func() { ms.Add(f) })
			}
		}
		calls.Wait()
		list := ms.Statuses()
		ms.Close()
		if len(list) != 1 {
			t.Fatalf("it is with the tracker %d times", len(list))
		}
		for _, f := range all {
			if f.closes != 1 {
				t.Fatalf("a tracker was closed %d times", f.closes)
			}
		}
	}
}

func TestATrackerIsJoinedAgainOnlyAfterTheGoodbye(t *testing.T) {
	// The same tracker is used once more while it still hears the goodbye: if that came
	// last, the tracker would not count the peer as online.
	for name, again := range map[string]func(ms *Memberships, f *fakeTracker){
		"the main one, beside": func(ms *Memberships, f *fakeTracker) {
			ms.Use(nil)
			ms.Add(f)
		},
		"one beside, as the main one": func(ms *Memberships, f *fakeTracker) { ms.Use(f) },
		"one beside, dropped and added": func(ms *Memberships, f *fakeTracker) {
			ms.Drop(f.Address())
			ms.Add(f)
		},
		"the main one": func(ms *Memberships, f *fakeTracker) { ms.Use(f) },
	} {
		synctest.Test(t, func(t *testing.T) {
			first, second := newFakeTracker("127.0.0.1:5000"), newFakeTracker("127.0.0.1:5000")
			first.leave = func() { time.Sleep(time.Second) } // its goodbye is slow
			ms := start(t)
			defer ms.Close()
			if strings.HasPrefix(name, "the main one") {
				ms.Use(first)
			} else {
				ms.Add(first)
			}
			synctest.Wait()
			again(ms, second)
			time.Sleep(500 * time.Millisecond)
			second.with(func() {
				if second.joins != 0 {
					t.Errorf("%s: it is joined before the goodbye", name)
				}
			})
			time.Sleep(time.Second)
			second.with(func() {
				if second.joins != 1 {
					t.Errorf("%s: after the goodbye it was joined %d times", name, second.joins)
				}
			})
		})
	}
}

func TestAFolderIsTakenTogetherWithItsFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		f.pause = 10 * time.Millisecond
		ms := start(t)
		defer ms.Close()
		ms.Use(f)
		synctest.Wait()
		folder := resource(-1)
		folder.Folder = true
		for n := range 2 * netproto.MaxAnnounce {
			ms.Announce(resource(n))
		}
		ms.Announce(folder)
		for {
			if taken, err := ms.Announced(folder.Hash); err != nil {
				t.Fatal(err)
			} else if taken {
				break
			}
			time.Sleep(time.Millisecond)
		}
		f.with(func() {
			if len(f.held) != 2*netproto.MaxAnnounce+1 {
				t.Errorf("it is taken, and the tracker holds %d", len(f.held))
			}
		})
	})
}

func TestAFolderDoesNotWaitForFilesThatATrackerHasNoTimeFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeTracker("127.0.0.1:5000")
		f.most = 10
		ms := start(t)
		defer ms.Close()
		for n := range 100 {
			ms.Announce(resource(n))
		}
		ms.Use(f) // which is offered all at once
		time.Sleep(5 * time.Second)
		folder := resource(-1)
		folder.Folder = true
		ms.Announce(folder)
		time.Sleep(time.Second)
		taken, err := ms.Announced(folder.Hash)
		f.with(func() {
			if !taken || err != nil || len(f.held) != 1 || f.crowded != 1 {
				t.Errorf("after a second it is taken: %v, %v, and the files were offered %d times", taken, err, f.crowded)
			}
			f.most = 0
		})
		time.Sleep(10 * time.Second)
		f.with(func() {
			if len(f.held) != 101 {
				t.Errorf("in the end it has %d", len(f.held))
			}
			f.most, f.crowded = 1, 0 // now two folders are too many
		})
		for n := range 300 { // changes again and again
			for i := range 2 {
				more := resource(1000 + 2*n + i)
				more.Folder = true
				ms.Announce(more)
			}
			time.Sleep(100 * time.Millisecond)
		}
		f.with(func() {
			if f.crowded > 4 {
				t.Errorf("in half a minute a tracker that asks for ten seconds of peace was asked %d times", f.crowded)
			}
		})
	})
}
