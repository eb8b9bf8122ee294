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

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
)

// ErrOtherDisk is returned if a file cannot be moved in one step: it has to be
// copied, and removed once the copy is on the disk.
var ErrOtherDisk = disk.ErrOtherDisk

// MoveNew moves a file or folder from one root into another, under the name free.
// It never replaces anything: done is false if the name is taken. Errors:
// [ErrOtherDisk], fs.ErrNotExist, or one about the disk.
func MoveNew(from *os.Root, name string, to *os.Root, free string) (done bool, err error) {
	if _, err := from.Lstat(name); err != nil {
		return false, err
	}
	done, err = disk.Move(from, name, to, free)
	if errors.Is(err, ErrOtherDisk) {
		return false, err
	}
	if done {
		err = errors.Join(disk.SyncFolder(to, "."), disk.SyncFolder(from, "."))
	}
	return done, diskError(err, to.Name())
}

// CopyTree copies a file or folder from one root into another, with modes and
// times, and waits until the copy is on the disk. Whatever has the name as there
// is removed first: an earlier copy left it. Holes stay holes. progress receives
// the number of bytes copied. The error is that of ctx, or one about the disk;
// the source does not change.
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
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s is not a file that can be copied", filepath.Join(from.Name(), p))
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

// copyBytes skips blocks of zeros, so that the copy of an unfinished file takes no
// more space than the file.
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

func syncCopy(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err != nil {
		return err
	}
	if info.IsDir() {
		err = disk.SyncTree(root, name)
	} else if info.Mode().IsRegular() {
		var file *os.File
		if file, err = root.OpenFile(name, os.O_RDWR, 0); err == nil {
			err = errors.Join(file.Sync(), file.Close())
		}
	}
	return errors.Join(err, disk.SyncFolder(root, path.Dir(name)))
}

// TimeGrain is the coarsest step in which file systems keep a time: FAT counts in
// steps of 2 seconds.
const TimeGrain = 2 * time.Second

// RemoveCopied removes what CopyTree copied, if the copy is as it was made. If
// somebody has changed either since, both stay, and the error has the code
// "file-changed".
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
			same = same && made.Size() == info.Size() && made.ModTime().Sub(info.ModTime()).Abs() <= TimeGrain
		}
		if !same {
			return netproto.Errorf(netproto.CodeFileChanged, "%s was changed while it was being copied, so it stays where it is", filepath.Join(from.Name(), p))
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		if _, statErr := from.Lstat(name); errors.Is(statErr, fs.ErrNotExist) {
			return nil
		}
	}
	if err == nil {
		err = RemoveTree(from, name)
	}
	return diskError(err, from.Name())
}

// Preallocate reserves the space of the whole content on the disk, so that it lies
// together and nobody else can use it up. If the file system cannot do that,
// nothing happens.
func (p *Part) Preallocate() error {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.solid = true
	return p.diskError(disk.Preallocate(p.file, p.manifest.Size))
}

// UnfinishedNames returns the names of the files that an unfinished content has in
// its folder; the one with its bytes comes last.
func UnfinishedNames(hash netproto.ContentHash) []string {
	return []string{journalName(hash), PartName(hash)}
}

// TakeBack turns a finished file in the root into the unfinished file of a content
// again, so that its wrong pieces can be fetched.
func TakeBack(root *os.Root, name string, hash netproto.ContentHash) error {
	if err := RemovePart(root, ".", hash); err != nil {
		return err
	}
	info, err := root.Lstat(name)
	if err == nil {
		err = root.Rename(name, PartName(hash))
	}
	if err == nil {
		err = root.Chmod(PartName(hash), info.Mode().Perm()&^disk.OthersWrite) // or it would count as somebody else's
	}
	if err == nil {
		err = disk.SyncFolder(root, ".")
	}
	return diskError(err, root.Name())
}
