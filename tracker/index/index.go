// Package index finds contents by their names, in memory. A content has one
// name or several (peers call the same bytes differently); each name counts the
// online sources that use it, and a content without any is not found.
//
// Today a search walks over all names. Callers see only the functions below,
// so that posting lists can take the place of the walk.
package index

import (
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// ContentID is a content in the index, NameID one of its names. Numbers are
// small and dense, and are used again after a removal.
type (
	ContentID uint32
	NameID    uint32
)

// Name is what peers say about a content: its name and what goes with it.
type Name struct {
	Text   string // passes netproto.CheckName
	MIME   string
	Size   int64 // bytes
	Folder bool
}

// Index is safe for concurrent use. It keeps no lock of its callers' and calls
// nothing of theirs.
type Index struct {
	mu       sync.RWMutex
	contents []content
	names    []name
	freed    struct {
		contents []ContentID
		names    []NameID
	}
	online int   // contents with a source
	bytes  int64 // of them
}

type content struct {
	hash    netproto.ContentHash
	added   time.Time
	sources int // online, over all names
	counted int64
	names   []NameID
}

type name struct {
	Name
	folded  string
	kind    netproto.Kind
	content ContentID
	sources int // online
}

// New is an empty index.
func New() *Index { return &Index{} }

// AddContent makes room for a content; it has no name yet.
func (x *Index) AddContent(hash netproto.ContentHash, added time.Time) ContentID {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := content{hash: hash, added: added}
	if n := len(x.freed.contents); n > 0 {
		id := x.freed.contents[n-1]
		x.freed.contents = x.freed.contents[:n-1]
		x.contents[id] = c
		return id
	}
	x.contents = append(x.contents, c)
	return ContentID(len(x.contents) - 1)
}

// AddName gives a content one more name, which no source uses yet.
func (x *Index) AddName(id ContentID, n Name) NameID {
	entry := name{Name: n, folded: Fold(n.Text), kind: netproto.KindOf(n.Text, n.MIME, n.Folder), content: id}
	x.mu.Lock()
	defer x.mu.Unlock()
	var nid NameID
	if free := len(x.freed.names); free > 0 {
		nid = x.freed.names[free-1]
		x.freed.names = x.freed.names[:free-1]
		x.names[nid] = entry
	} else {
		nid = NameID(len(x.names))
		x.names = append(x.names, entry)
	}
	x.contents[id].names = append(x.contents[id].names, nid)
	return nid
}

// Remove takes a name away, and with its last name the content.
func (x *Index) Remove(id NameID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.count(id, -x.names[id].sources)
	cid := x.names[id].content
	c := &x.contents[cid]
	for i, n := range c.names {
		if n == id {
			c.names = append(c.names[:i], c.names[i+1:]...)
			break
		}
	}
	x.names[id] = name{}
	x.freed.names = append(x.freed.names, id)
	if len(c.names) == 0 {
		x.contents[cid] = content{}
		x.freed.contents = append(x.freed.contents, cid)
	}
}

// Count adds delta (1 or -1) online sources to each of the names.
func (x *Index) Count(delta int, ids ...NameID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range ids {
		x.count(id, delta)
	}
}

func (x *Index) count(id NameID, delta int) {
	n := &x.names[id]
	c := &x.contents[n.content]
	was := c.sources
	n.sources += delta
	c.sources += delta
	switch {
	case was == 0 && c.sources > 0:
		c.counted = n.Size
		x.online++
		x.bytes += c.counted
	case was > 0 && c.sources == 0:
		x.online--
		x.bytes -= c.counted
	}
}

// Online is the number of contents with an online source, and of their bytes.
func (x *Index) Online() (contents int, bytes int64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.online, x.bytes
}

// Exact lists the names that are this one to the letter and in use by an
// online source, limit of them at the most.
func (x *Index) Exact(text string, limit int) []NameID {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var found []NameID
	for id := range x.names {
		if len(found) == limit {
			break
		}
		if n := &x.names[id]; n.sources > 0 && n.Text == text {
			found = append(found, NameID(id))
		}
	}
	return found
}
