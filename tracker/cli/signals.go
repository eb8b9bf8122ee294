package cli

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// orderly is how long an end in order may take: longer than the goodbyes, stopped
// servers and removed files that it consists of.
const orderly = 20 * time.Second

// UntilStopped returns a context that ends with Ctrl+C or SIGTERM. Signals that
// follow do not disturb an end in order; if that takes longer than 20 seconds, the
// next one ends the program at once. From now on a closed pipe is an error of the
// write and does not end the program. stop gives the signals back to the system; a
// program that is about to exit does not call it, or a signal at that moment would make
// its exit code another one.
func UntilStopped(parent context.Context) (ctx context.Context, stop func()) {
	pipes := make(chan os.Signal, 1) // nobody reads it
	signal.Notify(pipes, syscall.SIGPIPE)
	ctx, stopped := signal.NotifyContext(parent, os.Interrupt, syscall.SIGTERM)
	var late *time.Timer
	began := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		late = time.AfterFunc(orderly, stopped)
		close(began)
	})
	return ctx, func() {
		if !forget() {
			<-began
			late.Stop()
		}
		stopped()
		signal.Stop(pipes)
	}
}

// UntilHangUp returns a context that also ends with SIGHUP: the terminal was
// closed. A program that was started with SIGHUP ignored, as nohup does, goes on
// ignoring it.
func UntilHangUp(parent context.Context) (ctx context.Context, stop func()) {
	if signal.Ignored(syscall.SIGHUP) {
		return parent, func() {}
	}
	return signal.NotifyContext(parent, syscall.SIGHUP)
}
