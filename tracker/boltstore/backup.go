package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/netproto/durable"
	"centralizedp2p/tracker/memory"
)

// Contents sums up a database.
type Contents struct {
	Bytes     int64 `json:"bytes"` // of the file
	Schema    int   `json:"schema"`
	Peers     int   `json:"peers"`
	Resources int   `json:"resources"` // contents, once for each name
	Members   int   `json:"members"`
	Bans      int   `json:"bans"`
}

// Backup writes the store as it is at one instant; writes continue meanwhile.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	var tx *bbolt.Tx
	err := guard(func() (err error) {
		tx, err = s.disk.db.Begin(false)
		return err
	})
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return memory.ErrClosed
	}
	if err != nil {
		return err
	}
	defer s.disk.db.Rollback(tx)
	return guard(func() error {
		_, err := tx.WriteTo(contextWriter{ctx, w})
		return err
	})
}

// contextWriter stops a long write when its context ends.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

func (w contextWriter) Write(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.w.Write(p)
}

// SaveBackup writes to a temporary file, syncs and checks it, then renames it over
// file, which must be a backup that no tracker uses, or empty, if it exists. Errors are netproto.Errors: CodeStore for the file, CodeInvalid for bytes
// that are not a complete database, and those of write.
func SaveBackup(file string, write func(io.Writer) error) (Contents, error) {
	if err := replaceable(file); err != nil {
		return Contents{}, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), backupPrefix+"*.db") // CreateTemp makes it 0600
	if err != nil {
		return Contents{}, netproto.Errorf(netproto.CodeStore, "the backup cannot be written: %w", err)
	}
	defer os.Remove(tmp.Name())
	if err = write(tmp); err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		if _, known := errors.AsType[*netproto.Error](err); known {
			return Contents{}, err
		}
		return Contents{}, netproto.Errorf(netproto.CodeStore, "the backup %s was not written: %w", file, err)
	}
	contents, err := Check(tmp.Name())
	if err != nil {
		return Contents{}, err
	}
	if err := durable.Rename(tmp.Name(), file); err != nil {
		return Contents{}, netproto.Errorf(netproto.CodeStore, "the backup %s was not written: %w", file, err)
	}
	return contents, nil
}

// replaceable returns nil if a backup may take the place of a file: it would take that of
// a running tracker's database as well, which then writes into a file without a name.
func replaceable(file string) error {
	info, err := os.Lstat(file)
	switch {
	case err != nil || info.Mode().IsRegular() && info.Size() == 0: // what is wrong, writing it tells
		return nil
	case !info.Mode().IsRegular():
		return netproto.Errorf(netproto.CodeStore, "%s exists and is not a regular file: choose another name", file)
	}
	switch _, err := Check(file); {
	case netproto.CodeOf(err) == netproto.CodeStore:
		return netproto.Errorf(netproto.CodeStore, "%s is in use by a tracker, or cannot be read: choose another name", file)
	case err != nil:
		return netproto.Errorf(netproto.CodeStore, "%s exists, and only an older backup is replaced: choose another name, or remove it: %w", file, err)
	}
	return nil
}

// Check reads a database from its first page to its last. It returns
// netproto.CodeInvalid if the file is not a database, is damaged or is newer than
// this program, and CodeStore if it cannot be read or is in use.
func Check(file string) (Contents, error) {
	var contents Contents
	err := guard(func() error {
		db, err := boltfile.Open(file, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: lockWait})
		if errors.Is(err, bolterrors.ErrTimeout) {
			return netproto.Errorf(netproto.CodeStore, "%s is in use by a tracker: use a backup of it instead", file)
		}
		if _, unreadable := errors.AsType[*fs.PathError](err); unreadable {
			return storeError(file, err)
		}
		if err != nil {
			return noBackup(file, err)
		}
		defer db.Close()
		return db.View(func(tx *bbolt.Tx) error {
			contents, err = contentsOf(tx, file)
			return err
		})
	})
	if errors.Is(err, errDamagedPage) {
		err = noBackup(file, err)
	}
	return contents, err
}

