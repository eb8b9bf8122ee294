// Package sharing is what this peer offers: files and folders that the person
// chose. It finds out what changed, hashes that, and keeps the register of what
// others may read up to date.
//
// Locks, outer first: Shares.mu, share.mu, share.offering, Register. None is held
// while the disk or the library is waited for.
package sharing

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Add offers a file or folder and returns its id. Hashing and announcing go on
// behind it; [Shares.Wait] waits for them. A path that is offered already keeps its
// id.
func (ss *Shares) Add(path string, options Options) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	record := library.Share{ID: uuid.NewString(), Path: path, Name: netproto.SafeName(filepath.Base(path)),
		Except: options.Except, Allow: options.Allow, AllowAll: options.AllowAll, Added: time.Now(), Request: options.Request}
	s, known := ss.add(record, options)
	if known && options.Remember {
		s.mu.Lock()
		s.remember = true
		s.mu.Unlock()
	}
	if options.Remember {
		if err := ss.config.Library.SaveShare(s.snapshot().Share); err != nil {
			if !known {
				ss.remove(s)
			}
			return "", err
		}
	}
	s.recheck()
	return s.record.ID, nil
}

// Load offers what the library remembers.
func (ss *Shares) Load() error {
	records, err := ss.config.Library.Shares()
	if err != nil {
		return err
	}
	for _, r := range records {
		s, _ := ss.add(r, Options{Remember: true})
		s.recheck()
	}
	ss.everything()
	return nil
}

// Stop takes shares back: they are withdrawn from the trackers. Unknown ids are
// ignored.
func (ss *Shares) Stop(ids ...string) error {
	for _, id := range ids {
		s := ss.byID(id)
		if s == nil {
			continue
		}
		if err := ss.config.Library.RemoveShare(id); err != nil {
			return err
		}
		s.remove()
		ss.remove(s)
	}
	ss.config.Step()
	return nil
}

// StopRequest takes back what was sent with a request.
func (ss *Shares) StopRequest(request string) error {
	for _, s := range ss.copies() {
		if s.record.Request == request && request != "" {
			if err := ss.Stop(s.record.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// SentOmitted is what was left out of all that is sent with a request; false if nothing is
// sent with it.
func (ss *Shares) SentOmitted(request string) (all Omitted, ok bool) {
	for _, s := range ss.copies() {
		if s.record.Request == request && request != "" {
			all.take(s.snapshot().Omitted.clone())
			ok = true
		}
	}
	return all, ok
}

// List returns the shares in the order in which they were added, without what is sent.
func (ss *Shares) List() []Share {
	list := ss.copies()
	snapshots := make([]Share, 0, len(list))
	for _, s := range list {
		if s.record.Request != "" {
			continue
		}
		snapshots = append(snapshots, s.snapshot())
	}
	slices.SortStableFunc(snapshots, func(a, b Share) int { return a.Added.Compare(b.Added) })
	return snapshots
}

// Count is the number of shares; it is cheaper than [Shares.List].
func (ss *Shares) Count() int {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	n := 0
	for _, s := range ss.list {
		if s.record.Request == "" {
			n++
		}
	}
	return n
}

// Hashed is how many bytes of shares were read to be hashed since the start.
func (ss *Shares) Hashed() int64 { return ss.hashed.Load() }

// Wait waits until a share is hashed and the tracker has taken it. A share that
// cannot be read, or that the tracker refuses, is an error.
func (ss *Shares) Wait(ctx context.Context, id string) (Share, error) {
	for {
		step := ss.config.NextStep() // taken before the look, so that none is missed
		s := ss.byID(id)
		if s == nil {
			return Share{}, netproto.Errorf(netproto.CodeCancelled, "it is no longer shared")
		}
		switch now := s.snapshot(); now.State {
		case StateFailed, StateMissing:
			return now, now.Err
		case StateEnded:
			return now, nil
		case StateShared:
			if done, err := ss.config.Announced(now.Hash); done || err != nil {
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

// Offered tells whether a whole content is shared from this computer.
func (ss *Shares) Offered(hash netproto.ContentHash) bool { return ss.find(hash) != nil }

// File is where a shared content is on this computer, and the state in which it
// was hashed.
func (ss *Shares) File(hash netproto.ContentHash) (path string, state piece.State, ok bool) {
	f := ss.find(hash)
	if f == nil {
		return "", piece.State{}, false
	}
	return f.path(), f.state, true
}

// find is the shared file that holds a content, or nil.
func (ss *Shares) find(hash netproto.ContentHash) *sharedFile {
	f, _ := ss.config.Contents.Select(hash, func(c offer.Content) bool { _, ok := c.(*sharedFile); return ok }).(*sharedFile)
	return f
}
