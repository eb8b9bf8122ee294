//go:build linux

package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	sources    = 4
	sourceRate = 50_000_000 // bytes a second, of each
)

// BenchmarkSources downloads from four sources, each of them limited, and
// compares with aria2 from such seeders and from such web servers. The full
// share is of what the four can give together.
func BenchmarkSources(b *testing.B) {
	size := sized[int64](2*gibi, gibi/2)
	s := newStage(b)
	path := randomFile(b, filepath.Join(s.dir, sharedName), size, 4)
	var link string
	var urls []string
	for range sources {
		_, link = s.share(path, upLimit(sourceRate))
		urls = append(urls, s.nginx(s.dir, sourceRate))
	}
	took := rounds(b, b.TempDir(), path, s.ours(link, nil), s.aria2(sharedName, 1, urls...), s.bitTorrent(path, sourceRate, s, s, s, s, s))
	for name, times := range took {
		b.ReportMetric(100*float64(size)/(sources*sourceRate)/median(times), name+"-%")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkLostSources has one of four limited sources killed when half is
// there, and another one stalled. The full share is what all give until then,
// and the remaining two after it.
func BenchmarkLostSources(b *testing.B) {
	size := sized[int64](2*gibi, gibi/2)
	s := newStage(b)
	path := randomFile(b, filepath.Join(s.dir, sharedName), size, 5)
	var shares []float64
	lose := func(to string) (time.Duration, error) {
		var link string
		sharers := make([]*process, sources)
		for i := range sharers {
			sharers[i], link = s.share(path, upLimit(sourceRate))
			defer sharers[i].kill()
		}
		began, lost := time.Now(), time.Duration(0)
		profile, err := s.profile(s.dir, nil)
		if err != nil {
			return 0, err
		}
		f, err := s.fetch(link, to, profile, func(e event) {
			if lost == 0 && e.Done >= size/2 {
				lost = time.Since(began)
				sharers[0].kill()
				err = sharers[1].Process.Signal(syscall.SIGSTOP)
			}
		})
		can := sourceRate * (sources*lost.Seconds() + (sources-2)*(f.took-lost).Seconds())
		shares = append(shares, 100*float64(size)/can)
		return f.took, err
	}
	rounds(b, b.TempDir(), path, contender{name: oursName, run: lose})
	b.ReportMetric(median(shares), "ours-%")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkCrowd has eight peers download from one slow source at once; what
// each has, it gives to the others. They are compared with one alone.
func BenchmarkCrowd(b *testing.B) {
	const downloaders = 8
	size, rate := sized[int64](100*mebi, 40*mebi), int64(20_000_000)
	s := newStage(b)
	path := randomFile(b, filepath.Join(s.dir, sharedName), size, 6)
	_, link := s.share(path, upLimit(rate))
	crowd := func(to string) (time.Duration, error) {
		var group errgroup.Group
		began := time.Now()
		for i := range downloaders {
			group.Go(func() error {
				own := filepath.Join(to, fmt.Sprint(i))
				err := os.Mkdir(own, 0o700)
				if err == nil {
					_, err = s.ours(link, nil).run(own)
				}
				return err
			})
		}
		err := group.Wait()
		took := time.Since(began)
		for i := range downloaders {
			err = errors.Join(err, same(path, filepath.Join(to, fmt.Sprint(i), sharedName)))
		}
		return took, err
	}
	took := rounds(b, b.TempDir(), path, s.ours(link, nil), contender{"crowd", crowd, true})
	report(b, took)
}
