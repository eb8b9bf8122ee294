//go:build !windows

package boltfile

import (
	"errors"
	"os"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// unmap leaves the pages in memory until the process ends: here, they keep nobody from
// the file, and a transaction that still runs may read them.
func unmap(*bbolt.DB) error { return nil }

// unlock releases bbolt's lock. Closing the file is not enough while it is mapped.
func unlock(file *os.File) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.Flock(int(fd), unix.LOCK_UN) })
	return errors.Join(err, failed)
}
