package piece

import (
	"centralizedp2p/netproto"
)

// Stream hashes a content that is written to it from its beginning and kept nowhere. Its
// size need not be known before, but is at most MaxStream bytes. The zero value is ready.
type Stream struct {
	size  int64
	cvs   []CV    // of the pieces before the last one
	piece *Hasher // of the last one, which may be complete; nil: there is none yet
	n     int64   // bytes in it
}

// MaxStream is the size in bytes up to which all contents have pieces of the same size.
const MaxStream = 1 << 30

// Write takes the next bytes. It fails if there are too many.
func (s *Stream) Write(p []byte) (int, error) {
	if s.size+int64(len(p)) > MaxStream {
		return 0, netproto.Errorf(netproto.CodeInvalid, "there are more than %d bytes", MaxStream)
	}
	total := len(p)
	for len(p) > 0 {
		if s.n == netproto.MinPieceSize {
			s.cvs = append(s.cvs, s.piece.CV())
			s.piece = nil
		}
		if s.piece == nil {
			s.piece, s.n = NewHasher(s.size), 0
		}
		some := p[:min(int64(len(p)), netproto.MinPieceSize-s.n)]
		s.piece.Write(some)
		s.n += int64(len(some))
		s.size += int64(len(some))
		p = p[len(some):]
	}
	return total, nil
}

// Manifest returns the manifest of what was written; nothing may be written afterwards.
func (s *Stream) Manifest() *Manifest {
	m := &Manifest{Size: s.size}
	switch {
	case s.piece == nil:
		m.Hash = HashBytes(nil)
	case len(s.cvs) == 0:
		m.Hash = s.piece.Root()
	default:
		m.CVs = append(s.cvs, s.piece.CV())
		m.Hash = fold(m.CVs)
	}
	return m
}
