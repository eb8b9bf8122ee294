package peer

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// hasErrand tells whether files are to be checked or moved; the caller holds
// the lock.
func (d *download) hasErrand() bool { return d.record.Check != "" || d.record.Move != nil }

// Verify hashes again what downloads have on the disk. Of a finished one the
// wrong pieces are fetched again, in their place: what somebody changed in its
// files is lost.
func (e *Engine) Verify(ids ...string) error { return e.downloads.verify(ids, library.CheckRepair) }

func (ds *downloads) verify(ids []string, check library.Check) error {
	changed, err := ds.change(ids, func(d *download) bool {
		d.record.Check = check
		return true
	})
	stop(changed, func(d *download) bool { return !d.errand })
	ds.sendOn(changed)
	return err
}

// sendOn has the errands of downloads done.
func (ds *downloads) sendOn(list []*download) {
	ds.mu.Lock()
	for _, d := range list {
		ds.errands[d] = struct{}{}
	}
	ds.mu.Unlock()
	ds.schedule()
}

// doErrand does what is to be done first; the next errand is another run. An
// errand that is interrupted is done again from its begin.
func (ds *downloads) doErrand(ctx context.Context, d *download) {
	d.mu.Lock()
	record := d.record
	d.mu.Unlock()
	var err error
	if record.Move != nil {
		d.setPhase(phaseMoving, nil)
		err = ds.move(ctx, d, record)
	} else {
		d.setPhase(phaseVerifying, nil)
		err = ds.check(ctx, d, record)
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
	ds.saved(d)
	if err != nil && record.Move != nil {
		if err := removeCopy(record); err != nil {
			ds.engine.log.Warn("removing a copy", "name", record.Name, "error", err)
		}
	}
}

// check hashes what a download has on the disk, and notes what is to be done
// about it. An error leaves the download as it is.
func (ds *downloads) check(ctx context.Context, d *download, record library.Download) error {
	if record.State != library.DownloadFinished {
		done, err := d.checkUnfinished(ctx, record)
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
		if err := ds.takeBack(record); err != nil {
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

// checkUnfinished gives the number of bytes that are right. Where there is no
// list of pieces or of files yet, there is nothing to compare with.
func (d *download) checkUnfinished(ctx context.Context, record library.Download) (int64, error) {
	root, err := os.OpenRoot(record.Dir)
	if err != nil {
		return 0, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	if record.Folder {
		return d.checkStaging(ctx, root, record)
	}
	m, err := piece.ReadPartManifest(root, ".", record.Hash)
	if err != nil {
		return 0, nil
	}
	part, err := piece.OpenPart(ctx, root, ".", m, d.progress)
	if err != nil {
		return 0, err
	}
	defer part.Close()
	return part.VerifiedBytes(), nil
}

func (d *download) checkStaging(ctx context.Context, root *os.Root, record library.Download) (int64, error) {
	d.root = root
	defer d.forgetPublished()
	staging := stagingName(record)
	entries, _, err := d.readList(ctx, path.Join(staging, stagingList))
	if err != nil {
		return 0, nil
	}
	wanted := chosenOf(entries, record.Paths)
	right, err := d.verifyTree(ctx, path.Join(staging, stagingTree), wanted)
	var done int64
	for i, e := range wanted {
		if right[i] {
			done += e.Size
		}
	}
	return done, err
}

// intact tells whether the files of a finished download are as they were. Of a
// folder whose list is not known any more it is enough that it is there.
func (d *download) intact(ctx context.Context, record library.Download) (bool, error) {
	info, err := os.Lstat(record.Path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() != record.Folder {
		return false, nil
	}
	if err != nil {
		return false, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if record.Folder {
		entries, _, ok := d.engine.listOf(ctx, record)
		if !ok {
			return record.Check == library.CheckKeep, ctx.Err()
		}
		return d.intactFolder(ctx, record.Path, chosenOf(entries, record.Paths))
	}
	return d.intactFile(ctx, record.Path, record.Hash, record.Size)
}

func (d *download) intactFile(ctx context.Context, name string, hash netproto.ContentHash, size int64) (bool, error) {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != size {
		return false, nil
	}
	m, _, err := piece.HashPath(ctx, name, d.progress)
	return err == nil && m.Hash == hash, err
}

func (d *download) intactFolder(ctx context.Context, dir string, entries []netproto.FolderEntry) (bool, error) {
	right := make([]bool, len(entries))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if e.Dir {
			right[i] = true
			continue
		}
		work.Go(func() (err error) {
			right[i], err = d.intactFile(ctx, filepath.Join(dir, filepath.FromSlash(e.Path)), e.Hash, e.Size)
			return err
		})
	}
	err := work.Wait()
	return err == nil && !slices.Contains(right, false), err
}

// listOf is the list of a finished folder, as text too; false where it is not
// known any more.
func (e *Engine) listOf(ctx context.Context, record library.Download) ([]netproto.FolderEntry, []byte, bool) {
	for _, file := range []string{e.library.DownloadList(record.ID), e.library.FolderFile(record.Hash)} {
		info, err := os.Stat(file)
		if err != nil || info.Size() > netproto.MaxFolderBytes {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		m, err := piece.Hash(ctx, bytes.NewReader(text), int64(len(text)), nil)
		if err != nil || m.Hash != record.Hash {
			continue
		}
		if entries, err := netproto.ParseFolder(bytes.NewReader(text)); err == nil {
			return entries, text, true
		}
	}
	return nil, nil, false
}

// takeBack makes the files of a finished download unfinished again. They keep
// their bytes: what is right in them is not fetched.
func (ds *downloads) takeBack(record library.Download) error {
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
		return ds.takeBackFolder(root, name, record)
	}
	return nil // something else has the name: it stays, and what is fetched gets another
}

func (ds *downloads) takeBackFolder(root *os.Root, name string, record library.Download) error {
	staging := stagingName(record)
	err := root.RemoveAll(staging)
	if err == nil {
		err = root.Mkdir(staging, 0o755)
	}
	if err == nil {
		if _, text, ok := ds.engine.listOf(ds.engine.ctx, record); ok {
			err = root.WriteFile(path.Join(staging, stagingList), text, 0o644)
		}
	}
	if err == nil {
		err = root.Rename(name, path.Join(staging, stagingTree))
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}

// keepList keeps the list of a folder that is about to be published.
func (d *download) keepList(list string) {
	text, err := d.root.ReadFile(list)
	if err == nil {
		err = d.engine.library.SaveDownloadList(d.record.ID, text)
	}
	if err != nil { // without it the folder cannot be verified offline, no more
		d.engine.log.Warn("keeping the list of a folder", "name", d.record.Name, "error", err)
	}
}

// deleteFinished deletes the files of a finished download.
func (ds *downloads) deleteFinished(record library.Download) error {
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
	entries, _, ok := ds.engine.listOf(ds.engine.ctx, record)
	if !ok {
		return netproto.Errorf(netproto.CodeFileUnreadable, "which files of %s were downloaded is not known any more: delete the folder by hand", record.Path)
	}
	return deleteListed(root, name, chosenOf(entries, record.Paths))
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
