package sharing

import (
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/netproto"
)

// folderList is what the list of a folder has besides other shared files. It never
// changes, except for its readers.
type folderList struct {
	resource   netproto.Resource // how the folder is announced
	attributes []byte            // of its files, packed; nil if there are too many
	old        bool              // a later list took its place: it is read, and not announced
	readers    *atomic.Int64     // that have its file open
}

const (
	// oldListTime is for how long the list of a folder can still be opened after the
	// folder changed: a peer that has just got its link, or waits in the queue, reads it.
	// Who has it open reads it to its end.
	oldListTime = 2 * time.Minute
	// maxOldLists bounds the lists of one folder that are kept.
	maxOldLists = 16
)

// oldList is a list that can still be read.
type oldList struct {
	file  *sharedFile
	since time.Time
}

// retire keeps the list of a folder readable after another one took its place. The
// caller holds s.offering.
func (s *share) retire(list *sharedFile) {
	as := *list.list
	as.old = true
	kept := &sharedFile{Place: offer.PlaceOf(list.Hash()), share: s, state: list.state, list: &as}
	contents := s.shares.config.Contents
	contents.Add(kept.Hash(), kept)
	contents.Remove(list.Hash(), list)
	s.oldLists = append(s.oldLists, oldList{kept, time.Now()})
}

// dropOldLists stops offering the lists that had their time; with all, every one.
func (s *share) dropOldLists(all bool) {
	var gone []*sharedFile
	s.offering.Lock()
	kept := s.oldLists[:0]
	surplus := len(s.oldLists) - maxOldLists
	for _, l := range s.oldLists {
		unused := time.Since(l.since) > oldListTime && l.file.list.readers.Load() == 0
		if all || unused || surplus > 0 {
			surplus--
			gone = append(gone, l.file)
			s.shares.config.Contents.Remove(l.file.Hash(), l.file)
		} else {
			kept = append(kept, l)
		}
	}
	clear(s.oldLists[len(kept):])
	s.oldLists = kept
	s.offering.Unlock()
	for _, f := range gone {
		s.removeListFile(f)
	}
}

// removeListFile removes the file of a list that nobody is offered.
func (s *share) removeListFile(list *sharedFile) {
	if s.shares.Offered(list.Hash()) {
		return
	}
	if err := s.shares.config.Library.RemoveFolderFile(list.path()); err != nil {
		s.shares.config.Log.Warn("removing the list of a folder that is no longer shared", "error", err)
	}
}

// listReader counts as a reader of a list until it is closed.
type listReader struct {
	offer.Reader
	leave func()
}

func (l *folderList) read(r offer.Reader) offer.Reader {
	l.readers.Add(1)
	return &listReader{r, sync.OnceFunc(func() { l.readers.Add(-1) })}
}

func (r *listReader) Close() error {
	r.leave()
	return r.Reader.Close()
}
