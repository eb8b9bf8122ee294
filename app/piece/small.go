package piece

import (
	"io"
	"sync"

	"centralizedp2p/netproto"
)

// Small is a content of one piece that grows in memory and gets its file when
// it is verified: no unfinished file, no journal. It is for the files of a
// folder that is itself unfinished, and whose files are hashed again after a
// kill.
type Small struct {
	manifest *Manifest
	folder   *Folder
	dir      string
	name     string // wanted

	writing sync.Mutex // held while the file is created

	mu    sync.Mutex // never held while the disk works
	path  string     // in the folder's root; "" before it is there
	state State
}

// NewSmall is for a content of one piece that is to be called name in dir,
// slash-separated. Nothing is on the disk before it is verified.
func NewSmall(folder *Folder, dir, name string, m *Manifest) *Small {
	return &Small{manifest: m, folder: folder, dir: dir, name: name}
}

// Manifest is that of the content.
func (s *Small) Manifest() *Manifest { return s.manifest }

// Has tells whether the piece is verified.
func (s *Small) Has(index int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return index == 0 && s.path != ""
}

// Have is the set of verified pieces.
func (s *Small) Have() Bits {
	if s.Has(0) {
		return AllBits(1)
	}
	return NewBits(1)
}

// Complete tells whether the piece is verified.
func (s *Small) Complete() bool { return s.Has(0) }

// VerifiedBytes is the number of bytes that are verified.
func (s *Small) VerifiedBytes() int64 {
	if s.Has(0) {
		return s.manifest.Size
	}
	return 0
}

// ReadAt gives nothing before the file is there, and then it is read as the
// finished file that it is.
func (s *Small) ReadAt([]byte, int64) (int, error) {
	return 0, netproto.Errorf(netproto.CodeGone, "the only piece is not here yet")
}

var _ io.ReaderAt = (*Small)(nil)

// Writer begins the piece; every writer collects in memory.
func (s *Small) Writer(index int, _ bool) *Writer {
	w := newWriter(s.manifest, index)
	w.small, w.collects = s, true
	return w
}

// finish gives the verified content its file. Of two that finish, the second has
// nothing to do.
func (s *Small) finish(content []byte) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.Has(0) {
		return nil
	}
	path, state, err := s.folder.Create(s.dir, s.name, content)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.path, s.state = path, state
	return nil
}

// Published is the path of the verified content in the root, and the state in
// which it was left there.
func (s *Small) Published() (path string, state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.path, s.state
}

// Close has nothing to do: what is not verified is not on the disk.
func (s *Small) Close() error { return nil }
