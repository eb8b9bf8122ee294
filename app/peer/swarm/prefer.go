package swarm

import (
	"path"
	"slices"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Preference is what the person wants first: a file from an offset on, in order and
// before all else, so that it can be looked at while the rest comes. What lies before
// the offset comes next.
type Preference struct {
	Set    bool
	Path   string // of a folder's file, slash-separated; "" if the content is a file
	Offset int64  // bytes from its start
}

// Prefer changes what comes first.
func (a *Attempt) Prefer(p Preference) {
	a.mu.Lock()
	a.preference = p
	for _, j := range a.active {
		j.prefer = -1
	}
	a.active = a.preferred(a.active)
	a.lanes.kick()
	a.unlock()
	a.Wake()
}

// preferred puts the job of the preferred file before the others. The caller holds
// the lock.
func (a *Attempt) preferred(jobs []*job) []*job {
	i := slices.IndexFunc(jobs, (*job).isPreferred)
	if i < 0 {
		return jobs
	}
	j := jobs[i]
	j.prefer = max(j.prefer, 0)
	if j.size > 0 {
		j.prefer = int(min(a.preference.Offset, j.size-1) / netproto.PieceSize(j.size))
	}
	return slices.Concat([]*job{j}, jobs[:i], jobs[i+1:])
}

func (j *job) isPreferred() bool {
	a := j.attempt
	if !a.preference.Set {
		return false
	}
	if !a.task.Folder {
		return true
	}
	wanted := path.Join(piece.StagingName(a.task.Hash, a.task.Paths), piece.StagingTree, a.preference.Path)
	return slices.ContainsFunc(j.targets, func(target string) bool { return path.Join(j.dir, target) == wanted })
}
