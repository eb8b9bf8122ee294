//go:build linux

package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"centralizedp2p/app/library"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stage is a tracker, and room for peers.
type stage struct {
	testing.TB
	ctx     context.Context
	dir     string   // on the disk
	host    *host    // where programs run; nil is here
	tracker string   // link
	serving *process // the tracker
	peers   *atomic.Int64
}

// newStage starts a tracker that runs until the test is over.
func newStage(t testing.TB) *stage {
	t.Helper()
	return newStageOn(t, nil)
}

// newStageOn has the tracker on that host.
func newStageOn(t testing.TB, h *host) *stage {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	s := &stage{TB: t, ctx: ctx, dir: t.TempDir(), host: h, peers: new(atomic.Int64)}
	tracker, err := s.launch("tracker", "--json", "--listen", s.address()+":0", "--lan-announce=false", "--data", filepath.Join(s.dir, "tracker"))
	check(t, err)
	s.serving = tracker
	s.endWith(tracker)
	said, err := tracker.until("address", nil)
	check(t, err)
	s.tracker = said.Link
	return s
}

// on is the same stage, with programs that run on a host.
func (s *stage) on(h *host) *stage {
	other := *s
	other.host = h
	return &other
}

// command is a program that dies with this one.
func (s *stage) command(name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(s.ctx, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// do calls a function on the host.
func (s *stage) do(f func() error) error {
	if s.host == nil {
		return f()
	}
	return s.host.do(f)
}

// address is that of the host.
func (s *stage) address() string {
	if s.host == nil {
		return "127.0.0.1"
	}
	return s.host.address
}

// run runs another program to its end and tells how long it took.
func (s *stage) run(name string, args ...string) (time.Duration, error) {
	began := time.Now()
	c := s.command(name, args...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	err := s.do(c.Start)
	if err == nil {
		err = c.Wait()
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", name, err, &said)
	}
	return time.Since(began), nil
}

// endWith stops a process when the test is over.
func (s *stage) endWith(p *process) {
	s.Cleanup(func() {
		if p.ProcessState == nil {
			late := time.AfterFunc(10*time.Second, func() { p.Process.Kill() })
			defer late.Stop()
			p.stop() // or it was killed: what failed is known by now
		}
	})
}

// profile is that of a new peer, below dir, with settings of its own.
func (s *stage) profile(dir string, change func(*library.Settings)) (string, error) {
	dir = filepath.Join(dir, fmt.Sprintf("peer-%d", s.peers.Add(1)))
	return dir, writeProfile(dir, change)
}

func writeProfile(dir string, change func(*library.Settings)) error {
	l, err := library.Open(dir)
	if err != nil {
		return err
	}
	settings := library.DefaultSettings()
	if change != nil {
		change(&settings)
	}
	return errors.Join(l.SaveSettings(settings), l.Close())
}

// upLimit is a limit of uploads, in bytes a second.
func upLimit(rate int64) func(*library.Settings) {
	return func(s *library.Settings) { s.UpLimit = rate }
}

// share starts a peer that offers a path until the test is over.
func (s *stage) share(path string, change func(*library.Settings)) (sharer *process, link string) {
	s.Helper()
	profile, err := s.profile(s.dir, change)
	check(s, err)
	sharer, err = s.sharer(path, profile)
	check(s, err)
	s.endWith(sharer)
	shared, err := sharer.until("shared", nil)
	check(s, err)
	return sharer, shared.Link
}

// sharer starts a peer that offers a path.
func (s *stage) sharer(path, profile string) (*process, error) {
	return s.launch("share", path, "--json", "--listen", "0", "--seed-clients", "off", "--tracker", s.tracker, "--profile", profile)
}

// get starts a peer that downloads a link to a folder.
func (s *stage) get(link, to, profile string) (*process, error) {
	return s.launch("get", link, "--json", "--listen", "0", "--seed-clients", "off", "--to", to, "--profile", profile)
}

// memory is a new folder in memory.
func memory(t testing.TB) string {
	t.Helper()
	base := os.Getenv(memoryVariable)
	if base == "" {
		base = "/dev/shm"
	}
	dir, err := os.MkdirTemp(base, "cp2p-load-*")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// sized is the full size of a scenario, or the smaller one of -short.
func sized[T any](full, short T) T {
	if testing.Short() {
		return short
	}
	return full
}

// randomFile writes bytes that no compression helps with, the same for the same
// seed, and has them on the disk.
func randomFile(t testing.TB, path string, size int64, seed byte) string {
	t.Helper()
	check(t, writeRandom(path, size, seed))
	return path
}

func writeRandom(path string, size int64, seed byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{seed}), size)
	return errors.Join(err, f.Sync(), f.Close())
}

// same compares two files byte by byte, or all files of two folders.
func same(a, b string) error {
	info, err := os.Stat(a)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return sameBytes(a, b)
	}
	entries, err := os.ReadDir(a)
	if err != nil {
		return err
	}
	others, err := os.ReadDir(b)
	if err != nil {
		return err
	}
	if len(entries) != len(others) {
		return fmt.Errorf("%s has %v, %s has %v", a, entries, b, others)
	}
	for _, e := range entries {
		if err := same(filepath.Join(a, e.Name()), filepath.Join(b, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func sameBytes(a, b string) error {
	fa, err := os.Open(a)
	if err != nil {
		return err
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return err
	}
	defer fb.Close()
	bufA, bufB := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, errA := io.ReadFull(fa, bufA)
		m, errB := io.ReadFull(fb, bufB)
		if !bytes.Equal(bufA[:n], bufB[:m]) {
			return fmt.Errorf("%s and %s differ", a, b)
		}
		if errA != nil || errB != nil {
			return nil
		}
	}
}

// contender is a way to bring a source to a folder. run tells how long it took;
// what it brought is below to and has the name of the source, unless it
// is bare: then it brings nothing.
type contender struct {
	name string
	run  func(to string) (time.Duration, error)
	bare bool
}

// mostKept is how many bytes each copy of a round may have that is kept.
const mostKept = 256 << 20

// bytesBelow is how many bytes there are below a path.
func bytesBelow(b *testing.B, path string) (n int64) {
	b.Helper()
	check(b, filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	}))
	return n
}

// rounds lets all contenders have their turn, again and again, each into a new
// folder below dir, and compares what they brought with the source. It gives
// the times of each, in seconds, by round.
func rounds(b *testing.B, dir, source string, contenders ...contender) map[string][]float64 {
	b.Helper()
	took := map[string][]float64{}
	// ext4 makes files at a fifth of its speed for minutes after many were removed, since it
	// does not use their inodes at once. So small copies stay until the end.
	keep := bytesBelow(b, source) <= mostKept
	for turn := range turns {
		for i, c := range contenders {
			to := filepath.Join(dir, "to")
			check(b, os.Mkdir(to, 0o700))
			check(b, touchMemory())
			d, err := c.run(to)
			if err != nil {
				b.Fatalf("%s: %v", c.name, err)
			}
			if !c.bare {
				check(b, same(source, filepath.Join(to, filepath.Base(source))))
			}
			if keep {
				check(b, os.Rename(to, fmt.Sprintf("%s-%d-%d", to, turn, i)))
			} else {
				check(b, os.RemoveAll(to))
			}
			took[c.name] = append(took[c.name], d.Seconds())
			b.Logf("%-24s %8.3f s", c.name, d.Seconds())
		}
	}
	return took
}

// touchMemory uses memory and gives it back. A virtual machine may have to ask
// its host for each page that it did not use lately, which takes ten times as
// long as filling it; who comes first would pay for all.
func touchMemory() error {
	var system syscall.Sysinfo_t
	if err := syscall.Sysinfo(&system); err != nil {
		return err
	}
	free := uint64(system.Freeram) * uint64(system.Unit)
	m, err := syscall.Mmap(-1, 0, int(min(sized[uint64](6*gibi, 2*gibi), free/2)), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_POPULATE)
	if err != nil {
		return err
	}
	return syscall.Munmap(m)
}

// report gives the median time of each contender, and how many times as fast
// as it ours was: the median of the rounds.
func report(b *testing.B, took map[string][]float64) {
	b.Helper()
	for name, times := range took {
		b.ReportMetric(median(times), name+"-s")
		if name != oursName {
			b.ReportMetric(median(quotients(times, took[oursName])), name+"-ratio")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// turns has every contender; the median counts.
const turns = 5

// ours is the name of the contender that the others are compared with.
const oursName = "ours"

// quotients are those of two series, by round.
func quotients(a, b []float64) []float64 {
	q := make([]float64, len(a))
	for i := range a {
		q[i] = a[i] / b[i]
	}
	return q
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
