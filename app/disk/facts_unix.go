//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// There may be a million files, so what is asked of each is asked with bare system
// calls: an os.File and its fs.FileInfo take a kilobyte and six more calls.

type reader struct {
	folder string // of the last file, with a slash at its end
	fd     int    // of the folder, if open
	open   bool   // from the second file on: a folder may have only one
}

// from returns the folder in which to look up a path, and what to look up there.
func (r *reader) from(path string) (fd int, rel string) {
	folder := path[:strings.LastIndexByte(path, '/')+1]
	switch {
	case folder != r.folder:
		r.close()
		r.folder = folder
	case !r.open:
		fd, err := unix.Open(folder, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		r.fd, r.open = fd, err == nil // whatever is wrong also shows with the file
	}
	if !r.open {
		return unix.AT_FDCWD, path
	}
	return r.fd, path[len(folder):]
}

func (r *reader) close() {
	if r.open {
		unix.Close(r.fd)
		r.open = false
	}
}

func (r *reader) readOnce(path string, b []byte) (n int, is Facts, err error) {
	var fd int
	folder, rel := r.from(path)
	err = again(func() (err error) {
		fd, err = unix.Openat(folder, rel, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return 0, is, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	err = again(func() (err error) {
		n, err = unix.Pread(fd, b, 0)
		return err
	})
	if err != nil {
		return 0, is, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	var stat unix.Stat_t
	if err = again(func() error { return unix.Fstat(fd, &stat) }); err != nil {
		return 0, is, &fs.PathError{Op: "fstat", Path: path, Err: err}
	}
	return n, factsOf(&stat), nil
}

// again does what a signal interrupted once more.
func again(do func() error) error {
	for {
		if err := do(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func factsOf(s *unix.Stat_t) Facts {
	is := Facts{Identity: Identity{Device: uint64(s.Dev), Inode: uint64(s.Ino), Changed: s.Ctim.Nano()},
		Size: s.Size, Modified: s.Mtim.Nano(), Mode: fs.FileMode(s.Mode).Perm()}
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		is.Mode |= fs.ModeDir
	case unix.S_IFLNK:
		is.Mode |= fs.ModeSymlink
	default:
		is.Mode |= fs.ModeIrregular
	}
	return is
}

type listing struct {
	dir   *os.File // kept open by this
	fd    int
	names []string
}

func list(dir *os.File, n int) (listing, error) {
	names, err := dir.Readdirnames(n)
	return listing{dir, int(dir.Fd()), names}, err
}

func (l listing) len() int { return len(l.names) }

func (l listing) at(i int) (string, Facts, error) {
	var stat unix.Stat_t
	name := l.names[i]
	err := again(func() error { return unix.Fstatat(l.fd, name, &stat, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return name, Facts{}, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return name, factsOf(&stat), nil
}
