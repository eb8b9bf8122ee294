package swarm

import (
	"path"
	"path/filepath"

	"centralizedp2p/app/peer/swarm/filelist"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// backlog is what an attempt has not begun yet. A job takes some hundred bytes: those of
// the files of a folder are made when their turn comes. Only the running goroutine uses it.
type backlog struct {
	attempt *Attempt
	jobs    []*job         // made already
	root    string         // of the tree of files, in the attempt's root
	files   *filelist.Todo // nil = none
}

// jobOf returns a backlog of one job.
func jobOf(j *job) *backlog { return &backlog{attempt: j.attempt, jobs: []*job{j}} }

func (b *backlog) waiting() int {
	if b.files == nil {
		return len(b.jobs)
	}
	return b.files.Len()
}

// bytes returns how much the files will take on the disk, less what unfinished files
// have already if some may be there.
func (b *backlog) bytes(unfinished bool) int64 {
	if !unfinished {
		return b.files.Bytes(nil)
	}
	return b.files.Bytes(func(e netproto.FolderEntry) int64 {
		if netproto.PieceCount(e.Size) == 1 { // it grew in memory
			return 0
		}
		return b.attempt.onDisk(path.Dir(path.Join(b.root, e.Path)), e.Hash)
	})
}

// prefer puts what the person wants first to the front, and reports whether it is there.
func (b *backlog) prefer(p Preference) bool {
	switch {
	case !p.Set:
		return false
	case b.files == nil:
		return len(b.jobs) > 0 && !b.attempt.task.Folder
	}
	return b.files.Prefer(p.Path)
}

// take makes the job of the content whose turn it is. There must be one.
func (b *backlog) take() (*job, error) {
	if b.files == nil {
		j := b.jobs[0]
		b.jobs = b.jobs[1:]
		return j, nil
	}
	e, others := b.files.Take()
	full := path.Join(b.root, e.Path)
	j := newJob(b.attempt, e.Hash, e.Size, path.Dir(full), path.Base(full))
	for _, other := range others {
		rel, err := filepath.Rel(filepath.FromSlash(j.dir), filepath.FromSlash(path.Join(b.root, other)))
		if err != nil {
			return nil, err
		}
		j.targets = append(j.targets, filepath.ToSlash(rel))
	}
	j.m = j.knownManifest()
	return j, nil
}

// knownManifest returns the manifest of a job of known size if that needs no source:
// one piece needs none, others may be on this computer or in the journal of an earlier
// attempt. It returns nil if there is none.
func (j *job) knownManifest() *piece.Manifest {
	a := j.attempt
	if netproto.PieceCount(j.size) == 1 {
		return &piece.Manifest{Hash: j.hash, Size: j.size}
	}
	if m := a.swarms.manifestHere(j.hash); m != nil && m.Size == j.size {
		return m
	}
	if m, err := piece.ReadPartManifest(a.root, j.dir, j.hash); err == nil && m.Size == j.size {
		return m
	}
	return nil
}
