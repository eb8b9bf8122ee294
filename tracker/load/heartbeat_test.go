package load

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/store"
)

// BenchmarkHeartbeats alternates heartbeats with a bare echo; the figures are
// medians of the rounds.
func BenchmarkHeartbeats(b *testing.B) {
	const connections = 32
	rounds, time := sized(5, 3), sized(4*time.Second, time.Second)
	tracker := startServer(b, "unlimited", b.TempDir())
	echo := startServer(b, "echo")
	beats, echoes := peers(b, tracker.address, 1, connections, true), peers(b, echo.address, 2, connections, false)
	beat := func(int, int) []byte { return beating }
	var ratio, slower, rate, bare, late []float64
	for range rounds {
		e := driveFor(b, time, echoes, 0, beat)
		t := driveFor(b, time, beats, 0, beat)
		ratio, slower = append(ratio, t.rate()/e.rate()), append(slower, t.percentile(99)/e.percentile(99))
		rate, bare, late = append(rate, t.rate()), append(bare, e.rate()), append(late, t.percentile(99))
	}
	b.ReportMetric(median(rate), "beats/s")
	b.ReportMetric(median(bare), "echoes/s")
	b.ReportMetric(median(ratio), "ratio")
	b.ReportMetric(median(late), "p99-ms")
	b.ReportMetric(median(slower), "p99-ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkMemoryOfAPeer measures what a store keeps for each online peer that has
// announced nothing.
func BenchmarkMemoryOfAPeer(b *testing.B) {
	n := sized(100_000, 20_000)
	store, err := boltstore.Open(filepath.Join(b.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	before := heapInUse()
	group, ctx := errgroup.WithContext(b.Context())
	group.SetLimit(64)
	for i := range n {
		group.Go(func() error {
			_, err := store.Join(ctx, madeUpPeer(i))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric((heapInUse()-before)/float64(n), "B/peer")
	b.ReportMetric(0, "ns/op")
	runtime.KeepAlive(store)
}

func madeUpPeer(n int) store.Peer {
	return store.Peer{
		Key:        sha256.Sum256(fmt.Append(nil, "key ", n)),
		Name:       fmt.Sprint("a computer ", n),
		Observed:   netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)}), 4000),
		Candidates: []netip.AddrPort{netip.MustParseAddrPort("192.168.1.20:4000")},
	}
}

func heapInUse() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapInuse)
}

// BenchmarkAnnouncesIntoTheStore leaves out the network: 16 peers at once announce
// batches of new contents, each on disk before it is acknowledged.
func BenchmarkAnnouncesIntoTheStore(b *testing.B) {
	const clients = 16
	batches := sized(50, 10)
	store, err := boltstore.Open(filepath.Join(b.TempDir(), "tracker.db"), store.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	contents := make([][][]netproto.Resource, clients)
	for n := range contents {
		names := newNaming(uint64(n))
		for range batches {
			contents[n] = append(contents[n], names.batch())
		}
		if _, err := store.Join(b.Context(), madeUpPeer(n)); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	group, ctx := errgroup.WithContext(b.Context())
	for n := range clients {
		group.Go(func() error { return announceAll(ctx, store, madeUpPeer(n).ID(), contents[n]) })
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(clients*batches*netproto.MaxAnnounce)/b.Elapsed().Seconds(), "resources/s")
	b.ReportMetric(0, "ns/op")
}

func announceAll(ctx context.Context, store store.Store, id netproto.PeerID, batches [][]netproto.Resource) error {
	for _, batch := range batches {
		if refused, err := store.Announce(ctx, id, batch, false); err != nil || len(refused) > 0 {
			return fmt.Errorf("%d were refused: %w", len(refused), err)
		}
	}
	return nil
}
