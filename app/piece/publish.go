package piece

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"syscall"

	"centralizedp2p/netproto"
)

// maxNumbered bounds the search for a free name.
const maxNumbered = 10_000

// publish gives a finished file its name, or the next free numbered one, and
// takes its unfinished name away. It never replaces: a link fails where the
// name is taken. A file that a kill left under both names is recognised.
func publish(root *os.Root, dir, part, name string) (string, error) {
	from := path.Join(dir, part)
	for n := 1; n <= maxNumbered; n++ {
		final := name
		if n > 1 {
			final = netproto.NumberedName(name, n)
		}
		to := path.Join(dir, final)
		err := root.Link(from, to)
		switch {
		case err == nil, errors.Is(err, fs.ErrExist) && sameFile(root, from, to):
			return to, root.Remove(from)
		case errors.Is(err, fs.ErrExist):
			continue
		case noLinks(err):
			done, err := renameNew(root, from, to)
			if err != nil || done {
				return to, err
			}
			continue
		default:
			return "", err
		}
	}
	return "", fmt.Errorf("no free name beside %s", name)
}

func sameFile(root *os.Root, a, b string) bool {
	infoA, errA := root.Lstat(a)
	infoB, errB := root.Lstat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// noLinks tells that the file system has no hard links: FAT, exFAT, some
// network shares.
func noLinks(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EMLINK) || errors.Is(err, syscall.EXDEV)
}

// renameNew claims the name with an empty file, which fails where it is taken,
// and renames over that.
func renameNew(root *os.Root, from, to string) (bool, error) {
	claim, err := root.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	claim.Close()
	return true, root.Rename(from, to)
}

// PublishFolder gives a finished folder its name, or the next free numbered
// one. It claims the name by making the folder, which fails where it is taken,
// and renames over that empty one.
func PublishFolder(root *os.Root, from, name string) (string, error) {
	for n := 1; n <= maxNumbered; n++ {
		final := name
		if n > 1 {
			final = netproto.NumberedName(name, n)
		}
		err := root.Mkdir(final, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", diskError(err, final)
		}
		if err := root.Rename(from, final); err != nil {
			// Windows does not rename over a folder, not even an empty one.
			if removeErr := root.Remove(final); removeErr != nil {
				return "", diskError(err, final)
			}
			if err := root.Rename(from, final); err != nil {
				return "", diskError(err, final)
			}
		}
		return final, diskError(SyncDir(root, "."), final)
	}
	return "", fmt.Errorf("no free name beside %s", name)
}

// SyncDir makes the names in a folder durable.
func SyncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return syncDir(d)
}

// diskError turns what the system said about a destination into the sentence
// that a person reads.
func diskError(err error, where string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*netproto.Error](err); ok {
		return err
	}
	code := netproto.CodeFolderUnwritable
	if isNoSpace(err) {
		code = netproto.CodeNoSpace
	}
	return netproto.Errorf(code, "%s: %w", where, err)
}
