package swarm

import (
	"bytes"
	"cmp"
	"path"
	"path/filepath"
	"slices"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// backlog is what an attempt has not begun yet. The list of a folder may have a million
// files, and a job takes some hundred bytes: jobs are made when their turn comes. Only
// the running goroutine uses it.
type backlog struct {
	jobs []*job // made already; they come first

	attempt *Attempt
	root    string // of the tree, in the attempt's root
	wanted  []netproto.FolderEntry
	firsts  []uint32 // the files to fetch, in wanted, each the first of its content
	twins   []uint32 // for each file of wanted, the next one with the same content; 0 = none
	looked  string   // the path that was preferred last
}

// jobOf returns a backlog of one job.
func jobOf(j *job) *backlog { return &backlog{jobs: []*job{j}, attempt: j.attempt} }

// newBacklog returns a backlog of the files of a list that are not here yet. here may be
// nil. A content with two sizes is an error of the list.
func newBacklog(a *Attempt, root string, wanted []netproto.FolderEntry, here []bool) (*backlog, error) {
	b := &backlog{attempt: a, root: root, wanted: wanted}
	byHash := make([]uint32, 0, len(wanted))
	for i := range wanted {
		if !wanted[i].Dir && (here == nil || !here[i]) {
			byHash = append(byHash, uint32(i))
		}
	}
	slices.SortFunc(byHash, func(i, k uint32) int {
		return cmp.Or(bytes.Compare(wanted[i].Hash[:], wanted[k].Hash[:]), cmp.Compare(i, k))
	})
	b.firsts = byHash[:0]
	for n, last := 0, uint32(0); n < len(byHash); n++ {
		i := byHash[n]
		if n == 0 || wanted[i].Hash != wanted[last].Hash {
			b.firsts = append(b.firsts, i)
			last = i
			continue
		}
		if wanted[i].Size != wanted[last].Size {
			return nil, netproto.Errorf(netproto.CodeProtocol, "the folder lists one content with two sizes: %s", wanted[i].Path)
		}
		if b.twins == nil {
			b.twins = make([]uint32, len(wanted))
		}
		b.twins[last] = i
		last = i
	}
	slices.Sort(b.firsts)
	return b, nil
}

func (b *backlog) waiting() int { return len(b.jobs) + len(b.firsts) }

// bytes returns how much the files will take on the disk, less what unfinished files
// have already if some may be there.
func (b *backlog) bytes(unfinished bool) (need int64) {
	for _, first := range b.firsts {
		for i := first; ; i = b.twins[i] {
			need += b.wanted[i].Size
			if b.twins == nil || b.twins[i] == 0 {
				break
			}
		}
		if e := &b.wanted[first]; unfinished && netproto.PieceCount(e.Size) > 1 {
			need -= b.attempt.onDisk(path.Dir(path.Join(b.root, e.Path)), e.Hash)
		}
	}
	return need
}

// prefer puts what the person wants first to the front, and reports whether it is there.
func (b *backlog) prefer(p Preference) bool {
	if !p.Set {
		return false
	}
	if len(b.jobs) > 0 {
		return !b.attempt.task.Folder
	}
	if p.Path == b.looked {
		return false // it was begun when it was preferred
	}
	b.looked = p.Path
	i, listed := slices.BinarySearchFunc(b.wanted, p.Path, func(e netproto.FolderEntry, p string) int { return netproto.ComparePaths(e.Path, p) })
	if !listed {
		return false
	}
	hash := b.wanted[i].Hash
	at := slices.IndexFunc(b.firsts, func(first uint32) bool { return b.wanted[first].Hash == hash })
	if at < 0 {
		return false
	}
	first := b.firsts[at]
	copy(b.firsts[1:at+1], b.firsts[:at])
	b.firsts[0] = first
	return true
}

// take makes the job of the content whose turn it is. There must be one.
func (b *backlog) take() (*job, error) {
	if len(b.jobs) > 0 {
		j := b.jobs[0]
		b.jobs = b.jobs[1:]
		return j, nil
	}
	first := b.firsts[0]
	b.firsts = b.firsts[1:]
	e := &b.wanted[first]
	full := path.Join(b.root, e.Path)
	j := newJob(b.attempt, e.Hash, e.Size, path.Dir(full), path.Base(full))
	for i := first; b.twins != nil && b.twins[i] != 0; {
		i = b.twins[i]
		rel, err := filepath.Rel(filepath.FromSlash(j.dir), filepath.FromSlash(path.Join(b.root, b.wanted[i].Path)))
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
