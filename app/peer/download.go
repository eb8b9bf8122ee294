package peer

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// phase is what a running download does at the moment.
type phase string

const (
	phaseWaiting   phase = "waiting"   // for its turn
	phaseVerifying phase = "verifying" // what an earlier run left, or before it is published
	phaseFetching  phase = "fetching"
	phaseDisk      phase = "disk"   // until the disk can be used again
	phaseMoving    phase = "moving" // its files, to another folder
)

// download is a content that the person asked for, on its way.
type download struct {
	engine *Engine
	root   *os.Root       // of the destination, while it runs
	folder *piece.Folder  // of the files of a folder, while they come
	work   sync.WaitGroup // of its links
	start  int            // where the search for rare pieces begins
	rate   meter
	woken  chan struct{}
	quiet  bool      // not announced: somebody only looks at a folder's list
	limit  *throttle // of this download

	mu         sync.Mutex
	removed    bool          // from the list
	gone       chan struct{} // closed when nothing of it is left; nil while it is in the list
	alone      bool          // it may run although the others may not
	record     library.Download
	phase      phase
	diskErr    error
	where      string             // what it will be called, absolute
	cancel     context.CancelFunc // of the run; nil while it does not run
	errand     bool               // the run checks or moves files and fetches nothing
	ended      chan struct{}      // closed when the run is over
	err        error              // what ends the run
	sources    map[netproto.PublicKey]*source
	links      map[*link]struct{}
	making     int       // links
	seeking    int       // trackers that are being asked for sources
	sought     time.Time // it answered, or not
	seeks      int       // how often it was asked in this run
	active     []*job
	preference preference
	climb      climb
	fetched    fetched
	published  []*job // which others may read until the run ends
	folderSize int64  // bytes of all files of the folder; -1 before its list is here
	total      int64  // bytes of all jobs; -1 while it is not known
	done       int64  // bytes of finished jobs, or of all when it does not run
	checked    int64  // bytes verified again, or copied, in this phase

	// Of the queue, see waiting.go.
	idle      bool      // it got nothing for a while
	fed       time.Time // when it got something last, or began
	gotBefore int64     // bytes, when that was looked at
	parked    bool      // it has no turn before there is a source
	parkings  int       // in a row that a source turned out to be none
	scoutAt   time.Time // when the tracker is asked about it

	history history
	cells   []Cell // of the last run, see Details
	sampled time.Time
	// The time that links spent with writing since then, in nanoseconds, and
	// its share before.
	diskBusy  atomic.Int64
	diskShare float64
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
		if err == nil { // even where it was to be stopped: it is published
			return path, nil
		}
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		switch netproto.CodeOf(err) {
		case netproto.CodeNoSpace, netproto.CodeFolderUnwritable:
		default:
			return "", err
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
	timer := time.NewTimer(d.engine.timing.disk)
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
	// The folder was made when the download was added. Where it is gone since, its
	// disk may be, and another one is not to be filled in its place.
	root, err := os.OpenRoot(d.record.Dir)
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	d.root = root
	defer root.Close()
	defer d.letGo(cancel)
	d.mu.Lock()
	d.err, d.active, d.total, d.done = nil, nil, -1, 0
	d.fetched = fetched{}
	d.mu.Unlock()
	if d.record.Folder {
		return d.fetchFolder(ctx)
	}
	return d.fetchFile(ctx)
}

// letGo ends all links, offers and unfinished files of a run.
func (d *download) letGo(cancel context.CancelFunc) {
	cancel()
	d.work.Wait()
	d.forgetPublished()
	d.mu.Lock()
	d.cells, _ = d.pieceMap()
	d.done += d.openBytes()
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
	d.mu.Lock()
	j.shared.Lock()
	part := j.part
	j.part = nil
	j.shared.Unlock()
	d.mu.Unlock()
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
	j := d.firstJob(".", name)
	published, err := d.fetch(ctx, []*job{j}, true)
	if err != nil {
		return "", err
	}
	return filepath.Join(d.record.Dir, filepath.FromSlash(published)), nil
}

// firstJob is the one for what the person asked for: a file, or the list of a
// folder. Its size is sure only where the content is on this computer already.
func (d *download) firstJob(dir, name string) *job {
	j := newJob(d, d.record.Hash, -1, dir, name)
	if j.m = d.manifestHere(j.hash); j.m != nil {
		j.size, j.sure = j.m.Size, true
	} else if m, err := piece.ReadPartManifest(d.root, dir, j.hash); err == nil {
		j.m = m
	}
	return j
}

// alreadyThere finds the finished file under its name: the same command given
// again has nothing to do. It may have got a numbered name, where the name was
// taken: those are looked at as long as they follow each other, if the size fits.
func (d *download) alreadyThere(ctx context.Context, name string) (string, bool) {
	for n := 1; n <= maxNumberedLooks; n++ {
		numbered := name
		if n > 1 {
			numbered = netproto.NumberedName(name, n)
		}
		path := filepath.Join(d.record.Dir, numbered)
		info, err := os.Lstat(path)
		if err != nil {
			return "", false
		}
		fits := info.Size() == d.record.Size || n == 1 && d.record.Size < 0
		if fits && info.Mode().IsRegular() && d.isIt(ctx, path) {
			return path, true
		}
	}
	return "", false
}

// maxNumberedLooks bounds the names at which a finished file is looked for.
const maxNumberedLooks = 20

// isIt tells whether a file has the wanted content.
func (d *download) isIt(ctx context.Context, path string) bool {
	d.setPhase(phaseVerifying, nil)
	m, _, err := piece.HashPath(ctx, path, d.progress)
	if err != nil || m.Hash != d.record.Hash {
		return false
	}
	if err := piece.RemovePart(d.root, ".", m.Hash); err != nil { // a kill can leave the journal of a published file
		d.engine.log.Warn("what is left of a download cannot be removed", "hash", m.Hash, "error", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.total, d.done = m.Size, m.Size
	return true
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
	ticker := time.NewTicker(d.engine.timing.tick)
	defer ticker.Stop()
	var published string
	d.mu.Lock()
	d.sought, d.seeks = time.Time{}, 0
	d.mu.Unlock()
	for {
		for again := true; again; {
			var err error
			if published, err = d.publishComplete(ctx, published, durable); err != nil {
				return "", err
			}
			if jobs, again, err = d.open(ctx, jobs); err != nil {
				return "", err
			}
		}
		if left, err := d.left(len(jobs)); left == 0 || err != nil {
			return published, err
		}
		if err := d.takeSpace(); err != nil {
			return "", err
		}
		d.look(ctx)
		d.manage(ctx)
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-ticker.C:
			if err := d.diskHolds(); err != nil {
				return "", err
			}
		case <-d.woken:
		}
	}
}

// left is the number of jobs that are not published, of which so many were not
// opened; or it says why the run ends before.
func (d *download) left(waiting int) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return waiting + len(d.active), d.err
}

// look asks for sources when it is time.
func (d *download) look(ctx context.Context) {
	t := &d.engine.timing
	d.mu.Lock()
	defer d.mu.Unlock()
	wait := t.sources
	if len(d.sources) < fewSources {
		wait = min(wait, t.sourcesSoon<<min(d.seeks, 10))
	}
	if len(d.links) == 0 {
		wait = min(wait, t.sources/3)
	}
	if time.Since(d.sought) > wait {
		d.seeks++
		d.seek(ctx)
	}
}
