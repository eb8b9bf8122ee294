package queue

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// hasErrand tells whether files are to be checked or moved; the caller holds
// the lock.
func (d *download) hasErrand() bool { return d.record.Check != "" || d.record.Move != nil }

// Verify hashes again what downloads have on the disk. Wrong pieces of a finished one
// are fetched again, in their place: what somebody changed in its files is lost.
func (q *Queue) Verify(ids ...string) error { return q.verify(ids, library.CheckRepair) }

func (q *Queue) verify(ids []string, check library.Check) error {
	changed, err := q.change(ids, func(d *download) bool {
		d.record.Check = check
		return true
	})
	stopRuns(changed, func(d *download) bool { return !d.errand })
	q.sendOn(changed)
	return err
}

// sendOn has the errands of downloads done.
func (q *Queue) sendOn(list []*download) {
	q.mu.Lock()
	for _, d := range list {
		q.errands[d] = struct{}{}
	}
	q.mu.Unlock()
	q.schedule()
}

// doErrand does the first errand of a download; the next one is another run. An
// interrupted errand is done again from its start.
func (q *Queue) doErrand(ctx context.Context, d *download) {
	d.mu.Lock()
	record := d.record
	d.mu.Unlock()
	d.checked.Store(0)
	q.config.Notify()
	var err error
	if record.Move != nil {
		err = q.move(ctx, d, record)
	} else {
		err = q.check(ctx, d, record)
	}
	if ctx.Err() != nil {
		return
	}
	d.mu.Lock()
	if d.record.State != library.DownloadFailed {
		d.record.Code, d.record.Reason = "", ""
	}
	if err != nil { // what it was to do is given up, and the person told why
		if record.Move == nil {
			d.record.Check = ""
		} else {
			record, d.record.Move = d.record, nil
		}
		d.record.Code, d.record.Reason = codeAndReason(err)
	}
	d.mu.Unlock()
	q.saved(d)
	if err != nil && record.Move != nil {
		if err := removeCopy(record); err != nil {
			q.config.Log.Warn("removing a copy", "name", record.Name, "error", err)
		}
	}
}

// check hashes what a download has on the disk, and notes what is to be done
// about it. An error leaves the download as it is.
func (q *Queue) check(ctx context.Context, d *download, record library.Download) error {
	if record.State != library.DownloadFinished {
		done, err := d.newAttempt().CheckUnfinished(ctx)
		d.mu.Lock()
		defer d.mu.Unlock()
		if err == nil {
			d.record.Check, d.record.Done, d.done = "", done, done
		}
		return err
	}
	right, err := d.intact(ctx, record)
	if err != nil {
		return err
	}
	if !right && record.Check == library.CheckRepair {
		if err := q.takeBack(record); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.record.Check = ""
	if !right {
		r := &d.record
		r.State, r.Path, r.Finished, r.Done, r.Tries = library.DownloadActive, "", time.Time{}, 0, 0
		d.done = 0
	}
	return nil
}

// intact tells whether the files of a finished download are as they were. A folder
// whose list is no longer known only has to be there.
func (d *download) intact(ctx context.Context, record library.Download) (bool, error) {
	info, err := os.Lstat(record.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() != record.Folder {
		return false, nil
	}
	if err != nil {
		return false, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if record.Folder {
		entries, _, ok := d.queue.listOf(ctx, record)
		if !ok {
			return record.Check == library.CheckKeep, ctx.Err()
		}
		return piece.IntactFolder(ctx, record.Path, piece.Chosen(entries, record.Paths), d.progress)
	}
	return piece.IntactFile(ctx, record.Path, record.Hash, record.Size, d.progress)
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

// listOf is the list of a finished folder, also as text; false if it is no longer
// known.
func (q *Queue) listOf(ctx context.Context, record library.Download) ([]netproto.FolderEntry, []byte, bool) {
	for _, file := range []string{q.config.Library.DownloadList(record.ID), q.config.Library.FolderFile(record.Hash)} {
		if entries, text, ok := readList(ctx, file, record.Hash); ok {
			return entries, text, true
		}
	}
	return nil, nil, false
}

// readList reads a list whose hash must be right.
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

// takeBack makes the files of a finished download unfinished again. They keep
// their bytes: what is right in them is not fetched.
func (q *Queue) takeBack(record library.Download) error {
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
		return q.takeBackFolder(root, name, record)
	}
	return nil // something else has the name: it stays, and what is fetched gets another
}

func (q *Queue) takeBackFolder(root *os.Root, name string, record library.Download) error {
	staging := piece.StagingName(record.Hash, record.Paths)
	err := root.RemoveAll(staging)
	if err == nil {
		err = root.Mkdir(staging, 0o755)
	}
	if err == nil {
		if _, text, ok := q.listOf(q.ctx, record); ok {
			err = root.WriteFile(path.Join(staging, piece.StagingList), text, 0o644)
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
func (q *Queue) deleteFinished(record library.Download) error {
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
		return deleteFile(root, name, record.Size)
	}
	if _, err := root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	entries, _, ok := q.listOf(q.ctx, record)
	if !ok {
		return netproto.Errorf(netproto.CodeFileUnreadable, "which files of %s were downloaded is no longer known: delete the folder by hand", record.Path)
	}
	return deleteListed(root, name, piece.Chosen(entries, record.Paths))
}

// deleteFile deletes a file that has that size, in bytes. Another one is not
// what was downloaded.
func deleteFile(root *os.Root, name string, size int64) error {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && (!info.Mode().IsRegular() || info.Size() != size) {
		return netproto.Errorf(netproto.CodeFileChanged, "%s is not the file that was downloaded: it stays", filepath.Join(root.Name(), name))
	}
	if err == nil {
		err = root.Remove(name)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

// deleteListed deletes the files of a list below a folder, and the folders that
// are empty then.
func deleteListed(root *os.Root, name string, entries []netproto.FolderEntry) error {
	var first error
	dirs := map[string]bool{name: true}
	for _, e := range entries {
		full := path.Join(name, e.Path)
		if e.Dir {
			dirs[full] = true
		} else if err := deleteFile(root, full, e.Size); err != nil && first == nil {
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
		root.Remove(dir) // one that holds something of somebody else stays
	}
	return first
}
