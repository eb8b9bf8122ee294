// Package queue is the list of downloads as a person sees it: what was asked for,
// in which order, what runs, what waits and why. It remembers the list in the
// library and makes an attempt of package swarm whenever a download has its turn.
//
// To read it, begin with queue.go and go down; each file uses those below it:
//
//	queue.go    the queue: adds downloads, and runs them as their turn comes
//	control.go  what a person does with downloads
//	view.go     what a person sees of them
//	turns.go    which downloads run, and which are next
//	list.go     all downloads in order
//	errand.go   a run that checks or moves files
//	move.go     to another folder, through a kill
//	waiting.go  one download that waits for its turn or for a source
//	status.go   one download as a person sees it
//	download.go one download: its record, its attempts, a run that fetches
//	records.go  what the library remembers
//	disk.go     what downloads have on the disk
//	config.go   what the queue needs of the peer
//
// Locks, outer first: records.saving, Queue.mu, download.mu, and then those of the
// attempt. records.saving is held while the library is written; nothing else waits
// for a disk with a lock held.
package queue

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
	"centralizedp2p/netproto/pulse"
)

// Request says what to fetch, and where to.
type Request struct {
	Hash   netproto.ContentHash
	Name   string
	Size   int64 // bytes; -1 when it is not known
	Folder bool
	Paths  []string // of a folder's files, the chosen ones; none = all
	Dir    string   // absolute
	Plain  bool     // the files of a folder keep neither their times nor their executable bits
	// Private: nobody reads it here, neither while it is fetched nor later. It was sent
	// to this person alone.
	Private bool
}

// Queue is all downloads that the person asked for; some of them run. A download runs
// to fetch when it has its turn, or for an errand: its files are checked or moved,
// one download at a time, whether it is paused, finished or active.
type Queue struct {
	config Config
	ctx    context.Context // of all runs
	cancel context.CancelFunc
	work   sync.WaitGroup // of the runs, and of the questions about parked downloads

	scheduled chan struct{} // receives when [Queue.Run] may have more to look after

	disk    disk
	records records

	mu     sync.Mutex
	closed bool
	list   list
	turns  turns
}

// New returns the downloads that the library remembers. Nothing runs before
// [Queue.Start]; ctx or Close ends all runs.
func New(ctx context.Context, config Config) (*Queue, error) {
	remembered, err := config.Library.Downloads()
	if err != nil {
		return nil, err
	}
	q := &Queue{config: config, scheduled: make(chan struct{}, 1), records: records{library: config.Library, log: config.Log}, list: newList()}
	q.turns = turns{list: &q.list, running: map[*download]struct{}{}, limit: config.Limit}
	q.ctx, q.cancel = context.WithCancel(ctx)
	q.disk = disk{ctx: q.ctx, library: config.Library, shares: config.Shares, log: config.Log, space: config.Swarms.CheckSpace,
		lstat: os.Lstat, trash: config.Trash}
	stay, err := q.disk.endRemovals(remembered)
	if err != nil {
		q.cancel()
		return nil, err
	}
	for _, r := range stay {
		// No clock says that a retry is further away than the longest wait, unless it was
		// set in between.
		if soon := time.Now().Add(config.Timing.MaxRetry); r.Retry.After(soon) {
			r.Retry = soon
		}
		q.list.insert(q.make(r))
	}
	return q, nil
}

// Close ends all runs and waits until they are over.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cancel()
	q.work.Wait()
}

// begin runs work that Close waits for; it reports false after Close. The caller
// holds the lock.
func (q *Queue) begin(work func()) bool {
	if q.closed {
		return false
	}
	q.work.Go(work)
	return true
}

// Start lets all downloads run as their turn comes.
func (q *Queue) Start() {
	q.mu.Lock()
	q.turns.on = true
	q.mu.Unlock()
	q.schedule()
}

// StartOne lets one download run and leaves the others as they are.
func (q *Queue) StartOne(id string) {
	if d := q.find(id); d != nil {
		d.mu.Lock()
		d.alone = true
		d.mu.Unlock()
	}
	q.schedule()
}

// SetLimit changes how many downloads fetch at once.
func (q *Queue) SetLimit(n int) {
	q.mu.Lock()
	q.turns.limit = n
	q.mu.Unlock()
	q.schedule()
}

// Limited applies rate limits that were set or lowered.
func (q *Queue) Limited() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turns.each((*swarm.Attempt).Limited)
}

// Renew has all downloads look for their sources now: the network has changed.
func (q *Queue) Renew() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.turns.each((*swarm.Attempt).Renew)
}

