package disk

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// Nothing here ever replaces a file or a folder: if the new name is taken, done is false
// and the error nil.

// ErrOtherDisk is returned if a file cannot be moved in one step: it has to be
// copied, and removed once the copy is on the disk.
var ErrOtherDisk = errors.New("it is on another disk")

// Rename renames in one step, so that a kill leaves either the old name or the new one.
// The error is [errors.ErrUnsupported], or one of the system, where that is impossible.
func Rename(root *os.Root, from, to string) (done bool, err error) {
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

// RenameFile renames a file by the best means that the file system has. A kill in the
// middle can leave both names, or an empty file under the new one.
func RenameFile(root *os.Root, from, to string) (done bool, err error) {
	done, err = Rename(root, from, to)
	if noMeans(err) {
		done, err = linkNew(root, from, to)
	}
	if noMeans(err) {
		done, err = claimNew(root, from, to)
	}
	return done, err
}

// RenameFolder renames a folder by the best means that the file system has. A kill in
// the middle can leave an empty folder under the new name.
func RenameFolder(root *os.Root, from, to string) (done bool, err error) {
	done, err = Rename(root, from, to)
	if noMeans(err) {
		done, err = claimNewFolder(root, from, to)
	}
	return done, err
}

// Move moves a file or folder right in one root into another one. A kill in the middle
// can leave a file under both names. The error is [ErrOtherDisk], or one of the
// system.
func Move(from *os.Root, name string, to *os.Root, free string) (done bool, err error) {
	info, err := from.Lstat(name)
	if err != nil {
		return false, err
	}
	if _, err := to.Lstat(free); err == nil {
		return false, nil
	}
	err = renameBetween(from, name, to, free)
	if noMeans(err) {
		err = moveByPath(filepath.Join(from.Name(), name), filepath.Join(to.Name(), free), info)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return false, nil
	case noMeans(err):
		return false, ErrOtherDisk
	}
	return err == nil, err
}

// noMeans reports whether the system or the file system cannot do this at all. FAT,
// exFAT and some network shares have no hard links.
func noMeans(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || isOneOf(err, meansMissing)
}

func isOneOf(err error, kinds []error) bool {
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
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

func renameBetween(from *os.Root, name string, to *os.Root, free string) error {
	fromDir, err := from.Open(".")
	if err != nil {
		return err
	}
	defer fromDir.Close()
	toDir, err := to.Open(".")
	if err != nil {
		return err
	}
	defer toDir.Close()
	return renameNoReplace(fromDir, name, toDir, free)
}

// moveByPath serves systems that cannot rename without replacing. A link is never
// made under a name that is taken, and no folder replaces a file.
func moveByPath(from, to string, info fs.FileInfo) error {
	if info.IsDir() {
		if os.Rename(from, to) != nil {
			return errors.ErrUnsupported
		}
		return nil
	}
	if err := os.Link(from, to); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return err
		}
		return errors.ErrUnsupported
	}
	return os.Remove(from)
}
