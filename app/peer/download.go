package peer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

const (
	// maxActive bounds the contents of a folder that are fetched at once, and
	// so the open files.
	maxActive = 64
	// diskRetry is how often a download looks whether the disk has become
	// usable again.
	diskRetry = 30 * time.Second
	// spareSpace is kept free on the disk, in bytes.
	spareSpace = 64 << 20
	tick       = time.Second
)

// phase is what a running download does at the moment.
type phase string

const (
	phaseWaiting   phase = "waiting"   // for its turn
	phaseVerifying phase = "verifying" // what an earlier run left, or before it is published
	phaseFetching  phase = "fetching"
	phaseDisk      phase = "disk" // until the disk can be used again
)

// download is a content that the person asked for, on its way.
type download struct {
	engine *Engine
	root   *os.Root       // of the destination, while it runs
	work   sync.WaitGroup // of its links
	start  int            // where the search for rare pieces begins
	rate   meter
	woken  chan struct{}
	quiet  bool // not announced: somebody only looks at a folder's list

	mu      sync.Mutex
	alone   bool // it may run although the others may not
	record  library.Download
	phase   phase
	diskErr error
	cancel  context.CancelFunc // of the run; nil while it does not run
	ended   chan struct{}      // closed when the run is over
	err     error              // what ends the run
	sources map[netproto.PublicKey]*source
	links   map[*link]struct{}
	making  int // links
	sought  time.Time
	active  []*job
	total   int64 // bytes of all jobs; -1 while it is not known
	done    int64 // bytes of finished jobs
	checked int64 // bytes verified again, in the verifying phase
}

func (d *download) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// openBytes are those verified in unfinished contents; the caller holds the lock.
func (d *download) openBytes() int64 {
	var n int64
	for _, j := range d.active {
		if j.ready() {
			n += j.part.VerifiedBytes()
		}
	}
	return n
}

// fail ends the run with an error of the disk.
func (d *download) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failLocked(err)
}

func (d *download) failLocked(err error) {
	if d.err == nil {
		d.err = err
	}
	d.wake()
}

func (d *download) setPhase(p phase, err error) {
	d.mu.Lock()
	d.phase, d.diskErr, d.checked = p, err, 0
	d.mu.Unlock()
	d.engine.notify()
}

// run fetches and publishes, again and again while the disk is the reason
// that it cannot. It returns the published path.
func (d *download) run(ctx context.Context) (string, error) {
	for {
		path, err := d.attempt(ctx)
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		switch netproto.CodeOf(err) {
		case netproto.CodeNoSpace, netproto.CodeFolderUnwritable:
		default:
			return path, err
		}
		if err == nil {
			return path, nil
		}
		d.engine.log.Warn("a download waits for its disk", "name", d.record.Name, "error", err)
		d.setPhase(phaseDisk, err)
		if !d.waitForDisk(ctx) {
			return "", ctx.Err()
		}
	}
}

// waitForDisk waits for a while, or until somebody resumes the download.
func (d *download) waitForDisk(ctx context.Context) bool {
	timer := time.NewTimer(diskRetry)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-d.woken:
	}
	return true
}

// attempt is one run, from what is on the disk to the published name.
func (d *download) attempt(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := os.MkdirAll(d.record.Dir, 0o755); err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	root, err := os.OpenRoot(d.record.Dir)
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	d.root = root
	defer root.Close()
	defer d.letGo(cancel)
	d.mu.Lock()
	d.err, d.active, d.total, d.done = nil, nil, -1, 0
	d.mu.Unlock()
	if d.record.Folder {
		return d.fetchFolder(ctx)
	}
	return d.fetchFile(ctx)
}

// letGo ends all links and unfinished files of a run.
func (d *download) letGo(cancel context.CancelFunc) {
	cancel()
	d.work.Wait()
	d.mu.Lock()
	active := d.active
	d.active = nil
	d.mu.Unlock()
	for _, j := range active {
		d.shut(j)
	}
}

