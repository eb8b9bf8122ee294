// Package pgstore is a tracker's store in PostgreSQL, for any number of nodes: tracker
// processes that are one tracker. Each has everything that is asked for in memory
// (package memory), so a search asks the database nothing.
//
// Nodes write one after the other. Whoever has the turn first takes over what the others
// wrote, from a log, so that all checks are about the same state everywhere; then it
// writes its group of changes, and to the log what they are. Between their turns nodes
// follow the log, woken by NOTIFY or every quarter of a second.
//
// What the contract of a store says of time holds within one node. Other nodes see a
// write as soon as they follow, mostly within a few milliseconds. Signs of life are not
// written; nodes tell each other of them after a third of a lease, so a peer that
// vanishes without a word may be listed at other nodes for half a lease more. A commit of
// what peers announce does not wait for the disk of the database: after its crash or a
// failover the last moments may be missing. Then every node takes them back, or reads
// everything again if it does not know what they were, and heartbeats ask the peers concerned
// to announce again. Nobody says notes, invites, members and bans again, so their commits
// wait for the disk; a standby may still lack them.
package pgstore

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

const (
	pollEvery  = 250 * time.Millisecond // if nothing wakes a node before
	tellsLease = 18                     // how often in a lease a node tells of signs of life
	leastTells = 250 * time.Millisecond
	tidyEvery  = 20 * time.Second
	// loadTime bounds the reading of everything, which takes seconds for a million names: it
	// is for tens of millions, over a slow network.
	loadTime = 10 * time.Minute
	// lagging is how far behind a node may be and still be ready, and cutOff how far if its
	// database is known not to answer. A failover takes less than that, or a balancer would
	// give up all nodes at once, and end searches with them; writes are refused sooner (see
	// contact).
	lagging = 10 * time.Second
	cutOff  = 5 * time.Second
)

// Store is a store.Store. It hands each call to the memory of now, which is another one
// after everything was read again.
type Store struct {
	config  store.Config
	pool    *pgxpool.Pool
	address string
	log     *slog.Logger
	life    atomic.Pointer[life]
	wake    waker // others wrote
	meeting *meeting
	contact *contact
	size    atomic.Int64 // bytes of the tables
	counts  counts
	stop    context.CancelFunc
	loops   sync.WaitGroup
	close   func() error
}

// life is a memory with its keeper.
type life struct {
	*memory.Store
	keeper *keeper
}

// Open opens the store in the database at the address, a postgres:// URL, and makes its
// tables. It is a store.Opener. Errors are netproto.Errors:
// CodeStore, or CodeUsage for the address, and name the database.
func Open(address string, c store.Config) (store.Store, error) {
	s, err := open(address, c)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Or returns an opener that opens a database if it is given the address of one, and
// otherwise what other opens.
func Or(other store.Opener) store.Opener {
	return func(at string, c store.Config) (store.Store, error) {
		if strings.HasPrefix(at, "postgres://") || strings.HasPrefix(at, "postgresql://") {
			return Open(at, c)
		}
		return other(at, c)
	}
}

func open(address string, c store.Config) (*Store, error) {
	c = c.WithDefaults()
	settings, err := config(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), openTime)
	defer cancel()
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, explain(address, err)
	}
	if err := prepare(ctx, pool); err != nil {
		pool.Close()
		return nil, explain(address, err)
	}
	s := &Store{config: c, pool: pool, address: address, log: c.Logger, wake: make(waker, 1), meeting: newMeeting(), contact: newContact()}
	first, err := s.begin(context.Background())
	if err != nil {
		pool.Close()
		return nil, explain(address, err)
	}
	s.life.Store(first)
	var running context.Context
	running, s.stop = context.WithCancel(context.Background())
	s.close = sync.OnceValue(func() error {
		s.stop()
		s.loops.Wait()
		err := s.life.Load().Close()
		pool.Close()
		return err
	})
	s.loops.Go(func() { s.follow(running) })
	s.loops.Go(func() { s.listen(running, settings.ConnConfig) })
	s.loops.Go(func() { s.ping(running) })
	s.loops.Go(func() { s.tell(running) })
	s.loops.Go(func() { s.tidy(running) })
	return s, nil
}

// begin reads everything into a memory and starts that.
func (s *Store) begin(ctx context.Context) (*life, error) {
	ctx, done, err := s.contact.within(ctx, loadTime)
	if err != nil {
		return nil, err
	}
	defer done()
	k := &keeper{pool: s.pool, log: s.log, wake: s.wake, meeting: s.meeting, contact: s.contact, counts: &s.counts}
	k.memory = memory.New(s.config, k)
	loaded, at, err := load(ctx, s.pool, k.memory, s.log)
	if err != nil {
		return nil, errors.Join(err, k.memory.Close())
	}
	k.recent.add(at, nil)
	k.current.Store(time.Now().UnixNano())
	loaded.Start()
	return &life{k.memory, k}, nil
}

// Close waits for the transaction that runs and refuses whatever waits behind it.
func (s *Store) Close() error { return s.close() }

// Sharing is of store.Shared.
func (s *Store) Sharing() store.Sharing {
	pool := s.pool.Stat()
	return store.Sharing{
		Lag: s.lag(), Groups: s.counts.groups.Load(), Entries: s.counts.entries.Load(), Again: s.counts.again.Load(), Reloads: s.counts.reloads.Load(),
		Changes: s.counts.changes.Load(), Failures: s.counts.failures.Load(), Standbys: int(s.counts.standbys.Load()), Behind: s.counts.behind.Load(),
		Connections: int(pool.TotalConns()), Busy: int(pool.AcquiredConns()), Apart: s.meeting.apart() != nil,
	}
}

// lag returns how long ago memory had all that the database has.
func (s *Store) lag() time.Duration {
	return time.Since(time.Unix(0, s.life.Load().keeper.current.Load()))
}

// Ready returns nil while memory has what the database has, or had it within the last
// seconds: 10, or 5 if the database does not answer.
func (s *Store) Ready(ctx context.Context) error {
	l := s.life.Load()
	if err := l.Ready(ctx); err != nil {
		return err
	}
	if l.keeper.lost.Load() {
		return errLost
	}
	if lag := s.lag(); lag > lagging || lag > cutOff && s.contact.silence() != nil {
		return netproto.Errorf(netproto.CodeStoreAway, "for %d s", int(lag.Seconds()))
	}
	return nil
}

// Sizes returns how much room the store takes, in the database as it was measured last.
func (s *Store) Sizes() store.Sizes {
	sizes := s.life.Load().Sizes()
	sizes.File = s.size.Load()
	return sizes
}

// Reap does upkeep, which other nodes then need not do.
func (s *Store) Reap(ctx context.Context, budget int) (more bool, err error) {
	return s.life.Load().Reap(ctx, budget)
}
