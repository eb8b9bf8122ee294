package peer

import (
	"io"
	"slices"
	"sync"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// content is something that other peers may read here: a shared file, or what
// a download has got so far.
type content interface {
	// length is in bytes, -1 while it is not sure: then nobody is given anything.
	length() int64
	// whole tells whether every piece is here.
	whole() bool
	// manifest is nil where it cannot be given any more.
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
// What the tracker is told follows from them.
type contents struct {
	mu     sync.RWMutex
	byHash map[netproto.ContentHash][]offered
	// tell says under which name a content is here now; nil where it is not,
	// or not to be announced. It must not wait.
	tell func(hash netproto.ContentHash, as *netproto.Resource)
}

type offered struct {
	content content
	as      *netproto.Resource // nil: other peers may read it, but nobody is told
}

func newContents(tell func(netproto.ContentHash, *netproto.Resource)) *contents {
	return &contents{byHash: map[netproto.ContentHash][]offered{}, tell: tell}
}

// add offers a content, or one that is offered already under another name.
func (cs *contents) add(hash netproto.ContentHash, c content, as *netproto.Resource) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if i := cs.index(hash, c); i >= 0 {
		cs.byHash[hash][i].as = as
	} else {
		cs.byHash[hash] = append(cs.byHash[hash], offered{c, as})
	}
	cs.tell(hash, cs.announced(hash))
}

func (cs *contents) remove(hash netproto.ContentHash, c content) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	i := cs.index(hash, c)
	if i < 0 {
		return
	}
	if cs.byHash[hash] = slices.Delete(cs.byHash[hash], i, i+1); len(cs.byHash[hash]) == 0 {
		delete(cs.byHash, hash)
	}
	cs.tell(hash, cs.announced(hash))
}

func (cs *contents) index(hash netproto.ContentHash, c content) int {
	return slices.IndexFunc(cs.byHash[hash], func(o offered) bool { return o.content == c })
}

// announced is how a content is announced: whole rather than in part, and as
// it was offered first.
func (cs *contents) announced(hash netproto.ContentHash) *netproto.Resource {
	var as *netproto.Resource
	for _, o := range cs.byHash[hash] {
		if o.as != nil && (as == nil || as.Part && !o.as.Part) {
			as = o.as
		}
	}
	return as
}

// find prefers a whole content to one under way.
func (cs *contents) find(hash netproto.ContentHash) content {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	var partial content
	for _, o := range cs.byHash[hash] {
		switch {
		case o.content.length() < 0:
		case o.content.whole():
			return o.content
		default:
			partial = o.content
		}
	}
	return partial
}

// shared is the shared file that holds a content, or nil.
func (cs *contents) shared(hash netproto.ContentHash) *sharedFile {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	for _, o := range cs.byHash[hash] {
		if f, ok := o.content.(*sharedFile); ok {
			return f
		}
	}
	return nil
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

func (f *sharedFile) length() int64 { return f.state.Size }

func (f *sharedFile) whole() bool { return true }

// manifest comes from the library: thousands of shares need not keep theirs
// in memory.
func (f *sharedFile) manifest() *piece.Manifest {
	if netproto.PieceCount(f.state.Size) == 1 {
		return &piece.Manifest{Hash: f.hash, Size: f.state.Size}
	}
	m, err := f.engine.library.Manifest(f.hash)
	if err != nil || m.Size != f.state.Size {
		f.engine.log.Error("the manifest of a share cannot be used", "hash", f.hash, "error", err)
		return nil
	}
	return m
}

func (f *sharedFile) have() piece.Bits { return piece.AllBits(netproto.PieceCount(f.state.Size)) }

func (f *sharedFile) open() (reader, error) { return piece.OpenFile(f.path, f.state) }

// broken withdraws the file at once; the share is then looked at again.
func (f *sharedFile) broken(err error) {
	f.engine.log.Info("a shared file changed", "path", f.path, "error", err)
	f.share.drop(f)
	f.share.recheck()
}