// Add adds a download and returns its id. If the list has one with the same content and
// folder, that one starts again: the files of a finished one are hashed, and what
// has changed is fetched again, beside what took its place.
func (q *Queue) Add(request Request) (string, error) {
	if request.Hash.IsZero() {
		return "", netproto.Errorf(netproto.CodeInvalid, "there is no content with the hash zero")
	}
	dir, err := usableDir(request.Dir)
	if err != nil {
		return "", err
	}
	name := netproto.SafeName(request.Name)
	if request.Name == "" {
		name = request.Hash.String()
	}
	record := library.Download{ID: uuid.NewString(), Hash: request.Hash, Name: name, Size: request.Size, Folder: request.Folder,
		Paths: request.Paths, Plain: request.Plain, Private: request.Private, Dir: dir, State: library.DownloadActive, Added: time.Now()}
	d, known := q.add(record)
	for known {
		gone := d.leaving()
		if gone == nil {
			return d.record.ID, q.askAgain(d)
		}
		<-gone // the files of the one before are on their way off the disk
		d, known = q.add(record)
	}
	if err := q.records.save(d); err != nil {
		q.mu.Lock()
		q.list.forget(d)
		q.mu.Unlock()
		return "", err
	}
	d.kept()
	q.schedule()
	return record.ID, nil
}

// usableDir makes a folder if there is none and returns its absolute path.
func usableDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = durable.MkdirAll(dir, 0o777) // the umask decides
	}
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return dir, piece.OnDisk(dir, netproto.CodeFolderUnwritable)
}

// add returns the download in the list with the same content and folder, or inserts a
// new one.
func (q *Queue) add(r library.Download) (d *download, known bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d := q.list.same(r); d != nil {
		return d, true
	}
	r.Order = q.list.behind(r.Added)
	d = q.make(r)
	d.fresh = true
	q.list.insert(d)
	return d, false
}

func (q *Queue) make(record library.Download) *download {
	d := &download{config: &q.config, disk: &q.disk, records: &q.records, schedule: q.schedule, record: record, done: record.Done}
	d.setDir(record.Dir)
	return d
}

// askAgain starts a download that is in the list already.
func (q *Queue) askAgain(d *download) error {
	if d.isFinished() {
		return q.verify([]string{d.record.ID}, library.CheckKeep)
	}
	return q.Resume(d.record.ID)
}

func (q *Queue) find(id string) *download {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.list.byID[id]
}

// schedule starts what may run now.
func (q *Queue) schedule() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx.Err() != nil {
		return
	}
	if d := q.turns.nextErrand(); d != nil {
		q.start(d, true)
	}
	for _, d := range q.turns.next() {
		q.start(d, false)
	}
	select {
	case q.scheduled <- struct{}{}:
	default:
	}
	q.config.Notify()
}

// Run looks after the downloads until ctx ends: rarely while none runs and none is due.
func (q *Queue) Run(ctx context.Context) error {
	tick := pulse.NewTicker(q.config.Timing.Tick)
	defer tick.Stop()
	for {
		tick.Rest(q.idle(time.Now()))
		select {
		case <-ctx.Done():
			return nil
		case <-q.scheduled:
		case now := <-tick.C:
			q.look(ctx, now)
		}
	}
}

// idle reports whether the next look may come late.
func (q *Queue) idle(now time.Time) bool {
	joined := q.config.Joined()
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.turns.idle(now.Add(pulse.Slow*q.config.Timing.Tick), joined)
}

// look gives failed and parked downloads their turn when it is time, and has the
// trackers asked about those that are parked.
func (q *Queue) look(ctx context.Context, now time.Time) {
	joined := q.config.Joined()
	q.mu.Lock()
	changed, due := q.turns.look(now, joined)
	for _, d := range due {
		q.begin(func() { d.scout(ctx) })
	}
	q.mu.Unlock()
	if changed {
		q.schedule()
	}
}

// start begins a run, to fetch or for an errand; the caller holds the lock.
func (q *Queue) start(d *download, errand bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pace == nil {
		d.pace = &pace{limit: flow.NewThrottle(d.record.Limit), woken: make(chan struct{}, 1)}
	}
	ctx, cancel := context.WithCancel(q.ctx)
	work := d.fetch
	if errand {
		work = d.doErrand
	}
	begun := q.begin(func() {
		defer q.ended(d)
		work(ctx)
	})
	if !begun {
		cancel()
		return
	}
	d.cancel, d.ended, d.errand = cancel, make(chan struct{}), errand
	d.fed, d.idle = time.Now(), false
	q.turns.running[d] = struct{}{}
}

// ended ends a run.
func (q *Queue) ended(d *download) {
	q.mu.Lock()
	delete(q.turns.running, d)
	d.mu.Lock()
	d.cancel()
	d.cancel, d.errand, d.diskErr = nil, false, nil
	if !d.hasErrand() {
		delete(q.list.errands, d)
	}
	close(d.ended)
	d.mu.Unlock()
	q.mu.Unlock()
	q.schedule()
}

// Ended returns a channel that is closed when the present run of a download is over;
// nil while it does not run.
func (q *Queue) Ended(id string) <-chan struct{} {
	d := q.find(id)
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancel == nil {
		return nil
	}
	return d.ended
}
