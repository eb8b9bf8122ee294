package queue

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// This file moves a download to another folder. Within one disk its files are renamed.
// From disk to disk they are copied, made durable, published under a free name, and
// only then removed where they were. Each step is remembered in library.Move before the
// next one begins, so that a move goes on after a kill and no file is lost, mistaken for
// another or left in two places.

// maxNames bounds the search for a free name.
const maxNames = 10_000

// move brings the files of a download to their new folder.
func (d *download) move(ctx context.Context, record library.Download) error {
	way := *record.Move
	if way.To == "" {
		return d.leave(way.Left)
	}
	to, err := os.OpenRoot(way.To)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer to.Close()
	m := &mover{d: d, record: record, to: to}
	if record.State == library.DownloadFinished {
		return m.finished(ctx)
	}
	if err := m.unfinished(ctx); err != nil {
		return err
	}
	d.mu.Lock()
	d.setDir(way.To)
	d.record.Move = nil
	d.mu.Unlock()
	return nil
}

// mover moves a download to another folder once.
type mover struct {
	d      *download
	record library.Download // as it was at the start
	to     *os.Root         // the new folder
}

// unfinished moves what was fetched. The names are fixed, so after a kill it can be done
// again without knowing how far it came.
func (m *mover) unfinished(ctx context.Context) error {
	record, to := m.record, m.to
	from, err := os.OpenRoot(record.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was fetched, or everything is lost
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
		// Whatever has the name there is a leftover: no download of the list uses it.
		if err := to.RemoveAll(name); err != nil {
			return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
		}
		_, err := piece.MoveNew(from, name, to, name)
		if errors.Is(err, piece.ErrOtherDisk) {
			if err = m.d.disk.room(from, name, to); err == nil {
				err = m.copyOver(ctx, from, name)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *mover) copyOver(ctx context.Context, from *os.Root, name string) error {
	to, copied := m.to, copyName(m.record)
	if err := piece.CopyTree(ctx, from, name, to, copied, m.d.progress); err != nil {
		return err
	}
	if _, err := piece.MoveNew(to, copied, to, name); err != nil {
		return err
	}
	return piece.RemoveCopied(from, name, to, name)
}

// finished moves the published file or folder to a free name.
func (m *mover) finished(ctx context.Context) error {
	d, record, to := m.d, m.record, m.to
	dir, name := filepath.Split(record.Path)
	from, err := os.OpenRoot(dir)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer from.Close()
	way := *record.Move
	if !way.Copied {
		if err := removeCopy(record); err != nil { // an unfinished copy
			return err
		}
		info, err := from.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist) && way.Name != "" && exists(to, way.Name):
			return m.arrived(way) // it was renamed before a kill
		case err != nil:
			return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
		case !info.Mode().IsRegular() && !info.IsDir():
			return netproto.Errorf(netproto.CodeFileUnreadable, "%s is not what was downloaded", record.Path)
		}
		err = m.toFreeName(way, name, func(free string) (bool, error) { return piece.MoveNew(from, name, to, free) })
		if !errors.Is(err, piece.ErrOtherDisk) {
			return err
		}
		if err := d.disk.room(from, name, to); err != nil {
			return err
		}
		if err := piece.CopyTree(ctx, from, name, to, copyName(record), d.progress); err != nil {
			return err
		}
		way.Copied, way.Name = true, ""
		if err := m.note(way); err != nil {
			return err
		}
	}
	way.Left = record.Path
	if !exists(to, copyName(record)) { // it got its name before a kill
		return m.arrived(way)
	}
	return m.toFreeName(way, name, func(free string) (bool, error) { return piece.MoveNew(to, copyName(record), to, free) })
}

// toFreeName calls give with free names until it takes one, and remembers each name
// before it is tried.
func (m *mover) toFreeName(way library.Move, name string, give func(free string) (bool, error)) error {
	for n := 1; n <= maxNames; n++ {
		way.Name = name
		if n > 1 {
			way.Name = netproto.NumberedName(name, n)
		}
		if exists(m.to, way.Name) {
			continue
		}
		if err := m.note(way); err != nil {
			return err
		}
		if done, err := give(way.Name); err != nil {
			return err
		} else if done {
			return m.arrived(way)
		}
	}
	return netproto.Errorf(netproto.CodeFolderUnwritable, "no free name beside %s", filepath.Join(m.to.Name(), name))
}

func exists(root *os.Root, name string) bool {
	_, err := root.Lstat(name)
	return err == nil
}

// note remembers how far the move came.
func (m *mover) note(way library.Move) error {
	d := m.d
	d.mu.Lock()
	d.record.Move = &way
	d.mu.Unlock()
	return d.records.save(d)
}

// arrived notes where the files are now. If they were copied, another run removes the
// originals.
func (m *mover) arrived(way library.Move) error {
	d, to := m.d, m.to
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
	if err := d.records.save(d); err != nil {
		return err
	}
	if err := d.config.Shares.Moved(old, path); err != nil {
		d.config.Log.Warn("sharing a download that was moved", "path", path, "error", err)
	}
	return nil
}

// leave removes the originals of what was copied.
func (d *download) leave(left string) error {
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