func contentsOf(tx *bbolt.Tx, file string) (Contents, error) {
	// bbolt checks in a goroutine of its own, where an unreadable page would end
	// the program, so all pages are read here first, under guard.
	if err := readAll(tx); err != nil {
		return Contents{}, noBackup(file, err)
	}
	var damage error
	for err := range tx.Check() { // read to the end, or bbolt's goroutine would stay
		if damage == nil {
			damage = err
		}
	}
	if damage != nil {
		return Contents{}, noBackup(file, damage)
	}
	found, err := schemaOf(tx, file)
	if err != nil {
		return Contents{}, netproto.Recode(netproto.CodeInvalid, err)
	}
	count := func(bucket []byte) int {
		if b := tx.Bucket(bucket); b != nil {
			return b.Stats().KeyN
		}
		return 0
	}
	return Contents{
		Bytes: tx.Size(), Schema: found,
		Peers: count(bucketPeers), Resources: count(bucketRows), Members: count(bucketMembers), Bans: count(bucketBans),
	}, nil
}

func readAll(tx *bbolt.Tx) error {
	return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
		return b.ForEach(func(_, _ []byte) error { return nil })
	})
}

func noBackup(file string, err error) error {
	return netproto.Errorf(netproto.CodeInvalid, "%s is not a backup of a tracker, or it is damaged: %w", file, err)
}

// Restore replaces the database file with a checked copy of the backup. It keeps
// the old file beside it, whole or damaged, and returns its name in kept, empty if
// there was none. While a tracker uses the file it returns netproto.CodeStore; for
// a bad backup the error is that of Check. After any error the file is unchanged.
func Restore(backup, file string) (kept string, contents Contents, err error) {
	contents, err = Check(backup)
	if err != nil {
		return "", contents, err
	}
	if err := durable.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", contents, storeError(file, err)
	}
	release, err := occupy(file)
	if err != nil {
		return "", contents, err
	}
	defer release()
	fresh := file + restoringSuffix
	defer os.Remove(fresh)
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) { // of one that was interrupted
		return "", contents, storeError(file, err)
	}
	if _, err := SaveBackup(fresh, func(w io.Writer) error { return copyFrom(backup, w) }); err != nil {
		return "", contents, err
	}
	if runtime.GOOS == "windows" {
		release() // an open file cannot be renamed there
	}
	kept, err = setAside(file)
	if err != nil {
		return "", contents, storeError(file, err)
	}
	if err := os.Rename(fresh, file); err != nil {
		if kept != "" {
			err = errors.Join(err, os.Rename(kept, file))
		}
		return "", contents, storeError(file, err)
	}
	if err := durable.SyncFolder(filepath.Dir(file)); err != nil {
		return kept, contents, storeError(file, err)
	}
	return kept, contents, nil
}

func copyFrom(file string, w io.Writer) error {
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, from)
	return errors.Join(err, from.Close())
}

// occupy keeps trackers from opening the file until release. A file that is not a
// database cannot be in use.
func occupy(file string) (release func(), err error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	var db *boltfile.DB
	err = guard(func() (err error) {
		db, err = boltfile.Open(file, 0o600, &bbolt.Options{Timeout: lockWait})
		return err
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, netproto.Errorf(netproto.CodeStore, "%s is in use by a tracker: stop it first", file)
	case err != nil:
		return func() {}, nil
	}
	return func() { db.Close() }, nil
}

// setAside renames the file to a free name with the time in it.
func setAside(file string) (kept string, err error) {
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	stem := file + ".before-restore-" + time.Now().UTC().Format("20060102T150405Z")
	kept = stem
	for n := 2; ; n++ {
		if _, err := os.Lstat(kept); errors.Is(err, fs.ErrNotExist) {
			return kept, os.Rename(file, kept)
		}
		kept = fmt.Sprintf("%s-%d", stem, n)
	}
}
