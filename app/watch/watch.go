// Package watch tells what changes in folders while the program runs, as soon
// as the system says so. It promises nothing: network file systems say nothing
// of what others do, systems have limits, and events get lost. So whoever needs
// to be sure also looks from time to time.
package watch

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/fsnotify/fsnotify"

	"centralizedp2p/netproto"
)

// Owner wants to know what changes in some folders. Both methods are called
// from goroutines of the Watcher and must not block; after [Watcher.Forget]
// they may still be called once.
type Owner interface {
	// Changed is told the path of something that was made, written, renamed or
	// removed, or whose attributes changed.
	Changed(path string)
	// Missed is told that anything may have changed.
	Missed()
}

// Watcher watches what all its owners want. The zero Watcher is ready.
type Watcher struct {
	// Limit bounds what is watched at once, in folders, or where the system opens
	// every file in them, in files and folders; 0 is what the system is known to
	// bear. It is not changed once something is watched.
	Limit int

	mu      sync.Mutex
	system  *fsnotify.Watcher // nil before the first wish
	readers sync.WaitGroup
	closed  bool
	wishes  map[Owner]map[wish]round
	dirs    map[string]*watched
	exact   map[string]map[Owner]struct{} // who wants to know of a path alone
	cost    int                           // of all folders: see Limit
	stale   bool                          // names that the system knows are wrong: a folder was renamed
}

// wish is a folder with whatever is right in it, or a path alone, which takes
// the watching of its folder, too.
type wish struct {
	path  string
	exact bool
}

func (w wish) dir() string {
	if w.exact {
		return filepath.Dir(w.path)
	}
	return w.path
}

// round tells the wishes that an owner has said since its last Begin from those
// before it.
type round bool

// watched is a folder that the system watches for us.
type watched struct {
	cost   int
	wishes int
	lost   bool               // it was removed: one made anew has to be watched anew
	inside map[Owner]struct{} // who wants to know of whatever is in it
}

// Begin starts a new round of an owner: it says all of its wishes again, each
// before it looks what is there, and then Done.
func (w *Watcher) Begin(o Owner) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stale {
		w.renew()
	}
	for wish := range w.wishes[o] {
		w.wishes[o][wish] = false
	}
}

// Add watches what is right in a folder, but not in the folders in it. Errors:
// watch-limit, and fs.ErrNotExist or fs.ErrPermission of the folder.
func (w *Watcher) Add(o Owner, dir string) error { return w.add(o, wish{path: dir}) }

// AddPath watches one path, where something may be or not; its folder must be
// there. Errors: see Add.
func (w *Watcher) AddPath(o Owner, path string) error {
	return w.add(o, wish{path: path, exact: true})
}

func (w *Watcher) add(o Owner, want wish) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	if err := w.watch(want.dir()); err != nil {
		return err
	}
	if _, said := w.wishes[o][want]; said {
		w.wishes[o][want] = true
		return nil
	}
	if w.wishes == nil {
		w.wishes, w.exact = map[Owner]map[wish]round{}, map[string]map[Owner]struct{}{}
	}
	if w.wishes[o] == nil {
		w.wishes[o] = map[wish]round{}
	}
	w.wishes[o][want] = true
	d := w.dirs[want.dir()]
	d.wishes++
	switch {
	case !want.exact:
		d.inside[o] = struct{}{}
	case w.exact[want.path] == nil:
		w.exact[want.path] = map[Owner]struct{}{o: {}}
	default:
		w.exact[want.path][o] = struct{}{}
	}
	return nil
}

// watch lets the system watch a folder; the lock is held.
func (w *Watcher) watch(dir string) error {
	known := w.dirs[dir]
	if known != nil && !known.lost {
		return nil
	}
	if known != nil {
		if err := w.system.Add(dir); err != nil {
			return coded(dir, err)
		}
		known.lost = false
		return nil
	}
	cost := costOf(dir)
	if limit := cmp.Or(w.Limit, defaultLimit); limit > 0 && w.cost+cost > limit {
		return netproto.Errorf(netproto.CodeWatchLimit, "%s", dir)
	}
	if err := w.open(); err != nil {
		return err
	}
	if err := w.system.Add(dir); err != nil {
		return coded(dir, err)
	}
	if w.dirs == nil {
		w.dirs = map[string]*watched{}
	}
	w.dirs[dir] = &watched{cost: cost, inside: map[Owner]struct{}{}}
	w.cost += cost
	return nil
}

