package peer

import (
	"context"
	"errors"
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

// downloads are all that the person asked for; some of them run.
type downloads struct {
	engine *Engine
	mu     sync.Mutex
	list   []*download
	limit  int
	on     bool // all downloads run as their turn comes
}

// newDownloads has what the library remembers; nothing of it runs yet.
func newDownloads(e *Engine, limit int) (*downloads, error) {
	records, err := e.library.Downloads()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(a, b library.Download) int { return a.Added.Compare(b.Added) })
	ds := &downloads{engine: e, limit: limit}
	for _, r := range records {
		ds.list = append(ds.list, ds.make(r))
	}
	return ds, nil
}

func (ds *downloads) make(record library.Download) *download {
	return &download{engine: ds.engine, record: record, start: rand.IntN(1 << 20), woken: make(chan struct{}, 1), phase: phaseWaiting,
		sources: map[netproto.PublicKey]*source{}, links: map[*link]struct{}{}, total: record.Size, done: record.Done}
}

// Download adds a download, or starts the one again that is in the list with
// the same content and folder. It returns its id.
func (e *Engine) Download(request DownloadRequest) (string, error) {
	if request.Hash.IsZero() {
		return "", netproto.Errorf(netproto.CodeInvalid, "there is no content with the hash zero")
	}
	dir, err := filepath.Abs(request.Dir)
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	name := netproto.SafeName(request.Name)
	if request.Name == "" {
		name = request.Hash.String()
	}
	record := library.Download{ID: uuid.NewString(), Hash: request.Hash, Name: name, Size: request.Size, Folder: request.Folder,
		Paths: request.Paths, Dir: dir, State: library.DownloadActive, Added: time.Now()}
	d, known := e.downloads.add(record)
	if known {
		return d.record.ID, e.Resume(d.record.ID)
	}
	if err := d.save(); err != nil {
		e.downloads.remove(d)
		return "", err
	}
	e.downloads.schedule()
	return record.ID, nil
}

// add gives the one that is in the list with the same content and folder, or
// puts a new one there.
func (ds *downloads) add(r library.Download) (d *download, known bool) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	for _, d := range ds.list { // what is compared never changes
		if d.record.Hash == r.Hash && d.record.Dir == r.Dir && slices.Equal(d.record.Paths, r.Paths) {
			return d, true
		}
	}
	d = ds.make(r)
	ds.list = append(ds.list, d)
	return d, false
}

func (ds *downloads) remove(d *download) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.list = slices.DeleteFunc(ds.list, func(other *download) bool { return other == d })
}

// save remembers the download as it is now.
func (d *download) save() error {
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	record, removed := d.record, d.removed
	d.mu.Unlock()
	if removed {
		return nil
	}
	return d.engine.library.SaveDownload(record)
}

// forget is the end of saving.
func (d *download) forget() error {
	d.saving.Lock()
	defer d.saving.Unlock()
	d.mu.Lock()
	d.removed = true
	d.mu.Unlock()
	return d.engine.library.RemoveDownload(d.record.ID)
}

// schedule starts what may run now.
func (ds *downloads) schedule() {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	if ds.engine.ctx.Err() != nil {
		return
	}
	running := 0
	for _, d := range ds.list {
		d.mu.Lock()
		if d.cancel != nil {
			running++
		}
		d.mu.Unlock()
	}
	for _, d := range ds.list {
		if running >= ds.limit {
			break
		}
		d.mu.Lock()
		if d.record.State == library.DownloadActive && d.cancel == nil && (ds.on || d.alone) {
			ctx, cancel := context.WithCancel(ds.engine.ctx)
			if ds.engine.begin(func() { ds.run(ctx, d) }) {
				running++
				d.cancel, d.ended = cancel, make(chan struct{})
			} else {
				cancel()
			}
		}
		d.mu.Unlock()
	}
	ds.engine.notify()
}

