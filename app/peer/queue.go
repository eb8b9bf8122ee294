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

// DownloadState is where a download stands.
type DownloadState string

// The states of a download.
const (
	DownloadWaiting     DownloadState = "waiting"    // for a source
	DownloadQueued      DownloadState = "queued"     // for its turn, here or at its sources
	DownloadConnecting  DownloadState = "connecting" // to its sources
	DownloadDownloading DownloadState = "downloading"
	DownloadVerifying   DownloadState = "verifying"
	DownloadPaused      DownloadState = "paused"
	DownloadFinished    DownloadState = "finished"
	DownloadNoSpace     DownloadState = "no-space" // and what else is wrong with the disk: goes on by itself
	DownloadFailed      DownloadState = "failed"
)

// Download is a content that the person asked for.
type Download struct {
	ID       string
	Hash     netproto.ContentHash
	Name     string
	Folder   bool
	Size     int64 // bytes; -1 while it is not known
	Done     int64 // bytes verified
	Rate     int64 // bytes a second
	Sources  int   // connected
	Used     int   // sources that sent something
	State    DownloadState
	Place    int           // in a queue, from 1
	Left     time.Duration // 0 while it is not known
	Path     string        // where it is or will be, absolute
	Err      error         // why it failed, or what is wrong with the disk
	Added    time.Time
	Finished time.Time
}

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
		sources: map[netproto.PublicKey]*source{}, links: map[*link]struct{}{}, total: record.Size}
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
	name := netproto.SafeName(request.Name)
	if request.Name == "" {
		name = request.Hash.String()
	}
	ds := e.downloads
	ds.mu.Lock()
	for _, d := range ds.list {
		d.mu.Lock()
		r := d.record
		d.mu.Unlock()
		if r.Hash == request.Hash && r.Dir == dir && slices.Equal(r.Paths, request.Paths) {
			ds.mu.Unlock()
			return r.ID, e.Resume(r.ID)
		}
	}
	record := library.Download{ID: uuid.NewString(), Hash: request.Hash, Name: name, Size: request.Size, Folder: request.Folder,
		Paths: request.Paths, Dir: dir, State: library.DownloadActive, Added: time.Now()}
	ds.list = append(ds.list, ds.make(record))
	ds.mu.Unlock()
	if err := e.library.SaveDownload(record); err != nil {
		return "", err
	}
	ds.schedule()
	return record.ID, nil
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
			running++
			ctx, cancel := context.WithCancel(ds.engine.ctx)
			d.cancel, d.ended = cancel, make(chan struct{})
			ds.engine.background.Go(func() { ds.run(ctx, d) })
		}
		d.mu.Unlock()
	}
	ds.engine.notify()
}

