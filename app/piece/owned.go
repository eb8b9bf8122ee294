package piece

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
)

// Other people may write into a download folder too: /tmp, or a folder on a server.
// What they put under a name of ours is never filled, for they could go on writing to
// it: it is set aside.

// notOursEnding is appended to the name of what is set aside.
const notOursEnding = ".not-ours"

// names says how many names a file of ours may have.
type names int

const (
	oneName   names = 1
	manyNames names = 2 // a kill can leave a finished file under both of its names
)

// openOwn opens a file of ours, or with O_CREATE makes it. What somebody else put
// under its name is set aside then, and is an error otherwise. A link is not followed:
// it would lead to somebody else's file.
func openOwn(root *os.Root, name string, flag int, mode fs.FileMode, allowed names) (*os.File, error) {
	file, err := openOld(root, name, flag&^os.O_CREATE, allowed)
	if err == nil || flag&os.O_CREATE == 0 {
		return file, err
	}
	if errors.Is(err, errNotOurs) {
		err = setAside(root, name)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if file, err = root.OpenFile(name, flag|os.O_EXCL, mode); err != nil {
		return nil, err
	}
	if err := checkOwn(root, name, file); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// openOld opens a file of ours that is there; the error is errNotOurs for anything
// else.
func openOld(root *os.Root, name string, flag int, allowed names) (*os.File, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotOurs
	}
	file, err := root.OpenFile(name, flag|disk.OpenNonblock, 0)
	if err != nil {
		if isOurs, ourErr := disk.Ours(root, path.Dir(name), info); ourErr == nil && !isOurs {
			return nil, errNotOurs // so it cannot be opened
		}
		return nil, err
	}
	if err := checkOwn(root, name, file); err != nil {
		file.Close()
		return nil, err
	}
	info, err = file.Stat()
	isOurs := false
	if err == nil {
		isOurs, err = disk.Ours(root, path.Dir(name), info)
	}
	if err == nil && (!isOurs || allowed == oneName && disk.LinkCount(file, info) > 1) {
		err = errNotOurs
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// errNotOurs says that a name of ours stands for what this program did not make.
var errNotOurs error = netproto.Errorf(netproto.CodeFolderUnwritable, "it is not a file of this program")

// checkOwn returns an error unless the name still stands for the open file.
func checkOwn(root *os.Root, name string, file *os.File) error {
	named, err := root.Lstat(name)
	if err != nil {
		return err
	}
	opened, err := file.Stat()
	if err != nil {
		return err
	}
	if !opened.Mode().IsRegular() || !os.SameFile(named, opened) {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%s is not a file of this program: move it away", name)
	}
	return nil
}

// setAside renames what somebody else put under a name of ours. It replaces nothing.
func setAside(root *os.Root, name string) error {
	dir := path.Dir(name)
	_, err := firstFree(path.Base(name)+notOursEnding, func(free string) (string, bool, error) {
		to := path.Join(dir, free)
		done, err := disk.Rename(root, name, to)
		if errors.Is(err, errors.ErrUnsupported) {
			if _, taken := root.Lstat(to); taken == nil {
				return "", false, nil
			}
			err = root.Rename(name, to)
			done = err == nil
		}
		return to, done, err
	})
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%s belongs to somebody else and cannot be moved away: %w", name, err)
	}
	return nil
}

// OwnStaging sets aside what somebody else put under the name of a staging folder.
func OwnStaging(root *os.Root, staging string) error {
	info, err := root.Lstat(staging)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	isOurs := false
	if err == nil && info.IsDir() {
		isOurs, err = disk.Ours(root, path.Dir(staging), info)
	}
	if err == nil && !isOurs {
		err = setAside(root, staging)
	}
	return diskError(err, root.Name())
}
