package peer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// notifyEvery bounds how often faces learn that something changed.
const notifyEvery = 250 * time.Millisecond

// changes tells faces that something changed. Its zero value is ready.
type changes struct {
	flowing func() bool // bytes are on their way; set before use

	// due says that the watchers will be told: with it set, notify is one load. It
	// is called for every frame.
	due     atomic.Bool
	watched atomic.Bool // there are watchers

	mu       sync.Mutex
	closed   bool
	watchers map[chan struct{}]struct{}
	told     time.Time     // when the watchers were told last
	later    *time.Timer   // tells them again
	stepped  chan struct{} // closed with the next step; nil while nobody waits
}

// watch is [Engine.Watch].
func (c *changes) watch(ctx context.Context) <-chan struct{} {
	watcher := make(chan struct{}, 1)
	c.mu.Lock()
	if c.watchers == nil {
		c.watchers = map[chan struct{}]struct{}{}
	}
	c.watchers[watcher] = struct{}{}
	c.watched.Store(true)
	c.mu.Unlock()
	context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers, watcher)
		c.watched.Store(len(c.watchers) > 0)
		close(watcher)
	})
	return watcher
}

// notify tells the watchers that something changed, now or soon.
func (c *changes) notify() {
	if c.due.Load() || !c.watched.Load() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.due.Load() {
		c.tellLater(max(notifyEvery-time.Since(c.told), 0))
	}
}

// step wakes those that wait for a step at once, and tells the watchers soon.
func (c *changes) step() {
	c.mu.Lock()
	if c.stepped != nil {
		close(c.stepped)
		c.stepped = nil
	}
	c.mu.Unlock()
	c.notify()
}

// nextStep is closed with the next step.
func (c *changes) nextStep() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stepped == nil {
		c.stepped = make(chan struct{})
	}
	return c.stepped
}

// tellLater tells the watchers after a while, and again while bytes flow: a falling
// rate is no event. The caller holds the lock.
func (c *changes) tellLater(wait time.Duration) {
	if c.closed || len(c.watchers) == 0 {
		return
	}
	c.due.Store(true)
	c.later = time.AfterFunc(wait, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.due.Store(false)
		c.told = time.Now()
		for watcher := range c.watchers {
			select {
			case watcher <- struct{}{}:
			default:
			}
		}
		if c.flowing() {
			c.tellLater(notifyEvery)
		}
	})
}

// close ends the telling.
func (c *changes) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.later != nil {
		c.later.Stop()
	}
}
