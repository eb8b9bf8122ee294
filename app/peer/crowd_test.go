package peer_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
)

// crowd lets several peers download one share at the same time, and tells how
// long it took until all had it.
func crowd(t testing.TB, tr *testTracker, n int, s peer.Share) time.Duration {
	t.Helper()
	readers := make([]*testPeer, n)
	for i := range readers {
		readers[i] = unhurriedPeer(t, tr, nil)
	}
	began := time.Now()
	ids := make([]string, n)
	for i, p := range readers {
		ids[i] = p.add(t, s)
	}
	for i, p := range readers {
		p.wait(t, ids[i], peer.DownloadFinished)
	}
	took := time.Since(began)
	for _, p := range readers {
		p.stop()
		if err := os.Remove(filepath.Join(p.files, s.Name)); err != nil {
			t.Error(err)
		}
	}
	return took
}

// BenchmarkCrowd is the time until eight have 100 MiB from one source that
// gives 20 MB/s, as a multiple of the time of one alone, and how often the
// source gave each byte.
func BenchmarkCrowd(b *testing.B) {
	const size, rate, readers = 100 << 20, 20_000_000, 8
	tr := startTracker(b)
	alice := unhurriedPeer(b, tr, func(s *library.Settings) { s.UpLimit, s.LocalExempt = rate, false })
	path, _ := alice.write(b, "song.flac", size)
	s := alice.share(b, path)
	var alone, all time.Duration
	for b.Loop() {
		alone += crowd(b, tr, 1, s)
		before := sentBy(alice)
		all += crowd(b, tr, readers, s)
		b.ReportMetric(float64(sentBy(alice)-before)/size, "copies")
	}
	b.ReportMetric(alone.Seconds()/float64(b.N), "s-alone")
	b.ReportMetric(float64(all)/float64(alone), "times-alone")
}
