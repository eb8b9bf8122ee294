package limit

import (
	"container/list"
	"context"
	"errors"
	"math"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

// ErrNoTurn says that a piece of work found no place in the line, lost it to
// somebody who used less, or waited in vain.
var ErrNoTurn = errors.New("too much work is waiting")

const (
	usageHalves  = 10 * time.Second // after which half of what somebody used is forgotten
	shortWork    = 5 * time.Millisecond
	networkShare = 8 // an address counts an eighth of what the rest of its network used
)

// Turns shares processors among pieces of work that take long: only a few run at
// once, so that everything short finds a processor. A place that becomes free goes
//   - to work that is short, as far as it has run, rather than to work that has turned
//     out to be long;
//   - among that, to the address that used the least time lately, its own and, to a
//     smaller part, that of its network;
//   - for one address, to the work that ran for the least time, and then to that which
//     waits longest.
//
// So whoever asks for little hardly waits for those who ask for much, however many
// they are and however many addresses they have.
type Turns struct {
	line   int           // pieces that may wait
	queued chan struct{} // receives when one waits

	mu      sync.Mutex
	free    int
	waiting []*Turn
	used    map[netip.Prefix]*list.Element // of *usage; addresses and networks
	recent  list.List                      // the most recent first
}

// usage is the time that an address or a network used, forgotten little by little.
type usage struct {
	of    netip.Prefix
	spent float64 // nanoseconds, as of at
	at    time.Time
}

func (u *usage) now(now time.Time) float64 {
	return u.spent * math.Exp2(-float64(now.Sub(u.at))/float64(usageHalves))
}

// NewTurns has places for work that runs and a line for work that waits.
func NewTurns(places, line int) *Turns {
	return &Turns{line: line, queued: make(chan struct{}, 1), free: places, used: map[netip.Prefix]*list.Element{}}
}

// Waiting returns how many pieces of work wait.
func (t *Turns) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting)
}

// Queued receives after work has begun to wait, once for all that came since it received last.
func (t *Turns) Queued() <-chan struct{} { return t.queued }

// Turn is one piece of work, from Begin until End. It belongs to one goroutine.
type Turn struct {
	turns        *Turns
	ctx          context.Context
	own, network *usage
	began        time.Time     // since when it runs, or where its time was counted last
	ran          time.Duration // as far as it was counted
	ready        chan struct{} // closed when it may run
	refused      bool          // it lost its place in the line, before ready was closed
	kept         bool          // it ran before, so it keeps its place in the line
	running      bool
}

// Begin waits for a place, at most for that long. Unless it returns an error, which
// is ErrNoTurn or that of ctx, the caller must call End.
func (t *Turns) Begin(ctx context.Context, source netip.Addr, wait time.Duration) (*Turn, error) {
	u := &Turn{turns: t, ctx: ctx}
	t.mu.Lock()
	now := time.Now()
	u.own, u.network = t.usageOf(prefixOf(source), now), t.usageOf(networkOf(source), now)
	if t.free > 0 {
		t.free--
		u.run(now)
		t.mu.Unlock()
		return u, nil
	}
	if !t.queue(u, now) {
		t.mu.Unlock()
		return nil, ErrNoTurn
	}
	t.mu.Unlock()
	late := time.NewTimer(wait)
	defer late.Stop()
	var err error
	select {
	case <-u.ready:
	case <-ctx.Done():
		err = ctx.Err()
	case <-late.C:
		err = ErrNoTurn
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case u.running:
		return u, nil // perhaps at the last moment
	case u.refused:
		return nil, ErrNoTurn
	}
	t.leave(u)
	return nil, err
}

// Yield lets those go first who used less time by now. Long work calls it every now
// and then, without a lock that others wait for. After the end of its context, the
// work may run on without a place, to its end.
func (u *Turn) Yield() {
	t := u.turns
	t.mu.Lock()
	now := time.Now()
	u.count(now)
	next := t.next(now)
	if !u.running || next == nil || !next.before(u, now) {
		t.mu.Unlock()
		runtime.Gosched()
		return
	}
	u.running, u.kept = false, true
	t.queue(u, now)
	t.start(next, now)
	t.mu.Unlock()
	select {
	case <-u.ready:
	case <-u.ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		if !u.running {
			t.leave(u)
		}
	}
}

// End gives the place to the next.
func (u *Turn) End() {
	t := u.turns
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	u.count(now)
	if !u.running {
		return
	}
	u.running = false
	if next := t.next(now); next != nil {
		t.start(next, now)
		return
	}
	t.free++
}

// count counts the time since it was counted last.
func (u *Turn) count(now time.Time) {
	if !u.running {
		return
	}
	for _, spender := range []*usage{u.own, u.network} {
		spender.spent, spender.at = spender.now(now)+float64(now.Sub(u.began)), now
	}
	u.ran += now.Sub(u.began)
	u.began = now
}

// before reports whether a piece of work is to run rather than another.
func (u *Turn) before(o *Turn, now time.Time) bool {
	if long := u.ran >= shortWork; long != (o.ran >= shortWork) {
		return !long
	}
	if own, others := u.debt(now), o.debt(now); own != others {
		return own < others
	}
	return u.ran < o.ran
}

// debt returns what an address has to answer for, in nanoseconds.
func (u *Turn) debt(now time.Time) float64 {
	own := u.own.now(now)
	return own + max(u.network.now(now)-own, 0)/networkShare
}

func (u *Turn) run(now time.Time) { u.running, u.began = true, now }

// The caller of the following holds the lock.

// next returns the waiting work that is next, or nil.
func (t *Turns) next(now time.Time) (next *Turn) {
	for _, u := range t.waiting {
		if next == nil || u.before(next, now) {
			next = u
		}
	}
	return next
}

// start gives a place that has become free to work that waits.
func (t *Turns) start(u *Turn, now time.Time) {
	t.leave(u)
	u.run(now)
	close(u.ready)
}

// queue puts work into the line. If that is full, the one that used the most has to
// go, perhaps this one: then it returns false.
func (t *Turns) queue(u *Turn, now time.Time) bool {
	u.ready = make(chan struct{})
	if len(t.waiting) >= t.line && !u.kept {
		worst := u
		for _, other := range t.waiting {
			if !other.kept && worst.before(other, now) {
				worst = other
			}
		}
		if worst == u {
			return false
		}
		t.leave(worst)
		worst.refused = true
		close(worst.ready)
	}
	t.waiting = append(t.waiting, u)
	select {
	case t.queued <- struct{}{}:
	default:
	}
	return true
}

// leave takes work out of the line.
func (t *Turns) leave(u *Turn) {
	for i, other := range t.waiting {
		if other == u {
			t.waiting = append(t.waiting[:i], t.waiting[i+1:]...)
			return
		}
	}
}

// usageOf returns what an address or a network used.
func (t *Turns) usageOf(of netip.Prefix, now time.Time) *usage {
	if at := t.used[of]; at != nil {
		t.recent.MoveToFront(at)
		return at.Value.(*usage)
	}
	u := &usage{of: of, at: now}
	t.used[of] = t.recent.PushFront(u)
	if len(t.used) > MaxEntries {
		delete(t.used, t.recent.Remove(t.recent.Back()).(*usage).of)
	}
	return u
}
