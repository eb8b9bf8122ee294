package boltstore

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// BenchmarkHeartbeatWhile measures how long heartbeats of another peer take while
// the store works on many names. The largest value matters most.
func BenchmarkHeartbeatWhile(b *testing.B) {
	b.Run("100,000 names come and go", func(b *testing.B) {
		s := benchStore(b, 2)
		announceMany(b, s, 0, 100)
		measureHeartbeats(b, s, testPeer(1).ID(), func() {
			if err := s.Leave(b.Context(), testPeer(0).ID()); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Join(b.Context(), testPeer(0)); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("100,000 of 400,000 names are forgotten", func(b *testing.B) {
		var clock struct {
			sync.Mutex
			now time.Time
		}
		clock.now = time.Now()
		s, err := open(filepath.Join(b.TempDir(), "tracker.db"), store.Config{ResourcesPerPeer: 1 << 30, Lease: time.Hour, Now: func() time.Time {
			clock.Lock()
			defer clock.Unlock()
			return clock.now
		}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		join := func() {
			for n := range 3 {
				if _, err := s.Join(b.Context(), testPeer(n)); err != nil {
					b.Fatal(err)
				}
			}
		}
		join()
		announceMany(b, s, 0, 300)
		announceMany(b, s, 2, 100)
		if _, err := s.Announce(b.Context(), testPeer(2).ID(), nil, true); err != nil {
			b.Fatal(err)
		}
		clock.Lock()
		clock.now = clock.now.Add(2 * time.Hour)
		clock.Unlock()
		join()
		measureHeartbeats(b, s, testPeer(1).ID(), func() {
			for more := true; more; {
				if more, err = s.Reap(b.Context(), 1000); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
	b.Run("a content with 5,000 holders loses them", func(b *testing.B) {
		const holders = 5000
		s := benchStore(b, holders)
		one := []netproto.Resource{testFile("what everybody has")}
		for n := range holders {
			if _, err := s.Announce(b.Context(), testPeer(n).ID(), one, false); err != nil {
				b.Fatal(err)
			}
		}
		other := testPeer(holders)
		if _, err := s.Join(b.Context(), other); err != nil {
			b.Fatal(err)
		}
		target, err := store.ParseTarget(one[0].Hash.String())
		if err != nil {
			b.Fatal(err)
		}
		measureHeartbeats(b, s, other.ID(), func() {
			if err := s.Ban(b.Context(), store.Ban{Target: target}); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// announceMany lets a peer announce batches of 1,000 names.
func announceMany(b *testing.B, s *Store, peer, batches int) {
	b.Helper()
	rs := make([]netproto.Resource, netproto.MaxAnnounce)
	for i := range batches {
		for k := range rs {
			rs[k] = testFile(fmt.Sprintf("peer %d batch %d file %d.mp3", peer, i, k))
		}
		if _, err := s.Announce(b.Context(), testPeer(peer).ID(), rs, false); err != nil {
			b.Fatal(err)
		}
	}
}

// measureHeartbeats sends heartbeats of the peer for as long as the work takes.
func measureHeartbeats(b *testing.B, s *Store, id netproto.PeerID, work func()) {
	b.Helper()
	var took []time.Duration
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(100 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			began := time.Now()
			if status, _, err := s.Heartbeat(b.Context(), id, store.Holdings{}); err != nil || status != netproto.HeartbeatOK {
				b.Error(status, err)
			}
			took = append(took, time.Since(began))
		}
	}()
	for b.Loop() {
		work()
	}
	close(stop)
	<-stopped
	if len(took) == 0 {
		return
	}
	b.ReportMetric(float64(len(took)), "beats")
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.ReportMetric(ms(took[len(took)*99/100]), "p99-ms")
	b.ReportMetric(ms(took[len(took)-1]), "max-ms")
}
