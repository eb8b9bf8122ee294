package boltstore

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
)

// One goroutine writes. While a commit runs, which is mostly waiting for the
// disk, further operations gather; the next commit takes them all. bbolt's own
// Batch would do the same, but it calls back in no particular order after the
// commit, while memory here must change in the order of the disk.
const (
	maxQueue = 1024 // operations that wait
	maxGroup = 64   // operations in one commit, each of 1,000 resources at most
)

// operation is a write. Its plan reads memory, puts into the transaction of
// the group, and returns what changes in memory after the commit. A plan runs
// again when another one of its group failed, so it changes nothing else.
type operation struct {
	// key is the peer whose data change. Two operations with one key never
	// share a group, so a plan sees in memory all that went before.
	key   netproto.PeerID
	alone bool // shares its group with nothing
	plan  func(g *group) (apply func(), err error)
	done  chan error // buffered
}

// planned is a content that gets new rows; they are found here until they are
// in memory.
type planned struct {
	content *content
	rows    []*row
}

// group is what goes into one commit.
type group struct {
	db       *bbolt.DB
	tx       *bbolt.Tx // begun with the first use: nothing to write, nothing to sync
	planned  map[netproto.ContentHash]*planned
	room     []byte // for keys and values, until the commit
	nextRow  uint64
	nextPeer uint32
	nextSeed uint64
}

func (g *group) bucket(name []byte) (*bbolt.Bucket, error) {
	if g.tx == nil {
		tx, err := g.db.Begin(true)
		if err != nil {
			return nil, err
		}
		g.tx = tx
	}
	b := g.tx.Bucket(name)
	b.FillPercent = pageFill
	return b, nil
}

// pageFill is how full the pages of the database are left when they are split.
// Keys come in rising order, so that nothing has to fit in between later: half
// full ones, which are bbolt's default, would be twice as many to write and to
// read.
const pageFill = 0.95

// fresh is an empty slice with room for so many bytes, which lasts until the
// commit.
func (g *group) fresh(n int) []byte {
	if cap(g.room)-len(g.room) < n {
		g.room = make([]byte, 0, max(n, groupRoom))
	}
	begin := len(g.room)
	g.room = g.room[:begin+n]
	return g.room[begin : begin : begin+n]
}

const groupRoom = 64 << 10 // bytes, a part of the room of a group

func (g *group) put(bucket, key, value []byte) error {
	b, err := g.bucket(bucket)
	if err != nil {
		return err
	}
	return b.Put(key, value)
}

func (g *group) delete(bucket, key []byte) error {
	b, err := g.bucket(bucket)
	if err != nil {
		return err
	}
	return b.Delete(key)
}

func (g *group) rollback() {
	if g.tx != nil {
		g.tx.Rollback()
		g.tx = nil
	}
}

// write hands an operation to the writer and waits for its commit. When ctx
// ends first, it may still be carried out.
func (s *Store) write(ctx context.Context, op *operation) error {
	op.done = make(chan error, 1)
	select {
	case s.queue <- op:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return errClosed
	}
	select {
	case err := <-op.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stopped:
		return errClosed
	}
}

// writeLoop runs until the store is closed. It is the only one that changes
// memory, so it reads it without a lock.
func (s *Store) writeLoop() {
	defer close(s.stopped)
	var waiting []*operation
	for {
		if len(waiting) == 0 {
			select {
			case op := <-s.queue:
				waiting = append(waiting, op)
			case <-s.closing:
				return
			}
		}
		for more := true; more && len(waiting) < maxGroup; {
			select {
			case op := <-s.queue:
				waiting = append(waiting, op)
			default:
				more = false
			}
		}
		var ops []*operation
		ops, waiting = nextGroup(waiting)
		s.commit(ops)
		select {
		case <-s.closing:
			return
		default:
		}
	}
}

// nextGroup takes from the waiting operations, in their order, those that may
// share a commit. One that wants to be alone holds back all behind it.
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
// answers. An operation whose plan fails is left out, and the others begin
// again without it.
func (s *Store) commit(ops []*operation) {
	for len(ops) > 0 {
		g := &group{
			db:      s.db,
			planned: map[netproto.ContentHash]*planned{},
			nextRow: s.nextRow, nextPeer: s.nextPeer, nextSeed: s.nextSeed,
		}
		applies, kept, failed := plan(g, ops)
		if failed {
			g.rollback()
			ops = kept
			continue
		}
		if g.tx != nil {
			if err := g.tx.Commit(); err != nil {
				s.answer(kept, commitError(err))
				return
			}
		}
		s.mu.Lock()
		s.nextRow, s.nextPeer, s.nextSeed = g.nextRow, g.nextPeer, g.nextSeed
		s.mu.Unlock()
		for _, apply := range applies {
			s.mu.Lock() // for each anew: heartbeats need not wait for a whole group
			apply()
			s.mu.Unlock()
		}
		s.answer(kept, nil)
		return
	}
}

// plan runs the plans. Refusals, which are netproto.Errors, come before an
// operation has put anything; after any other error the group has failed.
func plan(g *group, ops []*operation) (applies []func(), kept []*operation, failed bool) {
	for i, op := range ops {
		apply, err := op.plan(g)
		if err == nil {
			applies = append(applies, apply)
			kept = append(kept, op)
			continue
		}
		if _, refused := errors.AsType[*netproto.Error](err); refused {
			op.done <- err
			continue
		}
		op.done <- commitError(err)
		return nil, append(kept, ops[i+1:]...), true
	}
	return applies, kept, false
}

func (s *Store) answer(ops []*operation, err error) {
	for _, op := range ops {
		op.done <- err
	}
}

// commitError tells a full disk, which the owner of the tracker can mend, from
// other failures.
func commitError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return &netproto.Error{Code: netproto.CodeFull, Detail: "its disk is full", Cause: err}
	}
	return fmt.Errorf("writing to the store: %w", err)
}
