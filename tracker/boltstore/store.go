// Package boltstore is a tracker's store in a single bbolt file, for one
// process. Everything that is asked for is in memory; the file is what
// survives. codec.go describes its format.
package boltstore

import (
	"errors"
	"sync"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// Store is a store.Store: a memory whose changes are kept in a file.
type Store struct {
	*memory.Store
	disk  *disk
	close func() error
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
	var db *boltfile.DB
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
	d := &disk{db: db, log: config.Logger}
	s := &Store{Store: memory.New(config, d), disk: d}
	var loaded *memory.Loader
	err = guard(func() (err error) {
		loaded, err = s.load()
		return err
	})
	if err != nil {
		db.Close()
		return nil, damagedError(file, err)
	}
	loaded.Start()
	s.close = sync.OnceValue(func() error { return errors.Join(s.Store.Close(), d.close()) })
	return s, nil
}

// Close waits for the commit that runs and refuses whatever waits behind it.
func (s *Store) Close() error { return s.close() }

// Sizes returns how much room the store takes.
func (s *Store) Sizes() store.Sizes {
	sizes := s.Store.Sizes()
	// A file that is closed or cannot be read has no size.
	_ = guard(func() error {
		return s.disk.db.View(func(tx *bbolt.Tx) error {
			sizes.File = tx.Size()
			return nil
		})
	})
	return sizes
}
