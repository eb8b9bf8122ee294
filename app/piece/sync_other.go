//go:build !linux

package piece

import (
	"io/fs"
	"os"
)

// SyncTree makes a folder and everything below it durable.
func SyncTree(root *os.Root, dir string) error {
	err := fs.WalkDir(root.FS(), dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return SyncDir(root, name)
		}
		// Windows syncs only what was opened for writing.
		f, err := root.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		err = f.Sync()
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		return err
	})
	return diskError(err, dir)
}
