package queue

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// disk is what downloads have on the disk, finished or not. It works on records,
// which are copies, and knows neither the list nor what runs.
type disk struct {
	ctx     context.Context // of reading lists; ends with the queue
	library *library.Library
	shares  Shares
	log     *slog.Logger
	space   func(dir string, size int64) error // fails if size bytes do not fit
	lstat   func(path string) (fs.FileInfo, error)
	trash   func(path string) error
}

// missing reports whether there is nothing at a path, or nothing that can be seen.
func (k *disk) missing(path string) bool {
	_, err := k.lstat(path)
	return err != nil
}

// endRemovals completes the removals that a kill interrupted and returns the downloads
// that stay. It is called before any share is offered.
func (k *disk) endRemovals(records []library.Download) ([]library.Download, error) {
	var stay []library.Download
	var gone []string
	for _, r := range records {
		if r.Removal == "" {
			stay = append(stay, r)
			continue
		}
		gone = append(gone, r.ID)
		err := k.forgetShareOf(r)
		if err = errors.Join(err, k.discard(r)); err != nil {
			k.log.Warn("removing a download", "name", r.Name, "error", err)
		}
	}
	return stay, k.library.RemoveDownloads(gone...)
}

// forgetShareOf forgets the share of a download that is removed with its files, so
// that it is not offered at the next start.
func (k *disk) forgetShareOf(r library.Download) error {
	if r.Removal != library.RemoveFiles || r.Path == "" {
		return nil
	}
	list, err := k.library.Shares()
	for _, s := range list {
		if s.Path == r.Path {
			err = errors.Join(err, k.library.RemoveShare(s.ID))
		}
	}
	return err
}

// discard removes what a download that is being removed has on the disk.
func (k *disk) discard(record library.Download) error {
	err := removeCopy(record)
	if record.State != library.DownloadFinished {
		if record.Move != nil { // a kill may have come between its files
			moved := record
			moved.Dir = record.Move.To
			err = errors.Join(err, discardUnfinished(moved))
		}
		return errors.Join(discardUnfinished(record), err)
	}
	if record.Removal != library.RemoveFiles {
		return err
	}
	k.shares.StopPath(record.Path)
	return errors.Join(k.deleteFinished(record), err)
}

