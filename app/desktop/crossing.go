//go:build !darwin || cgo

package desktop

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
)

// How often the window follows the engine.
const (
	foregroundTick = 250 * time.Millisecond
	backgroundTick = time.Second // while another window has the focus
	countdownTick  = time.Second // while a countdown is shown; the engine need not report every second
	heraldTick     = 2 * time.Second
	gatherTime     = 3 * time.Second // what ends within this time shares one notification
	// farewell bounds the wait for goroutines when the window closes.
	farewell = 5 * time.Second
)

// How long the window waits for the engine.
const (
	pullTime   = 10 * time.Second // for a snapshot of what is shown
	actionTime = time.Minute      // for an action, and for what asks the tracker or other peers
	reviewTime = time.Hour        // for a look at dropped files; the person can stop it
)

// crossing owns every goroutine of the window and is their only way back to the
// UI thread. Nothing else calls fyne.Do.
type crossing struct {
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
	toUI   func(func()) // runs a function on the UI thread, later

	wake       chan struct{} // asks for a pull at once
	background atomic.Bool   // another program has the focus
	hidden     atomic.Bool   // the window is in the tray: nothing is pulled
	countdown  atomic.Bool   // a countdown is shown
}

func newCrossing(toUI func(func())) *crossing {
	ctx, cancel := context.WithCancel(context.Background())
	return &crossing{ctx: ctx, cancel: cancel, toUI: toUI, wake: make(chan struct{}, 1)}
}

// uiThread is how the window of the real application crosses.
func uiThread(f func()) { fyne.Do(f) }

// start runs work in a goroutine; the context of work ends after actionTime.
// What work returns, if anything, then runs on the UI thread, unless the window
// was closed meanwhile.
func (c *crossing) start(work func(context.Context) func()) { c.startWithin(actionTime, work) }

// startWithin is start with another time.
func (c *crossing) startWithin(most time.Duration, work func(context.Context) func()) {
	if c.ctx.Err() != nil {
		return
	}
	c.group.Go(func() {
		ctx, cancel := context.WithTimeout(c.ctx, most)
		defer cancel()
		if show := work(ctx); show != nil {
			c.show(show)
		}
	})
}

// beside runs work until the window closes.
func (c *crossing) beside(work func(context.Context)) { c.group.Go(func() { work(c.ctx) }) }

// last runs work that must survive the end of the window, within farewell.
func (c *crossing) last(work func(context.Context)) {
	c.group.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		work(ctx)
	})
}

func (c *crossing) show(f func()) {
	if c.ctx.Err() != nil {
		return
	}
	c.toUI(func() {
		if c.ctx.Err() == nil {
			f()
		}
	})
}

// latest returns a function that shows at most one thing a tick on the UI thread, and
// leaves out what comes between. It is called on one goroutine.
func (c *crossing) latest() func(func()) {
	var shown time.Time
	return func(f func()) {
		if now := time.Now(); now.Sub(shown) >= foregroundTick {
			shown = now
			c.show(f)
		}
	}
}

// after runs f on the UI thread once wait has passed. forget prevents that.
// Both are called on the UI thread.
func (c *crossing) after(wait time.Duration, f func()) (forget func()) {
	if c.ctx.Err() != nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(c.ctx)
	forgotten := false // used on the UI thread only
	c.group.Go(func() {
		defer cancel()
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
			c.show(func() {
				if !forgotten {
					f()
				}
			})
		}
	})
	return func() {
		forgotten = true
		cancel()
	}
}

// follow pulls when the engine reports a change, when poke is called, and every
// second of a countdown. It pulls at most once a tick, which is longer while
// another program has the focus, and never while the window is hidden. pull
// runs in this goroutine, within pullTime, and returns what to show; the next
// pull waits until that was shown.
func (c *crossing) follow(watch func(context.Context) <-chan struct{}, pull func(context.Context) func()) {
	c.group.Go(func() {
		changes := watch(c.ctx)
		seconds := time.NewTicker(countdownTick)
		defer seconds.Stop()
		for c.awaitReason(changes, seconds.C) {
			if c.hidden.Load() {
				continue
			}
			if show := c.bounded(pull); show != nil && !c.showAndWait(show) {
				return
			}
			tick := foregroundTick
			if c.background.Load() {
				tick = backgroundTick
			}
			if !c.rest(tick) {
				return
			}
		}
	})
}

func (c *crossing) bounded(pull func(context.Context) func()) func() {
	ctx, cancel := context.WithTimeout(c.ctx, pullTime)
	defer cancel()
	return pull(ctx)
}

// herald looks at the engine at most once a heraldTick, even while the window
// is hidden.
func (c *crossing) herald(watch func(context.Context) <-chan struct{}, look func(context.Context) func()) {
	c.group.Go(func() {
		changes := watch(c.ctx)
		for open := true; open; {
			if show := c.bounded(look); show != nil && !c.showAndWait(show) {
				return
			}
			timer := time.NewTimer(heraldTick)
			select {
			case <-c.ctx.Done():
				timer.Stop()
				return
			case <-timer.C:
			}
			select {
			case <-c.ctx.Done():
				return
			case _, open = <-changes:
			}
		}
	})
}

// awaitReason returns true when there is a reason to pull, and false at the
// end. Seconds count only in a countdown, which begins with what is pulled: a ticker
// from which nobody receives wakes nobody.
func (c *crossing) awaitReason(changes <-chan struct{}, seconds <-chan time.Time) bool {
	if !c.countdown.Load() {
		seconds = nil
	}
	select {
	case <-c.ctx.Done():
		return false
	case _, open := <-changes:
		return open
	case <-c.wake:
		return true
	case <-seconds:
		return true
	}
}

// rest waits for a tick. A poke ends it early, so that a page fills as soon as
// it is opened.
func (c *crossing) rest(tick time.Duration) bool {
	timer := time.NewTimer(tick)
	defer timer.Stop()
	select {
	case <-c.ctx.Done():
		return false
	case <-c.wake:
		c.poke()
	case <-timer.C:
	}
	return true
}

func (c *crossing) showAndWait(f func()) bool {
	shown := make(chan struct{})
	c.toUI(func() {
		defer close(shown)
		if c.ctx.Err() == nil {
			f()
		}
	})
	select {
	case <-shown:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// poke asks for a pull as soon as possible.
func (c *crossing) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// setBackground slows the pulls down while another program has the focus.
func (c *crossing) setBackground(background bool) {
	if c.background.Swap(background) && !background {
		c.poke()
	}
}

// setHidden stops the pulls while the window is hidden.
func (c *crossing) setHidden(hidden bool) {
	if c.hidden.Swap(hidden) && !hidden {
		c.poke()
	}
}

// close ends every goroutine and waits for them, within farewell: an engine
// that ignores the end of its context must not keep the program running.
func (c *crossing) close() (clean bool) {
	c.cancel()
	done := make(chan struct{})
	go func() {
		c.group.Wait()
		close(done)
	}()
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
