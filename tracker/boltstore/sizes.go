package boltstore

import (
	"go.etcd.io/bbolt"

	"centralizedp2p/tracker/store"
)

// Sizes tells how much room the store takes.
func (s *Store) Sizes() store.Sizes {
	var sizes store.Sizes
	// The file cannot be read once the store is closed: then it has no size.
	_ = s.db.View(func(tx *bbolt.Tx) error {
		sizes.File = tx.Size()
		return nil
	})
	s.mu.RLock()
	defer s.mu.RUnlock()
	sizes.Names = len(s.rows)
	return sizes
}
