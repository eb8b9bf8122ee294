package sharing

import (
	"errors"
	"io"
	"io/fs"
	"path"
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

	info  fs.FileInfo  // of a file in a survey
	state *piece.State // of a file in a scan; nil if it is not known
	exec  bool
}

// entriesAtOnce is how many entries of a folder are read before they are looked at.
const entriesAtOnce = 1024

// read lists a folder by name. own says that it is a profile or the data of a tracker.
// While the rest of a large folder is read, the first entries are looked at.
func (w *walk) read(at place, own bool) ([]entry, error) {
	in, err := w.folders.enter(at.real)
	if err != nil {
		return nil, err
	}
	dir, err := in.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var batches [][]entry
	var looking sync.WaitGroup
	for err == nil {
		var some []fs.DirEntry
		some, err = dir.ReadDir(entriesAtOnce)
		batch := make([]entry, len(some))
		batches = append(batches, batch)
		look := func() {
			for i, e := range some {
				batch[i] = w.entry(at, own, e)
			}
		}
		if len(some) < entriesAtOnce {
			look()
			continue
		}
		looking.Go(look)
	}
	looking.Wait()
	list := slices.Concat(batches...)
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return list, err
}

// entry looks at an entry of the folder that was entered last. Several goroutines call it.
func (w *walk) entry(at place, own bool, found fs.DirEntry) entry {
	e := entry{real: path.Join(at.real, found.Name()), name: found.Name(), safe: netproto.SafeName(found.Name()), folder: found.IsDir(), device: at.device}
	e.secret = at.secret || e.folder && ignore.SecretFolder(e.name)
	info, err := found.Info()
	switch {
	case own && ignore.OwnName(e.name):
		e.why = Own
	case w.leave.silently(e.real):
		e.out = true
	case w.leave.pattern.Match(e.real, e.folder):
		e.why = Ignored
	case found.Type()&fs.ModeSymlink != 0:
		e.why = Link
	case !e.folder && !found.Type().IsRegular():
		e.why = Special
	case err != nil:
		e.why = Unreadable
	case e.folder:
		if device := disk.DeviceOf(info); device != e.device {
			if e.device = device; disk.MadeUp(w.path(e.real)) {
				e.why = Special
			}
		}
	case info.Size() > netproto.MaxContentSize:
		e.why = TooLarge
	default:
		e.secret = e.secret || ignore.Secret(e.name) || private(info, w.folders.mode)
		if e.secret && !w.survey && !w.leave.allows(e.real) {
			e.why = Secret
		}
	}
	if e.out = e.out || e.why != ""; e.out || e.folder {
		return e
	}
	if w.survey {
		e.info = info
	} else if state, err := piece.StateFrom(w.path(e.real), info); err == nil {
		e.state, e.exec = &state, executable(info)
	}
	return e
}

// path is the path on this computer of something in the share.
func (w *walk) path(real string) string {
	return filepath.Join(w.folders.root.Name(), filepath.FromSlash(real))
}

// names numbers the safe names of a folder's entries where they are not their own: a name
// that others can have keeps it, whatever stands beside it.
type names struct {
	list  []entry
	taken map[string]bool // nil before a name is not its own
}

func (n *names) of(e *entry) string {
	if e.safe == e.name {
		return e.name
	}
	if n.taken == nil {
		n.taken = map[string]bool{}
		for i := range n.list {
			if n.list[i].safe == n.list[i].name {
				n.taken[n.list[i].name] = true
			}
		}
	}
	name := e.safe
	for number := 2; n.taken[name]; number++ {
		name = netproto.NumberedName(e.safe, number)
	}
	return name
}
