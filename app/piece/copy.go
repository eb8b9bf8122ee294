package piece

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"centralizedp2p/netproto"
)

// Copy makes a second file of a finished one, under a free name: nothing is
// ever replaced. To make it durable is left to the caller. Both names are slash-separated paths within root.
func Copy(root *os.Root, from, to string) error {
	src, err := root.Open(from)
	if err != nil {
		return diskError(err, from)
	}
	defer src.Close()
	dir, name := path.Dir(to), path.Base(to)
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return diskError(err, dir)
	}
	part := netproto.PartPrefix + "copy-" + name
	if len(part) > netproto.MaxNameBytes {
		part = netproto.SafeName(part[:netproto.MaxNameBytes/2])
	}
	// What a kill left under this name may be a second name of a finished copy:
	// it is removed, never written into.
	if err := root.Remove(path.Join(dir, part)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskError(err, dir)
	}
	dst, err := root.OpenFile(path.Join(dir, part), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return diskError(err, dir)
	}
	_, err = io.Copy(dst, src)
	if closeErr := dst.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		_, err = publish(root, dir, part, name)
	}
	if err != nil {
		root.Remove(path.Join(dir, part)) // as much as can be done: the first error counts
	}
	return diskError(err, to)
}

// RemovePart removes the unfinished file of a content in dir, if there is one.
func RemovePart(root *os.Root, dir string, hash netproto.ContentHash) error {
	for _, name := range []string{PartName(hash), journalName(hash)} {
		if err := root.Remove(path.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return diskError(err, path.Join(root.Name(), dir))
		}
	}
	return nil
}
