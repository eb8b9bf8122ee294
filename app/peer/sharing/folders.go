package sharing

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

	"centralizedp2p/app/disk"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// folders opens the folders of a share one at a time. It never goes through a
// symbolic link, even if one takes the place of a folder meanwhile: a link may lead to
// what others must not read. One goroutine uses it.
type folders struct {
	root *os.Root    // the share itself
	at   string      // slash-separated path of open; "" for root
	open *os.Root    // the folder entered last
	mode fs.FileMode // of open

	device uint64 // of the file system that root is on
}

// openFolders opens a shared folder. The path itself may be a link: the person named
// it.
func openFolders(share string) (*folders, error) {
	root, err := os.OpenRoot(share)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err != nil {
		root.Close()
		return nil, err
	}
	return &folders{root: root, open: root, mode: info.Mode(), device: disk.DeviceOf(info)}, nil
}

// enter opens a folder by its slash-separated path in the share, "" for the share. The
// result is good until the next call.
func (f *folders) enter(rel string) (*os.Root, error) {
	if rel == f.at {
		return f.open, nil
	}
	from, rest := f.root, rel
	if below, ok := strings.CutPrefix(rel, f.at+"/"); ok && f.at != "" {
		from, rest = f.open, below
	}
	mode := f.mode
	for rest != "" {
		var name string
		name, rest, _ = strings.Cut(rest, "/")
		next, info, err := enterOne(from, name)
		if from != f.root && from != f.open {
			from.Close()
		}
		if err != nil {
			return nil, err
		}
		from, mode = next, info.Mode()
	}
	if rel == "" {
		info, err := f.root.Stat(".")
		if err != nil {
			return nil, err
		}
		mode = info.Mode()
	}
	if f.open != f.root {
		f.open.Close()
	}
	f.at, f.open, f.mode = rel, from, mode
	return from, nil
}

// enterOne opens a folder right in another one.
func enterOne(in *os.Root, name string) (*os.Root, fs.FileInfo, error) {
	named, err := in.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !named.IsDir() {
		return nil, nil, errNoFolder
	}
	next, err := in.OpenRoot(name)
	if err != nil {
		return nil, nil, err
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(named, opened) {
		err = errNoFolder
	}
	if err != nil {
		next.Close()
		return nil, nil, err
	}
	return next, opened, nil
}

var errNoFolder = errors.New("it is no folder any longer")

// state is the state of a file in the share, and what else the system says of it.
func (f *folders) state(rel string) (piece.State, fs.FileInfo, error) {
	dir, name := path.Split(rel)
	in, err := f.enter(strings.TrimSuffix(dir, "/"))
	if err != nil {
		return piece.State{}, nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	return piece.StateIn(in, name)
}

func (f *folders) close() {
	if f.open != f.root {
		f.open.Close()
	}
	f.root.Close()
}
