package peer

import (
	"io"
	"sync"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// content is something that other peers may read here: a shared file, or a
// download under way.
type content interface {
	// manifest is nil while it is not known.
	manifest() *piece.Manifest
	// have is a copy of the set of pieces that can be read now.
	have() piece.Bits
	// open gives what is read from; closing it is the caller's.
	open() (reader, error)
	// broken is told an error of a read: the content may have changed.
	broken(err error)
}

type reader interface {
	io.ReaderAt
	io.Closer
}

// contents are what other peers may read here, by hash. One content may be
// here several times: two shares of equal files, or a share and a download.
type contents struct {
	mu     sync.RWMutex
	byHash map[netproto.ContentHash][]content
}

func newContents() *contents { return &contents{byHash: map[netproto.ContentHash][]content{}} }

func (cs *contents) add(hash netproto.ContentHash, c content) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.byHash[hash] = append(cs.byHash[hash], c)
}

func (cs *contents) remove(hash netproto.ContentHash, c content) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	var rest []content
	for _, other := range cs.byHash[hash] {
		if other != c {
			rest = append(rest, other)
		}
	}
	if len(rest) == 0 {
		delete(cs.byHash, hash)
		return
	}
	cs.byHash[hash] = rest
}

// find prefers a whole content to one under way.
func (cs *contents) find(hash netproto.ContentHash) content {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	var partial content
	for _, c := range cs.byHash[hash] {
		if _, whole := c.(*sharedFile); whole {
			return c
		}
		if c.manifest() != nil {
			partial = c
		}
	}
	return partial
}

// path is where a whole content is on this computer, and the state it was
// hashed in.
func (cs *contents) path(hash netproto.ContentHash) (string, piece.State, bool) {
	if f, ok := cs.find(hash).(*sharedFile); ok {
		return f.path, f.state, true
	}
	return "", piece.State{}, false
}

// sharedFile is a whole content in a file that does not change.
type sharedFile struct {
	engine *Engine
	share  *share // whose it is; never nil
	path   string
	state  piece.State
	hash   netproto.ContentHash
	md5    string // hex; contents for seed clients only
}

// manifest comes from the library: thousands of shares need not keep theirs
// in memory.
func (f *sharedFile) manifest() *piece.Manifest {
	if netproto.PieceCount(f.state.Size) == 1 {
		return &piece.Manifest{Hash: f.hash, Size: f.state.Size}
	}
	m, err := f.engine.library.Manifest(f.hash)
	if err != nil {
		f.engine.log.Error("the manifest of a share", "hash", f.hash, "error", err)
		return nil
	}
	return m
}

func (f *sharedFile) have() piece.Bits { return piece.AllBits(netproto.PieceCount(f.state.Size)) }

func (f *sharedFile) open() (reader, error) { return piece.OpenFile(f.path, f.state) }

func (f *sharedFile) broken(err error) {
	f.engine.log.Info("a shared file changed", "path", f.path, "error", err)
	f.share.recheck()
}
