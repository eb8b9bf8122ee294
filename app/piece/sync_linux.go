package piece

import (
	"os"

	"golang.org/x/sys/unix"
)

// SyncTree makes a folder and everything below it durable, with one syncfs instead
// of an fsync for each file where the file system knows syncfs.
func SyncTree(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return diskError(err, dir)
	}
	defer d.Close()
	if ignoresSyncfs(int(d.Fd())) {
		return diskError(syncEach(root, dir), dir)
	}
	return diskError(unix.Syncfs(int(d.Fd())), dir)
}

// ignoresSyncfs reports whether syncfs would return at once and do nothing, as it does
// on FUSE (sshfs, exFAT and NTFS in user space): the kernel does not pass it on.
func ignoresSyncfs(fd int) bool {
	var about unix.Statfs_t
	return unix.Fstatfs(fd, &about) != nil || about.Type == unix.FUSE_SUPER_MAGIC
}
