package piece

import (
	"io"
	"sync"

	"centralizedp2p/netproto"
)

// Small is a content of one piece that grows in memory and gets its file once it
// is verified, without an unfinished file and a journal. It is for the files of a
// folder that is itself unfinished, and whose files are hashed again after a kill.
// Nothing but Finish of its writers waits for the disk.
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

// NewSmall returns a Small for a content of one piece that will be called name in
// dir, slash-separated. Nothing is on the disk before it is verified.
func NewSmall(folder *Folder, dir, name string, m *Manifest) *Small {
	return &Small{manifest: m, folder: folder, dir: dir, name: name}
}

// Manifest returns the manifest of the content.
func (s *Small) Manifest() *Manifest { return s.manifest }

// Has reports whether the piece is verified.
func (s *Small) Has(index int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return index == 0 && s.path != ""
}

// Have returns the set of verified pieces.
func (s *Small) Have() Bits {
	if s.Has(0) {
		return AllBits(1)
	}
	return NewBits(1)
}

// Complete reports whether the piece is verified.
func (s *Small) Complete() bool { return s.Has(0) }

// VerifiedBytes returns the number of bytes that are verified.
func (s *Small) VerifiedBytes() int64 {
	if s.Has(0) {
		return s.manifest.Size
	}
	return 0
}

// ReadAt always fails with the code "gone": once the file is there, it is read as
// any finished file is.
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

// finish creates the file of the verified content, unless another writer has.
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

// Published returns the path of the verified content in the root, and the state in
// which it was left there; "" before it is verified.
func (s *Small) Published() (path string, state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.path, s.state
}

// Close does nothing: what is not verified is not on the disk.
func (s *Small) Close() error { return nil }
