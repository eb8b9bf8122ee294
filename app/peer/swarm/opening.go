package swarm

import (
	"context"
	"errors"
	"path"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// How a job gets the unfinished content that it grows in.

const (
	// maxOpen and maxActive bound how many contents of a folder are fetched at
	// once: those with an open file, and all; most are small and grow in memory.
	maxOpen   = 64
	maxActive = 512
	// maxGrowing bounds the bytes of those in memory.
	maxGrowing = 16 << 20
	// spareSpace is kept free on the disk, in bytes.
	spareSpace = 64 << 20
	// leastSpace is how little free space ends an attempt, in bytes.
	leastSpace = 16 << 20
)

// open makes as many jobs active as may be, and opens the unfinished files of those
// whose manifest is known. It returns the jobs that have to wait, and whether one
// that it opened was complete already.
func (a *Attempt) open(ctx context.Context, jobs []*job) (waiting []*job, complete bool, err error) {
	a.mu.Lock()
	files, growing := 0, int64(0)
	var fresh []*job
	for _, j := range a.active {
		a.weigh(j, &files, &growing)
		if !j.ready() && j.Manifest() != nil {
			fresh = append(fresh, j)
		}
	}
	jobs = a.preferred(jobs)
	for len(jobs) > 0 && (files < maxOpen && growing < maxGrowing && len(a.active) < maxActive || a.isPreferred(jobs[0])) {
		j := jobs[0]
		jobs = jobs[1:]
		a.weigh(j, &files, &growing)
		a.active = append(a.active, j)
		if j.Manifest() != nil {
			fresh = append(fresh, j)
		}
	}
	a.active = a.preferred(a.active)
	a.unlock()
	for _, j := range fresh {
		part, err := a.openJob(ctx, j)
		if err != nil {
			return jobs, false, err
		}
		complete = complete || part != nil && part.Complete()
	}
	if len(fresh) > 0 {
		a.mu.Lock()
		a.kick()
		a.unlock()
	}
	return jobs, complete, nil
}

// weigh counts what an active job takes: an open file, or memory.
func (a *Attempt) weigh(j *job, files *int, growing *int64) {
	if a.small(j) {
		*growing += j.size
	} else {
		*files++
	}
}

// small tells whether a job is a file of one piece in a folder: it gets no
// unfinished file.
func (a *Attempt) small(j *job) bool {
	return a.folder != nil && j.sure && netproto.PieceCount(j.size) == 1
}

// openJob opens the unfinished file of a job, takes what an earlier run left in
// it and what else is on this computer, and offers it to others.
func (a *Attempt) openJob(ctx context.Context, j *job) (growing, error) {
	m := j.Manifest()
	if m == nil { // given up again meanwhile
		return nil, nil
	}
	a.mu.Lock()
	closing := j.closing
	a.unlock()
	if closing != nil { // the same file, with the size before
		<-closing
	}
	if m.Pieces() > 1 && (a.allocated(j) > 0 || a.manifestHere(j.hash) != nil) {
		a.setPhase(Verifying)
		defer a.setPhase(Fetching)
	}
	part, err := a.openPart(ctx, j, m)
	if err != nil {
		return nil, err
	}
	if err := a.prefill(ctx, j, part); err != nil {
		part.Close() // the first error counts
		return nil, err
	}
	a.mu.Lock()
	defer a.unlock()
	j.begin(part)
	if a.total < 0 {
		a.total = m.Size
	}
	for l := range a.lanes { // their sets came before the manifest
		if s := l.streams[j]; s != nil && s.have != nil {
			a.count(s)
		}
	}
	if j.sure {
		a.offer(j)
	}
	return part, nil
}

func (a *Attempt) openPart(ctx context.Context, j *job, m *piece.Manifest) (growing, error) {
	if a.small(j) {
		return piece.NewSmall(a.folder, j.dir, j.targets[0], m), nil
	}
	if j.hash == a.task.Hash { // of a folder the sum was compared before
		if err := a.checkSpace(m.Size - a.allocated(j)); err != nil {
			return nil, err
		}
	}
	if err := a.root.MkdirAll(j.dir, 0o755); err != nil {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return piece.OpenPart(ctx, a.root, j.dir, m, a.progress)
}

// takeSpace reserves the space of the files that are fetched, if the person wants
// that and their size is proven: nobody else may say how much of the disk is used.
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

// prefill writes into an unfinished file what needs no other peer.
func (a *Attempt) prefill(ctx context.Context, j *job, part growing) error {
	if m := part.Manifest(); m.Size == 0 && !part.Complete() {
		err := part.Writer(0, false).Finish()
		if !errors.Is(err, piece.ErrWrongPiece) {
			return err
		}
		return netproto.Errorf(netproto.CodeProtocol, "the folder lists %s as an empty file, with the hash of another", j.targets[0])
	}
	return a.fromHere(ctx, j, part)
}

// allocated is what the unfinished file of a job has on the disk already, in
// bytes.
func (a *Attempt) allocated(j *job) int64 {
	info, err := a.root.Stat(path.Join(j.dir, piece.PartName(j.hash)))
	if err != nil {
		return 0
	}
	return piece.Allocated(info)
}

// checkSpace compares what is still needed with what the disk has, in bytes.
func (a *Attempt) checkSpace(need int64) error {
	return a.swarms.CheckSpace(a.task.Dir, need)
}

// CheckSpace is an error with the code "no-space" if the disk of a folder has not
// got need bytes and some to spare.
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

// diskHolds is an error if the destination is not where it was or has hardly any
// room left: others fill the disk too, and the rest is theirs.
func (a *Attempt) diskHolds() error {
	if err := piece.StillAt(a.root, a.task.Dir); err != nil {
		return err
	}
	return a.swarms.keepFree(a.task.Dir, leastSpace)
}
