package boltstore

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"

	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// Create writes a new database with what fill puts, in one transaction. A file that
// exists is an error.
func Create(file string, fill func(memory.Changes) error) error {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return storeError(file, errors.Join(err, fs.ErrExist))
	}
	if err := create(file); err != nil {
		return storeError(file, err)
	}
	var db *boltfile.DB
	err := guard(func() (err error) {
		db, err = openLocked(file)
		return err
	})
	if err != nil {
		return storeError(file, err)
	}
	d := &disk{db: db, log: slog.New(slog.DiscardHandler)}
	if err = errors.Join(d.Write(fill), d.close()); err != nil {
		return storeError(file, err)
	}
	return nil
}

// Load reads a database, which no tracker may use meanwhile, into a memory that does not
// write: for Export. The caller closes it. Errors are those of Open.
func Load(file string, c store.Config) (*memory.Store, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, storeError(file, err)
	}
	c = c.WithDefaults()
	var db *boltfile.DB
	err := guard(func() (err error) {
		db, err = openDB(file, c.Logger)
		return err
	})
	if errors.Is(err, errDamagedPage) {
		err = damagedError(file, err)
	}
	if err != nil {
		return nil, err
	}
	s := &Store{Store: memory.New(c, nil), disk: &disk{db: db, log: c.Logger}}
	var loaded *memory.Loader
	err = guard(func() (err error) {
		loaded, err = s.load()
		return err
	})
	if closed := s.disk.close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, damagedError(file, err)
	}
	loaded.Done()
	return s.Store, nil
}
