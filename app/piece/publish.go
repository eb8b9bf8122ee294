package piece

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

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
		done, err := moveNew(root, from, to)
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

// moveNew renames a file and never replaces another: done is false if the name is
// taken. It uses the best means that the file system has.
func moveNew(root *os.Root, from, to string) (done bool, err error) {
	done, err = renameNew(root, from, to)
	if noMeans(err) {
		done, err = linkNew(root, from, to)
	}
	if noMeans(err) {
		done, err = claimNew(root, from, to)
	}
	return done, err
}

// noMeans reports whether the system or the file system cannot do this at all. FAT,
// exFAT and some network shares have no hard links.
func noMeans(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || isOneOf(err, meansMissing)
}

func isOneOf(err error, kinds []error) bool {
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}

// renameNew renames in one step, so that a kill leaves either the old name or the
// new one.
func renameNew(root *os.Root, from, to string) (bool, error) {
	fromDir, err := root.Open(path.Dir(from))
	if err != nil {
		return false, err
	}
	defer fromDir.Close()
	toDir, err := root.Open(path.Dir(to))
	if err != nil {
		return false, err
	}
	defer toDir.Close()
	err = renameNoReplace(fromDir, path.Base(from), toDir, path.Base(to))
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// linkNew adds the new name and then removes the old one. A kill between the two
// leaves both.
func linkNew(root *os.Root, from, to string) (bool, error) {
	err := root.Link(from, to)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, root.Remove(from)
}

// claimNew claims the name with an empty file and renames over that. A kill
// between the two leaves the empty file.
func claimNew(root *os.Root, from, to string) (bool, error) {
	claim, err := root.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	claim.Close()
	if err := root.Rename(from, to); err != nil {
		root.Remove(to)
		return false, err
	}
	return true, nil
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
		done, err := renameNew(root, from, free)
		if noMeans(err) {
			done, err = claimNewFolder(root, from, free)
		}
		return free, done, err
	})
	if err == nil {
		err = SyncDir(root, ".")
	}
	return final, diskError(err, root.Name())
}

// claimNewFolder claims the name with an empty folder and renames over that. A
// kill between the two leaves the empty folder.
func claimNewFolder(root *os.Root, from, to string) (bool, error) {
	err := root.Mkdir(to, 0o777)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if root.Rename(from, to) == nil {
		return true, nil
	}
	// Windows does not rename over a folder, not even an empty one.
	if err := root.Remove(to); err != nil {
		return false, err
	}
	err = root.Rename(from, to)
	return err == nil, err
}

// SyncDir makes the names in a folder durable.
func SyncDir(root *os.Root, dir string) error {
	d, err := root.Open(path.Clean(dir))
	if err != nil {
		return err
	}
	defer d.Close()
	return syncDir(d)
}

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
