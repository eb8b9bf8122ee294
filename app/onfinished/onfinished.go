// Package onfinished runs the program that a person chose for what is finished: a
// download, or a file that somebody sent. No shell is involved: the program gets the
// arguments as they are written, and learns what is finished from its environment.
package onfinished

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// Bounds of a command line and of what waits for it.
const (
	MaxBytes     = 4096
	maxArguments = 64
	maxWaiting   = 1000 // finished things
	maxAtOnce    = 4    // programs
	goodbye      = 5 * time.Second

	// patience is how long those that wait are held up by the one before them. After that
	// it runs beside them, and after MaxTime it is ended.
	patience = time.Minute
)

// MaxTime is how long a program may run.
const MaxTime = time.Hour

// Kind is how something came.
type Kind string

// The kinds.
const (
	Downloaded Kind = "download"
	Received   Kind = "received" // somebody sent it
)

// File is what is finished: a file or a folder.
type File struct {
	Kind Kind
	Name string
	Path string // absolute
	Hash netproto.ContentHash
	Size int64 // bytes
}

// environment is what a program learns of a file. The names begin like no flag of
// `serve`, which stand in the environment as well.
func (f File) environment() []string {
	return append(os.Environ(), "CP2P_FINISHED="+string(f.Kind), "CP2P_FINISHED_NAME="+f.Name, "CP2P_FINISHED_PATH="+f.Path,
		"CP2P_FINISHED_HASH="+f.Hash.String(), "CP2P_FINISHED_SIZE="+strconv.FormatInt(f.Size, 10))
}

// Parse splits a command line into a program and its arguments, at spaces that are not
// between quotes. Nothing else has a meaning: no variables, no backslashes. An empty one
// has no program. "invalid" if a quote is not closed, or if it is too long.
func Parse(line string) ([]string, error) {
	if len(line) > MaxBytes || netproto.Printable(line) != line {
		return nil, netproto.Errorf(netproto.CodeInvalid, "a command is one line of at most %d bytes", MaxBytes)
	}
	var list []string
	var word strings.Builder
	quote, within := rune(0), false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, within = r, true
		case r == ' ':
			if within {
				list = append(list, word.String())
				word.Reset()
			}
			within = false
		default:
			within = true
			word.WriteRune(r)
		}
	}
	if within {
		list = append(list, word.String())
	}
	switch {
	case quote != 0:
		return nil, netproto.Errorf(netproto.CodeInvalid, "the quote %c is not closed", quote)
	case len(list) > maxArguments:
		return nil, netproto.Errorf(netproto.CodeInvalid, "a command has at most %d arguments", maxArguments)
	case len(list) > 0 && list[0] == "":
		return nil, netproto.Errorf(netproto.CodeInvalid, "the name of the program is empty")
	}
	return list, nil
}

// Runner runs the program, for one finished thing after the other. One that takes long
// holds up none of those after it.
type Runner struct {
	command  func() string // the command line of now
	log      *slog.Logger
	patience time.Duration
	most     time.Duration // for one program
	waiting  chan File
	room     chan struct{} // full of the programs that run
	running  sync.WaitGroup
	closing  chan struct{}
	ended    chan struct{}
	close    sync.Once
}

// New returns a runner that asks for the command line each time.
func New(command func() string, log *slog.Logger) *Runner {
	return newRunner(command, log, patience, MaxTime)
}

func newRunner(command func() string, log *slog.Logger, patience, most time.Duration) *Runner {
	r := &Runner{command: command, log: log, patience: patience, most: most, waiting: make(chan File, maxWaiting), room: make(chan struct{}, maxAtOnce),
		closing: make(chan struct{}), ended: make(chan struct{})}
	go r.run()
	return r
}

// Finished has the program run for a file, after those before it. It does not wait.
func (r *Runner) Finished(f File) {
	select {
	case r.waiting <- f:
	default:
		r.log.Warn("the program for finished downloads is not run: too many wait", "waiting", maxWaiting)
	}
}

// Close lets the program run for what has finished, for at most 5 seconds. One that takes
// longer goes on by itself.
func (r *Runner) Close() {
	r.close.Do(func() { close(r.closing) })
	select {
	case <-r.ended:
	case <-time.After(goodbye):
	}
}

func (r *Runner) run() {
	defer close(r.ended)
	defer r.running.Wait()
	for {
		select {
		case f := <-r.waiting:
			r.handle(f)
		case <-r.closing:
			for len(r.waiting) > 0 {
				r.handle(<-r.waiting)
			}
			return
		}
	}
}

// handle runs the program for one file, and waits for its end as long as it has patience.
func (r *Runner) handle(f File) {
	r.room <- struct{}{}
	done := make(chan struct{})
	r.running.Go(func() {
		defer func() { <-r.room; close(done) }()
		r.runFor(f)
	})
	long := time.NewTimer(r.patience)
	defer long.Stop()
	select {
	case <-done:
	case <-long.C:
	}
}

// runFor runs the program for one file to its end.
func (r *Runner) runFor(f File) {
	list, err := Parse(r.command())
	if err == nil && len(list) > 0 {
		ctx, cancel := context.WithTimeout(context.Background(), r.most)
		defer cancel()
		command := exec.CommandContext(ctx, list[0], list[1:]...)
		command.Env = f.environment()
		if err = command.Run(); ctx.Err() != nil {
			err = fmt.Errorf("it was ended after %s", r.most)
		}
	}
	if err != nil {
		r.log.Warn("the program for finished downloads failed", "error", netproto.Errorf(netproto.CodeInternal, "%w", fmt.Errorf("%s: %w", f.Path, err)))
	}
}
