package piece

import (
	"io/fs"
	"os"
)

// syncEach makes a folder and everything below it durable, one file after the other.
func syncEach(root *os.Root, dir string) error {
	return fs.WalkDir(root.FS(), dir, func(name string, e fs.DirEntry, err error) error {
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
}
