// Package queue is the list of downloads as a person sees it: what was asked for,
// in which order, what runs, what waits and why. It remembers the list in the
// library and makes an attempt of package swarm whenever a download has its turn.
//
// Locks, outer first: Queue.saving, Queue.mu, download.mu, and then those of the
// attempt. Queue.saving is held while the library is written; nothing else waits
// for a disk with a lock held.
package queue

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Timing is how long downloads wait.
type Timing struct {
	Tick time.Duration // how often to look after the downloads
	Disk time.Duration // how often to try a disk that could not be used
	// Idle is how long a download gets nothing before it leaves its place to
	// another one; a parked one is asked about after Scout, and later each time
	// that it came to nothing, up to MaxScout.
	Idle, Scout, MaxScout time.Duration
	// A failed download is tried again after Retry, doubled each time up to MaxRetry.
	Retry, MaxRetry time.Duration
}

// StandardTiming is the usual one.
var StandardTiming = Timing{Tick: time.Second, Disk: 30 * time.Second, Idle: time.Minute, Scout: 15 * time.Second, MaxScout: 30 * time.Minute,
	Retry: 30 * time.Second, MaxRetry: time.Hour}

// retryAfter is how long a download rests that failed a number of times.
func (t *Timing) retryAfter(tries int) time.Duration {
	return min(t.Retry<<min(tries-1, 20), t.MaxRetry)
}

// Shares is what becomes of finished downloads. Its methods may wait for the disk.
type Shares interface {
	// AddFetched shares what is at a path, whose files and hashes are known.
	AddFetched(path string, files []library.File, manifests []*piece.Manifest) error
	// Moved shares at another path what was shared at the old one, if it was.
	Moved(old, path string) error
	// StopPath takes the share of a path back, if there is one.
	StopPath(path string)
}

// Config is what the queue needs of the peer. The functions that take no context
// must not wait.
type Config struct {
	Library *library.Library
	Swarms  *swarm.Swarms
	Shares  Shares
	Log     *slog.Logger
	Timing  Timing
	// Share tells whether finished downloads are shared; nil: never.
	Share  func() bool
	Joined func() bool // a tracker
	// Sources asks the trackers for the peers, other than this one, that have a content.
	Sources func(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error)
	Notify  func() // something a person sees has changed
	Limit   int    // downloads that fetch at once
}

// Request says what to fetch, and where to.
type Request struct {
	Hash   netproto.ContentHash
	Name   string
	Size   int64 // bytes; -1 when it is not known
	Folder bool
	Paths  []string // of a folder's files, the chosen ones; none = all
	Dir    string   // absolute
}

// Queue are all downloads that the person asked for; some of them run. A download
// runs to fetch, when it is its turn, or for an errand: its files are checked or
// moved, one download at a time, whether it is paused, finished or active.
type Queue struct {
	config Config
	ctx    context.Context // of all runs
	cancel context.CancelFunc
	work   sync.WaitGroup // of the runs, and of the questions about parked downloads
	saving sync.Mutex     // held while the library is written

	mu      sync.Mutex
	closed  bool
	list    []*download // in order
	byID    map[string]*download
	byHash  map[netproto.ContentHash][]*download
	running map[*download]struct{}
	errands map[*download]struct{} // of which something is to be checked or moved
	limit   int                    // that fetch at once
	on      bool                   // all downloads run as their turn comes
}

// New returns what the library remembers; nothing runs before [Queue.Start]. ctx or
// Close ends all runs.
func New(ctx context.Context, config Config) (*Queue, error) {
	records, err := config.Library.Downloads()
	if err != nil {
		return nil, err
	}
	q := &Queue{config: config, limit: config.Limit, byID: map[string]*download{}, byHash: map[netproto.ContentHash][]*download{},
		running: map[*download]struct{}{}, errands: map[*download]struct{}{}}
	q.ctx, q.cancel = context.WithCancel(ctx)
	if records, err = q.endRemovals(records); err != nil {
		q.cancel()
		return nil, err
	}
	for _, r := range records {
		q.insert(q.make(r))
	}
	return q, nil
}

// Close ends all runs and waits for it.
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

// Start has all downloads go on as their turn comes.
func (q *Queue) Start() {
	q.mu.Lock()
	q.on = true
	q.mu.Unlock()
	q.schedule()
}

// StartOne lets one download go on and leaves the others where they are.
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
	q.limit = n
	q.mu.Unlock()
	q.schedule()
}

// Limited applies limits of the rate that were set or lowered.
func (q *Queue) Limited() { q.eachRunning((*swarm.Attempt).Limited) }

