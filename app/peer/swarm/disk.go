package swarm

import (
	"path"
	"path/filepath"
	"strings"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
)

// The destination: its free space, and what an attempt leaves there.

const (
	// spareSpace is kept free on the disk, in bytes.
	spareSpace = 64 << 20
	// leastSpace is how little free space ends an attempt, in bytes.
	leastSpace = 16 << 20
)

// CheckSpace returns an error with the code "no-space" unless the disk of a folder
// has need bytes free, and some to spare.
func (ss *Swarms) CheckSpace(dir string, need int64) error {
	if need <= 0 {
		return nil
	}
	return ss.keepFree(dir, need+spareSpace)
}

func (ss *Swarms) keepFree(dir string, need int64) error {
	free, err := ss.config.FreeSpace(dir)
	if err != nil {
		return nil // some network file systems do not say: the write will
	}
	if free < need {
		return netproto.Errorf(netproto.CodeNoSpace, "%s has %d MB free, %d MB are needed", dir, free/1e6, need/1e6)
	}
	return nil
}

// diskHolds returns an error if the destination is no longer where it was, or its
// disk is nearly full: others fill it too, and the rest is theirs.
func (a *Attempt) diskHolds() error {
	if err := piece.StillAt(a.root, a.task.Dir); err != nil {
		return err
	}
	return a.swarms.keepFree(a.task.Dir, leastSpace)
}

// takeSpace reserves the space of the active files, if the person wants that. Their
// size must be proven: nobody else decides how much of the disk is used.
func (a *Attempt) takeSpace() error {
	if !a.swarms.config.Preallocate() {
		return nil
	}
	var parts []*piece.Part
	a.mu.Lock()
	for _, j := range a.active {
		if part, ok := j.part.(*piece.Part); ok && j.ready() && j.sure && !j.allocated && !j.complete() {
			j.allocated = true
			parts = append(parts, part)
		}
	}
	a.unlock()
	for _, part := range parts { // only this goroutine closes them
		if err := part.Preallocate(); err != nil {
			return err
		}
	}
	return nil
}

// onlyScarce returns an error that says nothing about a file, because descriptors or
// memory were used up; nil for all others.
func onlyScarce(err error) error {
	if err != nil && oserror.Scarce(err) {
		return err
	}
	return nil
}

// onDisk is how much the unfinished file of a job occupies already, in bytes.
func (j *job) onDisk() int64 { return j.attempt.onDisk(j.dir, j.hash) }

func (a *Attempt) onDisk(dir string, hash netproto.ContentHash) int64 {
	name := path.Join(dir, piece.PartName(hash))
	info, err := a.root.Stat(name)
	if err != nil {
		return 0
	}
	return piece.Occupied(a.root, name, info)
}

// local is the path on this computer of a name in the attempt's root.
func (t *Task) local(name string) string {
	return filepath.Join(t.Dir, filepath.FromSlash(name))
}

// Fetched is what an attempt left in its folder. With it a share need not hash the
// files again.
type Fetched struct {
	Files     []FetchedFile
	Manifests []*piece.Manifest // of those with several pieces
}

// FetchedFile is a whole file in the state in which it was published.
type FetchedFile struct {
	Name  string // in the task's folder, slash-separated
	State piece.State
	Hash  netproto.ContentHash
}

// Fetched returns what the attempt left, once. It is empty unless the task said Remember and the attempt succeeded.
func (a *Attempt) Fetched() Fetched {
	a.mu.Lock()
	defer a.unlock()
	f := a.fetched
	a.fetched = Fetched{}
	return f
}

// remember notes a whole file for Fetched, by its name in the task's folder.
func (a *Attempt) remember(name string, state piece.State, m *piece.Manifest) {
	if !a.task.Remember {
		return
	}
	a.mu.Lock()
	defer a.unlock()
	a.fetched.Files = append(a.fetched.Files, FetchedFile{Name: name, State: state, Hash: m.Hash})
	if len(m.CVs) > 0 {
		a.fetched.Manifests = append(a.fetched.Manifests, m)
	}
}

// moved follows a folder to another name, and drops what is not in it.
func (f *Fetched) moved(from, to string) {
	kept := f.Files[:0]
	for _, file := range f.Files {
		if below, ok := strings.CutPrefix(file.Name, from+"/"); ok {
			file.Name = path.Join(to, below)
			kept = append(kept, file)
		}
	}
	f.Files = kept
}
