// Package offer is the register of what other peers may read here: shared files
// and what downloads have so far, by content hash. It also opens the files that
// they read, a few at once. It knows neither connections nor where a content comes
// from.
package offer

import (
	"encoding/binary"
	"io"
	"slices"
	"sync"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Content is something that other peers may read here. All methods but Open and
// Broken are called with the register's lock held, so they must not wait for a
// disk, a socket or another room. An implementation embeds [Place].
type Content interface {
	// Length returns the size in bytes; -1 while it is uncertain and nobody may read it.
	Length() int64
	// Whole reports whether every piece is here.
	Whole() bool
	// Resource returns how the content is announced; nil if it may be read but is not
	// announced.
	Resource() *netproto.Resource
	// For reports whether the owner of a key may read the content now; the zero key
	// stands for seed clients.
	For(key netproto.PublicKey) bool
	// Before reports whether this content rather than another one with the same hash
	// gives the name.
	Before(other Content) bool

	// Manifest returns nil if there is no manifest any longer. It may read the disk.
	Manifest() *piece.Manifest
	// Have returns a copy of the set of pieces that can be read now.
	Have() piece.Bits
	// Open returns a reader that the caller closes. It may wait for the disk.
	Open() (Reader, error)
	// Broken reports the error of a read: the content may have changed.
	Broken(err error)

	place() *Place
}

// Reader reads a content. Close may be called while a read is under way.
type Reader interface {
	io.ReaderAt
	io.Closer
}

// Place is where a content stands in the register: under which hash, and where among those
// that have the same one. Every [Content] embeds one.
type Place struct {
	hash netproto.ContentHash // never changes once the content was added
	at   int32                // the register's lock guards it
}

// PlaceOf is the place of a content that knows its hash before it is added.
func PlaceOf(hash netproto.ContentHash) Place { return Place{hash: hash} }

// Hash returns the hash under which the content is, or will be.
func (p *Place) Hash() netproto.ContentHash { return p.hash }

func (p *Place) place() *Place { return p }

// Announcer learns the name under which each content is offered. Its methods are
// called with the register's lock held and must not wait.
type Announcer interface {
	Announce(r netproto.Resource)
	Withdraw(hash netproto.ContentHash)
}

// Register holds the contents that other peers may read here. One content may be
// in it several times: equal files, or a share and a download.
type Register struct {
	announcer Announcer

	mu sync.RWMutex
	// alone are those that have the first eight bytes of their hash for themselves, as nearly
	// all of a million do: whole hashes would make the map twice as large.
	alone map[uint64]Content
	equal map[netproto.ContentHash]*offers // the others
}

// beginning is the first eight bytes of a hash.
func beginning(hash netproto.ContentHash) uint64 { return binary.LittleEndian.Uint64(hash[:]) }

// offers are several contents with one hash. A tracker lists a content once for each peer,
// so one of them gives the name. A folder may have a hundred thousand empty files, so
// adding and removing one takes the same time however many there are.
type offers struct {
	list []Content
	best int // the one that gives the name; -1 if none is announced
}

// NewRegister returns an empty register that tells announcer what it holds.
func NewRegister(announcer Announcer) *Register {
	return &Register{announcer: announcer, alone: map[uint64]Content{}, equal: map[netproto.ContentHash]*offers{}}
}

// Add offers a content, or announces one again whose resource changed.
func (r *Register) Add(hash netproto.ContentHash, c Content) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := c.place(); p.hash != hash {
		p.hash = hash
	}
	of := r.equal[hash]
	if of == nil {
		alone := r.alone[beginning(hash)]
		if alone == nil || alone == c {
			r.addAlone(hash, c, alone == c)
			return
		}
		of = &offers{best: -1}
		if alone.place().hash == hash {
			of.list = []Content{alone}
			of.choose()
			delete(r.alone, beginning(hash))
		}
		r.equal[hash] = of
	}
	i := of.index(c)
	if i < 0 {
		i = len(of.list)
		of.list = append(of.list, c)
		c.place().at = int32(i)
	}
	switch {
	case of.best == i:
		of.choose()
	case of.best >= 0 && !c.Before(of.list[of.best]) || c.Resource() == nil:
		return // the name stays
	default:
		of.best = i
	}
	r.tell(hash, of)
}

// addAlone is Add of a content that no other one is like; again says that it is offered.
func (r *Register) addAlone(hash netproto.ContentHash, c Content, again bool) {
	r.alone[beginning(hash)] = c
	c.place().at = 0
	if resource := c.Resource(); resource != nil {
		r.announcer.Announce(*resource)
	} else if again {
		r.announcer.Withdraw(hash)
	}
}

// Remove stops offering a content; one that is not offered is ignored.
func (r *Register) Remove(hash netproto.ContentHash, c Content) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := r.equal[hash]
	if of == nil {
		if r.alone[beginning(hash)] == c {
			delete(r.alone, beginning(hash))
			r.announcer.Withdraw(hash)
		}
		return
	}
	i, last := of.index(c), len(of.list)-1
	if i < 0 {
		return
	}
	of.list[i] = of.list[last]
	of.list[i].place().at = int32(i)
	of.list = slices.Delete(of.list, last, last+1)
	switch of.best {
	case i:
		of.choose()
		r.tell(hash, of)
	case last:
		of.best = i
	}
	switch {
	case len(of.list) == 0:
		delete(r.equal, hash)
	case len(of.list) == 1 && r.alone[beginning(hash)] == nil:
		r.alone[beginning(hash)] = of.list[0]
		delete(r.equal, hash)
	}
}

// tell announces the content that gives the name, unless its time is over since it was
// chosen.
func (r *Register) tell(hash netproto.ContentHash, of *offers) {
	if of.best >= 0 {
		if resource := of.list[of.best].Resource(); resource != nil {
			r.announcer.Announce(*resource)
			return
		}
	}
	r.announcer.Withdraw(hash)
}

// index returns where a content stands in the list; -1 if it is not there.
func (of *offers) index(c Content) int {
	if at := int(c.place().at); at < len(of.list) && of.list[at] == c {
		return at
	}
	return -1
}

// choose finds the content that gives the name.
func (of *offers) choose() {
	of.best = -1
	for i, c := range of.list {
		if (of.best < 0 || c.Before(of.list[of.best])) && c.Resource() != nil {
			of.best = i
		}
	}
}

// Find returns a content that can be read here, a whole one if possible; nil if there
// is none.
func (r *Register) Find(hash netproto.ContentHash) Content {
	return r.find(hash, func(Content) bool { return true })
}

// FindFor is Find for the owner of a key: what others may have is not there.
func (r *Register) FindFor(hash netproto.ContentHash, key netproto.PublicKey) Content {
	return r.find(hash, func(c Content) bool { return c.For(key) })
}

func (r *Register) find(hash netproto.ContentHash, may func(Content) bool) Content {
	var partial Content
	whole := r.Select(hash, func(c Content) bool {
		if c.Length() < 0 || !may(c) {
			return false
		}
		if !c.Whole() {
			partial = c
			return false
		}
		return true
	})
	if whole != nil {
		return whole
	}
	return partial
}

// Select returns the first content with a hash that match accepts; nil if there is
// none. match is called with the register's lock held.
func (r *Register) Select(hash netproto.ContentHash, match func(Content) bool) Content {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if c := r.alone[beginning(hash)]; c != nil && c.place().hash == hash && match(c) {
		return c
	}
	if of := r.equal[hash]; of != nil {
		for _, c := range of.list {
			if match(c) {
				return c
			}
		}
	}
	return nil
}
