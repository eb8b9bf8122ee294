package boltstore

import (
	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// releasePages ends that the pages of the database count as memory of this process: once
// it has read them, that is all of them. The system still has them, as long as it needs
// no memory for anything else. If it refuses, nothing is lost.
func releasePages(tx *bbolt.Tx) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, tx.DB().Info().Data, uintptr(tx.Size()), unix.MADV_DONTNEED)
}
