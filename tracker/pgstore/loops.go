package pgstore

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/record"
)

// pause waits, and reports whether ctx goes on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// waker wakes whoever follows.
type waker chan struct{}

func (w waker) up() {
	select {
	case w <- struct{}{}:
	default:
	}
}

// damagedTries is how often an entry of the log is read that turns out damaged. It could be
// the way; after that, it is what the database has, and would keep this node from following
// for ever.
const damagedTries = 3

// follow keeps memory up to date until ctx ends, also once the database does not have what
// memory has.
func (s *Store) follow(ctx context.Context) {
	failing, damaged := false, 0
	for {
		l := s.life.Load()
		err := s.catchUp(ctx, l)
		if l.keeper.lost.Load() {
			err = s.reconcile(ctx, l)
		}
		if !errors.Is(err, record.ErrDamaged) {
			damaged = 0
		} else if damaged++; damaged == damagedTries {
			s.log.Warn("an entry of the log stays damaged: everything is read again from the tables")
			err, damaged = s.again(ctx), 0
		}
		if failed := err != nil && ctx.Err() == nil; failed != failing {
			if failing = failed; failed {
				s.log.Warn("the database is away; searches go on, and whatever has to be written is refused", slog.String("why", reason(s.contact.blame(err))))
			} else {
				s.log.Info("the database is there again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-time.After(pollEvery):
		}
	}
}

// catchUp takes over what other nodes have written until now.
func (s *Store) catchUp(ctx context.Context, l *life) error {
	began := time.Now().UnixNano()
	return l.Do(ctx, func() error {
		if l.keeper.current.Load() >= began { // somebody else had the same wish
			return nil
		}
		asking, done, err := s.contact.within(ctx, writeTime)
		if err != nil {
			return err
		}
		defer done()
		_, err = l.keeper.follow(asking, s.pool)
		return err
	})
}

// reconcile has memory agree with a database that lost what memory has: by taking that back,
// or else by reading everything.
func (s *Store) reconcile(ctx context.Context, l *life) error {
	common := false
	err := l.Do(ctx, func() error {
		asking, done, err := s.contact.within(ctx, writeTime)
		if err != nil {
			return err
		}
		defer done()
		common, err = l.keeper.rewind(asking)
		return err
	})
	switch {
	case common:
		return s.catchUp(ctx, l)
	case err != nil && !errors.Is(err, record.ErrDamaged):
		return err
	}
	return s.again(ctx)
}

// again reads everything into a new memory and goes on with that.
func (s *Store) again(ctx context.Context) error {
	next, err := s.begin(ctx)
	if err != nil {
		return err
	}
	old := s.life.Swap(next)
	s.counts.reloads.Add(1)
	s.log.Info("everything was read again", slog.Int("names", next.Sizes().Names))
	bans, err := next.Bans(ctx) // some of them may be new
	for _, b := range bans {
		s.meeting.barred(b.Target)
	}
	return errors.Join(err, old.Close())
}

// listen wakes whoever follows when another node wrote. It has a connection of its own; if
// that cannot be, because of PgBouncer for instance, nodes follow a little later.
func (s *Store) listen(ctx context.Context, c *pgx.ConnConfig) {
	for {
		s.listenOnce(ctx, c.Copy())
		if !pause(ctx, retryAfter) {
			return
		}
	}
}

func (s *Store) listenOnce(ctx context.Context, c *pgx.ConnConfig) {
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return // following says what is wrong
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), retryAfter)
		defer cancel()
		conn.Close(closing)
	}()
	if _, err := conn.Exec(ctx, "listen cp2p; listen "+mailChannel); err != nil {
		return
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return
		}
		s.notified(n.Channel, n.Payload)
	}
}

// tell tells the other nodes of signs of life until ctx ends.
func (s *Store) tell(ctx context.Context) {
	every := max(min(s.config.Lease, s.config.SeedLease)/tellsLease, leastTells)
	for pause(ctx, every) {
		if err := s.tellOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("other nodes were not told of signs of life", slog.Any("error", err))
		}
	}
}

func (s *Store) tellOnce(ctx context.Context) error {
	l := s.life.Load()
	return l.Do(ctx, func() error {
		ids := l.Heard()
		if len(ids) == 0 {
			return nil
		}
		return l.keeper.failed(l.keeper.tellHeard(ctx, ids))
	})
}

// tellHeard writes an entry of the log, and takes over what is before it.
func (k *keeper) tellHeard(ctx context.Context, ids []netproto.PeerID) error {
	ctx, done, err := k.contact.within(ctx, writeTime)
	if err != nil {
		return err
	}
	defer done()
	tx, err := k.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := k.follow(ctx, tx); err != nil {
		return err
	}
	key := make([]byte, 0, 16*len(ids))
	for _, id := range ids {
		key = append(key, id[:]...)
	}
	told := appendChange(nil, heard, string(key))
	at, err := tell(ctx, tx, told)
	if err == nil {
		k.recent.add(at, told)
	}
	return err
}

// The log is kept for nodes that follow, or come back soon. Those that were away for longer
// read everything.
const tidyLog = "delete from cp2p_log where seq in (select seq from cp2p_log where at < now() - interval '2 minutes' " +
	"and seq < (select max(seq) from cp2p_log) order by seq limit 10000)"

// tidy shortens the log and measures the tables and the standbys until ctx ends.
func (s *Store) tidy(ctx context.Context) {
	for {
		if err := s.tidyOnce(ctx); err != nil && ctx.Err() == nil {
			s.log.Debug("the log was not shortened", slog.Any("error", err))
		}
		if !pause(ctx, tidyEvery) {
			return
		}
	}
}

func (s *Store) tidyOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	if _, err := s.pool.Exec(ctx, tidyLog); err != nil {
		return err
	}
	var size int64
	err := s.pool.QueryRow(ctx, "select pg_total_relation_size('cp2p_entries') + pg_total_relation_size('cp2p_log')").Scan(&size)
	if err != nil {
		return err
	}
	s.size.Store(size)
	var standbys int32
	var behind int64
	if err := s.pool.QueryRow(ctx, standbysBehind).Scan(&standbys, &behind); err != nil {
		return err
	}
	s.counts.standbys.Store(standbys)
	s.counts.behind.Store(behind)
	return nil
}

// standbysBehind counts what follows the database, and the bytes of the log that the slowest
// of them lacks. Where it stands is told to users with the role pg_monitor only.
const standbysBehind = "select count(*)::int, coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint from pg_stat_replication"
