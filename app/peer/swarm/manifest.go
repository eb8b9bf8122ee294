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
// are always the fault of the peer that sent them. If sources disagree, a size that
// cannot be proven is given up.

// maxGathering bounds the memory of manifests on their way: the largest lie takes
// 32 MiB.
const maxGathering = 4

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
	switch {
	case f.Size != s.size:
		return fmt.Errorf("%w: parts of a manifest do not fit", netproto.ErrFrame)
	case j.sure && s.size != j.size || j.most > 0 && s.size > j.most:
		s.setAside()
		return nil
	case j.m != nil: // by another source
		j.doubt()
		s.lane.fill()
		return nil
	case s.pending == nil && f.First == 0 && s.size != j.doubted && j.gathering() < maxGathering:
		s.pending = &piece.Manifest{Hash: j.hash, Size: f.Size}
	case s.pending == nil:
		s.passed = true
		return nil
	}
	if int(f.First) != len(s.pending.CVs) {
		return fmt.Errorf("%w: parts of a manifest do not fit", netproto.ErrFrame)
	}
	s.pending.CVs = append(s.pending.CVs, f.CVs...)
	if count := s.pending.Pieces(); count > 1 && len(s.pending.CVs) < count {
		return nil
	}
	m := s.pending
	s.pending = nil
	if err := m.Check(); err != nil {
		return err
	}
	if m.Size == 0 && m.Hash != piece.NewHasher(0).Root() {
		return fmt.Errorf("%w: it is not empty", piece.ErrManifest)
	}
	j.shared.Lock()
	j.m = m
	j.shared.Unlock()
	a.Wake()
	return nil
}

// gathering is the number of streams with a part of the job's manifest.
func (j *job) gathering() int {
	n := 0
	for l := range j.attempt.lanes.open {
		if s := l.streams[j]; s != nil && s.pending != nil {
			n++
		}
	}
	return n
}

// setAside stops asking the stream's source for the content, for Timing.Refused.
func (s *stream) setAside() {
	for r := range s.lane.requests {
		if r.stream == s {
			r.drop(true)
		}
	}
	s.pending, s.refused, s.pause = nil, true, time.Now().Add(s.lane.attempt.swarms.config.Timing.Refused)
}

// doubt gives up an uncertain size if no source claims it any longer, or nothing has
// proven it for Timing.Stall while another one is claimed. The caller holds the lock.
func (j *job) doubt() {
	a := j.attempt
	if j.m == nil {
		j.askAgain()
		return
	}
	if j.sure || !j.ready() {
		return
	}
	agree, disagree := 0, 0
	for l := range a.lanes.open {
		switch s := l.streams[j]; {
		case s == nil || s.refused || s.size < 0:
		case s.size == j.size:
			agree++
		default:
			disagree++
		}
	}
	if disagree > 0 && (agree == 0 || time.Since(j.begun) > a.swarms.config.Timing.Stall) {
		j.distrust()
	}
}

// askAgain reopens the streams whose manifest was not wanted, if no other source is
// sending one.
func (j *job) askAgain() {
	if j.gathering() > 0 {
		return
	}
	for l := range j.attempt.lanes.open {
		if s := l.streams[j]; s != nil && s.passed {
			j.doubted = -1 // there is no other
			l.closeStream(j)
			l.fill()
		}
	}
}

// distrust starts a job over, to use the manifest of another source. The unfinished
// file stays: it is hashed anew, and what is right in it counts.
func (j *job) distrust() {
	a := j.attempt
	part, size := j.part, j.size
	closed := make(chan struct{})
	j.closing = closed
	a.work.Go(func() { // the caller is a lane, or the running goroutine: work is not waited for yet
		defer close(closed)
		a.swarms.config.Log.Info("the size of a content is given up", "hash", j.hash, "size", size)
		j.closePart(part)
	})
	for l := range a.lanes.open {
		for r := range l.requests {
			if r.stream.job == j {
				r.drop(true)
			}
		}
		l.closeStream(j)
	}
	j.doubted = j.size
	j.owners, j.spares = nil, nil
	j.size, j.missing, j.flying, j.partial = -1, 0, 0, 0
	a.total = -1
	j.shared.Lock()
	j.part, j.m = nil, nil
	j.shared.Unlock()
	a.Wake()
}

func (j *job) closePart(part growing) {
	if err := part.Close(); err != nil {
		j.attempt.swarms.config.Log.Warn("closing an unfinished file", "hash", j.hash, "error", err)
	}
}
