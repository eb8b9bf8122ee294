package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncTree makes do with one syncfs instead of an fsync for each file where the file
// system knows syncfs.
func syncTree(root *os.Root, dir string) error {
	folder, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	if ignoresSyncfs(int(folder.Fd())) {
		return syncEach(root, dir)
	}
	return unix.Syncfs(int(folder.Fd()))
}

// ignoresSyncfs reports whether syncfs would return at once and do nothing, as it does
// on FUSE (sshfs, exFAT and NTFS in user space): the kernel does not pass it on.
func ignoresSyncfs(fd int) bool {
	var about unix.Statfs_t
	return unix.Fstatfs(fd, &about) != nil || about.Type == unix.FUSE_SUPER_MAGIC
}

func startWriting(file *os.File) error {
	return unix.SyncFileRange(int(file.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}
