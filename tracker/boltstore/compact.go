package boltstore

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/netproto/durable"
)

// bbolt never gives pages back, so a database that was large once stays so. One that
// is at least this large and half empty is written again when it is opened.
const (
	compactFrom      = 64 << 20
	compactTx        = 4 << 20 // bytes of keys and values in one transaction
	compactingSuffix = ".compacting"
)

// compacted returns the database, written again if it is mostly empty. The copy is
// complete and on the disk before it takes the name of the file, in one step, so after
// an end at any instant there is one or the other. If that fails, for want of room
// for instance, the file stays as it is. Any error is from opening it again.
func compacted(db *boltfile.DB, file string, log *slog.Logger) (*boltfile.DB, error) {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return db, nil // it is open, so it can be used
	}
	fresh := target + compactingSuffix
	os.Remove(fresh) // of a process that was killed; nobody else has the lock
	before, free, err := roomOf(db, target)
	if err != nil || before < compactFrom || free < before/2 {
		return db, nil
	}
	log.Info("the database is mostly empty and is being compacted", slog.String("file", file), slog.Int64("bytes", before), slog.Int64("free", free))
	if err := compactTo(fresh, db); err != nil {
		os.Remove(fresh)
		log.Warn("the database could not be compacted and stays as it is", slog.String("file", file), slog.Any("error", err))
		return db, nil
	}
	if runtime.GOOS == "windows" { // an open file cannot be replaced there
		if err := db.Close(); err != nil {
			return nil, err
		}
	}
	failed := durable.Rename(fresh, target)
	if runtime.GOOS != "windows" {
		if err := db.Close(); err != nil {
			return nil, err
		}
	}
	if db, err = openLocked(file); err != nil {
		return nil, err
	}
	if failed != nil {
		os.Remove(fresh)
		log.Warn("the database could not be compacted", slog.String("file", file), slog.Any("error", failed))
		return db, nil
	}
	after, _, err := roomOf(db, target)
	if err == nil {
		log.Info("the database was compacted", slog.String("file", file), slog.Int64("bytes", after))
	}
	return db, nil
}

// roomOf returns how many bytes a file has and how many of them hold nothing.
func roomOf(db *boltfile.DB, file string) (size, free int64, err error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, 0, err
	}
	used := int64(0)
	err = db.View(func(tx *bbolt.Tx) error {
		used = tx.Size() - int64(db.Stats().FreePageN)*int64(db.Info().PageSize)
		return nil
	})
	return info.Size(), info.Size() - used, err
}

// compactTo writes a copy of the database, without its free pages, and waits until it
// is on the disk.
func compactTo(fresh string, db *boltfile.DB) (err error) {
	copied, err := boltfile.Open(fresh, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType, NoSync: true, OpenFile: createOnly})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	if err := bbolt.Compact(copied.DB, db.DB, compactTx); err != nil {
		return err
	}
	return copied.Sync()
}

// createOnly opens a new file; a link that somebody put there is not followed.
func createOnly(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag|os.O_CREATE|os.O_EXCL, perm)
}

// openLocked opens the file and locks it. While it waits for the lock, another process
// may compact the file, and the lock would be on one without a name: then it tries
// again.
func openLocked(file string) (*boltfile.DB, error) {
	for {
		db, err := boltfile.Open(file, 0o600, &bbolt.Options{Timeout: lockWait, FreelistType: bbolt.FreelistMapType})
		if err != nil {
			return nil, err
		}
		mine, err := db.Stat()
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
		if named, err := os.Stat(file); err == nil && os.SameFile(mine, named) {
			return db, nil
		}
		if err := db.Close(); err != nil {
			return nil, err
		}
	}
}
