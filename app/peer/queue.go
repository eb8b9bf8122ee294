package peer

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// DownloadRequest says what to fetch, and where to.
type DownloadRequest struct {
	Hash   netproto.ContentHash
	Name   string
	Size   int64 // bytes; -1 when it is not known
	Folder bool
	Paths  []string // of a folder's files, the chosen ones; none = all
	Dir    string   // absolute
}

// downloads are all that the person asked for; some of them run. A download
// runs to fetch, when it is its turn, or for an errand: its files are checked
// or moved, one download at a time, whether it is paused, finished or active.
type downloads struct {
	engine *Engine
	saving sync.Mutex // held while the library is told

	mu      sync.Mutex
	list    []*download // in the order of the queue
	byID    map[string]*download
	byHash  map[netproto.ContentHash][]*download
	running map[*download]struct{}
	errands map[*download]struct{} // that something is to be checked or moved of
	limit   int                    // that fetch at once
	on      bool                   // all downloads run as their turn comes

	asking sync.WaitGroup // the tracker is asked about parked downloads
}

// newDownloads has what the library remembers; nothing of it runs yet.
func newDownloads(e *Engine, limit int) (*downloads, error) {
	records, err := e.library.Downloads()
	if err != nil {
		return nil, err
	}
	ds := &downloads{engine: e, limit: limit, byID: map[string]*download{}, byHash: map[netproto.ContentHash][]*download{},
		running: map[*download]struct{}{}, errands: map[*download]struct{}{}}
	if records, err = ds.endRemovals(records); err != nil {
		return nil, err
	}
	for _, r := range records {
		ds.insert(ds.make(r))
	}
	return ds, nil
}

func (ds *downloads) make(record library.Download) *download {
	d := &download{engine: ds.engine, record: record, start: rand.IntN(1 << 20), woken: make(chan struct{}, 1), phase: phaseWaiting, limit: newThrottle(record.Limit),
		sources: map[netproto.PublicKey]*source{}, links: map[*link]struct{}{}, total: record.Size, done: record.Done}
	d.setDir(record.Dir)
	return d
}

// setDir notes where the download is published; the caller holds the lock, if
// others know the download.
func (d *download) setDir(dir string) {
	d.record.Dir = dir
	d.where = filepath.Join(dir, d.record.Name)
}

// insert puts a download at the end of the list; the caller holds the lock.
func (ds *downloads) insert(d *download) {
	ds.list = append(ds.list, d)
	ds.byID[d.record.ID] = d
	ds.byHash[d.record.Hash] = append(ds.byHash[d.record.Hash], d)
	if d.hasErrand() {
		ds.errands[d] = struct{}{}
	}
}

