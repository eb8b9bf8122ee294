// Package boltstore is a tracker's store in a single bbolt file, for one
// process. Everything that is asked for is in memory too; the file is what
// survives. codec.go describes its format.
package boltstore

import (
	"context"
	"errors"
	"sync"

	"go.etcd.io/bbolt"

	"centralizedp2p/tracker/store"
)

// Store is a store.Store. Its parts: memory is what is asked for, the seeds and
// the access lists likewise, and the writer puts every change on disk before
// any of them sees it.
type Store struct {
	config   store.Config
	db       *bbolt.DB
	writer   *writer
	memory   *memory
	seeds    *seeds
	access   *access
	listings *listings
	people   *people
	notes    *notes
	close    func() error
}

// Open opens the store in the file, or creates it there. It is a store.Opener.
// The error is a netproto.CodeStore that names the file.
func Open(file string, config store.Config) (store.Store, error) {
	s, err := open(file, config)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func open(file string, config store.Config) (*Store, error) {
	config = config.WithDefaults()
	var db *bbolt.DB
	err := guard(func() (err error) {
		db, err = openDB(file, config.Logger)
		return err
	})
	if errors.Is(err, errDamagedPage) {
		err = damagedError(file, err)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{config: config, db: db, writer: newWriter(db, config.Logger), memory: newMemory(config), access: newAccess(),
		listings: &listings{kept: map[*peer]keptListing{}}, people: &people{}}
	s.notes = newNotes(s.memory.budget)
	s.seeds = newSeeds(s.memory.elapsed, config.SeedLease, s.memory.budget)
	searchable := s.memory.names.Bulk()
	if err := guard(s.load); err != nil {
		db.Close()
		return nil, damagedError(file, err)
	}
	searchable()
	s.close = sync.OnceValue(func() error {
		err := s.writer.stop()
		s.memory.names.Close()
		return err
	})
	go s.writer.loop()
	return s, nil
}

// Close waits for the commit that runs and refuses whatever waits behind it.
func (s *Store) Close() error { return s.close() }

// Ready returns nil until the store is closed or its database has failed.
func (s *Store) Ready(context.Context) error { return s.writer.state() }

// Sizes returns how much room the store takes.
func (s *Store) Sizes() store.Sizes {
	var sizes store.Sizes
	// A file that is closed or cannot be read has no size.
	_ = guard(func() error {
		return s.db.View(func(tx *bbolt.Tx) error {
			sizes.File = tx.Size()
			return nil
		})
	})
	sizes.Memory = s.memory.budget.used.Load()
	sizes.Notes = int(s.notes.count.Load())
	s.memory.mu.RLock()
	defer s.memory.mu.RUnlock()
	sizes.Names = len(s.memory.rows) - s.memory.gone
	return sizes
}
