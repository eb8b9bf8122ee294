package boltstore

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

func benchStore(b *testing.B, peers int) *Store {
	b.Helper()
	s, err := open(filepath.Join(b.TempDir(), "tracker.db"), store.Config{ResourcesPerPeer: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	for n := range peers {
		if _, err := s.Join(b.Context(), testPeer(n)); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkAnnounce announces batches of 1,000 new contents from 16 clients at
// once, with fsync. The time includes making the contents up.
func BenchmarkAnnounce(b *testing.B) {
	const clients = 16
	s := benchStore(b, clients)
	var client atomic.Int64
	b.SetParallelism(clients)
	b.RunParallel(func(pb *testing.PB) {
		n := int(client.Add(1)) % clients
		for i := 0; pb.Next(); i++ {
			rs := make([]netproto.Resource, netproto.MaxAnnounce)
			for k := range rs {
				rs[k] = testFile(fmt.Sprintf("client %d batch %d file %d.mp3", n, i, k))
			}
			if _, err := s.Announce(b.Context(), testPeer(n).ID(), rs, false); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)*netproto.MaxAnnounce/b.Elapsed().Seconds(), "resources/s")
}

// BenchmarkAnnounceAgain announces contents that are held already: the cost of a
// resync.
func BenchmarkAnnounceAgain(b *testing.B) {
	s := benchStore(b, 1)
	rs := make([]netproto.Resource, netproto.MaxAnnounce)
	for k := range rs {
		rs[k] = testFile(fmt.Sprint("file ", k))
	}
	for b.Loop() {
		if _, err := s.Announce(b.Context(), testPeer(0).ID(), rs, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHeartbeat(b *testing.B) {
	const peers = 10_000
	s := benchStore(b, peers)
	ids := make([]netproto.PeerID, peers)
	for n := range ids {
		ids[n] = testPeer(n).ID()
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if status, _, err := s.Heartbeat(b.Context(), ids[i%peers], store.Holdings{}); err != nil || status != netproto.HeartbeatOK {
				b.Error(status, err)
			}
		}
	})
}

// BenchmarkOpen measures a restart with 100,000 resources.
func BenchmarkOpen(b *testing.B) {
	file := filepath.Join(b.TempDir(), "tracker.db")
	s, err := open(file, store.Config{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Join(b.Context(), testPeer(0)); err != nil {
		b.Fatal(err)
	}
	for i := range 100 {
		rs := make([]netproto.Resource, netproto.MaxAnnounce)
		for k := range rs {
			rs[k] = testFile(fmt.Sprintf("batch %d file %d.mp3", i, k))
		}
		if _, err := s.Announce(b.Context(), testPeer(0).ID(), rs, false); err != nil {
			b.Fatal(err)
		}
	}
	s.Close()
	for b.Loop() {
		s, err := open(file, store.Config{})
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

// BenchmarkReopen1M measures a restart with a million resources, until the store
// is ready to answer.
func BenchmarkReopen1M(b *testing.B) {
	const peers, batches = 100, 10
	file := filepath.Join(b.TempDir(), "tracker.db")
	s, err := open(file, store.Config{})
	if err != nil {
		b.Fatal(err)
	}
	rs := make([]netproto.Resource, netproto.MaxAnnounce)
	for n := range peers {
		if _, err := s.Join(b.Context(), testPeer(n)); err != nil {
			b.Fatal(err)
		}
		for i := range batches {
			for k := range rs {
				rs[k] = testFile(fmt.Sprintf("%02d - artist %x song %d of album %d.mp3", k%20, n*7919, k, i))
			}
			if _, err := s.Announce(b.Context(), testPeer(n).ID(), rs, false); err != nil {
				b.Fatal(err)
			}
		}
	}
	s.Close()
	for b.Loop() {
		s, err := open(file, store.Config{})
		if err != nil {
			b.Fatal(err)
		}
		if page, err := s.Search(b.Context(), store.Query{Text: "song 777 artist", MaxSize: -1, Sort: netproto.SortName, Limit: 1}); err != nil || len(page.Items) != 1 {
			b.Fatal(page, err)
		}
		b.StopTimer()
		s.Close()
		b.StartTimer()
	}
}