// discardUnfinished removes what an unfinished download left on the disk.
func discardUnfinished(r library.Download) error {
	root, err := os.OpenRoot(r.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	if r.Folder {
		err = piece.RemoveTree(root, piece.StagingName(r.Hash, r.Paths))
	} else {
		err = piece.RemovePart(root, ".", r.Hash)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

// removeCopy removes what an abandoned move has copied.
func removeCopy(record library.Download) error {
	if record.Move == nil || record.Move.To == "" {
		return nil
	}
	to, err := os.OpenRoot(record.Move.To)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer to.Close()
	return piece.RemoveTree(to, copyName(record))
}

// copyName returns the name of a copy until it is complete.
func copyName(record library.Download) string { return netproto.PartPrefix + "move-" + record.ID }

// room returns an error unless there is space for what is to be copied.
func (k *disk) room(from *os.Root, name string, to *os.Root) error {
	var size int64
	err := fs.WalkDir(from.FS(), name, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += min(info.Size(), max(piece.Occupied(from, file, info), 0))
		}
		return err
	})
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	return k.space(to.Name(), size)
}

// intact reports whether the files of a finished download are as they were. A folder
// whose list is no longer known only has to be there.
func (k *disk) intact(ctx context.Context, record library.Download, progress func(n int)) (bool, error) {
	info, err := k.lstat(record.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() != record.Folder {
		return false, nil
	}
	if err != nil {
		return false, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if record.Folder {
		entries, _, ok := k.listOf(ctx, record)
		if !ok {
			return record.Check == library.CheckKeep, ctx.Err()
		}
		return piece.IntactFolder(ctx, record.Path, piece.Chosen(entries, record.Paths), progress)
	}
	return piece.IntactFile(ctx, record.Path, record.Hash, record.Size, progress)
}

// lists keeps the list of one folder in the library.
type lists struct {
	library *library.Library
	id      string // of the download
	hash    netproto.ContentHash
}

// Keep stores the text of the list.
func (l lists) Keep(text []byte) error { return l.library.SaveDownloadList(l.id, text) }

// Kept returns what Keep stored.
func (l lists) Kept(ctx context.Context) ([]netproto.FolderEntry, bool) {
	entries, _, ok := readList(ctx, l.library.DownloadList(l.id), l.hash)
	return entries, ok
}

// listOf returns the list of a finished folder, parsed and as text; false if it is no
// longer known.
func (k *disk) listOf(ctx context.Context, record library.Download) ([]netproto.FolderEntry, []byte, bool) {
	for _, file := range []string{k.library.DownloadList(record.ID), k.library.FolderFile(record.Hash)} {
		if entries, text, ok := readList(ctx, file, record.Hash); ok {
			return entries, text, true
		}
	}
	return nil, nil, false
}

// readList reads a list and checks its hash.
func readList(ctx context.Context, file string, hash netproto.ContentHash) ([]netproto.FolderEntry, []byte, bool) {
	info, err := os.Stat(file)
	if err != nil || info.Size() > netproto.MaxFolderBytes {
		return nil, nil, false
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, false
	}
	m, err := piece.Hash(ctx, bytes.NewReader(text), int64(len(text)), nil)
	if err != nil || m.Hash != hash {
		return nil, nil, false
	}
	entries, err := netproto.ParseFolder(bytes.NewReader(text))
	return entries, text, err == nil
}

// takeBack makes the files of a finished download unfinished again. They keep their
// bytes, so what is right in them is not fetched again.
func (k *disk) takeBack(record library.Download) error {
	dir, name := filepath.Split(record.Path)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	switch {
	case info.Mode().IsRegular() && !record.Folder:
		return piece.TakeBack(root, name, record.Hash)
	case info.IsDir() && record.Folder:
		return k.takeBackFolder(root, name, record)
	}
	return nil // something else has the name and keeps it; what is fetched gets another one
}

func (k *disk) takeBackFolder(root *os.Root, name string, record library.Download) error {
	staging := piece.StagingName(record.Hash, record.Paths)
	err := root.RemoveAll(staging)
	if err == nil {
		err = root.Mkdir(staging, 0o777)
	}
	if err == nil {
		if _, text, ok := k.listOf(k.ctx, record); ok {
			err = root.WriteFile(path.Join(staging, piece.StagingList), text, 0o666)
		}
	}
	if err == nil {
		err = root.Rename(name, path.Join(staging, piece.StagingTree))
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

// deleteFinished deletes the files of a finished download.
func (k *disk) deleteFinished(record library.Download) error {
	dir, name := filepath.Split(record.Path)
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	if !record.Folder {
		return deleteFile(root, name, record.Size, root.Remove)
	}
	if _, err := root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	entries, _, ok := k.listOf(k.ctx, record)
	if !ok {
		return netproto.Errorf(netproto.CodeFileUnreadable, "which files of %s were downloaded is no longer known: delete the folder by hand", record.Path)
	}
	return deleteListed(root, name, piece.Chosen(entries, record.Paths), root.Remove)
}

// toTrash moves the files of a finished download to the trash.
func (k *disk) toTrash(record library.Download) error {
	dir, name := filepath.Split(record.Path)
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	move := func(name string) error { return k.trash(filepath.Join(dir, filepath.FromSlash(name))) }
	entries, _, known := k.listOf(k.ctx, record)
	entries = piece.Chosen(entries, record.Paths)
	switch {
	case k.missing(record.Path):
	case !record.Folder:
		err = deleteFile(root, name, record.Size, move)
	case !known || onlyListed(root, name, entries):
		err = move(name) // as a whole, so that it can be brought back as a whole
	default:
		err = deleteListed(root, name, entries, move)
	}
	if err == nil {
		k.shares.StopPath(record.Path)
	}
	return err
}

// onlyListed reports whether a folder holds as many files as its list names, or fewer.
func onlyListed(root *os.Root, name string, entries []netproto.FolderEntry) bool {
	left := 0
	for _, e := range entries {
		if !e.Dir {
			left++
		}
	}
	err := fs.WalkDir(root.FS(), name, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			left--
		}
		if left < 0 {
			return fs.SkipAll
		}
		return err
	})
	return err == nil && left >= 0
}

// deleteFile calls remove for a file if it has the right size in bytes. With another size
// it is not what was downloaded and stays.
func deleteFile(root *os.Root, name string, size int64, remove func(name string) error) error {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() != size) {
		return netproto.Errorf(netproto.CodeFileChanged, "%s is not the file that was downloaded: it stays", filepath.Join(root.Name(), name))
	}
	if err == nil {
		err = remove(name)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

// deleteListed calls remove for the files of a list below a folder, and deletes the
// folders that are empty then.
func deleteListed(root *os.Root, name string, entries []netproto.FolderEntry, remove func(name string) error) error {
	var first error
	dirs := map[string]bool{name: true}
	for _, e := range entries {
		full := path.Join(name, e.Path)
		if e.Dir {
			dirs[full] = true
		} else if err := deleteFile(root, full, e.Size, remove); err != nil && first == nil {
			first = err
		}
		for dir := path.Dir(full); len(dir) > len(name); dir = path.Dir(dir) {
			dirs[dir] = true
		}
	}
	deepest := make([]string, 0, len(dirs))
	for dir := range dirs {
		deepest = append(deepest, dir)
	}
	slices.SortFunc(deepest, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	for _, dir := range deepest {
		root.Remove(dir) // a folder that holds something else stays
	}
	return first
}
