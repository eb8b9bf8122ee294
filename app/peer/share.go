package peer

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"mime"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// ShareState is what happens to a share.
type ShareState string

// The states of a share.
const (
	ShareWaiting   ShareState = "waiting" // for its turn to be hashed
	ShareHashing   ShareState = "hashing"
	ShareShared    ShareState = "shared"
	ShareRehashing ShareState = "rehashing" // it changed
	ShareMissing   ShareState = "missing"
	ShareFailed    ShareState = "failed"
)

// Share is a file or folder that is offered.
type Share struct {
	library.Share
	State  ShareState
	Hashed int64 // bytes, while it is hashed
	Rate   int64 // bytes a second, while it is hashed
	Err    error // why it failed or is missing
}

// ShareOptions say how to share.
type ShareOptions struct {
	Remember bool     // offer it again at the next start
	Except   []string // slash-separated paths in a folder that are not offered
}

// share is one of the things that the person chose to offer.
type share struct {
	engine *Engine

	mu       sync.Mutex
	record   library.Share
	stop     context.CancelFunc // of the scan; nil while there is none
	state    ShareState
	err      error
	hashed   int64
	rate     *meter
	files    map[string]*sharedFile // by path; what is registered now
	remember bool                   // offer it again at the next start
	removed  bool
	dirty    bool // counters changed since they were saved
}

// shares are all of them, and the worker that hashes.
type shares struct {
	engine *Engine
	wake   chan struct{}

	mu   sync.Mutex
	list []*share
	due  map[*share]time.Time // to look at, and when
}

func newShares(e *Engine) *shares {
	return &shares{engine: e, wake: make(chan struct{}, 1), due: map[*share]time.Time{}}
}

// Share offers a file or folder and returns its id. Hashing and announcing go
// on behind it; [Engine.WaitShared] waits for them. A path that is offered
// already keeps its id.
func (e *Engine) Share(path string, options ShareOptions) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	record := library.Share{ID: uuid.NewString(), Path: path, Name: netproto.SafeName(filepath.Base(path)), Except: options.Except, Added: time.Now()}
	s, known := e.shares.add(record, options.Remember)
	if known && options.Remember {
		s.mu.Lock()
		s.remember = true
		record = s.record
		s.mu.Unlock()
	}
	if options.Remember {
		if err := e.library.SaveShare(record); err != nil {
			if !known {
				e.shares.remove(s)
			}
			return "", err
		}
	}
	s.recheck()
	return s.record.ID, nil
}

// StopSharing takes shares back: they are withdrawn from the tracker.
func (e *Engine) StopSharing(ids []string) error {
	for _, id := range ids {
		s := e.shares.byID(id)
		if s == nil {
			continue
		}
		if err := e.library.RemoveShare(id); err != nil {
			return err
		}
		e.shares.remove(s)
		s.remove()
	}
	e.notify()
	return nil
}

// Shares are the offered files and folders, in the order they were added.
func (e *Engine) Shares() []Share {
	e.shares.mu.Lock()
	list := slices.Clone(e.shares.list)
	e.shares.mu.Unlock()
	snapshots := make([]Share, 0, len(list))
	for _, s := range list {
		snapshots = append(snapshots, s.snapshot())
	}
	slices.SortStableFunc(snapshots, func(a, b Share) int { return a.Added.Compare(b.Added) })
	return snapshots
}

// WaitShared waits until a share is hashed and the tracker has taken it. A
// share that cannot be read, or that the tracker refuses, is an error.
func (e *Engine) WaitShared(ctx context.Context, id string) (Share, error) {
	changed := e.Watch(ctx)
	for {
		s := e.shares.byID(id)
		if s == nil {
			return Share{}, netproto.Errorf(netproto.CodeCancelled, "it is not shared any more")
		}
		switch now := s.snapshot(); now.State {
		case ShareFailed, ShareMissing:
			return now, now.Err
		case ShareShared:
			if done, err := e.membership().announced(now.Hash); done || err != nil {
				return now, err
			}
		}
		select {
		case <-ctx.Done():
			return Share{}, ctx.Err()
		case <-changed:
		case <-time.After(time.Second):
		}
	}
}

func (ss *shares) add(record library.Share, remember bool) (*share, bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for _, s := range ss.list {
		if s.record.Path == record.Path && slices.Equal(s.record.Except, record.Except) {
			return s, true
		}
	}
	s := &share{engine: ss.engine, record: record, remember: remember, state: ShareWaiting, rate: &meter{}, files: map[string]*sharedFile{}}
	ss.list = append(ss.list, s)
	return s, false
}

func (ss *shares) remove(s *share) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.list = slices.DeleteFunc(ss.list, func(other *share) bool { return other == s })
	delete(ss.due, s)
}

func (ss *shares) byID(id string) *share {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for _, s := range ss.list {
		if s.record.ID == id {
			return s
		}
	}
	return nil
}

