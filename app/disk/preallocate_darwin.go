package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func preallocate(file *os.File, size int64) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	store := unix.Fstore_t{Flags: unix.F_ALLOCATEALL, Posmode: unix.F_PEOFPOSMODE, Length: max(size-blocksOf(info), 0)}
	if store.Length == 0 {
		return nil
	}
	err = unix.FcntlFstore(file.Fd(), unix.F_PREALLOCATE, &store)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EINVAL) {
		return nil
	}
	return err
}
