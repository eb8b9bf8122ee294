package boltstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"syscall"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
)

// One goroutine writes. While a commit runs, which is mostly waiting for the
// disk, further operations gather; the next commit takes them all. bbolt's own
// Batch would do the same, but it calls back in no particular order after the
// commit, while memory must change here in the order of the disk.
const (
	maxQueue = 1024 // operations that wait
	maxGroup = 64   // operations in one commit, each of at most 1,000 resources
)

var errClosed = errors.New("the store is closed")

// writer puts changes on disk, then into memory.
type writer struct {
	db  *bbolt.DB
	log *slog.Logger

	queue   chan *operation
	closing chan struct{}
	stopped chan struct{} // the loop has ended

	next   numbers               // the loop's own
	failed atomic.Pointer[error] // why nothing is written any longer
	stuck  bool                  // by a transaction that cannot be ended; the loop's own
}

// numbers are the next ids to give out.
type numbers struct {
	row  uint64
	peer uint32
	seed uint64
	note uint64
}

func newWriter(db *bbolt.DB, log *slog.Logger) *writer {
	return &writer{db: db, log: log, queue: make(chan *operation, maxQueue), closing: make(chan struct{}), stopped: make(chan struct{})}
}

// operation is a write. Its plan reads memory, puts into the transaction of the
// group, and returns what changes memory after the commit. A plan runs again if
// another one of its group failed, so it must change nothing else. Both run in
// the write loop; apply takes the locks it needs.
type operation struct {
	// key is the peer whose data changes. Two operations with one key never
	// share a group, so a plan sees in memory everything that went before.
	key   netproto.PeerID
	alone bool // must not share its group
	plan  func(g *group) (apply func(), err error)
	done  chan error // buffered
}

// state returns nil while the writer works.
func (w *writer) state() error {
	select {
	case <-w.closing:
		return errClosed
	default:
	}
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// write hands an operation to the loop and waits for its commit. If ctx ends
// first, the operation may still be carried out.
func (w *writer) write(ctx context.Context, op *operation) error {
	op.done = make(chan error, 1)
	select {
	case w.queue <- op:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return errClosed
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
		return errClosed
	}
}

// stop ends the loop and closes the file. It may be called once.
func (w *writer) stop() error {
	close(w.closing)
	<-w.stopped
	if w.stuck {
		return nil // bbolt would wait for the transaction forever
	}
	return guard(w.db.Close)
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

// commit plans the operations, commits what they put, changes memory and
// answers. An operation whose plan fails is left out, and the others start again
// without it. After a panic of bbolt the writer has failed.
func (w *writer) commit(ops []*operation) {
	if err := w.failed.Load(); err != nil {
		answer(ops, *err)
		return
	}
	for len(ops) > 0 {
		g := &group{db: w.db, planned: map[netproto.ContentHash]*planned{}, next: w.next}
		var p plan
		err := guard(func() error {
			if p = planAll(g, ops); p.failed {
				g.rollback()
				return nil
			}
			return g.commit()
		})
		switch {
		case errors.Is(err, errDamagedPage):
			answer(ops, w.fail(g, err))
			return
		case err != nil:
			answer(p.kept, commitError(err))
			return
		case p.failed:
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

// fail ends all writing, now that bbolt cannot be trusted with the file. Memory
// still agrees with the disk: nothing of the group has reached either. It
// returns what callers are told from now on.
func (w *writer) fail(g *group, cause error) error {
	var err error = &netproto.Error{Code: netproto.CodeFull, Detail: "its database is damaged, and its owner has to restore it from a backup", Cause: cause}
	w.log.Error("the database is damaged: restore it from a backup, or move it away to begin with an empty one",
		slog.String("file", w.db.Path()), slog.Any("error", cause))
	w.stuck = guard(func() error {
		g.rollback()
		return nil
	}) != nil
	w.failed.Store(&err)
	return err
}

// plan is the outcome of planning a group.
type plan struct {
	applies []func()
	kept    []*operation // not answered yet
	failed  bool         // kept has to be planned again
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
			op.done <- err
			continue
		}
		op.done <- commitError(err)
		return plan{kept: append(p.kept, ops[i+1:]...), failed: true}
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
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &netproto.Error{Code: netproto.CodeFull, Detail: "its disk is full", Cause: err}
	}
	return fmt.Errorf("writing to the store: %w", err)
}
