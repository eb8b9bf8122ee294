package peer

import (
	"fmt"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// How a job gets its manifest. The chaining values of a manifest prove
// themselves: they fold to the hash. Its size does not, before the last piece
// is verified. Until then a source is asked for pieces only if it said the same
// size itself, so that wrong bytes are always the fault of who sent them; and
// where sources disagree, one whose size cannot be proven is given up.

// maxGathering bounds the memory of manifests that are on their way: a lie of
// the largest size has 32 MiB.
const maxGathering = 4

// manifestPart is given the parts of a manifest, in order. An error is the
// fault of the source; a wrong fold is ErrManifest.
func (d *download) manifestPart(s *stream, f netproto.Manifest) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	j := s.job
	if s.link.over || s.link.streams[j] != s || s.refused {
		return nil
	}
	if f.First == 0 && s.pending == nil {
		s.size = f.Size
	}
	switch {
	case f.Size != s.size:
		return fmt.Errorf("%w: parts of a manifest do not fit", netproto.ErrFrame)
	case j.sure && s.size != j.size || j.most > 0 && s.size > j.most:
		d.setAside(s)
		return nil
	case j.m != nil: // by another source
		d.doubt(j)
		d.fill(s.link)
		return nil
	case s.pending == nil && f.First == 0 && s.size != j.doubted && d.gathering(j) < maxGathering:
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
	d.adopt(j, m)
	return nil
}

func (d *download) adopt(j *job, m *piece.Manifest) {
	j.shared.Lock()
	j.m = m
	j.shared.Unlock()
	d.wake()
}

// gathering is the number of streams with a part of the manifest.
func (d *download) gathering(j *job) int {
	n := 0
	for l := range d.links {
		if s := l.streams[j]; s != nil && s.pending != nil {
			n++
		}
	}
	return n
}

// setAside does not ask the stream's source for the content for a while.
func (d *download) setAside(s *stream) {
	for r := range s.link.requests {
		if r.stream == s {
			d.drop(r, true)
		}
	}
	s.pending, s.refused, s.pause = nil, true, time.Now().Add(d.engine.timing.refused)
}

// doubt looks whether a size that is not sure is to be given up: no source
// stands by it, or none could prove it for long.
func (d *download) doubt(j *job) {
	if j.m == nil {
		d.askAgain(j)
		return
	}
	if j.sure || !j.ready() {
		return
	}
	agree, disagree := 0, 0
	for l := range d.links {
		switch s := l.streams[j]; {
		case s == nil || s.refused || s.size < 0:
		case s.size == j.size:
			agree++
		default:
			disagree++
		}
	}
	if disagree > 0 && (agree == 0 || time.Since(j.begun) > d.engine.timing.stall) {
		d.distrust(j)
	}
}

// askAgain opens the streams anew whose manifest passed by, where nobody else
// brings one.
func (d *download) askAgain(j *job) {
	if d.gathering(j) > 0 {
		return
	}
	for l := range d.links {
		if s := l.streams[j]; s != nil && s.passed {
			j.doubted = -1 // there is no other
			d.closeStream(l, j)
			d.fill(l)
		}
	}
}

// distrust begins a job anew, with the manifest of another source. The
// unfinished file stays: it is hashed again, and what is right in it counts.
func (d *download) distrust(j *job) {
	d.engine.log.Info("the size of a content is given up", "hash", j.hash, "size", j.size)
	part := j.part
	for l := range d.links {
		for r := range l.requests {
			if r.stream.job == j {
				d.drop(r, true)
			}
		}
		d.closeStream(l, j)
	}
	j.doubted = j.size
	j.owners, j.spares = nil, nil
	j.size, j.missing, j.flying, j.partial = -1, 0, 0, 0
	d.total = -1
	j.shared.Lock()
	j.part, j.m = nil, nil
	j.shared.Unlock()
	if err := part.Close(); err != nil {
		d.engine.log.Warn("closing an unfinished file", "hash", j.hash, "error", err)
	}
	d.wake()
}
