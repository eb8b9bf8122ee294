package queue

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// How a download moves to another folder. Within one disk it is renamed. From disk
// to disk its files are copied, made durable, published under a free name, and only
// then removed where they were. What was done is remembered in library.Move before
// the next step begins, so that it goes on after a kill and no file is lost, mistaken
// for another or left twice.

// maxNames bounds the search for a free name.
const maxNames = 10_000

// MoveTo moves downloads to another folder, with what was fetched of them;
// nothing is replaced there. It returns when the moves are queued: how they go
// is seen in the state of the downloads.
func (q *Queue) MoveTo(folder string, ids ...string) error {
	if !filepath.IsAbs(folder) {
		return netproto.Errorf(netproto.CodeInvalid, "the folder must be given with its whole path")
	}
	folder, err := usableDir(folder)
	if err != nil {
		return err
	}
	var refused error
	movable := map[*download]bool{}
	list, err := q.chosen(ids)
	for _, d := range list {
		if err := q.mayMove(d, folder); err != nil {
			refused = err
		} else {
			movable[d] = true
		}
	}
	changed, changeErr := q.change(ids, func(d *download) bool {
		// A move that is under way is not redirected: it would have to be undone.
		if !movable[d] || d.record.Dir == folder || d.record.Move != nil {
			return false
		}
		d.record.Move = &library.Move{To: folder}
		return true
	})
	stopRuns(changed, func(d *download) bool { return !d.errand })
	q.sendOn(changed)
	for _, err := range []error{refused, changeErr, err} {
		if err != nil {
			return err
		}
	}
	return nil
}

// mayMove says why a download cannot go to a folder.
func (q *Queue) mayMove(d *download, folder string) error {
	d.mu.Lock()
	record := d.record
	d.mu.Unlock()
	if rel, err := filepath.Rel(record.Path, folder); record.Path != "" && record.Folder && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return netproto.Errorf(netproto.CodeInvalid, "%s cannot be moved into itself", record.Path)
	}
	moved := record
	moved.Dir = folder
	q.mu.Lock()
	defer q.mu.Unlock()
	if other := q.same(moved); other != nil && other != d {
		return netproto.Errorf(netproto.CodeInvalid, "the same content is in %s already", folder)
	}
	return nil
}

// move brings the files of a download to their new folder.
func (q *Queue) move(ctx context.Context, d *download, record library.Download) error {
	way := *record.Move
	if way.To == "" {
		return q.leave(d, way.Left)
	}
	to, err := os.OpenRoot(way.To)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer to.Close()
	if record.State == library.DownloadFinished {
		return q.moveFinished(ctx, d, record, to)
	}
	if err := q.moveUnfinished(ctx, record, to, d.progress); err != nil {
		return err
	}
	d.mu.Lock()
	d.setDir(way.To)
	d.record.Move = nil
	d.mu.Unlock()
	return nil
}

