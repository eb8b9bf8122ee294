package peer

import (
	"context"
	"path/filepath"
	"slices"
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
	Hashed int64 // bytes that are done, while it is hashed; Size is of all then
	Rate   int64 // bytes a second, while it is hashed
	Err    error // why it failed or is missing
	Notice error // why changes of it are noticed late; nil where they are not
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
	record   library.Share      // ID, Path, Name and Except never change
	stop     context.CancelFunc // of the scan; nil while there is none
	state    ShareState
	err      error
	notice   error
	hashed   int64 // bytes that are done, while it is hashed
	size     int64 // bytes of all, while it is hashed
	rate     *meter
	files    map[string]*sharedFile // by path in the folder; what is offered now
	list     *sharedFile            // of a folder; nil before it is hashed
	round    uint32                 // of the last scan
	leave    *leaveOut              // of the last scan
	remember bool                   // offer it again at the next start
	removed  bool
	dirty    bool // counters changed since they were saved
	fetches
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
		s.mu.Unlock()
	}
	if options.Remember {
		if err := e.library.SaveShare(s.snapshot().Share); err != nil {
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
		s.remove()
		e.shares.remove(s)
	}
	e.step()
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

// Hashed is how many bytes of shares were read to be hashed since the start.
func (e *Engine) Hashed() int64 { return e.shares.hashed.Load() }

// WaitShared waits until a share is hashed and the tracker has taken it. A
// share that cannot be read, or that the tracker refuses, is an error.
func (e *Engine) WaitShared(ctx context.Context, id string) (Share, error) {
	for {
		step := e.nextStep() // taken before the look, so that none is missed
		s := e.shares.byID(id)
		if s == nil {
			return Share{}, netproto.Errorf(netproto.CodeCancelled, "it is not shared any more")
		}
		switch now := s.snapshot(); now.State {
		case ShareFailed, ShareMissing:
			return now, now.Err
		case ShareShared:
			if done, err := e.announced(now.Hash); done || err != nil {
				return now, err
			}
		}
		select {
		case <-ctx.Done():
			return Share{}, ctx.Err()
		case <-step:
		}
	}
}
