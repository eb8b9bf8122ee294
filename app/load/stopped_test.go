//go:build linux

package load

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

const (
	stopVariable = "CP2P_LOAD_STOP_SECONDS" // of a long campaign

	stopSize = 18 * mebi
	stopRate = 6 * mebi // bytes a second, so that there is a middle
)

// A program is stopped in the middle of a transfer, as when a laptop sleeps, and goes
// on later. Everything heals by itself, every byte is right, nobody is banned, and the
// tracker finds everybody again.
func TestProgramsThatSleepGoOn(t *testing.T) {
	long := time.Duration(number(t, stopVariable, 3)) * time.Second
	var tried atomic.Int64
	t.Run("", func(t *testing.T) { // waits for all
		for name, sleep := range map[string]func(s *sleepers){
			"sharer": (*sleepers).sharerSleeps, "one of two sharers": (*sleepers).oneOfTwoSleeps,
			"downloader": (*sleepers).downloaderSleeps, "tracker": (*sleepers).trackerSleeps, "all": (*sleepers).allSleep,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				sleep(newSleepers(t, long))
				tried.Add(1)
			})
		}
	})
	t.Logf("tried %d", tried.Load())
}

// sleepers are a sharer and a downloader in the middle of a transfer, and a tracker.
type sleepers struct {
	*stage
	long        time.Duration
	first       string // file
	sharer, get *process
	link        string
	to, profile string
}

func newSleepers(t *testing.T, long time.Duration) *sleepers {
	t.Helper()
	s := &sleepers{stage: newStage(t), long: long, to: t.TempDir()}
	s.first = randomFile(t, filepath.Join(s.dir, sharedName), stopSize, 3)
	s.sharer, s.link = s.share(s.first, upLimit(stopRate))
	var err error
	s.profile, err = s.stage.profile(t.TempDir(), nil)
	check(t, err)
	return s
}

// begin downloads to the middle.
func (s *sleepers) begin() {
	s.Helper()
	var err error
	s.get, err = s.stage.get(s.link, s.to, s.profile)
	check(s, err)
	for {
		said, err := s.get.until("progress", nil)
		check(s, err)
		if said.Done > stopSize/5 {
			return
		}
	}
}

// sleep stops processes, and has them go on later.
func (s *sleepers) sleep(all ...*process) {
	s.Helper()
	for _, p := range all {
		check(s, p.Process.Signal(syscall.SIGSTOP))
	}
	wait(s.ctx, s.long)
	for _, p := range all {
		check(s, p.Process.Signal(syscall.SIGCONT))
	}
}

// complete waits for the end of the download and compares it.
func (s *sleepers) complete() {
	s.Helper()
	defer s.get.hurry(patience)()
	_, err := s.get.until("completed", nil)
	check(s, err)
	check(s, s.get.finish())
	check(s, same(s.first, filepath.Join(s.to, filepath.Base(s.first))))
}

// again downloads once more from the same sharer, with the same profile: neither has
// banned the other.
func (s *sleepers) again() {
	s.Helper()
	check(s, os.RemoveAll(filepath.Join(s.to, filepath.Base(s.first))))
	s.found()
	var err error
	s.get, err = s.stage.get(s.link, s.to, s.profile)
	check(s, err)
	s.complete()
}

// found waits until the tracker knows that the sharer is online.
func (s *sleepers) found() {
	s.Helper()
	asker := s.asker()
	link, err := netproto.ParseLink(s.link)
	check(s, err)
	for late := time.Now().Add(2*s.long + 2*time.Minute); ; wait(s.ctx, 200*time.Millisecond) {
		sources, err := asker.Sources(s.ctx, link.Hash)
		if err == nil && len(sources) > 0 {
			return
		}
		if time.Now().After(late) {
			s.Fatalf("the tracker does not find the sharer again: %v", err)
		}
	}
}

func (s *sleepers) sharerSleeps() {
	s.begin()
	s.sleep(s.sharer)
	s.complete()
	s.again()
}

// Another source holds a download up for a moment only.
func (s *sleepers) oneOfTwoSleeps() {
	other := filepath.Join(s.dir, "other")
	check(s, os.Mkdir(other, 0o700))
	path := filepath.Join(other, sharedName)
	check(s, writeRandom(path, stopSize, 3))
	s.share(path, upLimit(stopRate))
	s.begin()
	check(s, s.sharer.Process.Signal(syscall.SIGSTOP))
	s.complete()
	check(s, s.sharer.Process.Signal(syscall.SIGCONT))
	s.again()
}

func (s *sleepers) downloaderSleeps() {
	s.begin()
	s.sleep(s.get)
	s.complete()
	s.again()
}

// A transfer needs no tracker.
func (s *sleepers) trackerSleeps() {
	s.begin()
	check(s, s.serving.Process.Signal(syscall.SIGSTOP))
	_, err := s.get.until("completed", nil)
	check(s, err)
	check(s, same(s.first, filepath.Join(s.to, filepath.Base(s.first))))
	wait(s.ctx, s.long)
	check(s, s.serving.Process.Signal(syscall.SIGCONT))
	check(s, s.get.finish())
	s.again()
}

// The whole computer sleeps; after 90 seconds all leases are over when it wakes up.
func (s *sleepers) allSleep() {
	s.begin()
	s.sleep(s.sharer, s.get, s.serving)
	s.complete()
	s.again()
}
