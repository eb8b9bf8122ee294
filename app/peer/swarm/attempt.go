package swarm

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Task is what an attempt is to do. It does not change.
type Task struct {
	Hash   netproto.ContentHash
	Name   string
	Folder bool
	Paths  []string // of a folder's files, the chosen ones; none = all
	Dir    string   // absolute
	Size   int64    // bytes; -1 while it is not known

	Limit   *flow.Throttle // of this download
	Rate    *flow.Meter    // counts what comes from other peers
	Checked *atomic.Int64  // counts bytes verified or copied in the present phase
	Lists   Lists          // of finished folders
	// Remember has the attempt keep what it knows of the files: see [Attempt.Fetched].
	Remember bool
}

// Lists keeps the list of a folder's files for when the folder is finished. Its
// methods may wait for the disk.
type Lists interface {
	// Keep stores the text of the list.
	Keep(text []byte) error
	// Kept returns the entries that Keep stored; false if there are none.
	Kept(ctx context.Context) ([]netproto.FolderEntry, bool)
}

// Phase is what an attempt does at the moment.
type Phase string

// The phases.
const (
	Verifying Phase = "verifying" // what an earlier attempt left, or before it is published
	Fetching  Phase = "fetching"
)

// Attempt is one try to fetch a content. [Attempt.Run] may be called once.
type Attempt struct {
	swarms *Swarms
	task   Task
	quiet  bool           // not announced: somebody only looks at a folder's list
	start  int            // where the search for rare pieces begins
	woken  chan struct{}  // the running goroutine looks around
	work   sync.WaitGroup // of the lanes, and of files that are being closed

	// Of the running goroutine.
	root   *os.Root      // of the destination
	folder *piece.Folder // of the files of a folder, while they come

	mu         sync.Mutex
	after      []func() // to be done when the lock is free, see unlock
	over       bool     // it has let go of everything
	phase      Phase
	err        error // what ends the attempt
	sources    map[netproto.PublicKey]*source
	lanes      map[*lane]struct{}
	making     int       // lanes
	seeking    int       // trackers that are being asked for sources
	sought     time.Time // when one answered, or failed to
	seeks      int       // how often they were asked
	asked      uint64    // pieces
	active     []*job
	preference Preference
	climb      climb
	fetched    Fetched
	published  []*job // which others may read until the attempt ends
	folderSize int64  // bytes of all files of the folder; -1 before its list is here
	total      int64  // bytes of all jobs; -1 while it is not known
	done       int64  // bytes of finished jobs
	cells      []Cell // when it is over, see Details

	sampled time.Time
	// The time that lanes spent with writing since then, in nanoseconds, and its
	// share before.
	diskBusy  atomic.Int64
	diskShare float64
}

// Attempt makes an attempt. What an earlier one found out about sources, if there
// was one, is taken over.
func (ss *Swarms) Attempt(task Task, before *Attempt, preference Preference) *Attempt {
	a := &Attempt{swarms: ss, task: task, start: rand.IntN(1 << 20), woken: make(chan struct{}, 1), phase: Verifying, preference: preference,
		sources: map[netproto.PublicKey]*source{}, lanes: map[*lane]struct{}{}, total: -1, folderSize: -1}
	if before != nil {
		before.mu.Lock()
		defer before.mu.Unlock()
		a.start, a.sources, a.cells, a.climb = before.start, before.sources, before.cells, before.climb
		before.sources = nil
	}
	return a
}

// unlock frees the lock and then does what had to wait for that.
func (a *Attempt) unlock() {
	after := a.after
	a.after = nil
	a.mu.Unlock()
	for _, do := range after {
		do()
	}
}

// Wake has the attempt look around now, as after each tick.
func (a *Attempt) Wake() {
	select {
	case a.woken <- struct{}{}:
	default:
	}
}

// openBytes are those verified in unfinished contents; the caller holds the lock.
func (a *Attempt) openBytes() int64 {
	var n int64
	for _, j := range a.active {
		if j.ready() {
			n += j.part.VerifiedBytes()
		}
	}
	return n
}

// fail ends the attempt with an error of the disk.
func (a *Attempt) fail(err error) {
	a.mu.Lock()
	defer a.unlock()
	a.failLocked(err)
}

func (a *Attempt) failLocked(err error) {
	if a.err == nil {
		a.err = err
	}
	a.Wake()
}

func (a *Attempt) setPhase(p Phase) {
	a.mu.Lock()
	a.phase = p
	a.mu.Unlock()
	a.task.Checked.Store(0)
	a.swarms.config.Notify()
}

// Run fetches the content, from what is on the disk to the published name, and
// returns the path. The error has the code "no-space" or "folder-unwritable" if
// the disk is the reason, that of ctx if it ended, or another code if trying
// again is of no use or not soon.
func (a *Attempt) Run(ctx context.Context) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// The folder was made when the download was added. If it is gone since then,
	// its disk may be gone, and another one must not be filled instead.
	root, err := os.OpenRoot(a.task.Dir)
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	a.root = root
	defer root.Close()
	a.swarms.enter(a)
	defer a.letGo(cancel)
	if a.task.Folder {
		return a.fetchFolder(ctx)
	}
	return a.fetchFile(ctx)
}

// letGo ends all lanes, offers and unfinished files.
func (a *Attempt) letGo(cancel context.CancelFunc) {
	a.swarms.leave(a)
	cancel()
	a.work.Wait()
	a.forgetPublished()
	a.mu.Lock()
	a.over = true
	a.cells, _ = a.pieceMap()
	a.done += a.openBytes()
	active := a.active
	a.active = nil
	a.unlock()
	for _, j := range active {
		a.shut(j)
	}
}