// Renew has all downloads look for their sources now: the network has changed.
func (q *Queue) Renew() { q.eachRunning((*swarm.Attempt).Renew) }

func (q *Queue) eachRunning(do func(*swarm.Attempt)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for d := range q.running {
		if a := d.atWork(); a != nil {
			do(a)
		}
	}
}

// insert puts a download at the end of the list; the caller holds the lock.
func (q *Queue) insert(d *download) {
	q.list = append(q.list, d)
	q.byID[d.record.ID] = d
	q.byHash[d.record.Hash] = append(q.byHash[d.record.Hash], d)
	if d.hasErrand() {
		q.errands[d] = struct{}{}
	}
}

// Add adds a download, or starts the one again that is in the list with the same
// content and folder: the files of a finished one are hashed, and what is no longer
// there as it was is fetched again, beside what took its place. It returns the id.
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
		Paths: request.Paths, Dir: dir, State: library.DownloadActive, Added: time.Now()}
	d, known := q.add(record)
	for known {
		gone := d.leaving()
		if gone == nil {
			return d.record.ID, q.again(d)
		}
		<-gone // the files of the one before are on their way off the disk
		d, known = q.add(record)
	}
	if err := q.save(d); err != nil {
		q.forget(d)
		return "", err
	}
	q.schedule()
	return record.ID, nil
}

// usableDir makes a folder, if it is not there, and gives its whole path.
func usableDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return dir, nil
}

// add returns the one that is in the list with the same content and folder, or puts
// a new one there.
func (q *Queue) add(r library.Download) (d *download, known bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d := q.same(r); d != nil {
		return d, true
	}
	r.Order = r.Added.UnixNano()
	if n := len(q.list); n > 0 {
		r.Order = max(r.Order, q.list[n-1].order()+1)
	}
	d = q.make(r)
	q.insert(d)
	return d, false
}

// same is the download with the same content, folder and choice of files, or
// nil; the caller holds the lock.
func (q *Queue) same(r library.Download) *download {
	for _, d := range q.byHash[r.Hash] {
		d.mu.Lock()
		same := (d.record.Dir == r.Dir || d.record.Move != nil && d.record.Move.To == r.Dir) && slices.Equal(d.record.Paths, r.Paths)
		d.mu.Unlock()
		if same {
			return d
		}
	}
	return nil
}

// leaving is closed when a download that is being removed is gone; nil if it is not
// being removed.
func (d *download) leaving() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

// again asks for a download that is in the list.
func (q *Queue) again(d *download) error {
	d.mu.Lock()
	finished := d.record.State == library.DownloadFinished
	d.mu.Unlock()
	if finished {
		return q.verify([]string{d.record.ID}, library.CheckKeep)
	}
	return q.Resume(d.record.ID)
}

// forget takes a download off the list.
func (q *Queue) forget(gone ...*download) {
	set := make(map[*download]bool, len(gone))
	for _, d := range gone {
		set[d] = true
	}
	isGone := func(d *download) bool { return set[d] }
	q.mu.Lock()
	defer q.mu.Unlock()
	q.list = slices.DeleteFunc(q.list, isGone)
	for _, d := range gone {
		delete(q.byID, d.record.ID)
		delete(q.errands, d)
		if q.byHash[d.record.Hash] = slices.DeleteFunc(q.byHash[d.record.Hash], isGone); len(q.byHash[d.record.Hash]) == 0 {
			delete(q.byHash, d.record.Hash)
		}
	}
}

// save remembers downloads as they are now, all at once.
func (q *Queue) save(list ...*download) error {
	q.saving.Lock()
	defer q.saving.Unlock()
	records := make([]library.Download, 0, len(list))
	for _, d := range list {
		d.mu.Lock()
		if !d.removed {
			records = append(records, d.record)
		}
		d.mu.Unlock()
	}
	return q.config.Library.SaveDownloads(records...)
}

// saved is save for callers that can only log an error.
func (q *Queue) saved(d *download) {
	if err := q.save(d); err != nil {
		q.config.Log.Error("remembering a download", "name", d.record.Name, "error", err)
	}
}

func (q *Queue) find(id string) *download {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.byID[id]
}

// schedule starts what may run now.
func (q *Queue) schedule() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx.Err() != nil {
		return
	}
	q.startErrand()
	taken := q.taken()
	// Those that get nothing for a while leave their place to others, and go on
	// looking for something; but they need sockets and memory too.
	room := min(q.limit-taken, q.limit+maxIdle-len(q.running))
	for _, d := range q.next(room) {
		q.start(d, false)
	}
	q.config.Notify()
}