// shut closes the unfinished file of a job and stops offering it.
func (d *download) shut(j *job) {
	d.engine.contents.remove(j.hash, j)
	j.shared.Lock()
	part := j.part
	j.part, j.m = nil, nil
	j.shared.Unlock()
	if part != nil {
		if err := part.Close(); err != nil {
			d.engine.log.Warn("closing an unfinished file", "hash", j.hash, "error", err)
		}
	}
}

func (d *download) fetchFile(ctx context.Context) (string, error) {
	name := netproto.SafeName(d.record.Name)
	if path, ok := d.alreadyThere(ctx, name); ok {
		return path, nil
	}
	j := &job{download: d, hash: d.record.Hash, size: -1, dir: ".", targets: []string{name}}
	if m, err := piece.ReadPartManifest(d.root, ".", d.record.Hash); err == nil {
		j.m = m
	}
	published, err := d.fetch(ctx, []*job{j}, true)
	if err != nil {
		return "", err
	}
	return filepath.Join(d.record.Dir, filepath.FromSlash(published)), nil
}

// alreadyThere finds the finished file under its name: the same command given
// again has nothing to do.
func (d *download) alreadyThere(ctx context.Context, name string) (string, bool) {
	path := filepath.Join(d.record.Dir, name)
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || d.record.Size >= 0 && info.Size() != d.record.Size {
		return "", false
	}
	d.setPhase(phaseVerifying, nil)
	m, _, err := piece.HashPath(ctx, path, d.progress)
	if err != nil || m.Hash != d.record.Hash {
		return "", false
	}
	d.mu.Lock()
	d.total, d.done = m.Size, m.Size
	d.mu.Unlock()
	return path, true
}

func (d *download) progress(n int) {
	d.mu.Lock()
	d.checked += int64(n)
	d.mu.Unlock()
	d.engine.notify()
}

// fetch gets the contents of the jobs, which it opens a few at a time, and
// publishes each when it is complete. It returns the last published name.
func (d *download) fetch(ctx context.Context, jobs []*job, durable bool) (string, error) {
	d.setPhase(phaseFetching, nil)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var published string
	d.mu.Lock()
	d.sought = time.Time{}
	d.mu.Unlock()
	for {
		var err error
		if jobs, err = d.open(ctx, jobs); err != nil {
			return "", err
		}
		if published, err = d.publishComplete(published, durable); err != nil {
			return "", err
		}
		d.mu.Lock()
		err, left := d.err, len(d.active)+len(jobs)
		seek := time.Since(d.sought) > sourcesEvery || len(d.links) == 0 && time.Since(d.sought) > sourcesSoon
		d.mu.Unlock()
		switch {
		case err != nil:
			return "", err
		case left == 0:
			return published, nil
		case seek:
			d.seek(ctx)
		}
		d.manage(ctx)
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-ticker.C:
		case <-d.woken:
		}
	}
}

// open takes as many jobs as may be active, and the unfinished files of those
// whose manifest is known. It returns the jobs that have to wait.
func (d *download) open(ctx context.Context, jobs []*job) ([]*job, error) {
	d.mu.Lock()
	for len(jobs) > 0 && len(d.active) < maxActive {
		d.active = append(d.active, jobs[0])
		jobs = jobs[1:]
	}
	var fresh []*job
	for _, j := range d.active {
		if !j.ready() && j.manifest() != nil {
			fresh = append(fresh, j)
		}
	}
	d.mu.Unlock()
	for _, j := range fresh {
		if err := d.openJob(ctx, j); err != nil {
			return jobs, err
		}
	}
	return jobs, nil
}

