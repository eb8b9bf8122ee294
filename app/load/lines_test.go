//go:build linux

package load

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

const mbit = 1e6 / 8 // bytes a second

// profiles are lines as people have them: that of the downloader, from which the source
// is as far away as its round trip says, and has room to spare.
var profiles = []struct {
	name string
	access
}{
	{"lan", access{up: 1000 * mbit, down: 1000 * mbit, delay: 150 * time.Microsecond, queue: 5 * time.Millisecond}},
	{"fibre", access{up: 100 * mbit, down: 500 * mbit, delay: 6 * time.Millisecond, queue: 50 * time.Millisecond}},
	{"cable", access{up: 10 * mbit, down: 100 * mbit, delay: 15 * time.Millisecond, queue: 500 * time.Millisecond}},
	{"mobile", access{up: 5 * mbit, down: 20 * mbit, delay: 30 * time.Millisecond, jitter: 15 * time.Millisecond, loss: 0.01, queue: 300 * time.Millisecond}},
	{"ocean", access{up: 300 * mbit, down: 300 * mbit, delay: 90 * time.Millisecond, queue: 100 * time.Millisecond}},
}

// BenchmarkLines downloads from one source what a line carries in ten seconds, and
// compares with one bare TCP connection.
func BenchmarkLines(b *testing.B) {
	for _, p := range profiles {
		b.Run(p.name, func(b *testing.B) {
			source, getter := p.connect(b)
			size := p.down * sized[int64](10, 3)
			path := randomFile(b, filepath.Join(source.dir, sharedName), size, 10)
			_, link := source.share(path, nil)
			took := rounds(b, memory(b), path, source.iperf(getter, size), getter.ours(link, nil))
			report(b, took)
			b.ReportMetric(float64(size)/float64(p.down)/median(took[oursName]), "of-the-line")
		})
	}
}

// BenchmarkSmallFilesFarAway downloads a folder of many small files over the ocean: none of
// them may wait for a round trip of its own.
func BenchmarkSmallFilesFarAway(b *testing.B) {
	const files, size = 1000, 64 << 10
	p := profiles[len(profiles)-1]
	source, getter := p.connect(b)
	path := filepath.Join(source.dir, "folder")
	check(b, os.Mkdir(path, 0o700))
	content := randomFile(b, filepath.Join(source.dir, "content"), files*size, 11)
	check(b, split(content, path, size))
	_, link := source.share(path, nil)
	took := rounds(b, memory(b), path, getter.ours(link, nil))
	b.ReportMetric(median(took[oursName])-float64(files*size)/float64(p.down), "s-beyond-the-line")
	b.ReportMetric(0, "ns/op")
}

// connect makes two hosts: a source, on whose host the tracker is, and a downloader on
// the line.
func (p access) connect(b *testing.B) (source, getter *stage) {
	b.Helper()
	hosts := []*host{newHost(b, 1), newHost(b, 2)}
	connect(b, hosts, access{delay: p.delay, jitter: p.jitter, loss: p.loss, queue: p.queue}, p)
	source = newStageOn(b, hosts[0])
	return source, source.on(hosts[1])
}
