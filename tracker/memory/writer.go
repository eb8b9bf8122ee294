package memory

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
)

// One goroutine writes. While a group is being kept, which is mostly waiting for a
// disk, further operations gather; the next group takes them all. Memory changes in the
// order in which the groups were kept.
const (
	maxQueue = 1024 // operations that wait
	maxGroup = 64   // operations in one group, each of at most 1,000 resources
)

// ErrClosed says that a store is closed.
var ErrClosed = errors.New("the store is closed")

// writer has changes kept, then puts them into memory.
type writer struct {
	keeper Keeper

	queue   chan *operation
	closing chan struct{}
	stopped chan struct{} // the loop has ended

	next   Numbers               // the loop's own
	failed atomic.Pointer[error] // why nothing is written any longer
}

func newWriter(keeper Keeper) *writer {
	return &writer{keeper: keeper, queue: make(chan *operation, maxQueue), closing: make(chan struct{}), stopped: make(chan struct{})}
}

// operation is a write. Its plan reads memory, puts changes into the group,
// and returns what changes memory once they are kept. A plan runs again if
// another one of its group failed, so it must change nothing else. Both run in
// the write loop; apply takes the locks it needs.
type operation struct {
	// key is the peer whose data changes. Two operations with one key never
	// share a group, so a plan sees in memory everything that went before.
	key   netproto.PeerID
	alone bool // must not share its group
	plan  func(g *group) (apply func(), err error)
	do    func() error // instead of a plan: changes memory, and is not kept
	done  chan error   // buffered
}

// state returns nil while the writer works.
func (w *writer) state() error {
	select {
	case <-w.closing:
		return ErrClosed
	default:
	}
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// write hands an operation to the loop and waits until it is kept. If ctx ends
// first, the operation may still be carried out.
func (w *writer) write(ctx context.Context, op *operation) error {
	op.done = make(chan error, 1)
	select {
	case w.queue <- op:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return ErrClosed
	}
	select {
	case err := <-op.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-w.stopped:
	}
	select { // both may have happened
	case err := <-op.done:
		return err
	default:
		return ErrClosed
	}
}

// stop ends the loop. It may be called once.
func (w *writer) stop() {
	close(w.closing)
	<-w.stopped
}

// loop runs until the writer is stopped. Nothing else changes memory, so it
// reads memory without a lock.
func (w *writer) loop() {
	defer close(w.stopped)
	var waiting []*operation
	for {
		if len(waiting) == 0 {
			select {
			case op := <-w.queue:
				waiting = append(waiting, op)
			case <-w.closing:
				return
			}
		}
		for more := true; more && len(waiting) < maxGroup; {
			select {
			case op := <-w.queue:
				waiting = append(waiting, op)
			default:
				more = false
			}
		}
		var ops []*operation
		ops, waiting = nextGroup(waiting)
		w.commit(ops)
		select {
		case <-w.closing:
			return
		default:
		}
	}
}

// nextGroup takes from the waiting operations, in their order, those that may
// share a commit. One that must be alone holds back all behind it.
func nextGroup(waiting []*operation) (ops, rest []*operation) {
	if waiting[0].alone {
		return waiting[:1:1], waiting[1:]
	}
	seen := map[netproto.PeerID]bool{}
	for i, op := range waiting {
		switch {
		case op.alone:
			return ops, append(rest, waiting[i:]...)
		case seen[op.key]:
			rest = append(rest, op)
		default:
			seen[op.key] = true
			ops = append(ops, op)
		}
	}
	return ops, rest
}

var errPlanAgain = errors.New("a part of the group has failed")

// commit plans the operations, has what they put kept, changes memory and answers. An
// operation whose plan fails is left out, and the others start again without it.
func (w *writer) commit(ops []*operation) {
	if err := w.failed.Load(); err != nil {
		answer(ops, *err)
		return
	}
	if ops[0].do != nil { // it is alone
		answer(ops, ops[0].do())
		return
	}
	for len(ops) > 0 {
		var g *group
		var p plan
		err := w.keeper.Write(func(c Changes) error {
			g = &group{Changes: c, planned: map[netproto.ContentHash]*planned{}, next: w.next}
			if p = planAll(g, ops); p.failed {
				return errPlanAgain
			}
			return nil
		})
		p.refuse()
		switch {
		case errors.Is(err, ErrBroken):
			w.failed.Store(&err)
			answer(ops, err)
			return
		case err != nil && !p.failed:
			answer(p.kept, commitError(err))
			return
		case err != nil:
			ops = p.kept
			continue
		}
		w.next = g.next
		for _, apply := range p.applies {
			apply()
		}
		answer(p.kept, nil)
		return
	}
}

// plan is the outcome of planning a group.
type plan struct {
	applies []func()
	kept    []*operation // not answered yet
	refused []refusal
	failed  bool // kept has to be planned again
}

// refusal is the answer to an operation, unless it is planned again: what other stores
// wrote meanwhile may allow it.
type refusal struct {
	op  *operation
	err error
}

// refuse answers the operations that were refused.
func (p *plan) refuse() {
	for _, r := range p.refused {
		answer([]*operation{r.op}, r.err)
	}
}

// planAll runs the plans. Refusals, which are netproto.Errors, come before an
// operation has put anything; after any other error the group has failed.
func planAll(g *group, ops []*operation) (p plan) {
	for i, op := range ops {
		apply, err := op.plan(g)
		if err == nil {
			p.applies = append(p.applies, apply)
			p.kept = append(p.kept, op)
			continue
		}
		if _, refused := errors.AsType[*netproto.Error](err); refused {
			p.refused = append(p.refused, refusal{op, err})
			continue
		}
		op.done <- commitError(err)
		return plan{kept: append(p.kept, ops[i+1:]...), refused: p.refused, failed: true}
	}
	return p
}

// answer tells the operations how they ended, except those that know already.
func answer(ops []*operation, err error) {
	for _, op := range ops {
		select {
		case op.done <- err:
		default:
		}
	}
}

// commitError tells a full disk, which the owner of the tracker can fix, from
// other failures.
func commitError(err error) error {
	if _, known := errors.AsType[*netproto.Error](err); known {
		return err
	}
	if oserror.NoSpace(err) {
		return &netproto.Error{Code: netproto.CodeFull, Detail: "its disk is full", Cause: err}
	}
	return fmt.Errorf("writing to the store: %w", err)
}
