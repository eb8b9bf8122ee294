package piece

import (
	"os"

	"golang.org/x/sys/unix"
)

// SyncTree makes a folder and everything below it durable, with one syncfs instead
// of an fsync for each file.
func SyncTree(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return diskError(err, dir)
	}
	defer d.Close()
	return diskError(unix.Syncfs(int(d.Fd())), dir)
}
