//go:build linux

package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
)

const (
	minutesVariable = "CP2P_LOAD_MINUTES" // of a long campaign

	residents    = 4
	visitors     = 16
	soakRate     = 20_000_000 // bytes a second, of each resident
	soakPatience = 2 * time.Minute
)

// soak is a swarm that comes and goes.
type soak struct {
	*stage
	contents  []content
	residents []*process

	visits, crashes, downloads atomic.Int64 // of visitors
}

// Residents serve and download while visitors join, leave and crash. In the end,
// when all visitors are gone, tracker and residents are as they were before, and
// every byte that anybody got was right.
func TestASwarmThatComesAndGoesLeaksNothing(t *testing.T) {
	minutes := number(t, minutesVariable, 0)
	long := max(time.Duration(minutes)*time.Minute, 3*time.Second)
	s := &soak{stage: newStage(t)}
	s.settle(t)

	warm := min(long/4, 30*time.Second)
	check(t, s.work())
	check(t, s.churn(warm))
	before, err := s.rest()
	check(t, err)
	for left := long - warm; left > 0; left -= time.Minute {
		check(t, s.work())
		check(t, s.churn(min(left, time.Minute)))
		now, err := s.rest()
		check(t, err)
		t.Logf("%s left: %v", max(left-time.Minute, 0), now)
	}
	deadline := time.Now().Add(soakPatience)
	for {
		after, err := s.rest()
		check(t, err)
		leaks := compare(before, after)
		if leaks == nil {
			t.Logf("%d visits, %d crashes, %d downloads by visitors; before: %v; after: %v", s.visits.Load(), s.crashes.Load(), s.downloads.Load(), before, after)
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(leaks)
		}
		wait(s.ctx, time.Second) // connections of those who crashed are closed by and by
	}
}

// settle starts the residents, each with contents of its own.
func (s *soak) settle(t *testing.T) {
	sizes := []int64{0, 9000, 300_000, 3_000_000, 10_000_000, 20_000_000, 60_000_000}
	if os.Getenv(minutesVariable) == "" {
		sizes = sizes[:5]
	}
	var paths []string
	for i, size := range sizes {
		paths = append(paths, randomFile(t, filepath.Join(s.dir, fmt.Sprintf("content %d.bin", i)), size, byte(10+i)))
	}
	folder := filepath.Join(s.dir, "folder")
	check(t, split(paths[len(paths)-2], folder, 70_001))
	paths = append(paths, folder)
	for i := range residents {
		to := filepath.Join(s.dir, fmt.Sprintf("resident %d", i))
		check(t, os.Mkdir(to, 0o700))
		profile, err := s.profile(s.dir, upLimit(soakRate))
		check(t, err)
		p, err := s.launch("resident", profile, to, s.tracker)
		check(t, err)
		s.endWith(p)
		s.residents = append(s.residents, p)
		for k, path := range paths {
			if k%residents != i && (k+1)%residents != i { // everything is at two of them
				continue
			}
			check(t, p.tell(order{Share: path}))
			shared, err := p.until("shared", nil)
			check(t, err)
			hash, err := netproto.ParseContentHash(shared.Hash)
			check(t, err)
			if k%residents == i {
				s.contents = append(s.contents, content{path, hash, shared.Link, path == folder})
			}
		}
	}
}

func (s *soak) work() error {
	for _, r := range s.residents {
		if err := r.tell(order{Download: s.contents}); err != nil {
			return err
		}
	}
	return nil
}

