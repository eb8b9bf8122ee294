package swarm

import (
	"path"
	"slices"
	"strings"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// wardrobe has the times and the executable bits of a folder's files. A nil one has
// none.
type wardrobe struct {
	attempt *Attempt
	below   string                 // the folder of the files in the attempt's root, with a slash
	entries []netproto.FolderEntry // all of the folder
	packed  []byte                 // attributes of the entries
}

// wardrobe takes the attributes that came with the list of a folder, or what an earlier
// attempt kept of them in the file called kept. Those that do not fit the list are none.
func (t *tree) wardrobe(entries []netproto.FolderEntry, below, kept string) *wardrobe {
	a := t.attempt
	size := len(entries) * netproto.AttributeBytes
	if a.task.Plain || size == 0 {
		return nil
	}
	a.mu.Lock()
	packed := a.attributes
	a.unlock()
	if len(packed) == size {
		if err := a.root.WriteFile(kept, packed, 0o666); err != nil {
			a.swarms.config.Log.Warn("keeping the times of a folder's files", "name", a.task.Name, "error", err)
		}
	} else if info, err := a.root.Lstat(kept); err == nil && info.Size() == int64(size) {
		packed, _ = a.root.ReadFile(kept) // without them the files look new
	}
	if len(packed) != size {
		return nil
	}
	return &wardrobe{a, below, entries, packed}
}

// dress gives a published file of the folder its attributes. It returns the state in
// which the file then is, and false if nothing changed.
func (w *wardrobe) dress(name string) (piece.State, bool) {
	if w == nil {
		return piece.State{}, false
	}
	rel, below := strings.CutPrefix(name, w.below)
	i, known := slices.BinarySearchFunc(w.entries, rel, func(e netproto.FolderEntry, rel string) int { return netproto.ComparePaths(e.Path, rel) })
	if !below || !known {
		return piece.State{}, false
	}
	with := netproto.AttributeAt(w.packed, i)
	if with == (netproto.Attribute{}) {
		return piece.State{}, false
	}
	state, err := w.attempt.folder.Dress(path.Dir(name), path.Base(name), with)
	if err != nil { // its bytes are right, and that is what counts
		w.attempt.swarms.config.Log.Info("a file keeps neither its time nor its executable bit", "path", w.attempt.task.local(name), "error", err)
	}
	return state, err == nil
}
