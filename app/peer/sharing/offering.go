package sharing

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"centralizedp2p/app/piece"
)

func (s *share) snapshot() Share {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := Share{Share: s.record, State: s.state, Hashed: s.hashed, Rate: s.rate.Rate(), Err: s.err, Notice: s.notice, Omitted: s.omitted}
	if s.size > 0 {
		now.Size = s.size
	}
	if now.State == StateShared && s.audience.Load().over(time.Now()) {
		now.State = StateEnded
	}
	return now
}

// pathOf is the path on this computer of something in the share.
func (s *share) pathOf(rel string) string {
	if rel == "" {
		return s.record.Path
	}
	return s.record.Path + string(filepath.Separator) + filepath.FromSlash(rel)
}

func (s *share) isRemoved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.removed
}

// file is what is offered of a path in the folder, or nil.
func (s *share) file(rel string) *sharedFile {
	s.offering.Lock()
	defer s.offering.Unlock()
	return s.files[rel]
}

func (s *share) listFile() *sharedFile {
	s.offering.Lock()
	defer s.offering.Unlock()
	return s.list
}

// begin shows that the share is being hashed.
func (s *share) begin(again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = StateHashing
	if again {
		s.state = StateRehashing
	}
	s.err = nil
}

// end says how a scan ended.
func (s *share) end(err, notice error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err, s.notice, s.hashed, s.size = err, notice, 0, 0
	switch {
	case err == nil:
		s.state = StateShared
	case errors.Is(err, fs.ErrNotExist):
		s.state = StateMissing
	default:
		s.state = StateFailed
	}
}

// offer lets other peers read files that a scan found; those that are offered
// already are only noted. nil ones stand for what has no bytes to offer yet.
func (s *share) offer(files []*sharedFile, round uint16) {
	contents := s.shares.config.Contents
	s.offering.Lock()
	defer s.offering.Unlock()
	if s.ended {
		return
	}
	for _, f := range files {
		if f == nil {
			continue
		}
		f.round = round
		old := s.files[f.rel]
		if old == f {
			continue
		}
		s.files[f.rel] = f
		contents.Add(f.Hash(), f)
		if old != nil { // second, so that an equal content is not withdrawn in between
			contents.Remove(old.Hash(), old)
		}
	}
}

// nothing is a round that no scan has.
const nothing = 0

// settle stops offering what the scan of that round did not find, and offers the
// list of a folder; nil is none.
func (s *share) settle(round uint16, list *sharedFile) {
	contents := s.shares.config.Contents
	s.offering.Lock()
	if s.ended {
		round, list = nothing, nil
	}
	for rel, f := range s.files {
		if f.round != round || round == nothing {
			delete(s.files, rel)
			contents.Remove(f.Hash(), f)
		}
	}
	old := s.list
	s.list = list
	if list != nil && old != list {
		contents.Add(list.Hash(), list)
	}
	replaced := old != nil && list != nil && old.Hash() != list.Hash()
	switch {
	case replaced:
		s.retire(old)
	case old != nil && old != list:
		contents.Remove(old.Hash(), old)
	}
	s.offering.Unlock()
	s.dropOldLists(list == nil)
	if old != nil && old != list && !replaced {
		s.removeListFile(old)
	}
}

// drop takes back one file that is not what it was.
func (s *share) drop(f *sharedFile) {
	s.offering.Lock()
	defer s.offering.Unlock()
	switch f {
	case s.files[f.rel]:
		delete(s.files, f.rel)
	case s.list:
		s.list = nil
	default:
		return
	}
	s.shares.config.Contents.Remove(f.Hash(), f)
}

// remove ends the share, and the scan that may be under way.
func (s *share) remove() {
	s.mu.Lock()
	s.removed = true
	s.audience.Store(audienceOf(s.record, true)) // who reads something of it gets no more
	if s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	s.offering.Lock()
	s.ended = true
	s.offering.Unlock()
	s.shares.watcher.Forget(s)
	s.settle(nothing, nil)
}

// Changed takes a change of something in the share, or of its path, from the
// system. A file that is no longer what is offered is withdrawn at once.
func (s *share) Changed(path string) {
	rel := ""
	if path != s.record.Path {
		inside, ok := strings.CutPrefix(path, s.record.Path+string(filepath.Separator))
		if !ok {
			return
		}
		rel = filepath.ToSlash(inside)
	}
	f := s.file(rel)
	s.mu.Lock()
	leave := s.leave
	s.mu.Unlock()
	if rel != "" && leave.below(rel) {
		return
	}
	if f != nil {
		state, err := piece.StateOf(path)
		if err == nil && state == f.state && (rel == "" || !isLink(path)) {
			return
		}
		if err == nil { // one that is gone may only have another name now
			s.drop(f)
		}
	}
	s.shares.stir(s)
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}

// Missed takes from the system that anything may have changed.
func (s *share) Missed() { s.shares.stir(s) }
