package piece

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"centralizedp2p/netproto"
)

// ErrOtherDisk is given where a file cannot be moved in one step: it has to be
// copied, and removed when the copy is on the disk.
var ErrOtherDisk = errors.New("it is on another disk")

// MoveNew gives a file or folder of one root a name in another, which it never
// takes from another file: done is false where the name is taken. The error is
// ErrOtherDisk, fs.ErrNotExist, or one about the disk.
func MoveNew(from *os.Root, name string, to *os.Root, free string) (done bool, err error) {
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
	case err != nil:
		return false, diskError(err, to.Name())
	}
	return true, diskError(errors.Join(SyncDir(to, "."), SyncDir(from, ".")), to.Name())
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

// moveByPath is for systems that know no renaming without replacing. A second
// name is never given where one is; and no folder takes the place of a file.
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

// CopyTree copies a file or folder of one root into another, with modes and
// times, and waits until the copy is on the disk. What has that name there is
// removed before: it is one that an earlier copy left. Holes stay holes.
// progress is told the bytes copied. The error is that of ctx, or one about the
// disk; the source is not changed.
func CopyTree(ctx context.Context, from *os.Root, name string, to *os.Root, as string, progress func(n int)) error {
	if err := to.RemoveAll(as); err != nil {
		return diskError(err, to.Name())
	}
	err := fs.WalkDir(from.FS(), name, func(p string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return copyEntry(ctx, from, p, entry, to, as+strings.TrimPrefix(p, name), progress)
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		err = syncCopy(to, as)
	}
	return diskError(err, to.Name())
}

func copyEntry(ctx context.Context, from *os.Root, p string, entry fs.DirEntry, to *os.Root, as string, progress func(n int)) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	switch {
	case entry.IsDir():
		return to.Mkdir(as, info.Mode().Perm()|0o700)
	case entry.Type() == fs.ModeSymlink:
		target, err := from.Readlink(p)
		if err != nil {
			return err
		}
		return to.Symlink(target, as)
	case !entry.Type().IsRegular():
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s is no file that can be copied", filepath.Join(from.Name(), p))
	}
	src, err := from.Open(p)
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer src.Close()
	dst, err := to.OpenFile(as, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	err = copyBytes(ctx, src, dst, progress)
	if err = errors.Join(err, dst.Close()); err != nil {
		return err
	}
	return to.Chtimes(as, info.ModTime(), info.ModTime())
}

// copyBytes leaves out what has only zeros, so that an unfinished file does not
// take more space than it did.
func copyBytes(ctx context.Context, src, dst *os.File, progress func(n int)) error {
	buf := NewBuffer(readSize)
	var size int64
	for ctx.Err() == nil {
		n, err := io.ReadFull(src, buf)
		if n > 0 && !isZero(buf[:n]) {
			if _, err := dst.WriteAt(buf[:n], size); err != nil {
				return err
			}
		}
		size += int64(n)
		if progress != nil {
			progress(n)
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return dst.Truncate(size)
		}
		if err != nil {
			return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
		}
	}
	return ctx.Err()
}

func isZero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}

func syncCopy(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = SyncTree(root, name)
	} else if info.Mode().IsRegular() {
		var file *os.File
		if file, err = root.OpenFile(name, os.O_RDWR, 0); err == nil {
			err = errors.Join(file.Sync(), file.Close())
		}
	}
	return errors.Join(err, SyncDir(root, path.Dir(name)))
}

// timeGrain is how exactly the worst file systems keep a time: FAT counts in
// steps of 2 seconds.
const timeGrain = 2 * time.Second

// RemoveCopied removes what CopyTree copied, where the copy is as it was made.
// The error has the code "file-changed" where somebody changed one of the two
// since: then both stay.
func RemoveCopied(from *os.Root, name string, to *os.Root, as string) error {
	err := fs.WalkDir(from.FS(), name, func(p string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		made, err := to.Lstat(as + strings.TrimPrefix(p, name))
		if err != nil {
			return err
		}
		same := made.Mode().Type() == info.Mode().Type()
		if info.Mode().IsRegular() {
			same = same && made.Size() == info.Size() && made.ModTime().Sub(info.ModTime()).Abs() <= timeGrain
		}
		if !same {
			return netproto.Errorf(netproto.CodeFileChanged, "%s was changed while it was copied and stays where it is", filepath.Join(from.Name(), p))
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		if _, statErr := from.Lstat(name); errors.Is(statErr, fs.ErrNotExist) {
			return nil
		}
	}
	if err == nil {
		err = from.RemoveAll(name)
	}
	return diskError(err, from.Name())
}

// Preallocate takes the space of the whole content on the disk at once, so that
// it lies together and nobody else can use it up. Where the file system has no
// means for it, nothing happens.
func (p *Part) Preallocate() error {
	return p.diskError(preallocate(p.file, p.manifest.Size))
}

// UnfinishedNames are the files that an unfinished content has in its folder,
// that with its bytes last.
func UnfinishedNames(hash netproto.ContentHash) []string {
	return []string{journalName(hash), PartName(hash)}
}

// TakeBack makes a finished file in the root the unfinished one of a content
// again: what is wrong in it is to be fetched.
func TakeBack(root *os.Root, name string, hash netproto.ContentHash) error {
	if err := RemovePart(root, ".", hash); err != nil {
		return err
	}
	err := root.Rename(name, PartName(hash))
	if err == nil {
		err = SyncDir(root, ".")
	}
	return diskError(err, root.Name())
}
