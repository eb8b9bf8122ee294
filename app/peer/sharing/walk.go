package sharing

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"centralizedp2p/app/ignore"
	"centralizedp2p/netproto"
)

// found is a file, or an empty folder, in a folder that is shared. Both paths are
// slash-separated and relative, and usually the same string.
type found struct {
	real  string // on this computer
	safe  string // as it is announced: other systems can store it
	empty bool   // a folder with nothing in it
}

// Reason is why something in a folder is not shared.
type Reason string

// The reasons. What the person unticked and unfinished downloads have none: nobody
// misses them.
const (
	Ignored    Reason = "ignored" // by a pattern of the settings
	Link       Reason = "link"    // a symbolic one
	Special    Reason = "special" // a socket, a device, a pipe
	Unreadable Reason = "unreadable"
	TooLong    Reason = "path-too-long" // too long, or in too many folders, for others
	Changing   Reason = "changing"      // whenever it is looked at
)

// Visitor sees what a walk finds. The paths are slash-separated and relative to the
// folder. A nil function is not called.
type Visitor struct {
	File    func(rel string, entry fs.DirEntry)
	LeftOut func(rel string, why Reason)
}

// walk finds what a folder has to share. Links and special files are left out, as
// are folders that cannot be read, excepted names, what the person ignores, and
// unfinished downloads.
type walk struct {
	ctx     context.Context
	leave   *leaveOut
	enter   func(folder string) // called for every folder before it is read
	waits   func(err error)     // called when the walk waits for descriptors; nil: not
	visitor Visitor
	result  []found
	full    bool // there is more than a folder may have
}

// leaveOut holds the rules for what a shared folder excludes.
type leaveOut struct {
	except  map[string]struct{} // slash-separated paths
	pattern *ignore.Patterns
}

func newLeaveOut(except []string, pattern *ignore.Patterns) *leaveOut {
	l := &leaveOut{map[string]struct{}{}, pattern}
	for _, p := range except {
		l.except[p] = struct{}{}
	}
	return l
}

// one tells whether a path is left out, if the folders above it are not.
func (l *leaveOut) one(rel string, folder bool) bool {
	return l.silently(rel) || l.pattern.Match(rel, folder)
}

// silently tells whether a path is left out for no [Reason].
func (l *leaveOut) silently(rel string) bool {
	_, excepted := l.except[rel]
	return excepted || strings.HasPrefix(path.Base(rel), netproto.PartPrefix)
}

// below tells whether a path is left out, by itself or with a folder above it.
func (l *leaveOut) below(rel string) bool {
	for i, c := range rel {
		if c == '/' && l.one(rel[:i], true) {
			return true
		}
	}
	return l.one(rel, false)
}

// in walks a folder and returns what it found in the order of the folder format.
func (w *walk) in(folder string) ([]found, error) {
	if err := w.dir(folder, "", ""); err != nil {
		return nil, err
	}
	if w.full {
		return nil, errTooMany
	}
	sortFound(w.result)
	return w.result, nil
}

var errTooMany = netproto.Errorf(netproto.CodeInvalid, "the folder has more than %d files: share its parts one by one", netproto.MaxFolderEntries)

func sortFound(list []found) {
	slices.SortFunc(list, func(a, b found) int { return netproto.ComparePaths(a.safe, b.safe) })
}

// dir walks one folder: real is its path in the share as it is, safe as it is
// announced.
func (w *walk) dir(folder, real, safe string) error {
	w.enter(folder)
	var list []fs.DirEntry
	err := patiently(w.ctx, w.waits, func() (err error) {
		list, err = os.ReadDir(folder)
		return err
	})
	if err != nil && safe != "" {
		w.leftOut(real, Unreadable)
		return nil
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	taken := map[string]bool{}
	for _, e := range list {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		below := path.Join(real, e.Name())
		if w.passes(below, e) {
			continue
		}
		name := netproto.SafeName(e.Name())
		for n := 2; taken[name]; n++ {
			name = netproto.NumberedName(netproto.SafeName(e.Name()), n)
		}
		taken[name] = true
		announced := below
		if safe != real || name != e.Name() {
			announced = path.Join(safe, name)
		}
		if !netproto.PathFits(announced) {
			w.leftOut(below, TooLong)
		} else if !e.IsDir() {
			w.file(found{real: below, safe: announced}, e)
		} else if err := w.dir(filepath.Join(folder, e.Name()), below, announced); err != nil {
			return err
		}
	}
	if len(taken) == 0 && safe != "" {
		w.add(found{real: real, safe: safe, empty: true})
	}
	return nil
}

// passes tells whether an entry is passed over.
func (w *walk) passes(rel string, e fs.DirEntry) bool {
	switch {
	case w.leave.silently(rel):
	case w.leave.pattern.Match(rel, e.IsDir()):
		w.leftOut(rel, Ignored)
	case e.Type()&fs.ModeSymlink != 0:
		w.leftOut(rel, Link)
	case !e.IsDir() && !e.Type().IsRegular():
		w.leftOut(rel, Special)
	default:
		return false
	}
	return true
}

func (w *walk) leftOut(rel string, why Reason) {
	if w.visitor.LeftOut != nil {
		w.visitor.LeftOut(rel, why)
	}
}

func (w *walk) file(f found, e fs.DirEntry) {
	if w.visitor.File != nil {
		w.visitor.File(f.real, e)
	}
	w.add(f)
}

func (w *walk) add(f found) {
	if w.full = w.full || len(w.result) == netproto.MaxFolderEntries; w.full {
		w.result = nil
		return
	}
	w.result = append(w.result, f)
}
