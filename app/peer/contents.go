package peer

import (
	"io"
	"slices"
	"strings"
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
// here several times: equal files, or a share and a download. What the tracker
// is told follows from them.
type contents struct {
	mu     sync.RWMutex
	byHash map[netproto.ContentHash]*offers
	// tell says under which name a content is here now; nil where it is not,
	// or not to be announced. It must not wait.
	tell func(hash netproto.ContentHash, as *netproto.Resource)
}

// offers are one content. A tracker lists it once for each peer, so one of them
// gives the name. There may be as many as a folder has empty files: adding and
// removing one takes the same time, however many there are.
type offers struct {
	list []offered
	best int // which one is announced; -1 for none
}

type offered struct {
	content content
	as      *netproto.Resource // nil: other peers may read it, but nobody is told; a shared file knows its own
}

func newContents(tell func(netproto.ContentHash, *netproto.Resource)) *contents {
	return &contents{byHash: map[netproto.ContentHash]*offers{}, tell: tell}
}

// add offers a content, or one that is offered already under another name.
func (cs *contents) add(hash netproto.ContentHash, c content, as *netproto.Resource) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	os := cs.byHash[hash]
	if os == nil {
		os = &offers{best: -1}
		cs.byHash[hash] = os
	}
	i := os.index(c)
	if i < 0 {
		i = len(os.list)
		os.list = append(os.list, offered{content: c})
		os.settle(i)
	}
	os.list[i].as = as
	switch {
	case os.best == i:
		os.choose()
	case os.best >= 0 && !os.list[i].before(os.list[os.best]) || !os.list[i].announced():
		return // the name stays
	default:
		os.best = i
	}
	cs.tell(hash, os.resource())
}

func (cs *contents) remove(hash netproto.ContentHash, c content) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	os := cs.byHash[hash]
	if os == nil {
		return
	}
	i, last := os.index(c), len(os.list)-1
	if i < 0 {
		return
	}
	os.list[i] = os.list[last]
	os.settle(i)
	os.list = slices.Delete(os.list, last, last+1)
	if len(os.list) == 0 {
		delete(cs.byHash, hash)
	}
	switch os.best {
	case i:
		os.choose()
		cs.tell(hash, os.resource())
	case last:
		os.best = i
	}
}

// index is where a content is in the list, or -1.
func (os *offers) index(c content) int {
	if f, ok := c.(*sharedFile); ok {
		if f.at < len(os.list) && os.list[f.at].content == c {
			return f.at
		}
		return -1
	}
	return slices.IndexFunc(os.list, func(o offered) bool { return o.content == c })
}

// settle tells a shared file where it is in the list.
func (os *offers) settle(i int) {
	if f, ok := os.list[i].content.(*sharedFile); ok {
		f.at = i
	}
}

// choose finds the offer that gives the name.
func (os *offers) choose() {
	os.best = -1
	for i, o := range os.list {
		if o.announced() && (os.best < 0 || o.before(os.list[os.best])) {
			os.best = i
		}
	}
}

// resource is how the content is announced, or nil.
func (os *offers) resource() *netproto.Resource {
	if os.best < 0 {
		return nil
	}
	o := os.list[os.best]
	if f, ok := o.content.(*sharedFile); ok {
		return f.resource()
	}
	return o.as
}

func (o offered) announced() bool {
	_, shared := o.content.(*sharedFile)
	return shared || o.as != nil
}

// before tells which of two gives the name: what is shared rather than a
// download, and of equal files the first by path, so that it is always the
// same one.
func (o offered) before(other offered) bool {
	f, shared := o.content.(*sharedFile)
	g, otherShared := other.content.(*sharedFile)
	switch {
	case shared && otherShared:
		if c := strings.Compare(f.share.record.Path, g.share.record.Path); c != 0 {
			return c < 0
		}
		return f.rel < g.rel
	case shared || otherShared:
		return shared
	}
	return o.as != nil && other.as != nil && !o.as.Part && other.as.Part
}

// find prefers a whole content to one under way.
func (cs *contents) find(hash netproto.ContentHash) content {
	cs.mu.RLock()
	defer cs.mu.RUnlock()
	var partial content
	for _, o := range cs.offersOf(hash) {
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
	for _, o := range cs.offersOf(hash) {
		if f, ok := o.content.(*sharedFile); ok {
			return f
		}
	}
	return nil
}

func (cs *contents) offersOf(hash netproto.ContentHash) []offered {
	if os := cs.byHash[hash]; os != nil {
		return os.list
	}
	return nil
}