// taken is the number of places in use; the caller holds the lock.
func (q *Queue) taken() int {
	n := 0
	for d := range q.running {
		d.mu.Lock()
		if d.takesPlace() {
			n++
		}
		d.mu.Unlock()
	}
	return n
}

// next are those whose turn it is, at most n; the caller holds the lock.
func (q *Queue) next(n int) []*download {
	if n <= 0 {
		return nil
	}
	var byRank [ranks][]*download
	for _, d := range q.list {
		d.mu.Lock()
		rank, ready := d.rank(), d.ready(q.on)
		d.mu.Unlock()
		if ready && len(byRank[rank]) < n {
			byRank[rank] = append(byRank[rank], d)
		}
		if len(byRank[0]) == n {
			break
		}
	}
	all := slices.Concat(byRank[:]...)
	return all[:min(n, len(all))]
}

// startErrand starts one errand, unless one is under way: two would share one
// disk. The caller holds the lock.
func (q *Queue) startErrand() {
	for d := range q.running {
		d.mu.Lock()
		busy := d.errand
		d.mu.Unlock()
		if busy {
			return
		}
	}
	var first *download
	for d := range q.errands {
		d.mu.Lock()
		ready := d.cancel == nil && d.hasErrand() && !d.removed && (q.on || d.alone)
		d.mu.Unlock()
		if ready && (first == nil || d.order() < first.order()) {
			first = d
		}
	}
	if first != nil {
		q.start(first, true)
	}
}

// start begins a run, to fetch or for an errand; the caller holds the lock.
func (q *Queue) start(d *download, errand bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx, cancel := context.WithCancel(q.ctx)
	work := q.fetch
	if errand {
		work = q.doErrand
	}
	begun := q.begin(func() {
		defer q.ended(d)
		work(ctx, d)
	})
	if !begun {
		cancel()
		return
	}
	d.cancel, d.ended, d.errand = cancel, make(chan struct{}), errand
	d.fed, d.idle = time.Now(), false
	q.running[d] = struct{}{}
}

// ended is the end of a run.
func (q *Queue) ended(d *download) {
	q.mu.Lock()
	delete(q.running, d)
	d.mu.Lock()
	d.cancel()
	d.cancel, d.errand, d.diskErr = nil, false, nil
	if !d.hasErrand() {
		delete(q.errands, d)
	}
	close(d.ended)
	d.mu.Unlock()
	q.mu.Unlock()
	q.schedule()
}

// fetch is one run of a download; what came of it is remembered.
func (q *Queue) fetch(ctx context.Context, d *download) {
	path, err := d.run(ctx)
	d.mu.Lock()
	progress := d.attempt.Progress()
	d.done = progress.Done
	d.record.Done = d.done
	if progress.Total >= 0 {
		d.record.Size = progress.Total
	}
	switch {
	case err == nil:
		d.succeed(path)
	case ctx.Err() != nil || d.record.State == library.DownloadPaused: // in the meantime
	default:
		d.failRecord(err)
	}
	record := d.record
	d.mu.Unlock()
	q.saved(d)
	if err == nil {
		q.share(d, record)
	}
}

func codeAndReason(err error) (netproto.Code, string) {
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return e.Code, e.Detail
	}
	return netproto.CodeOf(err), err.Error()
}

// heals tells whether a failure may be over by itself. What a content is does not
// change, and what the other side forbids only a person can settle.
func heals(code netproto.Code) bool {
	switch code {
	case netproto.CodeProtocol, netproto.CodeWrongPiece, netproto.CodeTooLarge, netproto.CodeInvalid, netproto.CodeDenied, netproto.CodeBanned, netproto.CodeInvite:
		return false
	}
	return true
}

// share offers what was downloaded, if the person wants that. What is known of the
// files is handed over, so that they need not be hashed again.
func (q *Queue) share(d *download, record library.Download) {
	if q.config.Share == nil || !q.config.Share() {
		return
	}
	fetched := d.last().Fetched()
	files := make([]library.File, 0, len(fetched.Files))
	for _, f := range fetched.Files {
		files = append(files, library.File{Path: filepath.Join(record.Dir, filepath.FromSlash(f.Name)), State: f.State, Hash: f.Hash})
	}
	if err := q.config.Shares.AddFetched(record.Path, files, fetched.Manifests); err != nil {
		q.config.Log.Warn("sharing a finished download", "path", record.Path, "error", err)
	}
}

// Ended is closed when the present run of a download is over. It is nil while the
// download does not run.
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
