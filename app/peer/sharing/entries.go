package sharing

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"centralizedp2p/app/disk"
	"centralizedp2p/app/ignore"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// entry is something in a folder, and what a walk makes of it.
type entry struct {
	real   string // slash-separated path in the share
	name   string // its last part
	safe   string // the name that others can have
	folder bool
	secret bool   // all of it
	device uint64 // of a folder, 0 if unknown

	out bool   // it is left out
	why Reason // for that; "" for none

	state piece.State // of a file
	seen  bool        // all of state is known
	exec  bool
}

const (
	// entriesAtOnce is how many entries of a folder are read before they are looked at.
	entriesAtOnce = 1024
	// lookAtOnce is how many of them one goroutine looks at.
	lookAtOnce = 256
)

// read lists a folder by name. own says that it is a profile or the data of a tracker.
// The entries of a large folder are looked at side by side, and while the rest is read.
func (w *walk) read(at place, own bool) ([]*entry, error) {
	in, err := w.folders.enter(at.real)
	if err != nil {
		return nil, err
	}
	dir, err := in.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var list []*entry
	var looking sync.WaitGroup
	for err == nil {
		var some disk.Listing
		some, err = disk.List(dir, entriesAtOnce)
		batch := make([]entry, some.Len())
		for i := range batch {
			list = append(list, &batch[i])
		}
		look := func(first int) {
			for i := first; i < min(first+lookAtOnce, len(batch)); i++ {
				batch[i] = w.entry(at, own, some, i)
			}
		}
		if len(batch) <= lookAtOnce {
			look(0)
			continue
		}
		for first := 0; first < len(batch); first += lookAtOnce {
			looking.Go(func() { look(first) })
		}
	}
	looking.Wait()
	slices.SortFunc(list, func(a, b *entry) int { return strings.Compare(a.name, b.name) })
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return list, err
}

// entry looks at an entry of the folder that was entered last. Several goroutines call it.
func (w *walk) entry(at place, own bool, from disk.Listing, i int) entry {
	name, is, err := from.At(i)
	e := entry{real: join(at.real, name), folder: is.Mode.IsDir(), device: at.device, state: piece.StateIs(is), seen: !is.Unsure}
	e.name = e.real[len(e.real)-len(name):] // a million names need not be kept twice
	e.safe = netproto.SafeName(e.name)
	e.secret = at.secret || e.folder && ignore.SecretFolder(e.name)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it is gone by now
		e.out = true
	case own && ignore.OwnName(e.name):
		e.why = Own
	case w.leave.silently(e.real):
		e.out = true
	case w.leave.pattern.Match(e.real, e.folder):
		e.why = Ignored
	case is.Mode&fs.ModeSymlink != 0:
		e.why = Link
	case !e.folder && !is.Mode.IsRegular():
		e.why = Special
	case err != nil:
		e.why = Unreadable
	case e.folder:
		if is.Device != e.device {
			if e.device = is.Device; disk.MadeUp(w.path(e.real)) {
				e.why = Special
			}
		}
	case is.Size > netproto.MaxContentSize:
		e.why = TooLarge
	default:
		e.secret = e.secret || ignore.Secret(e.name) || private(is.Mode, is.Size, w.folders.mode)
		e.exec = executable(is.Mode)
		if e.secret && !w.survey && !w.leave.allows(e.real) {
			e.why = Secret
		}
	}
	e.out = e.out || e.why != ""
	return e
}

// join is the path of something in a folder of the share.
func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

// path is the path on this computer of something in the share.
func (w *walk) path(real string) string {
	return filepath.Join(w.folders.root.Name(), filepath.FromSlash(real))
}

// names numbers the safe names of a folder's entries where they are not their own: a name
// that others can have keeps it, whatever stands beside it.
type names struct {
	list  []*entry
	taken map[string]bool // nil before a name is not its own
}

func (n *names) of(e *entry) string {
	if e.safe == e.name {
		return e.name
	}
	if n.taken == nil {
		n.taken = map[string]bool{}
		for _, other := range n.list {
			if other.safe == other.name {
				n.taken[other.name] = true
			}
		}
	}
	name := e.safe
	for number := 2; n.taken[name]; number++ {
		name = netproto.NumberedName(e.safe, number)
	}
	return name
}
