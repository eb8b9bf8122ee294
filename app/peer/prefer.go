package peer

import (
	"path"
	"slices"

	"centralizedp2p/netproto"
)

// preference is what the person wants to have first of a download.
type preference struct {
	set    bool
	path   string // of a folder's file, slash-separated
	offset int64  // bytes from its begin
}

// Prefer has a download fetch a file from an offset in bytes on, in order and
// before all else, so that it can be looked at while the rest comes; path is
// that of a file in a folder, slash-separated, and "" for a download of one
// file. What lies before the offset comes after that. It holds until the next
// call or restart. An unknown download gives "not-found", a negative offset "invalid".
func (e *Engine) Prefer(id, path string, offset int64) error {
	d := e.downloads.find(id)
	if d == nil {
		return errNotListed
	}
	if offset < 0 {
		return netproto.Errorf(netproto.CodeInvalid, "a file begins at 0, not at %d", offset)
	}
	d.mu.Lock()
	d.preference = preference{set: true, path: path, offset: offset}
	for _, j := range d.active {
		j.prefer = -1
	}
	d.active = d.preferred(d.active)
	d.kick()
	d.mu.Unlock()
	d.wake()
	return nil
}

// preferred puts the job of the file that is wanted first before the others;
// the caller holds the lock.
func (d *download) preferred(jobs []*job) []*job {
	i := slices.IndexFunc(jobs, d.isPreferred)
	if i < 0 {
		return jobs
	}
	j := jobs[i]
	j.prefer = max(j.prefer, 0)
	if j.size > 0 {
		j.prefer = int(min(d.preference.offset, j.size-1) / netproto.PieceSize(j.size))
	}
	return slices.Concat([]*job{j}, jobs[:i], jobs[i+1:])
}

func (d *download) isPreferred(j *job) bool {
	if !d.preference.set {
		return false
	}
	if !d.record.Folder {
		return true
	}
	wanted := path.Join(stagingName(d.record), stagingTree, d.preference.path)
	return slices.ContainsFunc(j.targets, func(target string) bool { return path.Join(j.dir, target) == wanted })
}
