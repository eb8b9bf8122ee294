package watch

import (
	"maps"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// system is what the operating system offers, in the words of fsnotify.
type system struct {
	watches
	events <-chan fsnotify.Event // closed by Close, as errors
	errors <-chan error
}

// watches changes what is watched. Each of its methods may wait until the events that
// came before are taken.
type watches interface {
	// Add watches a folder, or watches it anew. With deep, the folders in it are going
	// to be watched, too.
	Add(dir string, deep bool) error
	Remove(dir string) error
	Close() error
}

// open asks the system for a watcher, if there is none; calls is held.
func (w *Watcher) open() error {
	if w.system != nil {
		return nil
	}
	newSystem := w.newSystem
	if newSystem == nil {
		newSystem = openSystem
	}
	system, err := newSystem()
	if err != nil {
		return err
	}
	w.system = system
	w.background.Go(func() { w.read(system) })
	return nil
}

// read passes on what the system says, until it is closed. It waits for nothing
// but mu, so that the system is never kept waiting.
func (w *Watcher) read(system *system) {
	for {
		select {
		case event, ok := <-system.events:
			if !ok {
				return
			}
			w.tell(event)
		case _, ok := <-system.errors: // events were lost, or may have been
			if !ok {
				return
			}
			w.mu.Lock()
			for o := range w.wishes {
				w.post(o, "")
			}
			w.mu.Unlock()
		}
	}
}

// tell finds the owners that asked about a path at which something happened.
func (w *Watcher) tell(event fsnotify.Event) {
	if event.Name == "" {
		return
	}
	path := filepath.Clean(event.Name)
	w.mu.Lock()
	defer w.mu.Unlock()
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
	for o := range owners {
		w.post(o, path)
	}
}

// maxMail bounds the paths that wait for one owner. An owner that is slower
// misses something.
const maxMail = 4096

// mail is what an owner has not been told yet.
type mail struct {
	paths  []string
	missed bool // which says more than any path
}

func (m *mail) clear() {
	if m != nil {
		m.paths, m.missed = nil, false
	}
}

// post leaves a changed path for an owner, or with "" that it missed something;
// mu is held.
func (w *Watcher) post(o Owner, path string) {
	if w.closed {
		return
	}
	m := w.mail[o]
	if m == nil {
		if w.mail == nil {
			w.mail = map[Owner]*mail{}
		}
		m = &mail{}
		w.mail[o] = m
		w.background.Go(func() { w.deliver(o, m) })
	}
	switch n := len(m.paths); {
	case m.missed:
	case path == "" || n == maxMail:
		m.paths, m.missed = nil, true
	case n == 0 || m.paths[n-1] != path:
		m.paths = append(m.paths, path)
	}
}

// deliver tells an owner what was left for it.
func (w *Watcher) deliver(o Owner, m *mail) {
	for {
		path, missed := w.next(o, m)
		switch {
		case missed:
			o.Missed()
		case path != "":
			o.Changed(path)
		default:
			return
		}
	}
}

// next takes one piece of mail; after the last one the mail is gone.
func (w *Watcher) next(o Owner, m *mail) (path string, missed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case m.missed:
		m.missed = false
		return "", true
	case len(m.paths) > 0:
		path, m.paths = m.paths[0], m.paths[1:]
		return path, false
	}
	delete(w.mail, o)
	return "", false
}
