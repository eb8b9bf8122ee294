package pgstore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
)

// Bounds of one transaction. The server ends one whose node went away, so that others get
// their turn.
const (
	writeTime = 15 * time.Second
	limits    = "select set_config('synchronous_commit', 'off', true), set_config('idle_in_transaction_session_timeout', '3s', true), " +
		"set_config('lock_timeout', '8s', true), set_config('statement_timeout', '12s', true)"
	logAtOnce  = 100 // entries of the log
	retryAfter = 2 * time.Second
)

// errLost says that the log does not have what this node knows of it: the database lost
// its last transactions, as after the end of a primary, or this node was away for too
// long. Memory has to take them back, or to be read again.
var errLost = &netproto.Error{Code: netproto.CodeStoreAway, RetryAfter: retryAfter,
	Detail: "it lost its last changes, and this tracker is about to take them back"}

// keeper keeps the changes of a memory in a database, and tells it what other nodes kept.
// The nodes write one after the other, each with a memory that has everything before; so
// all have the same one, but for the order of their numbers. Only the write loop uses it.
type keeper struct {
	pool    *pgxpool.Pool
	log     *slog.Logger
	memory  *memory.Store
	recent  recent
	wake    waker
	meeting *meeting
	contact *contact

	counts *counts

	current atomic.Int64 // when memory last had everything, in Unix nanoseconds
	lost    atomic.Bool  // errLost has happened
}

// counts are those of store.Sharing.
type counts struct {
	groups, changes, failures, entries, again, reloads, behind atomic.Int64
	standbys                                                   atomic.Int32
	refused                                                    atomic.Pointer[refused] // the last group that could not be written
}

// refused is why a group could not be written.
type refused struct {
	at  time.Time
	why string
}

// position is the last entry of the log that memory has.
type position struct {
	seq   int64
	nonce int64 // another entry with that number, after a failover, has another one
}

// Write plans a group and writes it. If other nodes wrote meanwhile, it is planned again
// with what they wrote, while they wait.
func (k *keeper) Write(plan func(memory.Changes) error) error {
	g := newGroup()
	if err := plan(g); err != nil {
		return err
	}
	err := k.keep(g, plan)
	if netproto.CodeOf(err) == netproto.CodeStoreAway {
		k.counts.failures.Add(1)
		k.counts.refused.Store(&refused{time.Now(), err.Error()})
	}
	return err
}

// keep is Write for a group that was planned.
func (k *keeper) keep(g *group, plan func(memory.Changes) error) error {
	ctx, done, err := k.contact.within(context.Background(), writeTime)
	if err != nil {
		return k.failed(err)
	}
	defer done()
	for len(g.values) == 0 { // because of a memory that has everything, or it is planned again
		more, err := k.follow(ctx, k.pool)
		if err != nil || !more {
			return k.failed(err)
		}
		g = newGroup()
		if err := plan(g); err != nil {
			return err
		}
	}
	return k.failed(k.write(ctx, g, plan))
}

// write writes a group in the turn of this node.
func (k *keeper) write(ctx context.Context, g *group, plan func(memory.Changes) error) error {
	tx, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) // after the commit it does nothing
	more, err := k.follow(ctx, tx)
	if err != nil {
		return err
	}
	if more {
		k.counts.again.Add(1)
		g = newGroup()
		if err := plan(g); err != nil || len(g.values) == 0 {
			return err
		}
	}
	keys, values, drops, told := g.changes()
	if len(drops) > 0 {
		if _, err := tx.Exec(ctx, "delete from cp2p_entries where key = any($1::bytea[])", asBytes, drops); err != nil {
			return err
		}
	}
	if len(keys) > 0 {
		if _, err := tx.Exec(ctx, "insert into cp2p_entries (key, value) select * from unnest($1::bytea[], $2::bytea[]) "+
			"on conflict (key) do update set value = excluded.value", asBytes, keys, values); err != nil {
			return err
		}
	}
	if g.lasting() {
		if _, err := tx.Exec(ctx, "set local synchronous_commit = local"); err != nil {
			return err
		}
	}
	at, err := tell(ctx, tx, told)
	if err == nil {
		k.recent.add(at, told)
		k.counts.groups.Add(1)
		k.counts.changes.Add(int64(len(keys) + len(drops)))
	}
	return err
}

// begin begins a transaction and waits for the turn of this node.
func (k *keeper) begin(ctx context.Context) (pgx.Tx, error) {
	tx, err := k.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	var batch pgx.Batch
	batch.Queue(limits)
	batch.Queue("select " + turn)
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return nil, errors.Join(err, tx.Rollback(context.WithoutCancel(ctx)))
	}
	return tx, nil
}

// tell adds an entry to the log, wakes the other nodes, and commits.
func tell(ctx context.Context, tx pgx.Tx, told []byte) (position, error) {
	at := position{nonce: rand.Int64()}
	err := tx.QueryRow(ctx, "with entry as (insert into cp2p_log (nonce, told) values ($1, $2) returning seq) select seq from entry, pg_notify('cp2p', '')",
		asBytes, at.nonce, told).Scan(&at.seq)
	if err != nil {
		return at, err
	}
	return at, tx.Commit(ctx)
}

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// follow changes memory as other nodes did, and reports whether there was anything.
func (k *keeper) follow(ctx context.Context, q querier) (more bool, err error) {
	if k.lost.Load() {
		return false, errLost
	}
	for {
		began := time.Now()
		n, err := k.followSome(ctx, q)
		if err != nil {
			return more, err
		}
		more = more || n > 0
		if n < logAtOnce {
			k.current.Store(began.UnixNano())
			return more, nil
		}
	}
}

// followSome reads the next entries of the log, after the one that memory has last.
func (k *keeper) followSome(ctx context.Context, q querier) (n int, err error) {
	rows, err := q.Query(ctx, "select seq, nonce, case when seq > $1 then told else '' end from cp2p_log where seq >= $1 order by seq limit $2",
		asBytes, k.recent.last().seq, logAtOnce+1) // and the one before
	if err != nil {
		return 0, err
	}
	var next position
	var told []byte
	known := false
	_, err = pgx.ForEachRow(rows, []any{&next.seq, &next.nonce, (*pgtype.DriverBytes)(&told)}, func() error {
		if !known {
			if known = next == k.recent.last(); !known {
				return k.lose()
			}
			return nil
		}
		changes, err := parseChanges(told)
		if err == nil {
			err = apply(k.memory.Follower(), changes, k.meeting)
		}
		if err != nil {
			return err
		}
		n++
		k.recent.add(next, bytes.Clone(told))
		k.counts.entries.Add(1)
		return nil
	})
	if err == nil && !known {
		err = k.lose()
	}
	return n, err
}

func (k *keeper) lose() error {
	if !k.lost.Swap(true) {
		k.log.Warn("the database does not have the last that this node knows of it, as after a failover")
		k.wake.up()
	}
	return errLost
}

// failed returns what callers are told of an error of the database.
func (k *keeper) failed(err error) error {
	if err == nil {
		return nil
	}
	if _, known := errors.AsType[*netproto.Error](err); known {
		return err
	}
	err = k.contact.blame(err)
	return &netproto.Error{Code: netproto.CodeStoreAway, Detail: reason(err), Cause: err, RetryAfter: retryAfter}
}

// asBytes has bytes go both ways as they are, and not as text, which takes twice the room and
// time to read and write. Nothing stays prepared, but the types are asked for once.
const asBytes = pgx.QueryExecModeCacheDescribe
