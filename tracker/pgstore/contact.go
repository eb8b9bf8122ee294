package pgstore

import (
	"context"
	"sync"
	"time"
)

// Bounds of a database that falls silent. A ping takes no lock there and no disk, so a
// database that is only busy answers it; and one that answered anything within pingWait is
// not silent, whatever became of a ping. Together they are how long a write may wait for one
// that is.
const (
	pingEvery = time.Second
	pingWait  = 3 * time.Second
)

// contact knows whether the database answers. Once it does not, what waits for it ends, and
// what comes is refused at once, until it answers again: a peer goes on to another node
// instead of waiting here.
type contact struct {
	mu      sync.Mutex
	why     error           // it does not answer; nil if it does
	answers context.Context // ends when it falls silent
	end     context.CancelFunc
}

func newContact() *contact {
	c := &contact{}
	c.answers, c.end = context.WithCancel(context.Background())
	return c
}

// within returns a context for what has that much time as long as the database answers; an
// error if it does not. Whoever has it calls done.
func (c *contact) within(ctx context.Context, d time.Duration) (asking context.Context, done func(), err error) {
	c.mu.Lock()
	answers, why := c.answers, c.why
	c.mu.Unlock()
	if why != nil {
		return nil, nil, why
	}
	asking, cancel := context.WithTimeout(ctx, d)
	stop := context.AfterFunc(answers, cancel)
	return asking, func() { stop(); cancel() }, nil
}

// silence returns why the database does not answer, or nil.
func (c *contact) silence() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.why
}

// blame returns why something failed: the silence of the database, if it is silent, and
// otherwise err itself.
func (c *contact) blame(err error) error {
	if why := c.silence(); err != nil && why != nil {
		return why
	}
	return err
}

// heard notes how a ping went, and reports whether the database answers again.
func (c *contact) heard(err error) (again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil && c.why == nil:
		c.end()
	case err == nil && c.why != nil:
		c.answers, c.end = context.WithCancel(context.Background())
		again = true
	}
	c.why = err
	return again
}

// ping keeps contact until ctx ends.
func (s *Store) ping(ctx context.Context) {
	for pause(ctx, pingEvery) {
		asking, cancel := context.WithTimeout(ctx, pingWait)
		err := s.pool.Ping(asking)
		cancel()
		if ctx.Err() != nil || err != nil && s.lag() < pingWait {
			continue
		}
		if s.contact.heard(err) {
			s.wake.up()
		}
	}
}