// shut closes the unfinished file of a job and stops offering it.
func (a *Attempt) shut(j *job) {
	a.swarms.config.Contents.Remove(j.hash, j)
	a.mu.Lock()
	j.shared.Lock()
	part := j.part
	j.part = nil
	j.shared.Unlock()
	a.unlock()
	if part != nil {
		a.close(j, part)
	}
}

func (a *Attempt) close(j *job, part growing) {
	if err := part.Close(); err != nil {
		a.swarms.config.Log.Warn("closing an unfinished file", "hash", j.hash, "error", err)
	}
}

func (a *Attempt) fetchFile(ctx context.Context) (string, error) {
	name := netproto.SafeName(a.task.Name)
	if path, ok := a.alreadyThere(ctx, name); ok {
		return path, nil
	}
	j := a.firstJob(".", name)
	published, err := a.fetch(ctx, []*job{j}, true)
	if err != nil {
		return "", err
	}
	return filepath.Join(a.task.Dir, filepath.FromSlash(published)), nil
}

// firstJob is the one for what the person asked for: a file, or the list of a
// folder. Its size is certain only if the content is on this computer already.
func (a *Attempt) firstJob(dir, name string) *job {
	j := newJob(a, a.task.Hash, -1, dir, name)
	if j.m = a.manifestHere(j.hash); j.m != nil {
		j.size, j.sure = j.m.Size, true
	} else if m, err := piece.ReadPartManifest(a.root, dir, j.hash); err == nil {
		j.m = m
	}
	return j
}

// alreadyThere finds the finished file under its name: the same command given
// again has nothing to do. If the name was taken the file may have got a numbered
// one: those are checked as long as they follow each other, if the size fits.
func (a *Attempt) alreadyThere(ctx context.Context, name string) (string, bool) {
	for n := 1; n <= maxNumberedLooks; n++ {
		numbered := name
		if n > 1 {
			numbered = netproto.NumberedName(name, n)
		}
		path := filepath.Join(a.task.Dir, numbered)
		info, err := os.Lstat(path)
		if err != nil {
			return "", false
		}
		fits := info.Size() == a.task.Size || n == 1 && a.task.Size < 0
		if fits && info.Mode().IsRegular() && a.isIt(ctx, path) {
			return path, true
		}
	}
	return "", false
}

// maxNumberedLooks bounds the names under which a finished file is looked for.
const maxNumberedLooks = 20

// isIt tells whether a file has the wanted content.
func (a *Attempt) isIt(ctx context.Context, path string) bool {
	a.setPhase(Verifying)
	m, _, err := piece.HashPath(ctx, path, a.progress)
	if err != nil || m.Hash != a.task.Hash {
		return false
	}
	if err := piece.RemovePart(a.root, ".", m.Hash); err != nil { // a kill can leave the journal of a published file
		a.swarms.config.Log.Warn("what is left of a download cannot be removed", "hash", m.Hash, "error", err)
	}
	a.mu.Lock()
	defer a.unlock()
	a.total, a.done = m.Size, m.Size
	return true
}

// progress counts n bytes that were verified or copied.
func (a *Attempt) progress(n int) {
	a.task.Checked.Add(int64(n))
	a.swarms.config.Notify()
}

// fetch gets the contents of the jobs, which it opens a few at a time, and
// publishes each when it is complete. It returns the last published name.
func (a *Attempt) fetch(ctx context.Context, jobs []*job, durable bool) (string, error) {
	a.setPhase(Fetching)
	ticker := time.NewTicker(a.swarms.config.Timing.Tick)
	defer ticker.Stop()
	var published string
	a.mu.Lock()
	a.sought, a.seeks = time.Time{}, 0
	a.unlock()
	for {
		for more := true; more; {
			var err error
			if published, err = a.publishComplete(ctx, published, durable); err != nil {
				return "", err
			}
			if jobs, more, err = a.open(ctx, jobs); err != nil {
				return "", err
			}
		}
		if left, err := a.left(len(jobs)); left == 0 || err != nil {
			return published, err
		}
		if err := a.takeSpace(); err != nil {
			return "", err
		}
		a.look(ctx)
		a.manage(ctx)
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-ticker.C:
			if err := a.diskHolds(); err != nil {
				return "", err
			}
		case <-a.woken:
		}
	}
}

// left is the number of jobs that are not published, waiting ones included, or
// what ends the attempt.
func (a *Attempt) left(waiting int) (int, error) {
	a.mu.Lock()
	defer a.unlock()
	return waiting + len(a.active), a.err
}

// look asks for sources when it is time.
func (a *Attempt) look(ctx context.Context) {
	t := &a.swarms.config.Timing
	a.mu.Lock()
	defer a.unlock()
	wait := t.Sources
	if len(a.sources) < fewSources {
		wait = min(wait, t.SourcesSoon<<min(a.seeks, 10))
	}
	if len(a.lanes) == 0 {
		wait = min(wait, t.Sources/3)
	}
	if time.Since(a.sought) > wait {
		a.seeks++
		a.seek(ctx)
	}
}

// Renew tries all sources and trackers again now: the network has changed.
func (a *Attempt) Renew() {
	a.mu.Lock()
	for _, s := range a.sources {
		s.retry, s.delay = time.Time{}, 0
	}
	a.sought, a.seeks = time.Time{}, 0
	a.unlock()
	a.Wake()
}
