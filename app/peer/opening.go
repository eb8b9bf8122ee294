package peer

import (
	"context"
	"errors"
	"path"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// How a job gets the unfinished content that it grows in.

const (
	// Of the contents of a folder so many are fetched at once: those that have
	// a file open, and all, most of which are small and grow in memory.
	maxOpen   = 64
	maxActive = 512
	// maxGrowing bounds the bytes of those in memory.
	maxGrowing = 16 << 20
	// spareSpace is kept free on the disk, in bytes.
	spareSpace = 64 << 20
	// leastSpace is when a download that runs waits for more, in bytes.
	leastSpace = 16 << 20
)

// open takes as many jobs as may be active, and the unfinished files of those
// whose manifest is known. It returns the jobs that have to wait, and whether one
// that it opened was complete already.
func (d *download) open(ctx context.Context, jobs []*job) (waiting []*job, complete bool, err error) {
	d.mu.Lock()
	files, growing := 0, int64(0)
	var fresh []*job
	for _, j := range d.active {
		d.weigh(j, &files, &growing)
		if !j.ready() && j.manifest() != nil {
			fresh = append(fresh, j)
		}
	}
	jobs = d.preferred(jobs)
	for len(jobs) > 0 && (files < maxOpen && growing < maxGrowing && len(d.active) < maxActive || d.isPreferred(jobs[0])) {
		j := jobs[0]
		jobs = jobs[1:]
		d.weigh(j, &files, &growing)
		d.active = append(d.active, j)
		if j.manifest() != nil {
			fresh = append(fresh, j)
		}
	}
	d.active = d.preferred(d.active)
	d.mu.Unlock()
	for _, j := range fresh {
		if err := d.openJob(ctx, j); err != nil {
			return jobs, false, err
		}
		complete = complete || j.part.Complete()
	}
	if len(fresh) > 0 {
		d.mu.Lock()
		d.kick()
		d.mu.Unlock()
	}
	return jobs, complete, nil
}

// weigh counts what an active job takes: an open file, or memory.
func (d *download) weigh(j *job, files *int, growing *int64) {
	if d.small(j) {
		*growing += j.size
	} else {
		*files++
	}
}

// small tells whether a job is a file of one piece in a folder: it gets no
// unfinished file.
func (d *download) small(j *job) bool {
	return d.folder != nil && j.sure && netproto.PieceCount(j.size) == 1
}

// openJob opens the unfinished file of a job, takes what an earlier run left in
// it and what else is on this computer, and offers it to others.
func (d *download) openJob(ctx context.Context, j *job) error {
	m := j.manifest()
	if m.Pieces() > 1 && (d.allocated(j) > 0 || d.engine.Shared(j.hash)) {
		d.setPhase(phaseVerifying, nil)
		defer d.setPhase(phaseFetching, nil)
	}
	part, err := d.openPart(ctx, j, m)
	if err != nil {
		return err
	}
	if err := d.prefill(ctx, j, part); err != nil {
		part.Close() // the first error counts
		return err
	}
	d.mu.Lock()
	j.begin(part)
	if d.total < 0 {
		d.total = m.Size
	}
	if !d.record.Folder {
		d.record.Size = m.Size
	}
	for l := range d.links { // their sets came before the manifest
		if s := l.streams[j]; s != nil && s.have != nil {
			d.count(s)
		}
	}
	if j.sure {
		d.offer(j)
	}
	d.mu.Unlock()
	return nil
}

func (d *download) openPart(ctx context.Context, j *job, m *piece.Manifest) (growing, error) {
	if d.small(j) {
		return piece.NewSmall(d.folder, j.dir, j.targets[0], m), nil
	}
	if j.hash == d.record.Hash { // of a folder the sum was compared before
		if err := d.checkSpace(m.Size - d.allocated(j)); err != nil {
			return nil, err
		}
	}
	if err := d.root.MkdirAll(j.dir, 0o755); err != nil {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return piece.OpenPart(ctx, d.root, j.dir, m, d.progress)
}

// takeSpace takes the space of the files that are fetched, if the person wants
// that: of those whose size is proven, since nobody else is to say how much of
// the disk is used up.
func (d *download) takeSpace() error {
	if !d.engine.preallocate() {
		return nil
	}
	var parts []*piece.Part
	d.mu.Lock()
	for _, j := range d.active {
		if part, ok := j.part.(*piece.Part); ok && j.ready() && j.sure && !j.allocated && !j.complete() {
			j.allocated = true
			parts = append(parts, part)
		}
	}
	d.mu.Unlock()
	for _, part := range parts { // only this goroutine closes them
		if err := part.Preallocate(); err != nil {
			return err
		}
	}
	return nil
}

// prefill puts into an unfinished file what needs no other peer.
func (d *download) prefill(ctx context.Context, j *job, part growing) error {
	if m := part.Manifest(); m.Size == 0 && !part.Complete() {
		err := part.Writer(0, false).Finish()
		if !errors.Is(err, piece.ErrWrongPiece) {
			return err
		}
		return netproto.Errorf(netproto.CodeProtocol, "the folder lists %s as an empty file, with the hash of another", j.targets[0])
	}
	return d.fromHere(ctx, j, part)
}

// allocated is what the unfinished file of a job has on the disk already, in
// bytes.
func (d *download) allocated(j *job) int64 {
	info, err := d.root.Stat(path.Join(j.dir, piece.PartName(j.hash)))
	if err != nil {
		return 0
	}
	return piece.Allocated(info)
}

// checkSpace compares what is still needed with what the disk has, in bytes.
func (d *download) checkSpace(need int64) error {
	return d.engine.checkSpace(d.record.Dir, need)
}

func (e *Engine) checkSpace(dir string, need int64) error {
	if need <= 0 {
		return nil
	}
	return e.keepFree(dir, need+spareSpace)
}

// keepFree tells whether a disk has so many bytes.
func (e *Engine) keepFree(dir string, need int64) error {
	free, err := e.freeSpace(dir)
	if err != nil {
		return nil // some network file systems do not say: the write will
	}
	if free < need {
		return netproto.Errorf(netproto.CodeNoSpace, "%s has %d MB free, %d MB are needed", dir, free/1e6, need/1e6)
	}
	return nil
}

// diskHolds tells whether the destination is where it was, and has room: others
// fill the disk, too. What remains of it is left to them.
func (d *download) diskHolds() error {
	if err := d.moved(); err != nil {
		return err
	}
	return d.engine.keepFree(d.record.Dir, leastSpace)
}
