package swarm

import (
	"fmt"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// How a job gets its manifest. The chaining values of a manifest prove themselves:
// they fold to the hash. Only the verified last piece proves its size. Until then a
// source is asked for pieces only if it claims that size itself, so that wrong bytes
// are always the fault of the peer that sent them. Sources that claim other sizes are
// asked for their last piece meanwhile, each for its own: the first that is right
// settles the size, and those that claim another one are not asked any longer. So it
// costs nothing to believe a lie at first.

// onManifest takes the parts of a manifest, in order. An error is the fault of the
// source; a wrong fold is piece.ErrManifest.
func (s *stream) onManifest(f netproto.Manifest) error {
	a := s.lane.attempt
	a.mu.Lock()
	defer a.unlock()
	j := s.job
	if s.lane.over || s.lane.streams[j] != s || s.refused {
		return nil
	}
	if f.First == 0 && s.pending == nil {
		s.size = f.Size
	}
	s.heard = time.Now()
	switch {
	case f.Size != s.size:
		return fmt.Errorf("%w: parts of a manifest do not fit", netproto.ErrFrame)
	case j.sure && s.size != j.size:
		s.setAside()
		return nil
	case s.claim != nil || j.m != nil && s.size == j.m.Size: // it is known
		s.endGathering()
		s.lane.fill()
		return nil
	case j.m != nil && s.size > 0 && netproto.PieceCount(s.size) == j.m.Pieces(): // the last piece has another length
		s.endGathering()
		s.claim = &piece.Manifest{Hash: j.hash, Size: s.size, CVs: j.m.CVs}
		s.lane.fill()
		return nil
	case s.pending == nil && f.First == 0 && a.swarms.gather(s.size):
		s.pending = &piece.Manifest{Hash: j.hash, Size: s.size}
	case s.pending == nil:
		s.passed = true
		return nil
	}
	if int(f.First) != len(s.pending.CVs) {
		return fmt.Errorf("%w: parts of a manifest do not fit", netproto.ErrFrame)
	}
	s.pending.CVs = appendCVs(s.pending.CVs, f.CVs, s.pending.Pieces())
	if count := s.pending.Pieces(); count > 1 && len(s.pending.CVs) < count {
		return nil
	}
	m := s.pending
	s.endGathering()
	if err := m.Check(); err != nil {
		return err
	}
	if m.Size == 0 && m.Hash != piece.NewHasher(0).Root() {
		return fmt.Errorf("%w: it is not empty", piece.ErrManifest)
	}
	if j.m != nil { // another source was faster, with another size
		if !j.keepsClaim(m) {
			s.setAside()
			return nil
		}
		s.claim = m
		s.lane.fill()
		return nil
	}
	j.shared.Lock()
	j.m = m
	j.shared.Unlock()
	a.Wake()
	return nil
}

// maxLargeClaims is how many different manifests with more than smallManifest bytes a job
// keeps beside the one that it believes in. A source with yet another one is asked later,
// when those that do not prove theirs have gone.
const maxLargeClaims = 2

// keepsClaim reports whether there is room for a complete manifest that another size comes
// with. Two that fold to one hash and have the same number of hashes are the same: the
// hashes are kept once.
func (j *job) keepsClaim(m *piece.Manifest) bool {
	large := map[int]bool{}
	for l := range j.attempt.lanes.open {
		s := l.streams[j]
		if s == nil || s.claim == nil || s.claim.Pieces() == j.m.Pieces() {
			continue
		}
		if s.claim.Pieces() == m.Pieces() {
			m.CVs = s.claim.CVs
			return true
		}
		if manifestBytes(s.claim.Size) > smallManifest {
			large[s.claim.Pieces()] = true
		}
	}
	return manifestBytes(m.Size) <= smallManifest || len(large) < maxLargeClaims
}

// growthOfManifest is how much more room a manifest gets than hashes have come. It has few
// steps, because the room before each step is garbage: a slice that grows by a quarter each
// time leaves four times its size behind.
const growthOfManifest = 4

// appendCVs appends hashes to a manifest that will have that many.
func appendCVs(cvs, more []piece.CV, count int) []piece.CV {
	if n := len(cvs) + len(more); n > cap(cvs) {
		cvs = append(make([]piece.CV, 0, max(n, min(growthOfManifest*len(cvs), count))), cvs...)
	}
	return append(cvs, more...)
}

// setAside stops asking the stream's source for the content, for Timing.Refused.
func (s *stream) setAside() {
	for r := range s.lane.requests {
		if r.stream == s {
			r.drop(true)
		}
	}
	s.endGathering()
	s.refused, s.pause = true, time.Now().Add(s.lane.attempt.swarms.config.Timing.Refused)
}

// askAgain reopens the streams whose manifest found no room, now that there is some.
func (j *job) askAgain() {
	if j.sure {
		return
	}
	for l := range j.attempt.lanes.open {
		s := l.streams[j]
		if s != nil && s.passed && !s.refused && (j.m == nil || s.size != j.m.Size) && j.attempt.swarms.hasRoom(s.size) {
			l.closeStream(j)
			l.fill()
		}
	}
}

// settle takes over the size that a source has proven, and starts the job over if it
// believed in another one. The unfinished file stays: it is hashed anew, and what is
// right in it counts.
func (j *job) settle(m *piece.Manifest) {
	a := j.attempt
	if j.sure {
		return
	}
	if j.ready() {
		a.swarms.config.Log.Info("the size of a content was a lie", "hash", j.hash, "size", j.size, "right", m.Size)
		j.startOver()
	}
	for l := range a.lanes.open {
		j.dropRequests(l)
		l.closeStream(j)
	}
	j.size = m.Size
	j.shared.Lock()
	j.m, j.sure = m, true
	j.shared.Unlock()
	a.lanes.kick()
	a.Wake()
}

// startOver lets go of the unfinished file of a job.
func (j *job) startOver() {
	a := j.attempt
	part := j.part
	closed := make(chan struct{})
	j.closing = closed
	a.work.Go(func() { // the caller is a lane: work is not waited for yet
		defer close(closed)
		j.closePart(part)
	})
	for l := range a.lanes.open {
		j.dropRequests(l)
	}
	j.owners, j.spares, j.picker = nil, nil, nil
	a.total = -1
	j.shared.Lock()
	j.part = nil
	j.shared.Unlock()
}

// dropRequests takes back what a lane was asked for of a job.
func (j *job) dropRequests(l *lane) {
	for r := range l.requests {
		if r.stream.job == j {
			r.drop(true)
		}
	}
}

func (j *job) closePart(part growing) {
	if err := part.Close(); err != nil {
		j.attempt.swarms.config.Log.Warn("closing an unfinished file", "hash", j.hash, "error", err)
	}
}
