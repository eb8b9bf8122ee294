package disk

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"centralizedp2p/netproto/durable"
)

// SyncFolder makes the names in a folder durable. It is no error if the system or the
// file system cannot do that.
func SyncFolder(root *os.Root, dir string) error {
	folder, err := root.Open(path.Clean(dir))
	if err != nil {
		return err
	}
	defer folder.Close()
	return durable.SyncOpen(folder)
}

// StartWriting has the system begin to write what a file has in memory, and does not wait
// for it. It makes nothing durable. The error is [errors.ErrUnsupported] if the system
// cannot be told to.
func StartWriting(file *os.File) error { return startWriting(file) }

// SyncTree makes a folder and everything below it durable.
func SyncTree(root *os.Root, dir string) error { return syncTree(root, dir) }

// syncEach makes a folder and everything below it durable, one file after the other.
func syncEach(root *os.Root, dir string) error {
	return fs.WalkDir(root.FS(), dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return SyncFolder(root, name)
		}
		// Windows syncs only what was opened for writing.
		file, err := root.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(file.Sync(), file.Close())
	})
}
