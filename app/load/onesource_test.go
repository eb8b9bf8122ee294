//go:build linux

package load

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	gibi       = 1 << 30
	mebi       = 1 << 20
	sharedName = "shared.bin"
)

// fetched is what one download cost.
type fetched struct {
	took    time.Duration // from the start of the program to its end
	durable time.Duration // until it said that it was complete
	used    time.Duration // processor time
	peak    float64       // MiB
}

// fetch downloads a link with a new peer and waits until its program is over.
func (s *stage) fetch(link, to, profile string, each func(event)) (fetched, error) {
	began := time.Now()
	p, err := s.get(link, to, profile)
	if err != nil {
		return fetched{}, err
	}
	_, err = p.until("completed", each)
	durable := time.Since(began)
	if err = errors.Join(err, p.finish()); err != nil {
		return fetched{}, err
	}
	return fetched{time.Since(began), durable, p.used(), p.ended.PeakMiB}, nil
}

// ours is a download by a new peer; cost, if not nil, is told what it took.
func (s *stage) ours(link string, cost func(fetched)) contender {
	return contender{name: oursName, run: func(to string) (time.Duration, error) {
		profile, err := s.profile(filepath.Dir(to), nil)
		if err != nil {
			return 0, err
		}
		f, err := s.fetch(link, to, profile, nil)
		if cost != nil {
			cost(f)
		}
		return f.took, errors.Join(err, os.RemoveAll(profile))
	}}
}

// BenchmarkOneSource downloads one file from one source, into memory and onto
// the disk, and compares with bare TCP and with other programs.
func BenchmarkOneSource(b *testing.B) {
	size := sized[int64](2*gibi, gibi/2)
	s := newStage(b)
	path := randomFile(b, filepath.Join(s.dir, sharedName), size, 1)
	sharer, link := s.share(path, nil)
	bare := s.iperf(size)
	url := s.nginx(s.dir, 0)
	daemon := s.rsync(s.dir, sharedName)
	swarm := s.bitTorrent(path, 0, s, s)
	for _, place := range []string{"memory", "disk"} {
		b.Run(place, func(b *testing.B) {
			dir := b.TempDir()
			if place == "memory" {
				dir = memory(b)
			}
			var cpu, exit []float64
			before, err := busyTime(sharer.Process.Pid)
			check(b, err)
			cost := func(f fetched) {
				after, err := busyTime(sharer.Process.Pid)
				check(b, err)
				cpu = append(cpu, (f.used+after-before).Seconds()*gibi/float64(size))
				exit = append(exit, (f.took - f.durable).Seconds())
				before = after
			}
			took := rounds(b, dir, path, bare, s.ours(link, cost), s.curl(url, sharedName, place == "disk"), daemon, s.aria2(sharedName, 16, url), swarm)
			report(b, took)
			b.ReportMetric(median(cpu), "cpu-s/GiB")
			b.ReportMetric(median(exit), "exit-s")
			b.ReportMetric(float64(size)/1e6/median(took[oursName]), "ours-MB/s")
		})
	}
}

// BenchmarkMemory is the most memory of both sides, by the size of the content.
// The largest is sparse at its source.
func BenchmarkMemory(b *testing.B) {
	sizes := []int64{256 * mebi, 2 * gibi, sized[int64](20*gibi, 4*gibi)}
	var sharers, getters []float64
	s := newStage(b)
	for _, size := range sizes {
		path := filepath.Join(s.dir, fmt.Sprintf("%d.bin", size))
		check(b, os.WriteFile(path, nil, 0o600))
		check(b, os.Truncate(path, size))
		sharer, link := s.share(path, nil)
		profile, err := s.profile(s.dir, nil)
		check(b, err)
		to := filepath.Join(s.dir, "to")
		check(b, os.Mkdir(to, 0o700))
		f, err := s.fetch(link, to, profile, nil)
		check(b, err)
		check(b, same(path, filepath.Join(to, filepath.Base(path))))
		check(b, os.RemoveAll(to))
		peak, err := peakMiB(sharer.Process.Pid)
		check(b, err)
		check(b, sharer.stop())
		sharers, getters = append(sharers, peak), append(getters, f.peak)
		b.Logf("%6d MiB: sharer %.1f MiB, getter %.1f MiB, %.2f s", size/mebi, peak, f.peak, f.took.Seconds())
	}
	for side, peaks := range map[string][]float64{"sharer": sharers, "getter": getters} {
		b.ReportMetric(peaks[1], side+"-MiB")
		b.ReportMetric(max(math.Abs(peaks[0]/peaks[1]-1), math.Abs(peaks[2]/peaks[1]-1)), side+"-spread")
	}
	b.ReportMetric(0, "ns/op")
}
