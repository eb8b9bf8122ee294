// Package watch reports what changes in folders while the program runs, as soon
// as the system says so. It promises nothing: network file systems keep silent
// about what others do, systems have limits, and events get lost. Whoever needs
// to be sure also looks from time to time.
//
// A Watcher has two locks. calls is held while the system is asked, one question
// at a time; mu guards what is known, and is never held while the system is
// asked: it may answer only when its events are taken, which needs mu. Whoever
// takes both takes calls first.
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

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
)

// Owner wants to know what changes in some folders. Its methods are called one
// after another, from a goroutine of its own, and may take their time, but must
// not wait for a call of the Watcher. After [Watcher.Forget] one of them may
// still be called once.
type Owner interface {
	// Changed receives the path of something that was made, written, renamed or
	// removed, or whose attributes changed.
	Changed(path string)
	// Missed means that anything may have changed.
	Missed()
}

// Watcher watches what all its owners want. The zero Watcher is ready.
type Watcher struct {
	// Limit bounds what is watched at once: folders or, if the system opens every
	// file in them, files and folders. 0 stands for what the system is known to
	// bear. It must not change once something is watched.
	Limit int

	newSystem func() (*system, error) // nil: openSystem

	calls  sync.Mutex
	system *system // nil before the first wish
	cost   int     // of all folders: see Limit

	mu     sync.Mutex
	closed bool // changes with calls held, too
	wishes map[Owner]map[wish]round
	dirs   map[string]*watched           // comes and goes with calls held, too
	exact  map[string]map[Owner]struct{} // owners that asked about a path alone
	idle   map[string]struct{}           // folders that nobody may want any longer
	stale  bool                          // names that the system knows are wrong: a folder was renamed
	mail   map[Owner]*mail

	background sync.WaitGroup // new ones only with mu held, and before closed
}

// wish is a folder with whatever is directly in it, or a path alone, for which
// its folder is watched as well.
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

// round is true for the wishes that an owner has repeated since its last Begin.
type round bool

// watched is a folder that the system watches for us.
type watched struct {
	cost   int
	wishes int
	deep   bool               // what is directly in it is asked about
	lost   bool               // it was removed: one made anew has to be watched anew
	inside map[Owner]struct{} // owners that asked about everything in it
}

// Begin starts a new round of an owner, which then repeats all of its wishes, each
// before it looks at what is there, and ends the round with Done.
func (w *Watcher) Begin(o Owner) {
	w.calls.Lock()
	defer w.calls.Unlock()
	w.mu.Lock()
	for wish := range w.wishes[o] {
		w.wishes[o][wish] = false
	}
	stale := w.stale && !w.closed
	w.mu.Unlock()
	if stale {
		w.renew()
	}
}

// Add watches what is directly in a folder, but not in the folders in it. Errors:
// watch-limit, and fs.ErrNotExist or fs.ErrPermission of the folder.
func (w *Watcher) Add(o Owner, dir string) error { return w.add(o, wish{path: dir}) }

// AddPath watches one path, whether something is there or not; its folder must
// exist. Errors: see Add.
func (w *Watcher) AddPath(o Owner, path string) error {
	return w.add(o, wish{path: path, exact: true})
}

func (w *Watcher) add(o Owner, want wish) error {
	w.calls.Lock()
	defer w.calls.Unlock()
	if w.closed {
		return nil
	}
	w.tidy()
	if err := w.watch(want.dir(), !want.exact); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
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

// watch lets the system watch a folder; calls is held.
func (w *Watcher) watch(dir string, deep bool) error {
	w.mu.Lock()
	known := w.dirs[dir]
	if known != nil {
		watched := !known.lost && (known.deep || !deep)
		known.lost = false // unless it gets lost from here on
		known.deep = known.deep || deep
		deep = known.deep
		w.mu.Unlock()
		if watched {
			return nil
		}
		err := w.system.Add(dir, deep)
		if err != nil {
			w.lose(known)
		}
		return coded(dir, err)
	}
	w.mu.Unlock()
	cost := costOf(dir)
	if limit := cmp.Or(w.Limit, defaultLimit); limit > 0 && w.cost+cost > limit {
		return netproto.Errorf(netproto.CodeWatchLimit, "%s", dir)
	}
	if err := w.open(); err != nil {
		return err
	}
	w.mu.Lock()
	if w.dirs == nil {
		w.dirs = map[string]*watched{}
	}
	w.dirs[dir] = &watched{cost: cost, deep: deep, inside: map[Owner]struct{}{}} // before there are events of it
	w.mu.Unlock()
	if err := w.system.Add(dir, deep); err != nil {
		w.mu.Lock()
		delete(w.dirs, dir)
		w.mu.Unlock()
		return coded(dir, err)
	}
	w.cost += cost
	return nil
}

func (w *Watcher) lose(d *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d.lost = true
}

func coded(dir string, err error) error {
	if err == nil {
		return nil
	}
	if oserror.NoSpace(err) || oserror.Scarce(err) { // Linux says the former of too many watches of one user
		return netproto.Errorf(netproto.CodeWatchLimit, "%s: %w", dir, err)
	}
	if errors.Is(err, syscall.ENOTDIR) {
		return fs.ErrNotExist
	}
	return err
}

// Done ends a round: what the owner did not repeat in it is no longer watched
// for it. It does not wait for the system.
func (w *Watcher) Done(o Owner) { w.drop(o, func(r round) bool { return !bool(r) }) }

// Forget ends all that an owner wanted. It does not wait for the system.
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
		w.mail[o].clear()
	}
	if len(w.idle) > 0 && !w.closed {
		w.background.Go(func() {
			w.calls.Lock()
			defer w.calls.Unlock()
			w.tidy()
		})
	}
}

// take takes a wish back; mu is held.
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
	if d.wishes--; d.wishes == 0 {
		if w.idle == nil {
			w.idle = map[string]struct{}{}
		}
		w.idle[dir] = struct{}{}
	}
}

// tidy ends the watching of folders that nobody wants any longer; calls is held.
func (w *Watcher) tidy() {
	w.mu.Lock()
	idle := w.idle
	w.idle = nil
	for dir := range idle {
		d := w.dirs[dir]
		if d == nil || d.wishes > 0 {
			delete(idle, dir)
			continue
		}
		delete(w.dirs, dir)
		w.cost -= d.cost
	}
	w.mu.Unlock()
	for _, dir := range slices.Backward(slices.Sorted(maps.Keys(idle))) { // a folder after those in it, which may be watched through it
		w.system.Remove(dir) // if the folder is gone, so is its watch
	}
}

// Close ends everything and waits for it.
func (w *Watcher) Close() {
	w.calls.Lock()
	w.mu.Lock()
	w.closed = true
	for _, m := range w.mail {
		m.clear()
	}
	w.mu.Unlock()
	if w.system != nil {
		w.system.Close()
	}
	w.calls.Unlock()
	w.background.Wait()
}

// renew starts over after a folder was renamed: the system goes on reporting
// what happens in the folders below it under their old names, and does not watch
// them under the new ones. calls is held.
func (w *Watcher) renew() {
	old := w.system
	w.system = nil
	if err := w.open(); err != nil {
		w.system = old
		return
	}
	w.mu.Lock()
	w.stale = false
	dirs := maps.Clone(w.dirs)
	for _, d := range dirs {
		d.lost = false
	}
	w.mu.Unlock()
	for dir, d := range dirs {
		if w.system.Add(dir, d.deep) != nil { // its owners find it missing
			w.lose(d)
		}
	}
	old.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for o := range w.wishes {
		w.post(o, "")
	}
}