// run is one run of a download, with what remains of it remembered.
func (ds *downloads) run(ctx context.Context, d *download) {
	path, err := d.run(ctx)
	d.mu.Lock()
	stopped := ctx.Err() != nil && err != nil
	d.phase = phaseWaiting
	d.record.Done = d.done
	switch {
	case stopped:
	case err == nil:
		d.record.State, d.record.Path, d.record.Finished = library.DownloadFinished, path, time.Now()
	default:
		d.record.State, d.record.Path, d.record.Finished = library.DownloadFailed, "", time.Time{}
		d.record.Code, d.record.Reason = netproto.CodeOf(err), err.Error()
		if e, ok := errors.AsType[*netproto.Error](err); ok {
			d.record.Reason = e.Detail
		}
	}
	record := d.record
	d.mu.Unlock()
	if err := d.save(); err != nil {
		ds.engine.log.Error("remembering a download", "name", record.Name, "error", err)
	}
	if err == nil {
		ds.offer(record)
	}
	d.mu.Lock()
	d.cancel()
	d.cancel = nil
	close(d.ended)
	d.mu.Unlock()
	ds.schedule()
}

// offer shares what was downloaded, if the person lets it.
func (ds *downloads) offer(record library.Download) {
	e := ds.engine
	settings, err := e.library.Settings()
	if err != nil || !settings.ShareDownloads || !e.config.OfferDownloads {
		return
	}
	if _, err := e.Share(record.Path, ShareOptions{Remember: true}); err != nil {
		e.log.Warn("sharing a finished download", "path", record.Path, "error", err)
	}
}

// DownloadByID is one of them; false when it is not in the list.
func (e *Engine) DownloadByID(id string) (Download, bool) {
	d := e.downloads.byID(id)
	if d == nil {
		return Download{}, false
	}
	return d.snapshot(), true
}

// Ended is closed when the present run of a download is over, at once when it
// does not run.
func (e *Engine) Ended(id string) <-chan struct{} {
	if d := e.downloads.byID(id); d != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.cancel != nil {
			return d.ended
		}
	}
	over := make(chan struct{})
	close(over)
	return over
}

func (ds *downloads) byID(id string) *download {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	for _, d := range ds.list {
		if d.record.ID == id { // never changes
			return d
		}
	}
	return nil
}

// Pause stops a download until it is resumed; what was fetched stays.
func (e *Engine) Pause(id string) error { return e.setState(id, library.DownloadPaused) }

// Resume starts a paused, failed or waiting download, or a finished one whose
// file is gone, as soon as its turn comes.
func (e *Engine) Resume(id string) error { return e.setState(id, library.DownloadActive) }

func (e *Engine) setState(id string, state library.DownloadState) error {
	d := e.downloads.byID(id)
	if d == nil {
		return netproto.Errorf(netproto.CodeNotFound, "this download is not in the list any more")
	}
	d.mu.Lock()
	if finished := d.record.State == library.DownloadFinished; finished {
		if _, err := os.Lstat(d.record.Path); err == nil || state == library.DownloadPaused {
			d.mu.Unlock()
			return nil
		}
		d.record.Path, d.record.Finished = "", time.Time{}
	}
	d.record.State, d.record.Code, d.record.Reason = state, "", ""
	d.mu.Unlock()
	if err := d.save(); err != nil {
		return err
	}
	if state == library.DownloadPaused {
		d.stop()
	}
	d.wake()
	e.downloads.schedule()
	return nil
}

// stop ends the run and waits for its end.
func (d *download) stop() {
	d.mu.Lock()
	cancel, ended := d.cancel, d.ended
	d.mu.Unlock()
	if cancel != nil {
		cancel()
		<-ended
	}
}

// Remove takes a download off the list. What was fetched of an unfinished one
// is removed from the disk; a finished file stays.
func (e *Engine) Remove(id string) error {
	d := e.downloads.byID(id)
	if d == nil {
		return nil
	}
	d.mu.Lock()
	finished := d.record.State == library.DownloadFinished
	if !finished {
		d.record.State = library.DownloadPaused // so that it does not start again
	}
	d.mu.Unlock()
	d.stop()
	if err := d.forget(); err != nil {
		return err
	}
	e.downloads.remove(d)
	e.downloads.schedule()
	if finished {
		return nil
	}
	return discard(d.record)
}
