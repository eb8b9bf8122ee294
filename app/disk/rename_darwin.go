package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

func renameNoReplace(fromDir *os.File, from string, toDir *os.File, to string) error {
	if err := unix.RenameatxNp(int(fromDir.Fd()), from, int(toDir.Fd()), to, unix.RENAME_EXCL); err != nil {
		return &os.LinkError{Op: "renameatx_np", Old: from, New: to, Err: err}
	}
	return nil
}
