package piece

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
)

// A folder grows in a staging folder beside its destination:
//
//	.cp2p-<hash>.folder/list   the list of its files, a content like any other
//	.cp2p-<hash>.folder/attributes   of its files, packed, if a source sent them
//	.cp2p-<hash>.folder/tree/  its files, each published there when it is whole
//
// and gets its name when all files are there, verified and on the disk.

// The names in a staging folder.
const (
	StagingList = "list"
	StagingTree = "tree"

	StagingAttributes = "attributes"
)

// maxFolderSize keeps sums of sizes far below what an int64 holds, in bytes.
const maxFolderSize = 1 << 60

// StagingName returns the name of the folder in which a folder with this hash
// grows. It differs for different choices of the folder's files, which may be on
// their way at once.
func StagingName(hash netproto.ContentHash, paths []string) string {
	name := netproto.PartPrefix + hash.String()[:32]
	if len(paths) > 0 {
		sum := sha256.Sum256([]byte(strings.Join(paths, "\x00")))
		name += "-" + hex.EncodeToString(sum[:8])
	}
	return name + ".folder"
}

// Chosen returns the entries with these paths, or all if there are no paths.
func Chosen(entries []netproto.FolderEntry, paths []string) []netproto.FolderEntry {
	if len(paths) == 0 {
		return entries
	}
	want := make(map[string]bool, len(paths))
	for _, p := range paths {
		want[p] = true
	}
	return slices.DeleteFunc(slices.Clone(entries), func(e netproto.FolderEntry) bool { return !want[e.Path] })
}

// SumOf returns the number of bytes of all files. A list comes from another peer
// and may claim any size: an impossible one is an error with the code "too-large".
func SumOf(entries []netproto.FolderEntry) (int64, error) {
	var total int64
	for _, e := range entries {
		if total += e.Size; total < 0 || total > maxFolderSize {
			return 0, netproto.Errorf(netproto.CodeTooLarge, "the folder's files would take more than %d TiB", int64(maxFolderSize>>40))
		}
	}
	return total, nil
}

// ReadList reads the finished list of a folder's files. The error is ErrWrongPiece
// if the file has another hash, and ErrNotFolder if it is no such list.
func ReadList(ctx context.Context, root *os.Root, name string, hash netproto.ContentHash) ([]netproto.FolderEntry, *Manifest, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > netproto.MaxFolderBytes {
		return nil, nil, fmt.Errorf("%w: it has %d bytes", ErrNotFolder, info.Size())
	}
	m, err := Hash(ctx, file, info.Size(), nil)
	if err != nil {
		return nil, nil, err
	}
	if m.Hash != hash {
		return nil, nil, ErrWrongPiece
	}
	entries, err := netproto.ParseFolder(io.NewSectionReader(file, 0, info.Size()))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNotFolder, err)
	}
	return entries, m, nil
}

// ErrNotFolder is returned for a content that is not the list of a folder's files.
var ErrNotFolder = errors.New("this content is not a folder")

// maxNumberedLooks bounds the names under which a finished file or folder is searched.
const maxNumberedLooks = 20

// NumberedNames yields the names under which something with a name may have been
// published, from 1 on: the name itself, then the numbered ones.
func NumberedNames(name string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for n := 1; n <= maxNumberedLooks; n++ {
			numbered := name
			if n > 1 {
				numbered = netproto.NumberedName(name, n)
			}
			if !yield(n, numbered) {
				return
			}
		}
	}
}

// IntactFile reports whether a file has a content; progress counts bytes hashed.
func IntactFile(ctx context.Context, name string, hash netproto.ContentHash, size int64, progress func(n int)) (bool, error) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != size {
		return false, nil
	}
	m, _, err := HashPath(ctx, name, progress)
	return err == nil && m.Hash == hash, err
}

// IntactFolder reports whether a folder has the files of a list; progress counts
// bytes hashed and is called by several goroutines.
func IntactFolder(ctx context.Context, dir string, entries []netproto.FolderEntry, progress func(n int)) (bool, error) {
	right := make([]bool, len(entries))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if e.Dir {
			right[i] = true
			continue
		}
		work.Go(func() (err error) {
			right[i], err = IntactFile(ctx, filepath.Join(dir, filepath.FromSlash(e.Path)), e.Hash, e.Size, progress)
			return err
		})
	}
	err := work.Wait()
	return err == nil && !slices.Contains(right, false), err
}

// TakeApart moves a wrong file out of the way of one with the content of e. If the
// content has several pieces, some of them may be in the file: it becomes the
// unfinished file of that content. Anything else is removed.
func TakeApart(root *os.Root, name string, info fs.FileInfo, e netproto.FolderEntry) error {
	part := path.Join(path.Dir(name), PartName(e.Hash))
	_, err := root.Lstat(part)
	if info.Mode().IsRegular() && netproto.PieceCount(e.Size) > 1 && errors.Is(err, fs.ErrNotExist) {
		err = root.Rename(name, part)
	} else {
		err = root.RemoveAll(name)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

// StillAt returns an error if an open folder is no longer at dir: renamed,
// unmounted or removed.
func StillAt(root *os.Root, dir string) error {
	opened, err := root.Stat(".")
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	named, err := os.Stat(dir)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	if !os.SameFile(opened, named) {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%s is another folder now", dir)
	}
	return nil
}
