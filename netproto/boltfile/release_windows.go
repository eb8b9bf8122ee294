package boltfile

import (
	"os"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/windows"
)

// unmap takes the pages out of memory: a file that is mapped cannot be removed or
// replaced here. A transaction that still runs meets a fault, as over a damaged page.
func unmap(db *bbolt.DB) error { return windows.UnmapViewOfFile(db.Info().Data) }

// unlock does nothing: closing the file releases the lock, mapped or not.
func unlock(*os.File) error { return nil }
