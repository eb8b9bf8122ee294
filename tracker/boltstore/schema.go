package boltstore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/netproto/durable"
)

var errDamagedPage = errors.New("one of its pages cannot be read")

var keySchema = []byte("schema")

// lockWait is how long to wait for another process to release the file.
const lockWait = time.Second

// openDB opens the file and creates it if it does not exist.
func openDB(file string, log *slog.Logger) (*boltfile.DB, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := create(file); err != nil {
			return nil, storeError(file, err)
		}
	}
	db, err := openLocked(file)
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, netproto.Errorf(netproto.CodeStore, "%s is in use by another tracker: stop that one, or choose another folder with --data", file)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, netproto.Errorf(netproto.CodeStore,
			"%s is not a tracker's database, or it is damaged: restore it from a backup, or move it away to start with an empty one: %w",
			file, err)
	case err != nil:
		if _, damaged := errors.AsType[*boltfile.DamagedError](err); damaged {
			return nil, damagedError(file, err)
		}
		return nil, storeError(file, err)
	}
	usable := false
	defer func() { // also after a panic
		if !usable && db != nil {
			db.Close()
		}
	}()
	removeLeftovers(file)
	found := 0
	err = db.View(func(tx *bbolt.Tx) (err error) {
		found, err = schemaOf(tx, file)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := migrate(db, found, log); err != nil {
		return nil, storeError(file, err)
	}
	if db, err = compacted(db, file, log); err != nil {
		return nil, storeError(file, err)
	}
	usable = true
	return db, nil
}

// leftoverAge keeps files that another process may be about to rename.
const leftoverAge = time.Minute

// removeLeftovers deletes what a process that was killed left beside the
// database: unfinished backups, restores and databases. The caller holds the lock of the database.
func removeLeftovers(file string) {
	folder := filepath.Dir(file)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // opening the database tells more
	}
	for _, entry := range entries {
		name := entry.Name()
		unfinished := strings.HasSuffix(name, ".db") && (strings.HasPrefix(name, backupPrefix) || strings.HasPrefix(name, createPrefix)) ||
			name == filepath.Base(file)+restoringSuffix
		if !unfinished {
			continue
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && time.Since(info.ModTime()).Abs() > leftoverAge { // a clock may have been ahead
			os.Remove(filepath.Join(folder, name)) // or at the next start
		}
	}
}

// Names of unfinished files. The first two are followed by random digits and
// ".db".
const (
	createPrefix    = ".tracker-"
	backupPrefix    = ".backup-"
	restoringSuffix = ".restoring"
)

// create makes an empty database under another name first, because a power cut
// while bbolt initialises a file leaves one that cannot be opened. If two
// processes do so at once, one wins and both open the same file.
func create(file string) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), createPrefix+"*.db")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := tmp.Close(); err != nil {
		return err
	}
	db, err := bbolt.Open(tmp.Name(), 0o600, nil)
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for version := 1; version <= schema; version++ {
			if err := createBuckets(tx, version); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketMeta).Put(keySchema, []byte(strconv.Itoa(schema)))
	})
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), file); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil { // a file system without hard links
		if err := os.Rename(tmp.Name(), file); err != nil {
			return err
		}
	}
	return durable.SyncFolder(filepath.Dir(file))
}

// schemaOf returns the schema of a database and checks that it has all buckets of
// that schema.
func schemaOf(tx *bbolt.Tx, file string) (int, error) {
	var raw []byte
	if meta := tx.Bucket(bucketMeta); meta != nil {
		raw = meta.Get(keySchema)
	}
	found, err := strconv.Atoi(string(raw))
	if err != nil || found < 1 {
		return 0, netproto.Errorf(netproto.CodeStore, "%s is not a tracker's database: move it away to start with an empty one", file)
	}
	if found > schema {
		return 0, netproto.Errorf(netproto.CodeStore,
			"%s was written by a newer version (its schema is %d, this program knows %d): update this program", file, found, schema)
	}
	for _, name := range bucketsOf(found) {
		if tx.Bucket(name) == nil {
			return 0, damagedError(file, fmt.Errorf("the bucket %q is missing", name))
		}
	}
	return found, nil
}

func storeError(file string, err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok && pathErr.Path == file {
		return netproto.Errorf(netproto.CodeStore, "%w", pathErr) // it names the file
	}
	return netproto.Errorf(netproto.CodeStore, "%s: %w", file, err)
}

func damagedError(file string, err error) error {
	return netproto.Errorf(netproto.CodeStore, "%s is damaged: restore it from a backup, or move it away to start with an empty one: %w", file, err)
}

// guard turns a panic of bbolt over damaged pages, or a fault in the memory it
// maps, into an error that wraps errDamagedPage.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamagedPage, p)
		}
	}()
	return f()
}
