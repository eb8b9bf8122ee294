//go:build linux

// Package load measures transfers with the real program: every benchmark is one
// scenario, with tracker, sharers and downloaders each in a process of its own,
// and other programs beside them to compare with. One pass of a benchmark is
// the whole scenario, so -benchtime is 1x; -short makes all of them smaller.
// Nothing fails because of a number, but everything because of a wrong byte.
//
//	.ci/bench transfer                  what it needs, all scenarios, and a table
//	go test -run '^$' -bench OneSource -benchtime 1x ./app/load
//
// With CP2P_LOAD_PROFILE=DIR every process of the program leaves a CPU profile
// there. Sources are below TMPDIR; CP2P_LOAD_MEMORY is a folder in memory
// (default /dev/shm).
package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/app/command"
)

const (
	// partVariable makes this test program be the program itself.
	partVariable    = "CP2P_LOAD_PROGRAM"
	profileVariable = "CP2P_LOAD_PROFILE"
	memoryVariable  = "CP2P_LOAD_MEMORY"

	// patience is how long anything may take that ends by itself.
	patience = 10 * time.Minute
)

func TestMain(m *testing.M) {
	if os.Getenv(partVariable) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	os.Exit(beProgram())
}

// beProgram is main of the program, and ends with stdin too, however its
// parent ended. Last it says how much memory it took.
func beProgram() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch os.Args[1] {
	case "resident":
		return beResident(ctx)
	case "waiter":
		return beWaiter(ctx)
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	switch os.Args[1] {
	case floorShare, floorGet, floorHash:
		return beFloor(ctx, os.Args[1:])
	}
	if dir := os.Getenv(profileVariable); dir != "" {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%s-%d.pprof", os.Args[1], os.Getpid())))
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer f.Close()
		defer pprof.StopCPUProfile()
	}
	go tellState()
	code := command.Run(ctx, os.Args[1:], command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, nil)
	if peak, err := peakMiB(os.Getpid()); err == nil {
		json.NewEncoder(os.Stdout).Encode(event{Event: "ended", PeakMiB: peak})
	}
	return code
}

// event is what the program says with --json, as far as it matters here.
type event struct {
	Event   string  `json:"event"`
	Link    string  `json:"link,omitempty"`
	Address string  `json:"address,omitempty"` // of a tracker
	Hash    string  `json:"hash,omitempty"`
	Path    string  `json:"path,omitempty"`
	Message string  `json:"message,omitempty"`
	State   string  `json:"state,omitempty"`
	Done    int64   `json:"done,omitempty"`     // bytes
	Size    int64   `json:"size,omitempty"`     // bytes
	PeakMiB float64 `json:"peak_mib,omitempty"` // of memory
	Code    string  `json:"code,omitempty"`     // of an error

	Goroutines int `json:"goroutines,omitempty"` // of the program, in its state
}

// tellState says what the program holds, each time that it gets SIGUSR1. What it does
// not need it gives back before.
func tellState() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	for range asked {
		debug.FreeOSMemory()
		json.NewEncoder(os.Stdout).Encode(event{Event: "state", Goroutines: runtime.NumGoroutine()})
	}
}

// process is the program, or another one, that runs.
type process struct {
	*exec.Cmd
	out   *bufio.Scanner
	stdin io.WriteCloser
	ended event // the last words
}

// launch starts the program, which runs until the test is over at the latest.
func (s *stage) launch(args ...string) (*process, error) {
	p := &process{Cmd: s.command(os.Args[0], args...)}
	p.Env = append(os.Environ(), partVariable+"=1", "GORACE=atexit_sleep_ms=0")
	p.Stderr = quiet{}
	var err error
	if p.stdin, err = p.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<20)
	return p, s.do(p.Start)
}

// quiet shows what a program complains of, not its start and its end.
type quiet struct{}

func (quiet) Write(text []byte) (int, error) {
	if s := string(text); !strings.Contains(s, "level=INFO") && !strings.Contains(s, "was stopped before it was done") {
		os.Stderr.Write(text)
	}
	return len(text), nil
}

// until reads what the program says up to an event of that kind; each, if not
// nil, gets those before it.
func (p *process) until(kind string, each func(event)) (event, error) {
	for p.out.Scan() {
		var e event
		if err := json.Unmarshal(p.out.Bytes(), &e); err != nil {
			return e, fmt.Errorf("%q: %w", p.out.Text(), err)
		}
		switch {
		case e.Event == kind || kind == "address" && e.Address != "":
			return e, nil
		case e.Event == "error":
			return e, fmt.Errorf("%s: %s", p.Args[1], e.Message)
		case each != nil:
			each(e)
		}
	}
	return event{}, errors.Join(fmt.Errorf("%s ended without %q", p.Args[1], kind), p.out.Err())
}

// finish waits for a program that ends by itself.
func (p *process) finish() error {
	last, err := p.until("ended", nil)
	p.ended = last
	return errors.Join(err, p.Wait())
}

// hurry ends a program that takes longer, and has it show what it did.
func (p *process) hurry(d time.Duration) (enough func() bool) {
	return time.AfterFunc(d, func() { p.Process.Signal(syscall.SIGQUIT) }).Stop
}

// stop ends a program in order.
func (p *process) stop() error {
	p.stdin.Close()
	for p.out.Scan() {
	}
	return errors.Join(p.out.Err(), p.Wait())
}

// kill ends a program without a warning.
func (p *process) kill() {
	p.Process.Kill() // fails where it is over
	p.Wait()         // says that it was killed
}

// used is the processor time of a program that is over.
func (p *process) used() time.Duration {
	return p.ProcessState.UserTime() + p.ProcessState.SystemTime()
}

// busyTime is the processor time of one that runs, to 10 ms.
func busyTime(pid int) (time.Duration, error) {
	const tick = time.Second / 100 // USER_HZ of Linux
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, err
}

// peakMiB is the most memory that a process ever had.
func peakMiB(pid int) (float64, error) {
	kib, err := status(pid, "VmHWM")
	return float64(kib) / 1024, err
}

// status is a number that the kernel tells about a process.
func status(pid int, field string) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strconv.Atoi(strings.Fields(value)[0])
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, field)
}
