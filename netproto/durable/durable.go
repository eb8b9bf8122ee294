// Package durable makes files and folders that outlive a loss of power. A file that was
// synced can still lose its name, for that is in its folder.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// MkdirAll is [os.MkdirAll]; the names of the folders that it makes are on the disk when
// it returns.
func MkdirAll(path string, perm fs.FileMode) error {
	path = filepath.Clean(path)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return os.MkdirAll(path, perm) // it is there, or something else is
	}
	parent := filepath.Dir(path)
	if parent == path {
		return os.MkdirAll(path, perm)
	}
	if err := MkdirAll(parent, perm); err != nil {
		return err
	}
	if err := os.MkdirAll(path, perm); err != nil {
		return err
	}
	return SyncFolder(parent)
}

// WriteFile is [os.WriteFile]; bytes and name are on the disk when it returns. A loss of
// power in the middle leaves any part of the bytes.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	if err := writeSynced(path, data, perm); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// writeSynced is [os.WriteFile]; the bytes are on the disk when it returns, the name may
// not be.
func writeSynced(path string, data []byte, perm fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
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

// Replace writes a file under another name, with ".new" behind its own, and then gives it
// its name: a loss of power leaves the old bytes or the new ones, and those are on the
// disk when it returns.
func Replace(path string, data []byte, perm fs.FileMode) error {
	fresh := path + ".new"
	if err := writeSynced(fresh, data, perm); err != nil {
		return err
	}
	return Rename(fresh, path)
}

// Rename is [os.Rename]; the new name is on the disk when it returns.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(to))
}

// SyncFolder puts the names in a folder onto the disk. Windows has no call for that, nor
// have some file systems, and some folders can be written but not read: that is no error.
func SyncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(SyncOpen(folder), folder.Close())
}

// SyncOpen is [SyncFolder] for a folder that is open.
func SyncOpen(folder *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	err := folder.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
