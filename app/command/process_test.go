package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patient is how long a script waits for anything.
const patient = 60 * time.Second

// process is the program, running beside a script.
type process struct {
	cmd   *exec.Cmd
	in    io.Writer
	out   output
	err   output
	ended chan struct{} // closed when it is over

	killed bool
}

// output is what a process has written. Every write closes the channel and
// replaces it, which wakes those that wait for more.
type output struct {
	mu    sync.Mutex
	bytes bytes.Buffer
	read  int // bytes that a script has waited for
	more  chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
	return o.bytes.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes.String()
}

// take passes find what was not read yet. find returns how much of it was read,
// or -1; then the channel is closed when there is more.
func (o *output) take(find func(string) int) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := find(o.bytes.String()[o.read:]); n >= 0 {
		o.read += n
		return nil
	}
	if o.more == nil {
		o.more = make(chan struct{})
	}
	return o.more
}

// launch starts the program; it is killed at the end of the script.
func launch(ts *testscript.TestScript, args []string) (*process, error) {
	path, err := exec.LookPath("centralizedp2p")
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(path, args...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env = ts.MkAbs("."), stageOf(ts).vars
	p.cmd.SysProcAttr = ownGroup
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.ended)
		p.cmd.Wait() // ProcessState keeps the result
	}()
	ts.Defer(func() {
		p.cmd.Process.Kill() // fails if it is over
		<-p.ended
	})
	return p, nil
}

// wait waits for the end and returns the exit code, -1 if it was killed.
func (p *process) wait() (int, error) {
	select {
	case <-p.ended:
		if p.killed && runtime.GOOS == "windows" { // where a killed process has an exit code
			return -1, nil
		}
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patient):
		return 0, fmt.Errorf("it still runs after %s: %s%s", patient, p.out.String(), p.err.String())
	}
}

// waitFor waits until find has found something on stdout or stderr.
func (p *process) waitFor(out *output, what string, find func(string) int) error {
	deadline := time.After(patient)
	ended := p.ended
	for {
		more := out.take(find)
		if more == nil {
			return nil
		}
		select {
		case <-more:
		case <-ended:
			if out.take(find) == nil {
				return nil
			}
			return fmt.Errorf("it ended without %s: %s%s", what, p.out.String(), p.err.String())
		case <-deadline:
			return fmt.Errorf("no %s after %s: %s%s", what, patient, p.out.String(), p.err.String())
		}
	}
}

// running returns the process with that name.
func running(ts *testscript.TestScript, name string) *process {
	p := stageOf(ts).processes[name]
	if p == nil {
		ts.Fatalf("nothing was started with the name %q", name)
	}
	return p
}

func cmdStart(ts *testscript.TestScript, args []string) error {
	p, err := launch(ts, args[1:])
	stageOf(ts).processes[args[0]] = p
	return err
}

func cmdAwait(ts *testscript.TestScript, args []string) error {
	name, event, percent := args[0], args[1], 0.0
	if len(args) > 2 {
		var err error
		if percent, err = strconv.ParseFloat(args[2], 64); err != nil {
			return err
		}
	}
	var object map[string]any
	p := running(ts, name)
	err := p.waitFor(&p.out, "event "+event, func(text string) int {
		read := 0
		for line := range strings.Lines(text) {
			read += len(line)
			object = nil
			if !strings.HasSuffix(line, "\n") || json.Unmarshal([]byte(line), &object) != nil || object["event"] != event {
				continue
			}
			done, _ := object["done"].(float64)
			size, _ := object["size"].(float64)
			if percent == 0 || done >= size*percent/100 {
				return read
			}
		}
		return -1
	})
	for field, value := range object {
		if n, ok := value.(float64); ok {
			value = strconv.FormatFloat(n, 'f', -1, 64)
		}
		ts.Setenv(name+"_"+field, fmt.Sprint(value))
		if _, port, err := net.SplitHostPort(fmt.Sprint(value)); field == "address" && err == nil {
			ts.Setenv(name+"_port", port)
		}
	}
	return err
}

func cmdSays(ts *testscript.TestScript, args []string) error {
	p := running(ts, args[0])
	return p.waitForText(&p.out, args[1])
}

func cmdWarns(ts *testscript.TestScript, args []string) error {
	p := running(ts, args[0])
	return p.waitForText(&p.err, args[1])
}

func (p *process) waitForText(out *output, text string) error {
	pattern, err := regexp.Compile(text)
	if err != nil {
		return err
	}
	return p.waitFor(out, text, func(text string) int {
		if at := pattern.FindStringIndex(text); at != nil {
			return at[1]
		}
		return -1
	})
}

func cmdType(ts *testscript.TestScript, args []string) error {
	_, err := io.WriteString(running(ts, args[0]).in, args[1]+"\n")
	return err
}

func cmdEnds(ts *testscript.TestScript, args []string) error {
	want, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	p := running(ts, args[0])
	code, err := p.wait()
	show(ts, p.out.String(), p.err.String())
	if err == nil && code != want {
		err = fmt.Errorf("exit code %d, expected %d: %s", code, want, p.err.String())
	}
	return err
}

func cmdSignal(ts *testscript.TestScript, args []string) error {
	signals := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": os.Kill}
	p := running(ts, args[0])
	for i, name := range args[1:] {
		signal, ok := signals[name]
		if !ok {
			return errors.New("a signal is INT, TERM, HUP or KILL")
		}
		p.killed = p.killed || signal == os.Kill
		err := send(p.cmd.Process, signal)
		if i > 0 && errors.Is(err, os.ErrProcessDone) { // the first one was enough
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
