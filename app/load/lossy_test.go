//go:build linux

package load

import (
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkLossyLinks downloads from four sources over links that lose 5 % of
// all packets and delay the others for 50 ms, in both directions, and compares
// with BitTorrent over the same ones. Every peer is a host of its own.
func BenchmarkLossyLinks(b *testing.B) {
	size := sized[int64](256*mebi, 64*mebi)
	hosts := make([]*host, sources+2)
	for i := range hosts {
		hosts[i] = newHost(b, i+1)
	}
	connect(b, hosts, access{delay: 50 * time.Millisecond, loss: 0.05})
	center, getter := hosts[0], hosts[sources+1]
	s := newStageOn(b, center)
	path := randomFile(b, filepath.Join(s.dir, sharedName), size, 8)
	var link string
	var seeders []*stage
	for _, h := range hosts[1 : sources+1] {
		seeders = append(seeders, s.on(h))
		_, link = s.on(h).share(path, nil)
	}
	took := rounds(b, b.TempDir(), path, s.on(getter).ours(link, nil), s.bitTorrent(path, 0, s.on(getter), seeders...))
	report(b, took)
	b.ReportMetric(float64(size)/1e6/median(took[oursName]), "ours-MB/s")
}
