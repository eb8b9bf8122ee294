package sharing

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"centralizedp2p/app/ignore"
	"centralizedp2p/netproto"
)

// found is a file, or an empty folder, in a folder that is shared. Both paths
// are slash-separated and relative, and usually the same string.
type found struct {
	real  string // on this computer
	safe  string // as it is announced: other systems can store it
	empty bool   // a folder with nothing in it
}

// walk finds what a folder has to share. Links and special files are left out,
// as are folders that cannot be read, names in except, what the person ignores,
// and unfinished downloads.
type walk struct {
	ctx    context.Context
	leave  *leaveOut
	enter  func(folder string) // told of every folder before it is read
	result []found
}

// leaveOut is what of a shared folder is not offered.
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

// one tells whether a path is left out, where the folders above it are not.
func (l *leaveOut) one(rel string, folder bool) bool {
	_, excepted := l.except[rel]
	return excepted || strings.HasPrefix(path.Base(rel), netproto.PartPrefix) || l.pattern.Match(rel, folder)
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

// in walks a folder and gives what it found in the order of the folder format.
func (w *walk) in(folder string) ([]found, error) {
	if err := w.dir(folder, "", ""); err != nil {
		return nil, err
	}
	slices.SortFunc(w.result, func(a, b found) int { return netproto.ComparePaths(a.safe, b.safe) })
	return w.result, nil
}

// dir walks one folder: real is its path in the share as it is, safe as it is
// announced.
func (w *walk) dir(folder, real, safe string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	w.enter(folder)
	list, err := os.ReadDir(folder)
	if err != nil && safe != "" {
		return nil // left out, as a file that cannot be read is
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	taken := map[string]bool{}
	for _, e := range list {
		below := path.Join(real, e.Name())
		if !e.IsDir() && !e.Type().IsRegular() || w.leave.one(below, e.IsDir()) {
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
		if e.IsDir() {
			err = w.dir(filepath.Join(folder, e.Name()), below, announced)
		} else {
			err = w.add(found{real: below, safe: announced})
		}
		if err != nil {
			return err
		}
	}
	if len(taken) == 0 && safe != "" {
		return w.add(found{real: real, safe: safe, empty: true})
	}
	return nil
}

func (w *walk) add(f found) error {
	if len(w.result) == netproto.MaxFolderEntries {
		return netproto.Errorf(netproto.CodeInvalid, "the folder has more than %d files: share its parts one by one", netproto.MaxFolderEntries)
	}
	w.result = append(w.result, f)
	return nil
}
