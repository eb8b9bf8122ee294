package piece

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
)

// maxNumbered bounds the search for a free name.
const maxNumbered = 10_000

// publish renames a finished file to its name or the next free numbered one. It
// recognises a file that a kill left under both names.
func publish(root *os.Root, dir, part, name string) (string, error) {
	from := path.Join(dir, part)
	return firstFree(name, func(free string) (string, bool, error) {
		to := path.Join(dir, free)
		if sameFile(root, from, to) { // which some systems rename to itself, and call that done
			return to, true, root.Remove(from)
		}
		done, err := disk.RenameFile(root, from, to)
		return to, done, err
	})
}

// firstFree tries a name and then numbered ones until move succeeds with one.
func firstFree(name string, move func(free string) (to string, done bool, err error)) (string, error) {
	for n := 1; n <= maxNumbered; n++ {
		free := name
		if n > 1 {
			free = netproto.NumberedName(name, n)
		}
		to, done, err := move(free)
		if err != nil {
			return "", err
		}
		if done {
			return to, nil
		}
	}
	return "", fmt.Errorf("no free name beside %s", name)
}

func sameFile(root *os.Root, a, b string) bool {
	infoA, errA := root.Lstat(a)
	infoB, errB := root.Lstat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// PublishFolder renames a finished folder to its name or the next free numbered one.
// It never replaces anything, and returns the path in the root.
func PublishFolder(root *os.Root, from, name string) (string, error) {
	if err := netproto.CheckName(name); err != nil {
		return "", netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	final, err := firstFree(name, func(free string) (string, bool, error) {
		done, err := disk.RenameFolder(root, from, free)
		return free, done, err
	})
	if err == nil {
		err = disk.SyncFolder(root, ".")
	}
	return final, diskError(err, root.Name())
}

// Occupied returns the number of bytes that a file in root takes on the disk, fewer
// than its size if it is sparse; info is what the system said about it.
func Occupied(root *os.Root, name string, info fs.FileInfo) int64 {
	return disk.Occupied(root, name, info)
}

// SyncTree makes a folder and everything below it durable.
func SyncTree(root *os.Root, dir string) error { return diskError(disk.SyncTree(root, dir), dir) }

// diskError turns an error of the system about a destination into the sentence that
// a person reads.
func diskError(err error, where string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*netproto.Error](err); ok {
		return err
	}
	code := netproto.CodeFolderUnwritable
	if oserror.NoSpace(err) {
		code = netproto.CodeNoSpace
	}
	return netproto.Errorf(code, "%s: %w", where, err)
}