// Download adds a download, or starts the one again that is in the list with
// the same content and folder: of one that is finished the files are hashed,
// and what is not there any more as it was is fetched anew, beside what took
// its place. It returns the id.
func (e *Engine) Download(request DownloadRequest) (string, error) {
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
	ds := e.downloads
	d, known := ds.add(record)
	for known {
		gone := d.leaving()
		if gone == nil {
			return d.record.ID, ds.again(d)
		}
		<-gone // the files of the one before are on their way off the disk
		d, known = ds.add(record)
	}
	if err := ds.save(d); err != nil {
		ds.forget(d)
		return "", err
	}
	ds.schedule()
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

// add gives the one that is in the list with the same content and folder, or
// puts a new one there.
func (ds *downloads) add(r library.Download) (d *download, known bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if d := ds.same(r); d != nil {
		return d, true
	}
	r.Order = r.Added.UnixNano()
	if n := len(ds.list); n > 0 {
		r.Order = max(r.Order, ds.list[n-1].order()+1)
	}
	d = ds.make(r)
	ds.insert(d)
	return d, false
}

// same is the download with the same content, folder and choice of files, or
// nil; the caller holds the lock.
func (ds *downloads) same(r library.Download) *download {
	for _, d := range ds.byHash[r.Hash] {
		d.mu.Lock()
		same := (d.record.Dir == r.Dir || d.record.Move != nil && d.record.Move.To == r.Dir) && slices.Equal(d.record.Paths, r.Paths)
		d.mu.Unlock()
		if same {
			return d
		}
	}
	return nil
}

// leaving is closed when a download that is being removed is gone; nil where it
// is not.
func (d *download) leaving() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

// again is asking for a download that is in the list.
func (ds *downloads) again(d *download) error {
	d.mu.Lock()
	finished := d.record.State == library.DownloadFinished
	d.mu.Unlock()
	if finished {
		return ds.verify([]string{d.record.ID}, library.CheckKeep)
	}
	return ds.engine.Resume(d.record.ID)
}

// forget takes a download off the list.
func (ds *downloads) forget(gone ...*download) {
	set := make(map[*download]bool, len(gone))
	for _, d := range gone {
		set[d] = true
	}
	isGone := func(d *download) bool { return set[d] }
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.list = slices.DeleteFunc(ds.list, isGone)
	for _, d := range gone {
		delete(ds.byID, d.record.ID)
		delete(ds.errands, d)
		if ds.byHash[d.record.Hash] = slices.DeleteFunc(ds.byHash[d.record.Hash], isGone); len(ds.byHash[d.record.Hash]) == 0 {
			delete(ds.byHash, d.record.Hash)
		}
	}
}

// save remembers downloads as they are now, all at once.
func (ds *downloads) save(list ...*download) error {
	ds.saving.Lock()
	defer ds.saving.Unlock()
	records := make([]library.Download, 0, len(list))
	for _, d := range list {
		d.mu.Lock()
		if !d.removed {
			records = append(records, d.record)
		}
		d.mu.Unlock()
	}
	return ds.engine.library.SaveDownloads(records...)
}

// saved is save where only the log can be told.
func (ds *downloads) saved(d *download) {
	if err := ds.save(d); err != nil {
		ds.engine.log.Error("remembering a download", "name", d.record.Name, "error", err)
	}
}

func (ds *downloads) find(id string) *download {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.byID[id]
}

// schedule starts what may run now.
func (ds *downloads) schedule() {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.engine.ctx.Err() != nil {
		return
	}
	ds.startErrand()
	taken := ds.taken()
	// Those that have nothing to do for a while leave their place to others, and
	// go on looking for something; but they need sockets and memory, too.
	room := min(ds.limit-taken, ds.limit+maxIdle-len(ds.running))
	for _, d := range ds.next(room) {
		ds.start(d, false)
	}
	ds.engine.notify()
}

// taken is how many places are; the caller holds the lock.
func (ds *downloads) taken() int {
	n := 0
	for d := range ds.running {
		d.mu.Lock()
		if d.takesPlace() {
			n++
		}
		d.mu.Unlock()
	}
	return n
}

// next are those whose turn it is, n at the most; the caller holds the lock.
func (ds *downloads) next(n int) []*download {
	if n <= 0 {
		return nil
	}
	var byRank [ranks][]*download
	for _, d := range ds.list {
		d.mu.Lock()
		rank, ready := d.rank(), d.ready(ds.on)
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
func (ds *downloads) startErrand() {
	for d := range ds.running {
		d.mu.Lock()
		busy := d.errand
		d.mu.Unlock()
		if busy {
			return
		}
	}
	var first *download
	for d := range ds.errands {
		d.mu.Lock()
		ready := d.cancel == nil && d.hasErrand() && !d.removed && (ds.on || d.alone)
		d.mu.Unlock()
		if ready && (first == nil || d.order() < first.order()) {
			first = d
		}
	}
	if first != nil {
		ds.start(first, true)
	}
}

// start begins a run, to fetch or for an errand; the caller holds the lock.
func (ds *downloads) start(d *download, errand bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx, cancel := context.WithCancel(ds.engine.ctx)
	work := ds.fetch
	if errand {
		work = ds.doErrand
	}
	begun := ds.engine.begin(func() {
		defer ds.ended(d)
		work(ctx, d)
	})
	if !begun {
		cancel()
		return
	}
	d.cancel, d.ended, d.errand = cancel, make(chan struct{}), errand
	d.fed, d.idle = time.Now(), false
	ds.running[d] = struct{}{}
}

// ended is the end of a run.
func (ds *downloads) ended(d *download) {
	ds.mu.Lock()
	delete(ds.running, d)
	d.mu.Lock()
	d.cancel()
	d.cancel, d.errand, d.phase = nil, false, phaseWaiting
	if !d.hasErrand() {
		delete(ds.errands, d)
	}
	close(d.ended)
	d.mu.Unlock()
	ds.mu.Unlock()
	ds.schedule()
}

// fetch is one run of a download, with what remains of it remembered.
func (ds *downloads) fetch(ctx context.Context, d *download) {
	path, err := d.run(ctx)
	d.mu.Lock()
	d.phase = phaseWaiting
	d.record.Done = d.done
	switch {
	case err == nil:
		d.succeed(path)
	case ctx.Err() != nil || d.record.State == library.DownloadPaused: // in the meantime
	default:
		d.failRecord(err)
	}
	record := d.record
	d.mu.Unlock()
	ds.saved(d)
	if err == nil {
		ds.offer(d, record)
	}
}

// succeed notes where the finished content is; the caller holds the lock.
func (d *download) succeed(path string) {
	r := &d.record
	r.State, r.Path, r.Size, r.Finished = library.DownloadFinished, path, d.total, time.Now()
	r.Code, r.Reason, r.Tries, r.Retry = "", "", 0, time.Time{}
	// Thousands of finished ones may be in the list.
	d.cells = nil
	maps.DeleteFunc(d.sources, func(_ netproto.PublicKey, s *source) bool { return s.got == 0 })
}

// failRecord notes why a download failed, and when it is tried again; the
// caller holds the lock.
func (d *download) failRecord(err error) {
	r := &d.record
	r.State, r.Path, r.Finished = library.DownloadFailed, "", time.Time{}
	r.Code, r.Reason = codeAndReason(err)
	r.Tries++
	r.Retry = time.Time{}
	if heals(r.Code) {
		r.Retry = time.Now().Add(d.engine.timing.retryAfter(r.Tries))
	}
}

func codeAndReason(err error) (netproto.Code, string) {
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return e.Code, e.Detail
	}
	return netproto.CodeOf(err), err.Error()
}

// heals tells whether a failure may be over by itself. What a content is does
// not change, and what the other side forbids only a person can settle.
func heals(code netproto.Code) bool {
	switch code {
	case netproto.CodeProtocol, netproto.CodeWrongPiece, netproto.CodeTooLarge, netproto.CodeInvalid, netproto.CodeDenied, netproto.CodeBanned, netproto.CodeInvite:
		return false
	}
	return true
}

// offer shares what was downloaded, if the person lets it.
func (ds *downloads) offer(d *download, record library.Download) {
	e := ds.engine
	e.mu.Lock()
	wanted := e.settings.ShareDownloads && e.config.OfferDownloads
	e.mu.Unlock()
	if !wanted {
		return
	}
	d.handOver()
	if _, err := e.Share(record.Path, ShareOptions{Remember: true}); err != nil {
		e.log.Warn("sharing a finished download", "path", record.Path, "error", err)
	}
}
