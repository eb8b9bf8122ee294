package boltfile

import (
	"errors"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// DamagedError is returned by Open for a file that is not a database, or whose pages do
// not hang together.
type DamagedError struct{ err error }

func (e *DamagedError) Error() string { return e.err.Error() }

func (e *DamagedError) Unwrap() error { return e.err }

// DB is a bbolt database whose file is given back by Close whatever became of it. bbolt
// panics when it meets a damaged page, and by itself would then keep locks for which its
// Close waits without end. Its fields and the other methods are those of bbolt.
type DB struct {
	*bbolt.DB
	file   *os.File    // the one that bbolt has locked and mapped
	stuck  atomic.Bool // a panic left locks of bbolt that nobody can release
	closed atomic.Bool
}

var errStuck = errors.New("the database met a damaged page and is not used any longer")

// Open is bbolt's, after Check. bbolt panics over some damaged files while it opens
// them, and nobody can then take back the memory that it mapped: so they are looked at
// before, while a lock keeps those away who would write. Options must not be shared.
func Open(file string, perm fs.FileMode, options *bbolt.Options) (*DB, error) {
	if err := checkLocked(file, options); err != nil {
		return nil, err
	}
	db := &DB{}
	open := options.OpenFile
	if open == nil {
		open = os.OpenFile
	}
	own := *options
	own.OpenFile = func(name string, flag int, perm fs.FileMode) (f *os.File, err error) {
		if f, err = open(name, flag, perm); db.file == nil { // bbolt may open it again to copy it
			db.file = f
		}
		return f, err
	}
	ended := false
	defer func() {
		if !ended && db.file != nil { // a panic: the file changed since the look at it
			_ = unlock(db.file)
			_ = db.file.Close()
		}
	}()
	var err error
	db.DB, err = bbolt.Open(file, perm, &own)
	ended = true
	if err != nil {
		return nil, err // bbolt has closed the file
	}
	return db, nil
}

// checkLocked checks the file under bbolt's lock for readers. To open it for reading
// without its free pages, bbolt looks at nothing but the heads, so it cannot panic.
func checkLocked(file string, options *bbolt.Options) error {
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		return nil // bbolt makes it, or says what is wrong
	}
	db, err := bbolt.Open(file, 0, &bbolt.Options{ReadOnly: true, Timeout: options.Timeout})
	if _, system := errors.AsType[syscall.Errno](err); system || errors.Is(err, bolterrors.ErrTimeout) {
		return err
	}
	if err != nil { // bbolt has no name for a file that is too short
		return &DamagedError{err}
	}
	err = Check(file)
	if closeErr := db.Close(); err == nil && closeErr != nil {
		return closeErr
	}
	if err != nil {
		return &DamagedError{err}
	}
	return nil
}

// Stat describes the open file, which may have another name by now.
func (db *DB) Stat() (fs.FileInfo, error) { return db.file.Stat() }

// Begin is bbolt's. The caller ends a transaction in which bbolt panicked with Rollback.
func (db *DB) Begin(writable bool) (*bbolt.Tx, error) {
	if db.stuck.Load() {
		return nil, errStuck
	}
	begun := false
	defer func() {
		if !begun {
			db.stuck.Store(true)
		}
	}()
	tx, err := db.DB.Begin(writable)
	begun = true
	return tx, err
}

// Rollback ends a transaction, also one that has ended and one in which bbolt panicked.
func (db *DB) Rollback(tx *bbolt.Tx) {
	ended := false
	defer func() {
		if !ended {
			db.stuck.Store(true)
		}
	}()
	_ = tx.Rollback() // it fails only if the transaction has ended
	ended = true
}

// Update is like bbolt's. After a panic it does not read the free pages again, as bbolt
// would: they may be damaged too, and a second panic would leave the locks.
func (db *DB) Update(fn func(*bbolt.Tx) error) error {
	tx, err := db.Begin(true)
	if err != nil {
		return err
	}
	defer db.Rollback(tx)
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// View is like bbolt's.
func (db *DB) View(fn func(*bbolt.Tx) error) error {
	tx, err := db.Begin(false)
	if err != nil {
		return err
	}
	defer db.Rollback(tx)
	return fn(tx)
}

// Close waits for open transactions, as bbolt's does, unless a panic left locks of bbolt.
// Then it gives back what keeps others from the file.
func (db *DB) Close() error {
	if !db.stuck.Load() {
		return db.DB.Close()
	}
	if db.closed.Swap(true) {
		return nil
	}
	return errors.Join(unmap(db.DB), unlock(db.file), db.file.Close())
}