func (ds *downloads) run(ctx context.Context, d *download) {
	path, err := d.run(ctx)
	d.mu.Lock()
	stopped := ctx.Err() != nil && err != nil
	d.cancel()
	d.cancel = nil
	d.phase = phaseWaiting
	if !stopped {
		d.record.State, d.record.Path, d.record.Finished = library.DownloadFinished, path, time.Now()
		if err != nil {
			d.record.State, d.record.Path, d.record.Finished = library.DownloadFailed, "", time.Time{}
			d.record.Code = netproto.CodeOf(err)
			d.record.Reason = err.Error()
			if e, ok := errors.AsType[*netproto.Error](err); ok {
				d.record.Reason = e.Detail
			}
		}
	}
	record := d.record
	close(d.ended)
	d.mu.Unlock()
	e := ds.engine
	if e.contents.find(record.Hash) == nil {
		e.membership().withdraw(record.Hash)
	}
	if !stopped {
		if err := e.library.SaveDownload(record); err != nil {
			e.log.Error("remembering a download", "name", record.Name, "error", err)
		}
		if record.State == library.DownloadFinished {
			ds.offer(record)
		}
	}
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

// Downloads are all in the list, in the order they were added.
func (e *Engine) Downloads() []Download {
	e.downloads.mu.Lock()
	list := slices.Clone(e.downloads.list)
	e.downloads.mu.Unlock()
	snapshots := make([]Download, 0, len(list))
	place := 0
	for _, d := range list {
		s := d.snapshot()
		if s.State == DownloadQueued && s.Place == 0 {
			place++
			s.Place = place
		}
		snapshots = append(snapshots, s)
	}
	return snapshots
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

func (d *download) snapshot() Download {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.record
	s := Download{ID: r.ID, Hash: r.Hash, Name: r.Name, Folder: r.Folder, Size: r.Size, Path: r.Path, Added: r.Added, Finished: r.Finished}
	if s.Path == "" {
		s.Path = filepath.Join(r.Dir, r.Name)
	}
	for _, src := range d.sources {
		if src.got > 0 {
			s.Used++
		}
	}
	switch r.State {
	case library.DownloadFinished:
		s.State, s.Done = DownloadFinished, max(r.Size, 0)
		return s
	case library.DownloadFailed:
		s.State, s.Err = DownloadFailed, &netproto.Error{Code: r.Code, Detail: r.Reason}
	case library.DownloadPaused:
		s.State = DownloadPaused
	default:
		s.State, s.Place = d.stateNow()
	}
	if d.total >= 0 {
		s.Size = d.total
	}
	s.Done = d.done + d.openBytes()
	if d.cancel == nil {
		return s
	}
	switch s.State {
	case DownloadNoSpace:
		s.Err = d.diskErr
	case DownloadVerifying:
		s.Done = max(s.Done, d.checked)
	case DownloadDownloading:
		s.Rate = d.rate.rate()
		if s.Rate > 0 && s.Size >= 0 {
			s.Left = duration(max(s.Size-s.Done, 0), s.Rate)
		}
	}
	for _, src := range d.sources {
		if src.made > 0 {
			s.Sources++
		}
	}
	return s
}

// stateNow is what an active download does; the caller holds the lock.
func (d *download) stateNow() (DownloadState, int) {
	switch {
	case d.cancel == nil:
		return DownloadQueued, 0
	case d.phase == phaseDisk:
		return DownloadNoSpace, 0
	case d.phase == phaseVerifying:
		return DownloadVerifying, 0
	}
	place := 0
	for l := range d.links {
		if l.inflight > 0 {
			return DownloadDownloading, 0
		}
		for _, s := range l.streams {
			if s.place > 0 && (place == 0 || s.place < place) {
				place = s.place
			}
		}
	}
	switch {
	case place > 0:
		return DownloadQueued, place
	case d.making > 0 || d.fetchable():
		return DownloadConnecting, 0
	}
	return DownloadWaiting, 0
}

// fetchable tells whether a connected source has agreed to give something.
func (d *download) fetchable() bool {
	for l := range d.links {
		for _, s := range l.streams {
			if !s.refused {
				return true
			}
		}
	}
	return false
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
	record := d.record
	d.mu.Unlock()
	if err := e.library.SaveDownload(record); err != nil {
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
	record := d.record
	d.mu.Unlock()
	d.stop()
	ds := e.downloads
	ds.mu.Lock()
	ds.list = slices.DeleteFunc(ds.list, func(other *download) bool { return other == d })
	ds.mu.Unlock()
	if err := e.library.RemoveDownload(id); err != nil {
		return err
	}
	e.notify()
	if finished {
		return nil
	}
	return discard(record.Dir, record.Hash, record.Folder)
}

// Folder lists the files of a folder that is not here: it fetches the list.
func (e *Engine) Folder(ctx context.Context, hash netproto.ContentHash) ([]netproto.FolderEntry, error) {
	if path, _, ok := e.contents.path(hash); ok {
		return readFolderFile(path)
	}
	dir, err := os.MkdirTemp("", "centralizedp2p-*")
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer os.RemoveAll(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer root.Close()
	d := e.downloads.make(library.Download{Hash: hash, Name: stagingList, Size: -1, Folder: true, Dir: dir})
	d.root, d.quiet = root, true
	ctx, cancel := context.WithCancel(ctx)
	defer d.letGo(cancel)
	return d.fetchList(ctx, ".")
}

func readFolderFile(path string) ([]netproto.FolderEntry, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer file.Close()
	return netproto.ParseFolder(file)
}

// Here tells what of a content is on this computer: a share or a finished
// download, or one under way.
func (e *Engine) Here(hash netproto.ContentHash) (whole, underWay bool) {
	if _, _, ok := e.contents.path(hash); ok {
		return true, false
	}
	for _, d := range e.Downloads() {
		if d.Hash != hash {
			continue
		}
		if d.State == DownloadFinished {
			return true, false
		}
		underWay = true
	}
	return false, underWay
}