// count adds bytes sent of a content to the shares that hold it.
func (ss *shares) count(hash netproto.ContentHash, n int, whole bool) {
	f, ok := ss.engine.contents.find(hash).(*sharedFile)
	if !ok {
		return
	}
	s := f.share
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.Sent += int64(n)
	if whole && hash == s.record.Hash {
		s.record.Fetched++
	}
	s.dirty = true
}

// recheck asks the worker to look at the share; it does not wait.
func (s *share) recheck() { s.engine.shares.schedule(s, time.Now()) }

func (ss *shares) schedule(s *share, when time.Time) {
	ss.mu.Lock()
	if old, ok := ss.due[s]; !ok || when.Before(old) {
		ss.due[s] = when
	}
	ss.mu.Unlock()
	select {
	case ss.wake <- struct{}{}:
	default:
	}
}

// next takes the share that is due, or says how long there is none.
func (ss *shares) next() (*share, time.Duration) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	wait := ss.engine.timing.rescan
	var first *share
	for _, s := range ss.list { // in the order they were added
		if when, ok := ss.due[s]; ok {
			if d := time.Until(when); d < wait {
				first, wait = s, d
				if d <= 0 {
					break
				}
			}
		}
	}
	if first == nil || wait > 0 {
		return nil, wait
	}
	delete(ss.due, first)
	return first, 0
}

// run hashes what is due, one share after the other, and looks at all of them
// from time to time.
func (ss *shares) run(ctx context.Context) error {
	rescan := time.NewTicker(ss.engine.timing.rescan)
	defer rescan.Stop()
	for {
		s, wait := ss.next()
		if s != nil {
			s.scan(ctx)
			ss.engine.notify()
			continue
		}
		select {
		case <-ctx.Done():
			ss.save()
			return nil
		case <-ss.wake:
		case <-time.After(wait):
		case <-rescan.C:
			ss.save()
			ss.mu.Lock()
			all := slices.Clone(ss.list)
			ss.mu.Unlock()
			for _, s := range all {
				s.recheck()
			}
		}
	}
}

// save remembers the counters that changed.
func (ss *shares) save() {
	ss.mu.Lock()
	all := slices.Clone(ss.list)
	ss.mu.Unlock()
	for _, s := range all {
		s.mu.Lock()
		record, save := s.record, s.dirty && s.remember && !s.removed
		s.dirty = false
		s.mu.Unlock()
		if save {
			if err := ss.engine.library.SaveShare(record); err != nil {
				ss.engine.log.Error("remembering a share", "path", record.Path, "error", err)
			}
		}
	}
}

func (s *share) snapshot() Share {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Share{Share: s.record, State: s.state, Hashed: s.hashed, Rate: s.rate.rate(), Err: s.err}
}

// register makes found the files of the share that can be read here.
func (s *share) register(found map[string]*sharedFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		found = nil
	}
	for path, f := range found {
		before := s.files[path]
		if before == nil || before.hash != f.hash || before.state != f.state {
			continue
		}
		found[path] = before
		delete(s.files, path)
	}
	old := s.files
	s.files = found
	// First, so that equal contents are not withdrawn between; in order, so that
	// of equal files it is always the same that gives the name.
	for _, path := range slices.Sorted(maps.Keys(found)) {
		f := found[path]
		s.engine.contents.add(f.hash, f, s.resource(f))
	}
	for _, f := range old {
		s.engine.contents.remove(f.hash, f)
		if s.engine.contents.shared(f.hash) != nil {
			continue
		}
		if err := s.engine.library.RemoveFolderFile(f.path); err != nil {
			s.engine.log.Warn("removing the list of a folder that is not shared any more", "error", err)
		}
	}
}

// resource is how a file of the share is announced; the lock is held.
func (s *share) resource(f *sharedFile) *netproto.Resource {
	r := &netproto.Resource{Hash: f.hash, Size: f.state.Size, Name: netproto.SafeName(filepath.Base(f.path)), MD5: f.md5}
	if f.hash == s.record.Hash {
		r.Name, r.Folder = s.record.Name, s.record.Folder
	}
	if r.Folder {
		r.Size, r.MD5 = s.record.Size, "" // of its files: what people look for
	}
	if r.MIME = mediaType(r.Name); r.Folder {
		r.MIME = netproto.FolderMIME
	}
	return r
}

// drop takes one file back that is not what it was.
func (s *share) drop(f *sharedFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[f.path] == f {
		delete(s.files, f.path)
		s.engine.contents.remove(f.hash, f)
	}
}

// remove ends the share, and the scan that may be under way.
func (s *share) remove() {
	s.mu.Lock()
	s.removed = true
	if s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	s.register(nil)
}

// mediaType is that of a name's extension, without parameters.
func mediaType(name string) string {
	t, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(filepath.Ext(name))), ";")
	if len(t) > netproto.MaxMIMEBytes {
		return ""
	}
	return t
}

// end says how a scan ended.
func (s *share) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.hashed = err, 0
	switch {
	case err == nil:
		s.state = ShareShared
	case errors.Is(err, fs.ErrNotExist):
		s.state = ShareMissing
	default:
		s.state = ShareFailed
	}
}
