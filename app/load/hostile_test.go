//go:build linux

package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The campaigns of hostile peers and trackers attack the program in a process of its
// own. Each attack is a subtest with a program of its own, an honest peer beside it,
// and the same end: the program lives, the honest peer was served, memory and open
// files stayed bounded, and when the attack is over everything is free again.
//
//	CP2P_LOAD_HOSTILE=full go test -run Hostile ./app/load     more of everything, and what waits for timeouts
const hostileVariable = "CP2P_LOAD_HOSTILE"

func hostileFull() bool { return os.Getenv(hostileVariable) == "full" }

// some is how many of something an attack has: few in ordinary tests.
func some(few, many int) int {
	if hostileFull() {
		return many
	}
	return few
}

// left reports whether an attack is left out: ordinary tests take every fifth, the quick
// campaign every second, and only the full one those that take long.
func left(i int, slow bool) bool {
	switch os.Getenv(hostileVariable) {
	case "full":
		return false
	case "quick":
		return slow || i%2 != 0
	}
	return slow || i%5 != 0
}

// Bounds of what a program under attack may take beyond what it took before, and of how
// long an honest peer waits.
const (
	mayTakeMiB   = 192
	mayKeepMiB   = 64
	mayOpenFiles = 512 + 128 // all connections that it accepts, and files
	honestTime   = 90 * time.Second
	freeTime     = 3 * time.Minute
)

// taken is what a process takes at one instant.
type taken struct {
	mib   float64 // of memory
	files int     // open
}

func takenBy(pid int) (taken, error) {
	kib, err := status(pid, "VmRSS")
	if err != nil {
		return taken{}, err
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return taken{float64(kib) / 1024, len(files)}, err
}

// gauge follows what a process takes until it is read.
func gauge(pid int) (most func() taken) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	var seen taken
	all.Go(func() {
		for ctx.Err() == nil {
			if now, err := takenBy(pid); err == nil {
				seen.mib, seen.files = max(seen.mib, now.mib), max(seen.files, now.files)
			}
			wait(ctx, 20*time.Millisecond)
		}
	})
	return func() taken {
		cancel()
		all.Wait()
		return seen
	}
}

// state is what a program holds that gave back what it can.
type state struct {
	taken
	goroutines int
}

func (p *process) state() (state, error) {
	if err := p.Process.Signal(syscall.SIGUSR1); err != nil {
		return state{}, err
	}
	said, err := p.until("state", nil)
	if err != nil {
		return state{}, err
	}
	now, err := takenBy(p.Process.Pid)
	return state{now, said.Goroutines}, err
}

// free waits until a program holds no more than before an attack, give or take what
// pools and the runtime keep.
func (p *process) free(t testing.TB, before state) {
	t.Helper()
	var now state
	for deadline := time.Now().Add(freeTime); time.Now().Before(deadline); wait(t.Context(), 500*time.Millisecond) {
		var err error
		if now, err = p.state(); err != nil {
			t.Errorf("it does not live: %v", err)
			return
		}
		if now.files <= before.files+16 && now.goroutines <= before.goroutines+16 && now.mib <= before.mib+mayKeepMiB {
			return
		}
	}
	t.Errorf("before it took %+v, and long after it %+v", before, now)
}

// bounded fails if a program took too much.
func bounded(t testing.TB, before, most taken) {
	t.Helper()
	if most.mib > before.mib+mayTakeMiB {
		t.Errorf("it took %.0f MiB, before %.0f", most.mib, before.mib)
	}
	if most.files > before.files+mayOpenFiles {
		t.Errorf("it had %d files open, before %d", most.files, before.files)
	}
}

// outcome is how a download by a program of its own ended.
type outcome struct {
	took time.Duration
	path string // of what it saved
	fail event  // if it failed: code and message
	most taken
}

// fetchWith downloads with a new peer, which gets these arguments, and ends it if it takes
// longer than honestTime. change, if not nil, changes its profile before.
func (s *stage) fetchWith(t testing.TB, to string, change func(profile string), args ...string) outcome {
	t.Helper()
	return s.fetchWithin(t, honestTime, to, change, args...)
}

// fetchWithin does the same with another limit of time.
func (s *stage) fetchWithin(t testing.TB, limit time.Duration, to string, change func(profile string), args ...string) outcome {
	t.Helper()
	profile, err := s.profile(s.dir, nil)
	check(t, err)
	if change != nil {
		change(profile)
	}
	began := time.Now()
	p, err := s.launch(append([]string{"get", "--json", "--listen", "0", "--seed-clients", "off", "--to", to, "--profile", profile}, args...)...)
	check(t, err)
	defer p.kill()
	most := gauge(p.Process.Pid)
	late := time.AfterFunc(limit, func() { p.Process.Signal(syscall.SIGQUIT) })
	defer late.Stop()
	var o outcome
	for {
		e, err := p.until("completed", func(e event) {
			if e.Event == "notice" {
				t.Logf("%s: %s", e.Code, e.Message)
			}
		})
		if err == nil {
			o.path = e.Path
			continue
		}
		if e.Event == "error" {
			o.fail = e
			continue
		}
		break
	}
	p.Wait() // how it ended was said, or it was killed
	o.took, o.most = time.Since(began), most()
	if o.path == "" && o.fail.Message == "" {
		t.Errorf("it neither saved anything nor said why not: %s", p.ProcessState)
	}
	return o
}

// onlyThis fails unless a folder holds exactly one entry, with that name.
func onlyThis(t testing.TB, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	if len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("the folder has %v, want %s", entries, name)
	}
}

// saved fails unless a download brought exactly the file it was to bring.
func (o outcome) saved(t testing.TB, source, to string) {
	t.Helper()
	if o.fail.Message != "" {
		t.Errorf("%s: %s", o.fail.Code, o.fail.Message)
	}
	if err := same(source, filepath.Join(to, filepath.Base(source))); err != nil {
		t.Error(err)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
	onlyThis(t, to, filepath.Base(source))
}

// nothing fails if a folder has anything in it.
func nothing(t testing.TB, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	if len(entries) > 0 {
		t.Errorf("the folder has %v", entries)
	}
}

// listensAt returns the address at which a program on this computer accepts connections.
func listensAt(t testing.TB, pid int) string {
	t.Helper()
	own := map[string]bool{}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	check(t, err)
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil { // it may be closed by now
			own[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = true
		}
	}
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		check(t, err)
		for row := range strings.Lines(string(text)) {
			const local, state, inode, listen = 1, 3, 9, "0A"
			if f := strings.Fields(row); len(f) > inode && f[state] == listen && own[f[inode]] {
				port, err := strconv.ParseUint(f[local][strings.LastIndex(f[local], ":")+1:], 16, 16)
				check(t, err)
				return fmt.Sprintf("127.0.0.1:%d", port)
			}
		}
	}
	t.Fatalf("process %d listens nowhere", pid)
	return ""
}
