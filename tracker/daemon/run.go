package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	"centralizedp2p/tracker/store"
)

// Run opens a tracker and serves until ctx ends: the whole of the command. At
// SIGHUP it opens its log file again and asks again for its options, unless that is
// nil. If they have changed it starts again with them; if they cannot be used it
// logs why and goes on as it was.
func Run(ctx context.Context, o Options, again func() (Options, error), open store.Opener, stdout, stderr io.Writer) error {
	logs := &LogFile{Standard: stderr}
	defer logs.Close()
	if err := logs.Reopen(o.LogFile); err != nil {
		return err
	}
	hangUp := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(hangUp, syscall.SIGHUP)
		defer signal.Stop(hangUp)
	}
	defer collectWithin(o.Limits.Memory)()
	t, err := Open(o, open, logs)
	if err != nil {
		return err
	}
	if err := t.Announce(stdout); err != nil {
		return errors.Join(err, t.Close())
	}
	for {
		next, err := t.serveUntil(ctx, hangUp, again, logs)
		if err != nil || next == nil {
			return err
		}
		now, at := t.given, t.ports.resolved()
		collectWithin(next.Limits.Memory)
		if t, err = openAgain(*next, now.Listen, at, open, logs); err == nil {
			continue
		}
		if log, bad := newLogger(now.Log, logs); bad == nil {
			log.Error("the tracker cannot start with its new settings; it goes on with the old ones", slog.Any("error", err))
		}
		if t, err = openAgain(now, now.Listen, at, open, logs); err != nil {
			return err
		}
	}
}

// collectWithin lets the garbage collector work harder before the process takes more
// than a tracker may, unless GOMEMLIMIT already says how much. What it does not count,
// like pages of the database, gets an eighth. restore ends that.
func collectWithin(memory int64) (restore func()) {
	if memory == 0 || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	before := debug.SetMemoryLimit(memory / 8 * 7)
	return func() { debug.SetMemoryLimit(before) }
}

// openAgain opens a tracker that listened at addresses before. If it is to listen on the
// same as then, it gets the ports back that it had picked.
func openAgain(o Options, listen, at string, open store.Opener, logs io.Writer) (*Tracker, error) {
	resolved := o
	if o.Listen == listen {
		resolved.Listen = at
	}
	t, err := Open(resolved, open, logs)
	if err == nil {
		t.given = o
	}
	return t, err
}

// serveUntil serves until ctx ends, or until there are other options to go on with:
// then it returns those.
func (t *Tracker) serveUntil(ctx context.Context, hangUp <-chan os.Signal, again func() (Options, error), logs *LogFile) (*Options, error) {
	ctx, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { watchThreads(ctx, t.server.Queued(), t.server.Waiting) })
	watch.Go(func() { watchGarbage(ctx, liveHeap) })
	defer func() { stop(); watch.Wait() }()
	served := make(chan error, 1)
	go func() { served <- t.Serve(ctx) }()
	for {
		select {
		case err := <-served:
			return nil, err
		case <-hangUp:
			next, err := t.reread(again, logs)
			if err != nil {
				t.log.Error("the settings cannot be used; the tracker goes on with the old ones", slog.Any("error", err))
				continue
			}
			if next == t.given {
				t.log.Info("the log was opened again; the settings are the same")
				continue
			}
			t.log.Info("the settings have changed: the tracker starts again")
			stop()
			return &next, <-served
		}
	}
}

// reread opens the log again and returns the options of now.
func (t *Tracker) reread(again func() (Options, error), logs *LogFile) (Options, error) {
	next := t.given
	if again != nil {
		var err error
		if next, err = again(); err != nil {
			return next, errors.Join(err, logs.Reopen(t.given.LogFile))
		}
		unsettled := next
		if _, err := unsettled.settle(); err != nil {
			return next, errors.Join(err, logs.Reopen(t.given.LogFile))
		}
	}
	return next, logs.Reopen(next.LogFile)
}
