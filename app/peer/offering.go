package peer

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"centralizedp2p/app/piece"
)

func (s *share) snapshot() Share {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := Share{Share: s.record, State: s.state, Hashed: s.hashed, Rate: s.rate.rate(), Err: s.err, Notice: s.notice}
	if s.size > 0 {
		now.Size = s.size
	}
	return now
}

// pathOf is where something in the share is on this computer.
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
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files[rel]
}

func (s *share) listFile() *sharedFile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list
}

// begin shows that the share is being hashed.
func (s *share) begin(again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = ShareHashing
	if again {
		s.state = ShareRehashing
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
		s.state = ShareShared
	case errors.Is(err, fs.ErrNotExist):
		s.state = ShareMissing
	default:
		s.state = ShareFailed
	}
}

// offer lets other peers read files that a scan found; those that are offered
// already are only noted.
func (s *share) offer(files []*sharedFile, round uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return
	}
	for _, f := range files {
		f.round = round
		old := s.files[f.rel]
		if old == f {
			continue
		}
		s.files[f.rel] = f
		s.engine.contents.add(f.hash, f, nil)
		if old != nil { // second, so that an equal content is not withdrawn between
			s.engine.contents.remove(old.hash, old)
		}
	}
}

// nothing is a round that no scan has.
const nothing = 0

// settle ends the offers that the scan of that round did not find, and offers
// the list of a folder; nil is none.
func (s *share) settle(round uint32, list *sharedFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		round, list = nothing, nil
	}
	for rel, f := range s.files {
		if f.round != round || round == nothing {
			delete(s.files, rel)
			s.engine.contents.remove(f.hash, f)
		}
	}
	old := s.list
	if s.list = list; old == list {
		return
	}
	if list != nil {
		s.engine.contents.add(list.hash, list, nil)
	}
	if old == nil {
		return
	}
	s.engine.contents.remove(old.hash, old)
	if s.engine.contents.shared(old.hash) != nil {
		return
	}
	if err := s.engine.library.RemoveFolderFile(old.path()); err != nil {
		s.engine.log.Warn("removing the list of a folder that is not shared any more", "error", err)
	}
}

// drop takes one file back that is not what it was.
func (s *share) drop(f *sharedFile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch f {
	case s.files[f.rel]:
		delete(s.files, f.rel)
	case s.list:
		s.list = nil
	default:
		return
	}
	s.engine.contents.remove(f.hash, f)
}

// remove ends the share, and the scan that may be under way.
func (s *share) remove() {
	s.mu.Lock()
	s.removed = true
	if s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	s.engine.shares.watcher.Forget(s)
	s.settle(nothing, nil)
}

// Changed is told by the system of something in the share, or of its path. A
// file that is not what is offered any more is withdrawn at once.
func (s *share) Changed(path string) {
	rel := ""
	if path != s.record.Path {
		inside, ok := strings.CutPrefix(path, s.record.Path+string(filepath.Separator))
		if !ok {
			return
		}
		rel = filepath.ToSlash(inside)
	}
	s.mu.Lock()
	f, leave := s.files[rel], s.leave
	s.mu.Unlock()
	if rel != "" && leave.below(rel) {
		return
	}
	if f != nil {
		state, err := piece.StateOf(path)
		if err == nil && state == f.state {
			return
		}
		if err == nil { // one that is gone may only have another name now
			s.drop(f)
		}
	}
	s.engine.shares.stir(s)
}

// Missed is told by the system that anything may have changed.
func (s *share) Missed() { s.engine.shares.stir(s) }