// moveUnfinished moves what was fetched. Its names are fixed, so that it can be
// done again after a kill without knowing how far it came.
func (q *Queue) moveUnfinished(ctx context.Context, record library.Download, to *os.Root, progress func(n int)) error {
	from, err := os.OpenRoot(record.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was fetched, or it is lost
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer from.Close()
	names := piece.UnfinishedNames(record.Hash)
	if record.Folder {
		names = []string{piece.StagingName(record.Hash, record.Paths)}
	}
	for _, name := range names {
		if _, err := from.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		// What has the name there is a leftover: no download of the list is there.
		if err := to.RemoveAll(name); err != nil {
			return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
		}
		_, err := piece.MoveNew(from, name, to, name)
		if errors.Is(err, piece.ErrOtherDisk) {
			if err = q.room(from, name, to); err == nil {
				err = copyOver(ctx, from, name, to, record, progress)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func copyOver(ctx context.Context, from *os.Root, name string, to *os.Root, record library.Download, progress func(n int)) error {
	copied := copyName(record)
	if err := piece.CopyTree(ctx, from, name, to, copied, progress); err != nil {
		return err
	}
	if _, err := piece.MoveNew(to, copied, to, name); err != nil {
		return err
	}
	return piece.RemoveCopied(from, name, to, name)
}

// copyName is what a copy is called until it is whole.
func copyName(record library.Download) string { return netproto.PartPrefix + "move-" + record.ID }

// room checks that there is space for what is to be copied.
func (q *Queue) room(from *os.Root, name string, to *os.Root) error {
	var size int64
	err := fs.WalkDir(from.FS(), name, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += min(info.Size(), max(piece.Allocated(info), 0))
		}
		return err
	})
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	return q.config.Swarms.CheckSpace(to.Name(), size)
}

// moveFinished moves the published file or folder to a free name.
func (q *Queue) moveFinished(ctx context.Context, d *download, record library.Download, to *os.Root) error {
	dir, name := filepath.Split(record.Path)
	from, err := os.OpenRoot(dir)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer from.Close()
	way := *record.Move
	if !way.Copied {
		if err := removeCopy(record); err != nil { // it was never whole
			return err
		}
		info, err := from.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && way.Name != "" && exists(to, way.Name):
			return q.arrived(d, to, way) // renamed, and then killed
		case err != nil:
			return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
		case !info.Mode().IsRegular() && !info.IsDir():
			return netproto.Errorf(netproto.CodeFileUnreadable, "%s is not what was downloaded", record.Path)
		}
		err = q.toFreeName(d, to, way, name, func(free string) (bool, error) { return piece.MoveNew(from, name, to, free) })
		if !errors.Is(err, piece.ErrOtherDisk) {
			return err
		}
		if err := q.room(from, name, to); err != nil {
			return err
		}
		if err := piece.CopyTree(ctx, from, name, to, copyName(record), d.progress); err != nil {
			return err
		}
		way.Copied, way.Name = true, ""
		if err := q.noteMove(d, way); err != nil {
			return err
		}
	}
	way.Left = record.Path
	if !exists(to, copyName(record)) { // it got its name, and then came the kill
		return q.arrived(d, to, way)
	}
	return q.toFreeName(d, to, way, name, func(free string) (bool, error) { return piece.MoveNew(to, copyName(record), to, free) })
}

// toFreeName calls give with free names until it takes one, and remembers each before
// it is tried.
func (q *Queue) toFreeName(d *download, to *os.Root, way library.Move, name string, give func(free string) (bool, error)) error {
	for n := 1; n <= maxNames; n++ {
		way.Name = name
		if n > 1 {
			way.Name = netproto.NumberedName(name, n)
		}
		if exists(to, way.Name) {
			continue
		}
		if err := q.noteMove(d, way); err != nil {
			return err
		}
		if done, err := give(way.Name); err != nil {
			return err
		} else if done {
			return q.arrived(d, to, way)
		}
	}
	return netproto.Errorf(netproto.CodeFolderUnwritable, "no free name beside %s", filepath.Join(to.Name(), name))
}

func exists(root *os.Root, name string) bool {
	_, err := root.Lstat(name)
	return err == nil
}

// noteMove remembers how far a move came.
func (q *Queue) noteMove(d *download, way library.Move) error {
	d.mu.Lock()
	d.record.Move = &way
	d.mu.Unlock()
	return q.save(d)
}

// arrived notes where the files are now. What was copied is removed next.
func (q *Queue) arrived(d *download, to *os.Root, way library.Move) error {
	d.mu.Lock()
	old := d.record.Path
	d.record.Path = filepath.Join(to.Name(), way.Name)
	d.setDir(to.Name())
	d.record.Move = nil
	if way.Left != "" {
		d.record.Move = &library.Move{Left: way.Left}
	}
	path := d.record.Path
	d.mu.Unlock()
	if err := q.save(d); err != nil {
		return err
	}
	if err := q.config.Shares.Moved(old, path); err != nil {
		q.config.Log.Warn("sharing a download that was moved", "path", path, "error", err)
	}
	return nil
}

// leave removes what was copied from where it was.
func (q *Queue) leave(d *download, left string) error {
	d.mu.Lock()
	record := d.record
	d.record.Move = nil
	d.mu.Unlock()
	from, err := os.OpenRoot(filepath.Dir(left))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer from.Close()
	to, err := os.OpenRoot(record.Dir)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer to.Close()
	return piece.RemoveCopied(from, filepath.Base(left), to, filepath.Base(record.Path))
}

// removeCopy removes what a move that is given up has copied.
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
	if err := to.RemoveAll(copyName(record)); err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return nil
}