// rest gives the vitals of all residents and, last, of the tracker.
func (s *soak) rest() ([]vitals, error) {
	var all []vitals
	for _, r := range s.residents {
		v, err := r.rest()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	v, err := s.trackerVitals()
	return append(all, v), err
}

// churn lets visitors come and go for some time. All are gone in the end.
func (s *soak) churn(long time.Duration) error {
	ctx, cancel := context.WithTimeout(s.ctx, long)
	defer cancel()
	var group errgroup.Group
	for i := range visitors {
		group.Go(func() error {
			v := visitor{soak: s, to: filepath.Join(s.dir, fmt.Sprintf("visitor %d", i)), profile: filepath.Join(s.dir, fmt.Sprintf("visitor profile %d", i))}
			for ctx.Err() == nil {
				if err := v.visit(); err != nil {
					return err
				}
				wait(ctx, rand.N(time.Second))
			}
			return nil
		})
	}
	return group.Wait()
}

// visitor is a peer with a memory that comes, leaves and crashes.
type visitor struct {
	*soak
	to, profile string
}

// visit downloads something, to the end or not, or offers something for a while.
func (v *visitor) visit() error {
	v.visits.Add(1)
	if rand.IntN(4) == 0 {
		return v.offer()
	}
	c := v.contents[rand.IntN(len(v.contents))]
	if err := os.MkdirAll(v.to, 0o700); err != nil {
		return err
	}
	p, err := v.get(c.Link, v.to, v.profile)
	if err != nil {
		return err
	}
	ends := []syscall.Signal{0, 0, syscall.SIGINT, syscall.SIGKILL, syscall.SIGKILL}
	end := ends[rand.IntN(len(ends))]
	if end != 0 {
		early := time.AfterFunc(rand.N(3*time.Second), func() { p.Process.Signal(end) })
		defer early.Stop()
	}
	defer p.hurry(soakPatience)()
	_, said := p.until("ended", nil)
	p.Wait() // says again how it ended
	final := filepath.Join(v.to, filepath.Base(c.Path))
	_, missing := os.Stat(final)
	switch {
	case missing == nil:
		if err := same(c.Path, final); err != nil {
			return err
		}
		v.downloads.Add(1)
		return os.RemoveAll(final)
	case end == 0 || p.ProcessState.ExitCode() > 1:
		return fmt.Errorf("a visitor of %s: %w, %s", c.Path, said, p.ProcessState)
	case end == syscall.SIGKILL:
		v.crashes.Add(1)
	}
	return nil
}

// offer shares a new file for a while.
func (v *visitor) offer() error {
	path := v.to + ".bin"
	if err := writeRandom(path, 1+rand.Int64N(2_000_000), byte(rand.Uint32())); err != nil {
		return err
	}
	p, err := v.sharer(path, v.profile)
	if err != nil {
		return err
	}
	_, err = p.until("shared", nil)
	if err != nil {
		p.kill()
		return err
	}
	wait(v.ctx, rand.N(2*time.Second))
	if rand.IntN(2) == 0 {
		v.crashes.Add(1)
		p.kill()
		return nil
	}
	return p.stop()
}

// trackerVitals are those that its metrics tell.
func (s *soak) trackerVitals() (vitals, error) {
	link, err := netproto.ParseLink(s.tracker)
	if err != nil {
		return vitals{}, err
	}
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + link.Tracker + "/metrics")
	if err != nil {
		return vitals{}, err
	}
	defer resp.Body.Close()
	values, lines := map[string]float64{}, bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok {
			values[name], _ = strconv.ParseFloat(value, 64) // what is no number is not asked for
		}
	}
	v := vitals{"tracker", int(values["go_goroutines"]), int(values["process_open_fds"]), values["go_memstats_heap_alloc_bytes"] / mebi, 0}
	if v.Goroutines == 0 || v.Files == 0 {
		return v, errors.New("the tracker does not tell its vitals")
	}
	return v, lines.Err()
}

// compare tells what has grown by more than a few connections and caches can.
func compare(before, after []vitals) error {
	var leaks error
	for i, b := range before {
		if a := after[i]; a.Goroutines > b.Goroutines+20 || a.Files > b.Files+10 || a.HeapMiB > 2*b.HeapMiB+8 {
			leaks = errors.Join(leaks, fmt.Errorf("%s %d has grown from %v to %v", a.Event, i, b, a))
		}
	}
	return leaks
}
