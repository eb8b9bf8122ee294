package sharing

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// found is a file, or an empty folder, in a folder that is shared. Both paths are
// slash-separated and relative, and usually the same string.
type found struct {
	real  string      // on this computer
	safe  string      // as it is announced: other systems can store it
	state piece.State // of a file, through no link, once the scan itself saw it; not that of a survey, which may be old
	seen  bool        // state is set
	empty bool        // a folder with nothing in it
	exec  bool        // a file that its owner may run
}

// walk finds what a folder has to share. Links and special files are left out, as
// are folders that cannot be read, excepted names, what the person ignores, what
// belongs to this program or looks like a secret, and unfinished downloads.
type walk struct {
	ctx     context.Context
	leave   *leaveOut
	enter   func(folder string) // called for every folder before it is read
	waits   func(err error)     // called when the walk waits for descriptors; nil: not
	survey  bool                // secrets are found too: the person decides
	visitor Visitor
	folders *folders
	full    bool // there is more than a folder may have
	count   int
	result  [][]found // in parts, since a list of a million would be copied again and again as it grows
}

// foundAtOnce is how long a part of the result of a walk may be.
const foundAtOnce = 4096

// Visitor sees what a walk finds. The paths are slash-separated and relative to the
// folder. A nil function is not called.
type Visitor struct {
	// File is a file; secret ones are shared only if the person allows it.
	File    func(rel string, size int64, secret bool)
	LeftOut func(rel string, why Reason)
}

// in walks a folder and returns what it found in the order of the folder format.
func (w *walk) in(folder string) (_ []found, err error) {
	w.enter(folder) // before it is read, so that no change is missed
	err = patiently(w.ctx, w.waits, func() (err error) {
		w.folders, err = openFolders(folder)
		return err
	})
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer w.folders.close()
	if err := w.dir(folder, place{secret: w.leave.secrets, device: w.folders.device}); err != nil {
		return nil, err
	}
	if w.full {
		return nil, errTooMany
	}
	result := slices.Concat(w.result...)
	w.result = nil
	sortFound(result)
	return result, nil
}

var errTooMany = netproto.Errorf(netproto.CodeInvalid, "the folder has more than %d files: share its parts one by one", netproto.MaxFolderEntries)

func sortFound(list []found) {
	slices.SortFunc(list, func(a, b found) int { return netproto.ComparePaths(a.safe, b.safe) })
}

// place is a folder in a walk: real is its path in the share as it is, safe as it is
// announced, and secret says that all of its files are secrets.
type place struct {
	real, safe string
	secret     bool
	device     uint64 // of the file system, 0 if unknown
}

// dir walks one folder.
func (w *walk) dir(folder string, at place) error {
	own := false
	_ = patiently(w.ctx, w.waits, func() (err error) { // what else is wrong with the folder shows when it is read
		own, err = w.hasMarkers(at)
		return err
	})
	if at.safe != "" {
		if own { // before changes are noticed: it changes all the time
			w.leftOut(at.real, Own)
			return nil
		}
		w.enter(folder)
	}
	var list []*entry
	err := patiently(w.ctx, w.waits, func() (err error) {
		list, err = w.read(at, own)
		return err
	})
	switch {
	case err != nil && (at.safe == "" || w.ctx.Err() != nil):
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	case err != nil:
		w.leftOut(at.real, Unreadable)
		return nil
	}
	names, empty := names{list: list}, true
	for _, e := range list {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		if e.out {
			w.leftOut(e.real, e.why)
			continue
		}
		name, safe := names.of(e), e.real
		if at.safe != at.real || name != e.name {
			safe = join(at.safe, name)
		}
		if !netproto.PathFits(safe) {
			w.leftOut(e.real, TooLong)
			continue
		}
		if empty = false; name != e.name {
			names.taken[name] = true
		}
		if !e.folder {
			w.file(e, safe)
		} else if err := w.dir(filepath.Join(folder, e.name), place{real: e.real, safe: safe, secret: e.secret, device: e.device}); err != nil {
			return err
		}
	}
	if empty && at.safe != "" && !at.secret {
		w.add(found{real: at.real, safe: at.safe, empty: true})
	}
	return nil
}

// hasMarkers reports whether a folder is a profile or the data of a tracker.
func (w *walk) hasMarkers(at place) (bool, error) {
	in, err := w.folders.enter(at.real)
	if err != nil {
		return false, err
	}
	return ignore.OwnFolder(func(name string) bool {
		_, err := in.Lstat(name)
		return err == nil
	}), nil
}

// leftOut tells that something is left out, if there is a reason to tell.
func (w *walk) leftOut(rel string, why Reason) {
	if w.visitor.LeftOut != nil && why != "" {
		w.visitor.LeftOut(rel, why)
	}
}

func (w *walk) file(e *entry, safe string) {
	if w.visitor.File != nil {
		w.visitor.File(e.real, e.state.Size, e.secret)
	}
	f := found{real: e.real, safe: safe}
	if !w.survey {
		f.state, f.seen, f.exec = e.state, e.seen, e.exec
	}
	w.add(f)
}

func (w *walk) add(f found) {
	if w.full = w.full || w.count == netproto.MaxFolderEntries; w.full {
		w.result = nil
		return
	}
	if w.count%foundAtOnce == 0 {
		w.result = append(w.result, make([]found, 0, min(w.count, foundAtOnce)))
	}
	last := len(w.result) - 1
	w.result[last] = append(w.result[last], f)
	w.count++
}

func executable(mode fs.FileMode) bool { return mode&0o100 != 0 }

// smallPrivate is the size in bytes up to which a file that only its owner may read
// counts as a secret: keys and passwords are short.
const smallPrivate = 64 << 10

// private reports whether a small file is its owner's alone although its folder is
// open to others: somebody took care that nobody else reads it.
func private(mode fs.FileMode, size int64, folder fs.FileMode) bool {
	return privateTo(mode.Perm(), size, folder.Perm(), isAdministrator)
}

var isAdministrator = os.Geteuid() == 0

// privateTo is private for an administrator, or another user. A file that even its
// owner may not read is no secret but unreadable, except to an administrator.
func privateTo(file fs.FileMode, size int64, folder fs.FileMode, administrator bool) bool {
	const owner, others = 0o400, 0o077
	return file&others == 0 && (file&owner != 0 || administrator) && folder&0o055 != 0 && size > 0 && size <= smallPrivate
}

// IsOwn reports whether a path, after links, is part of a profile or of a
// tracker's data: something that the program itself put there.
func IsOwn(path string) bool {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	for up := filepath.Dir(path); up != path; path, up = up, filepath.Dir(up) {
		if !ignore.OwnName(filepath.Base(path)) {
			continue
		}
		if ignore.OwnFolder(func(name string) bool {
			_, err := os.Lstat(filepath.Join(up, name))
			return err == nil
		}) {
			return true
		}
	}
	return false
}

// errPrivate says why a path that the person named is not shared.
func errPrivate(name string, why Reason) error {
	if why == Own {
		return netproto.Errorf(netproto.CodePrivate, "%s is a key or a database of this program, which nobody else may have", name)
	}
	return netproto.Errorf(netproto.CodePrivate, "%s looks like a key or a password", name)
}
