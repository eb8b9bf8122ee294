package seedpeer

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"centralizedp2p/netproto"
)

// maxFreeNames bounds the search for a free name.
const maxFreeNames = 10_000

// save writes verified bytes into the folder and returns the path of the file. The
// file gets its name, a safe one, only when it is whole and on the disk.
func save(dir, name string, data []byte, replace bool) (string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", diskError(dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", diskError(dir, err)
	}
	defer root.Close()
	if replace && holds(root, name, data) {
		return filepath.Join(dir, name), nil
	}
	part := netproto.PartPrefix + rand.Text()
	err = write(root, part, data)
	if err == nil {
		if replace {
			err = root.Rename(part, name)
		} else {
			name, err = publish(root, part, name)
		}
	}
	if err != nil {
		root.Remove(part) // best effort: the first error counts
		return "", diskError(dir, err)
	}
	syncFolder(root)
	return filepath.Join(dir, name), nil
}

// holds reports whether the folder has a file of this name with these bytes.
func holds(root *os.Root, name string, data []byte) bool {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(data)) {
		return false
	}
	f, err := root.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	there, err := io.ReadAll(io.LimitReader(f, int64(len(data))+1))
	return err == nil && bytes.Equal(there, data)
}

// write creates a file and returns once it is on the disk.
func write(root *os.Root, name string, data []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// publish renames the part file to the name or the next free one, and never
// replaces another file.
func publish(root *os.Root, part, name string) (string, error) {
	for n := 1; n <= maxFreeNames; n++ {
		free := name
		if n > 1 {
			free = netproto.NumberedName(name, n)
		}
		if err := moveNew(root, part, free); !errors.Is(err, fs.ErrExist) {
			return free, err
		}
	}
	return "", &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
}

// moveNew renames a file unless the new name is taken.
func moveNew(root *os.Root, from, to string) error {
	err := root.Link(from, to)
	switch {
	case err == nil:
		root.Remove(from) // the file has its name; a second, hidden one does no harm
		return nil
	case errors.Is(err, fs.ErrExist):
		return err
	}
	// The file system has no hard links, so looking first is the best there is.
	if _, err := root.Lstat(to); err == nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	return root.Rename(from, to)
}

// syncFolder makes the new name durable if the system can; Windows does so by
// itself and refuses the request.
func syncFolder(root *os.Root) {
	if folder, err := root.Open("."); err == nil {
		folder.Sync()
		folder.Close()
	}
}