// limits are what a system says when it watches no more: too many watches of
// one user, too many open files.
var limits = []error{syscall.ENOSPC, syscall.EMFILE, syscall.ENFILE}

func coded(dir string, err error) error {
	if slices.ContainsFunc(limits, func(limit error) bool { return errors.Is(err, limit) }) {
		return netproto.Errorf(netproto.CodeWatchLimit, "%s: %w", dir, err)
	}
	if errors.Is(err, syscall.ENOTDIR) {
		return fs.ErrNotExist
	}
	return err
}

// Done ends a round: what the owner did not say in it is not watched for it
// any more.
func (w *Watcher) Done(o Owner) { w.drop(o, func(r round) bool { return !bool(r) }) }

// Forget ends all that an owner wanted.
func (w *Watcher) Forget(o Owner) { w.drop(o, func(round) bool { return true }) }

func (w *Watcher) drop(o Owner, gone func(round) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for want, r := range w.wishes[o] {
		if gone(r) {
			w.take(o, want)
		}
	}
	if len(w.wishes[o]) == 0 {
		delete(w.wishes, o)
	}
}

// take takes a wish back; the lock is held.
func (w *Watcher) take(o Owner, want wish) {
	delete(w.wishes[o], want)
	dir := want.dir()
	d := w.dirs[dir]
	if want.exact {
		if delete(w.exact[want.path], o); len(w.exact[want.path]) == 0 {
			delete(w.exact, want.path)
		}
	} else {
		delete(d.inside, o)
	}
	if d.wishes--; d.wishes > 0 {
		return
	}
	delete(w.dirs, dir)
	w.cost -= d.cost
	w.system.Remove(dir) // where the folder is gone, so is its watch
}

// Close ends everything and waits for it.
func (w *Watcher) Close() {
	w.mu.Lock()
	w.closed = true
	if w.system != nil {
		w.system.Close()
	}
	w.mu.Unlock()
	w.readers.Wait()
}

// open asks the system for a watcher, if there is none; the lock is held.
func (w *Watcher) open() error {
	if w.system != nil {
		return nil
	}
	system, err := fsnotify.NewWatcher()
	if err != nil {
		return netproto.Errorf(netproto.CodeWatchLimit, "%w", err)
	}
	w.system = system
	w.readers.Go(func() { w.read(system) })
	return nil
}

// renew starts over after a folder was renamed: the system goes on to report
// what happens in the folders in it, under names that are not theirs any more,
// and does not watch them under the new ones. The lock is held.
func (w *Watcher) renew() {
	old := w.system
	w.system, w.stale = nil, false
	if err := w.open(); err != nil {
		w.system = old
		return
	}
	for dir := range w.dirs {
		w.system.Add(dir) // one that is gone is found missing by its owners
	}
	old.Close()
	owners := slices.Collect(maps.Keys(w.wishes))
	w.readers.Go(func() { // not here, where the lock is held
		for _, o := range owners {
			o.Missed()
		}
	})
}

// read passes on what the system says, until it is closed.
func (w *Watcher) read(system *fsnotify.Watcher) {
	for {
		select {
		case event, ok := <-system.Events:
			if !ok {
				return
			}
			w.tell(event)
		case _, ok := <-system.Errors: // events were lost, or may have been
			if !ok {
				return
			}
			w.mu.Lock()
			owners := slices.Collect(maps.Keys(w.wishes))
			w.mu.Unlock()
			for _, o := range owners {
				o.Missed()
			}
		}
	}
}

// tell finds who is interested in what happened at a path.
func (w *Watcher) tell(event fsnotify.Event) {
	if event.Name == "" {
		return
	}
	path := filepath.Clean(event.Name)
	w.mu.Lock()
	owners := maps.Clone(w.exact[path])
	if owners == nil {
		owners = map[Owner]struct{}{}
	}
	if above := w.dirs[filepath.Dir(path)]; above != nil {
		maps.Copy(owners, above.inside)
	}
	if self := w.dirs[path]; self != nil {
		maps.Copy(owners, self.inside)
		self.lost = self.lost || event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)
		w.stale = w.stale || event.Has(fsnotify.Rename)
	}
	w.mu.Unlock()
	for o := range owners {
		o.Changed(path)
	}
}
