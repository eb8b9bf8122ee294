// Package memory is what a tracker remembers, as it is asked for: peers, names, who is
// known, notes, access. It is a store.Store but for its backup. A Keeper behind it makes
// every change durable before memory has it; package boltstore has one.
package memory

import (
	"context"
	"sync"
	"sync/atomic"

	"centralizedp2p/tracker/store"
)

// Store is a store.Store without Backup. Its parts: memory is what is asked for, the
// seeds and the access lists likewise, and the writer has every change kept before any
// of them sees it.
type Store struct {
	config   store.Config
	writer   *writer
	memory   *memory
	seeds    *seeds
	access   *access
	listings *listings
	people   *people
	notes    *notes
	started  atomic.Bool
	close    func()
}

// New returns an empty store. It starts with Loader.Start.
func New(config store.Config, keeper Keeper) *Store {
	config = config.WithDefaults()
	s := &Store{config: config, writer: newWriter(keeper), memory: newMemory(config), access: newAccess(),
		listings: &listings{kept: map[*peer]keptListing{}}, people: &people{}}
	s.notes = newNotes(s.memory.budget)
	s.seeds = newSeeds(s.memory.elapsed, config.SeedLease, s.memory.budget)
	s.close = sync.OnceFunc(func() {
		if s.started.Load() {
			s.writer.stop()
		}
		if names := s.memory.names; names != nil {
			names.Close()
		}
	})
	return s
}

// Close waits for the group that is being written and refuses whatever waits behind it.
// Afterwards the Keeper is asked for nothing.
func (s *Store) Close() error {
	s.close()
	return nil
}

// Ready returns nil until the store is closed or its Keeper has failed.
func (s *Store) Ready(context.Context) error { return s.writer.state() }

// Sizes returns how much room the store takes in memory.
func (s *Store) Sizes() store.Sizes {
	sizes := store.Sizes{Memory: s.memory.budget.used.Load(), Notes: int(s.notes.count.Load())}
	s.memory.mu.RLock()
	defer s.memory.mu.RUnlock()
	sizes.Names = len(s.memory.rows) - s.memory.gone
	return sizes
}