// openJob opens the unfinished file of a job, verifies what an earlier run
// left in it, and offers it to others.
func (d *download) openJob(ctx context.Context, j *job) error {
	m := j.manifest()
	if err := d.checkSpace(m.Size, len(d.active)); err != nil {
		return err
	}
	if err := d.root.MkdirAll(j.dir, 0o755); err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	resumed := m.Pieces() > 1
	if resumed {
		d.setPhase(phaseVerifying, nil)
	}
	part, err := piece.OpenPart(ctx, d.root, j.dir, m, d.progress)
	if err != nil {
		return err
	}
	if m.Size == 0 {
		if err := part.Writer(0, false).Finish(); err != nil {
			part.Close()
			return netproto.Errorf(netproto.CodeProtocol, "an empty content with the hash of another: %w", err)
		}
	}
	if resumed {
		d.setPhase(phaseFetching, nil)
	}
	d.mu.Lock()
	j.begin(part)
	if d.total < 0 {
		d.total = m.Size
		d.record.Size = m.Size
	}
	for l := range d.links { // their sets were counted without the manifest
		if s := l.streams[j]; s != nil && s.have != nil && d.lacks(s) {
			j.partial++
		}
	}
	d.kick()
	d.mu.Unlock()
	d.engine.contents.add(j.hash, j)
	if j.hash == d.record.Hash && !d.quiet {
		d.engine.membership().announce(d.resource(m.Size))
	}
	return nil
}

// resource is how an unfinished download is announced.
func (d *download) resource(size int64) netproto.Resource {
	r := netproto.Resource{Hash: d.record.Hash, Size: size, Name: netproto.SafeName(d.record.Name), Folder: d.record.Folder, Part: true}
	if r.MIME = mediaType(r.Name); r.Folder {
		r.MIME = netproto.FolderMIME
	}
	return r
}

// checkSpace compares what a content still needs with what the disk has.
func (d *download) checkSpace(size int64, active int) error {
	if active > 1 && size < smallRest {
		return nil // of a folder, whose sum was compared before
	}
	free, err := piece.FreeSpace(d.record.Dir)
	if err != nil {
		return nil // some network file systems do not say: the write will
	}
	var here int64
	if info, err := d.root.Stat(piece.PartName(d.record.Hash)); err == nil {
		here = piece.Allocated(info)
	}
	if need := size - here; need > 0 && free < need+spareSpace {
		return netproto.Errorf(netproto.CodeNoSpace, "%s has %d MB free, %d MB are needed", d.record.Dir, free/1e6, (need+spareSpace)/1e6)
	}
	return nil
}

// publishComplete gives the complete contents their names.
func (d *download) publishComplete(last string, durable bool) (string, error) {
	d.mu.Lock()
	var complete []*job
	for _, j := range d.active {
		if j.complete() {
			complete = append(complete, j)
		}
	}
	d.mu.Unlock()
	for _, j := range complete {
		name, err := d.publishJob(j, durable)
		if err != nil {
			return "", err
		}
		last = name
	}
	return last, nil
}

func (d *download) publishJob(j *job, durable bool) (string, error) {
	name, err := j.part.Publish(j.targets[0], durable)
	if err != nil {
		return "", err
	}
	j.shared.Lock()
	j.where = name
	j.shared.Unlock()
	for _, other := range j.targets[1:] {
		if err := piece.Copy(d.root, name, filepath.ToSlash(filepath.Join(j.dir, other))); err != nil {
			return "", err
		}
	}
	d.mu.Lock()
	d.closeJob(j)
	d.active = slices.DeleteFunc(d.active, func(other *job) bool { return other == j })
	d.done += j.size * int64(len(j.targets))
	d.mu.Unlock()
	d.engine.contents.remove(j.hash, j)
	return name, nil
}

// distrust begins a job anew whose manifest was a lie. The caller holds the lock.
func (d *download) distrust(j *job) {
	part := j.part
	for l := range d.links {
		for r := range l.requests {
			if r.stream.job == j {
				d.drop(r, true)
			}
		}
		d.closeStream(l, j)
	}
	j.owners, j.spares, j.from = nil, nil, nil
	j.size, j.missing, j.flying, j.partial = -1, 0, 0, 0
	j.shared.Lock()
	j.part, j.m = nil, nil
	j.shared.Unlock()
	if part != nil {
		d.engine.contents.remove(j.hash, j)
		if err := part.Discard(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.engine.log.Warn("removing an unfinished file", "hash", j.hash, "error", err)
		}
	}
}
