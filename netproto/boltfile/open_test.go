package boltfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// opened writes a database and opens it.
func opened(t *testing.T) (name string, whole []byte, db *DB) {
	t.Helper()
	name, whole = filepath.Join(t.TempDir(), "test.db"), written(t)
	check(t, os.WriteFile(name, whole, 0o600))
	db, err := Open(name, 0o600, &bbolt.Options{Timeout: time.Second})
	check(t, err)
	return name, whole, db
}

// overwrite replaces bytes of the file, as bbolt sees them at once in the memory it maps.
func overwrite(t *testing.T, name string, raw []byte, at int64) {
	t.Helper()
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	check(t, err)
	_, err = file.WriteAt(raw, at)
	check(t, errors.Join(err, file.Close()))
}

// panics tells whether f panics, or meets a fault in memory.
func panics(f func() error) (yes bool) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() { yes = recover() != nil }()
	_ = f()
	return false
}

// wantGivenBack fails if this process has the file open, or if it cannot be replaced and
// opened.
func wantGivenBack(t *testing.T, name string, whole []byte) {
	t.Helper()
	if runtime.GOOS == "linux" {
		mine, err := os.Stat(name)
		check(t, err)
		entries, err := os.ReadDir("/proc/self/fd")
		check(t, err)
		for _, entry := range entries {
			if other, err := os.Stat("/proc/self/fd/" + entry.Name()); err == nil && os.SameFile(mine, other) {
				t.Errorf("descriptor %s is still that of the file", entry.Name())
			}
		}
	}
	overwrite(t, name, whole, 0) // the same file: another one would have another lock
	db, err := Open(name, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatalf("the file is still locked: %v", err)
	}
	check(t, db.Close())
	check(t, os.Rename(name, name+".aside"))
	check(t, os.Remove(name+".aside"))
}

func closeSoon(t *testing.T, db *DB) {
	t.Helper()
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	select {
	case err := <-closed:
		check(t, err)
	case <-time.After(time.Minute):
		t.Fatal("it cannot be closed")
	}
}

// With all pages damaged, the transaction panics, and so does bbolt when it then reads
// its free pages. With both heads damaged, it panics before there is a transaction.
func TestTheFileIsGivenBackAfterAPanic(t *testing.T) {
	t.Parallel()
	large := []byte("large")
	for name, transact := range map[string]func(db *DB) error{
		"reading": func(db *DB) error {
			return db.View(func(tx *bbolt.Tx) error { return tx.Bucket(large).ForEach(func(_, _ []byte) error { return nil }) })
		},
		"writing": func(db *DB) error {
			return db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(large).Put([]byte("a"), nil) })
		},
		"committing": func(db *DB) error {
			return db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("new")); return err })
		},
	} {
		for from := range 3 { // the first page that is damaged
			t.Run(name+" from page "+strconv.Itoa(from), func(t *testing.T) {
				t.Parallel()
				file, whole, db := opened(t)
				overwrite(t, file, bytes.Repeat([]byte{0xa5}, len(whole)-from*pageSize), int64(from*pageSize))
				if from == 1 { // the other head counts as well
					overwrite(t, file, bytes.Repeat([]byte{0xa5}, pageSize), 0)
				}
				if !panics(func() error { return transact(db) }) {
					t.Fatal("nothing panicked")
				}
				if from < 2 {
					if err := transact(db); !errors.Is(err, errStuck) {
						t.Errorf("used again, it says %v", err)
					}
				}
				closeSoon(t, db)
				closeSoon(t, db)
				wantGivenBack(t, file, whole)
			})
		}
	}
}

// bbolt by itself panics over such a file while it opens it, and keeps it.
func TestAFileThatBboltPanicsOverIsRefusedAndGivenBack(t *testing.T) {
	t.Parallel()
	whole := written(t)
	damaged := bytes.Clone(whole)
	order.PutUint16(damaged[pages(t, whole, kindFreelist)[0]*pageSize+8:], kindLeaf)
	name := filepath.Join(t.TempDir(), "test.db")
	check(t, os.WriteFile(name, damaged, 0o600))
	_, err := Open(name, 0o600, &bbolt.Options{Timeout: time.Second})
	if _, ok := errors.AsType[*DamagedError](err); !ok {
		t.Errorf("it says %v", err)
	}
	wantGivenBack(t, name, whole)
}

// The file may become worse between the look at it and bbolt's own.
func TestAPanicWhileAFileIsOpenedGivesItBack(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("nobody can take back what bbolt mapped then")
	}
	whole := written(t)
	name := filepath.Join(t.TempDir(), "test.db")
	check(t, os.WriteFile(name, whole, 0o600))
	spoil := func(name string, flag int, perm os.FileMode) (*os.File, error) {
		overwrite(t, name, bytes.Repeat([]byte{0xa5}, len(whole)-2*pageSize), 2*pageSize)
		return os.OpenFile(name, flag, perm)
	}
	if !panics(func() error {
		_, err := Open(name, 0o600, &bbolt.Options{Timeout: time.Second, OpenFile: spoil})
		return err
	}) {
		t.Fatal("nothing panicked")
	}
	wantGivenBack(t, name, whole)
}

// Whoever looks at a file waits for its writer, as whoever opens it does.
func TestAFileInUseIsNotLookedAt(t *testing.T) {
	t.Parallel()
	name, whole, db := opened(t)
	overwrite(t, name, bytes.Repeat([]byte{0xa5}, len(whole)-2*pageSize), 2*pageSize) // the writer may be about to write there
	if _, err := Open(name, 0o600, &bbolt.Options{Timeout: 100 * time.Millisecond}); !errors.Is(err, bolterrors.ErrTimeout) {
		t.Errorf("it says %v", err)
	}
	check(t, db.Close())
	wantGivenBack(t, name, whole)
}
