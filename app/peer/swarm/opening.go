package swarm

import (
	"context"
	"errors"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/swarm/picker"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// How a job gets the unfinished file that it grows in, or the memory.

const (
	// maxOpen and maxActive bound how many contents of a folder are fetched at once:
	// those with an open file, and all. Most are small and grow in memory.
	maxOpen   = 64
	maxActive = 512
	// maxGrowing bounds the bytes of those in memory.
	maxGrowing = 16 << 20
)

// open makes as many jobs active as the bounds allow, and opens the unfinished files of
// those with a manifest. The others stay in the backlog. It reports whether one that it
// opened was complete already.
func (a *Attempt) open(ctx context.Context, todo *backlog) (complete bool, err error) {
	a.mu.Lock()
	files, growing, active, preference := 0, int64(0), len(a.active), a.preference
	var fresh []*job
	for _, j := range a.active {
		j.weigh(&files, &growing)
		if !j.ready() && j.Manifest() != nil {
			fresh = append(fresh, j)
		}
	}
	a.unlock()
	var begun []*job
	first := todo.prefer(preference)
	for todo.waiting() > 0 && (first || files < maxOpen && growing < maxGrowing && active+len(begun) < maxActive) {
		first = false
		j, err := todo.take()
		if err != nil {
			return false, err
		}
		j.weigh(&files, &growing)
		begun = append(begun, j)
		if j.Manifest() != nil {
			fresh = append(fresh, j)
		}
	}
	a.mu.Lock()
	a.active = a.preferred(append(a.active, begun...))
	a.unlock()
	for _, j := range fresh {
		part, err := j.resume(ctx)
		if err != nil {
			return false, err
		}
		complete = complete || part != nil && part.Complete()
	}
	if len(fresh) > 0 {
		a.mu.Lock()
		a.lanes.kick()
		a.unlock()
	}
	return complete, nil
}

// weigh counts what an active job takes: an open file, or memory.
func (j *job) weigh(files *int, growing *int64) {
	if j.small() {
		*growing += j.size
	} else {
		*files++
	}
}

// small reports whether a job is a file of one piece in a folder. It grows in memory.
func (j *job) small() bool {
	return j.attempt.folder != nil && j.sure && netproto.PieceCount(j.size) == 1
}

// resume opens the unfinished file of a job, takes what an earlier attempt left in it
// and what else is on this computer, and offers it to others.
func (j *job) resume(ctx context.Context) (growing, error) {
	a := j.attempt
	m := j.Manifest()
	if m == nil { // given up again meanwhile
		return nil, nil
	}
	a.mu.Lock()
	closing := j.closing
	a.unlock()
	if closing != nil { // the same file, with the size that was given up
		<-closing
	}
	if m.Pieces() > 1 && (j.onDisk() > 0 || a.swarms.manifestHere(j.hash) != nil) {
		a.setPhase(Verifying)
		defer a.setPhase(Fetching)
	}
	part, err := j.openPart(ctx, m)
	if err != nil {
		return nil, err
	}
	if err := j.prefill(ctx, part); err != nil {
		part.Close() // the first error counts
		return nil, err
	}
	a.mu.Lock()
	defer a.unlock()
	if j.m != m { // another size was proven meanwhile
		a.after = append(a.after, func() { j.closePart(part) })
		a.Wake()
		return nil, nil
	}
	j.begin(part)
	j.takeAhead()
	if a.total < 0 {
		a.total = m.Size
	}
	for l := range a.lanes.open { // what their sources have came before the manifest
		if s := l.streams[j]; s != nil && s.have != nil {
			j.picker.Count(s.have)
		}
	}
	if j.sure {
		j.offer()
		if j.hash == a.task.Hash {
			a.swarms.tellSwarm(j.hash)
		}
	}
	return part, nil
}

// begin gives a job its part and makes it ready. The caller holds the lock.
func (j *job) begin(part growing) {
	m := part.Manifest()
	j.size = m.Size
	j.owners = make([]*request, m.Pieces())
	j.spares = map[*request]struct{}{}
	j.picker = picker.New(m.Pieces(), j.attempt.start, part.Have(), part)
	if j.prefer >= 0 {
		j.attempt.preferred([]*job{j}) // with the size it knows the piece
	}
	j.shared.Lock()
	defer j.shared.Unlock()
	j.part = part
	j.sure = j.sure || part.Has(m.Pieces()-1)
}

func (j *job) openPart(ctx context.Context, m *piece.Manifest) (growing, error) {
	a := j.attempt
	if j.small() {
		return piece.NewSmall(a.folder, j.dir, j.targets[0], m), nil
	}
	if j.hash == a.task.Hash { // for the files of a folder, plan compared the sum
		if err := a.swarms.CheckSpace(a.task.Dir, m.Size-j.onDisk()); err != nil {
			return nil, err
		}
	}
	if err := a.root.MkdirAll(j.dir, 0o777); err != nil {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return piece.OpenPart(ctx, a.root, j.dir, m, a.progress)
}

// prefill writes into an unfinished file what needs no other peer.
func (j *job) prefill(ctx context.Context, part growing) error {
	if m := part.Manifest(); m.Size == 0 && !part.Complete() {
		err := part.Writer(0, false).Finish()
		if !errors.Is(err, piece.ErrWrongPiece) {
			return err
		}
		return netproto.Errorf(netproto.CodeProtocol, "the folder lists %s as an empty file, with the hash of another", j.targets[0])
	}
	return j.copyFromHere(ctx, part)
}

// copyFromHere takes what it can of a content from another place on this computer. An
// error there only ends the copying.
func (j *job) copyFromHere(ctx context.Context, part growing) error {
	here := j.attempt.swarms.config.Contents.Find(j.hash)
	if here == nil || here == offer.Content(j) || !here.Whole() || part.Complete() {
		return nil
	}
	file, err := here.Open()
	if err != nil {
		return nil
	}
	defer file.Close()
	broken, err := piece.Fill(ctx, part, file, j.attempt.progress)
	if broken != nil {
		here.Broken(broken)
	}
	return err
}

// firstJob returns the job of what the person asked for: a file, or the list of a
// folder. Its size is certain only if the content is on this computer already.
func (a *Attempt) firstJob(dir, name string) *job {
	j := newJob(a, a.task.Hash, -1, dir, name)
	if j.m = a.swarms.manifestHere(j.hash); j.m != nil {
		j.size, j.sure = j.m.Size, true
	} else if m, err := piece.ReadPartManifest(a.root, dir, j.hash); err == nil {
		j.m = m
	}
	if !a.task.Folder && j.onDisk() == 0 { // what is there already is not asked for again
		j.likely = a.task.Size
	}
	return j
}
