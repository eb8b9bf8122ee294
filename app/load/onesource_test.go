//go:build linux

package load

import (
	"errors"
	"fmt"
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
	defer p.hurry(patience)()
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
	bare := s.iperf(s, size)
	url, secure := s.nginx(s.dir, 0), s.nginxTLS(s.dir)
	floor := s.floor(path, size)
	daemon := s.rsync(s.dir, sharedName)
	swarm := s.bitTorrent(path, 0, s, s)
	for _, place := range []string{"memory", "disk"} {
		b.Run(place, func(b *testing.B) {
			dir, durable := b.TempDir(), place == "disk"
			if !durable {
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
			contenders := []contender{bare, s.ours(link, cost), s.sameWork(secure, sharedName, durable), s.curl(url, sharedName, durable), daemon, s.aria2(sharedName, 16, url), swarm}
			floors := map[string][]float64{} // processor time
			for _, connections := range []int{1, 2, 4} {
				c := floor(connections, durable, func(used time.Duration) {
					name := floorName(connections)
					floors[name] = append(floors[name], used.Seconds()*gibi/float64(size))
				})
				contenders = append(contenders, c)
			}
			took := rounds(b, dir, path, contenders...)
			best := fastest(took, floors)
			took["floor"] = took[best]
			report(b, took)
			b.ReportMetric(median(quotients(cpu, floors[best])), "floor-cpu-times")
			b.ReportMetric(median(cpu), "cpu-s/GiB")
			b.ReportMetric(median(exit), "exit-s")
			b.ReportMetric(float64(size)/1e6/median(took[oursName]), "ours-MB/s")
		})
	}
}

// fastest is the name of the fastest of some contenders.
func fastest(took map[string][]float64, among map[string][]float64) (best string) {
	for name := range among {
		if best == "" || median(took[name]) < median(took[best]) {
			best = name
		}
	}
	return best
}

// BenchmarkMemory is the most memory of both sides, by the size of the content,
// which is sparse at its source. What a garbage collector takes differs from run
// to run, so the median of a few counts; of the largest there is one.
func BenchmarkMemory(b *testing.B) {
	s := newStage(b)
	var sharers, getters []float64
	for _, c := range []struct {
		size int64
		runs int
	}{{256 * mebi, 3}, {2 * gibi, 3}, {sized[int64](20*gibi, 4*gibi), 1}} {
		path := filepath.Join(s.dir, fmt.Sprintf("%d.bin", c.size))
		check(b, os.WriteFile(path, nil, 0o600))
		check(b, os.Truncate(path, c.size))
		var sharer, getter []float64
		for range c.runs {
			up, down, err := s.peaks(path)
			check(b, err)
			b.Logf("%6d MiB: sharer %.1f MiB, getter %.1f MiB", c.size/mebi, up, down)
			sharer, getter = append(sharer, up), append(getter, down)
		}
		sharers, getters = append(sharers, median(sharer)), append(getters, median(getter))
	}
	for side, peaks := range map[string][]float64{"sharer": sharers, "getter": getters} {
		b.ReportMetric(peaks[1], side+"-MiB")
		b.ReportMetric(max(peaks[0], peaks[2])/peaks[1], side+"-growth")
	}
	b.ReportMetric(0, "ns/op")
}

// peaks is the most memory of a new sharer and of a new downloader of a file,
// in MiB.
func (s *stage) peaks(path string) (sharer, getter float64, err error) {
	p, link := s.share(path, nil)
	profile, err := s.profile(s.dir, nil)
	if err != nil {
		return 0, 0, err
	}
	to := filepath.Join(s.dir, "to")
	if err := os.Mkdir(to, 0o700); err != nil {
		return 0, 0, err
	}
	f, err := s.fetch(link, to, profile, nil)
	if err != nil {
		return 0, 0, err
	}
	sharer, err = peakMiB(p.Process.Pid)
	err = errors.Join(err, p.stop(), same(path, filepath.Join(to, filepath.Base(path))), os.RemoveAll(to), os.RemoveAll(profile))
	return sharer, f.peak, err
}
