// Package index finds contents by their names, in memory. A content has one
// name or several (peers call the same bytes differently); each name counts the
// sources that use it, online ones and dormant ones, and a name without any is
// not found.
//
// What a search sees of a name is a [version]: it never changes, but for the
// moment of its death. A change of a content ends the versions of its names and
// appends new ones to the tail, which searches read from end to end. When the
// tail has grown, its versions go into a segment, with a posting list for each
// trigram and the orders of all sorts; small segments are merged into larger
// ones. Both happen beside everything else. A search notes the segments, the
// length of the tail and the number of the last change, and needs no lock from
// then on: it sees everything as it was at that moment.
package index

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"unique"

	"centralizedp2p/netproto"
)

// NameID is a name in the index. Numbers are small and dense, and are used
// again after a removal.
type NameID uint32

const noName NameID = math.MaxUint32

// Name is what peers say about a content: its name and what goes with it.
type Name struct {
	Text   string // passes netproto.CheckName
	MIME   string
	Size   int64 // bytes
	Folder bool
}

// Content is a content in the index, one index at the most.
type Content struct {
	hash   netproto.ContentHash
	added  int64  // Unix milliseconds
	first  NameID // of the chain of its names, the oldest first
	online uint32 // sources, over all names
}

// Index is safe for concurrent use. It keeps no lock of its callers' and calls
// nothing of theirs.
type Index struct {
	mu    sync.RWMutex // held for moments only: never by a search, never by a merge
	names table
	freed []NameID
	bulk  bool
	snapshot
	online int   // contents with an online source
	bytes  int64 // of them

	tailRoom          int // versions in the tail that make it a segment
	flushing, merging bool
	closed            atomic.Bool
	work              sync.WaitGroup
}

// entry is the present state of a name.
type entry struct {
	now             *version // what is found, or would be
	next            NameID   // of the same content
	online, dormant uint32   // sources that use it
	seen            uint32   // when an online one was seen last, in Unix seconds
}

// table is the entries by NameID. It grows by a chunk at a time, so that no
// name waits until all others are copied.
type table struct {
	chunks [][]entry // of tableChunk; only the last is not full
}

const tableChunk = 1 << 12

func (t *table) at(id NameID) *entry { return &t.chunks[id/tableChunk][id%tableChunk] }

func (t *table) len() int {
	if len(t.chunks) == 0 {
		return 0
	}
	last := len(t.chunks) - 1
	return last*tableChunk + len(t.chunks[last])
}

// grow makes room for one more.
func (t *table) grow() NameID {
	id := NameID(t.len())
	if id%tableChunk == 0 {
		t.chunks = append(t.chunks, make([]entry, 0, tableChunk))
	}
	last := &t.chunks[len(t.chunks)-1]
	*last = append(*last, entry{})
	return id
}

// snapshot is all that a search reads.
type snapshot struct {
	segments []*segment // replaced, never changed
	tail     run        // appended to, and replaced
	change   uint64     // number of the last change
}

// New is an empty index.
func New() *Index { return &Index{snapshot: snapshot{change: unborn}, tailRoom: maxTail} }

// Close waits for a merge that runs. The index can be read on.
func (x *Index) Close() {
	x.mu.Lock()
	x.closed.Store(true)
	x.mu.Unlock()
	x.work.Wait()
}

// NewContent is a content that has no name yet. Once it has, it must not be
// copied.
func NewContent(hash netproto.ContentHash, added time.Time) Content {
	return Content{hash: hash, added: added.UnixMilli(), first: noName}
}

// Hash is that of the content.
func (c *Content) Hash() netproto.ContentHash { return c.hash }

// Added is when it was announced first.
func (c *Content) Added() time.Time { return time.UnixMilli(c.added).UTC() }

// AddName gives a content one more name, which no source uses yet.
func (x *Index) AddName(c *Content, n Name) NameID {
	kind := netproto.KindOf(n.Text, n.MIME, n.Folder)
	v := &version{
		text: n.Text, size: n.Size, content: c,
		class: unique.Make(class{mime: n.MIME, kind: kind, gram: kindGram(kind), folder: n.Folder}),
	}
	v.died.Store(unborn)
	x.mu.Lock()
	defer x.mu.Unlock()
	var id NameID
	if free := len(x.freed); free > 0 {
		id = x.freed[free-1]
		x.freed = x.freed[:free-1]
	} else {
		id = x.names.grow()
	}
	*x.names.at(id) = entry{now: v, next: noName}
	*x.endOf(c) = id
	return id
}

// endOf is the place in the chain of a content's names that says noName.
func (x *Index) endOf(c *Content) *NameID {
	end := &c.first
	for *end != noName {
		end = &x.names.at(*end).next
	}
	return end
}

// Remove takes a name away, and with its last name the content.
func (x *Index) Remove(id NameID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := *x.names.at(id)
	c := e.now.content
	x.weigh(c, -1)
	x.change++
	e.now.end(x.change)
	place := &c.first
	for *place != id {
		place = &x.names.at(*place).next
	}
	*place = e.next
	c.online -= e.online
	*x.names.at(id) = entry{}
	x.freed = append(x.freed, id)
	x.weigh(c, 1)
	x.publish(c)
	x.tidy()
}

// Change is what happens to the sources of a name.
type Change struct {
	Online  int   // how many more use it and are online; negative for fewer
	Dormant int   // how many more use it and are offline
	Seen    int64 // when sources that go were seen last, in Unix seconds
}

// countAtOnce is how many names change under one lock: others wait for
// microseconds where a peer with 100,000 shares leaves.
const countAtOnce = 500

// Count applies a change to each of the names. A search may see it for some of
// them and not yet for others.
func (x *Index) Count(change Change, ids ...NameID) {
	for some := range slices.Chunk(ids, countAtOnce) {
		x.mu.Lock()
		for _, id := range some {
			x.count(id, change)
		}
		x.tidy()
		x.mu.Unlock()
	}
}

func (x *Index) count(id NameID, change Change) {
	e := x.names.at(id)
	c := e.now.content
	x.weigh(c, -1)
	e.online += uint32(change.Online)
	e.dormant += uint32(change.Dormant)
	e.seen = max(e.seen, uint32(change.Seen))
	c.online += uint32(change.Online)
	x.weigh(c, 1)
	x.publish(c)
}

// weigh counts a content in (1) or out (-1) where it has an online source. Its
// size is that of its oldest name.
func (x *Index) weigh(c *Content, sign int) {
	if c.online > 0 {
		x.online += sign
		x.bytes += int64(sign) * x.names.at(c.first).now.size
	}
}

// Online is the number of contents with an online source, and of their bytes.
func (x *Index) Online() (contents int, bytes int64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.online, x.bytes
}

// Size is what the index consists of.
type Size struct {
	Names    int // that were added and not removed
	Tail     int // versions that are read from end to end
	Segments int
	Bytes    int64 // of names, posting lists and orders; about
}

// Size tells it for metrics.
func (x *Index) Size() Size {
	x.mu.RLock()
	defer x.mu.RUnlock()
	size := Size{
		Names: x.names.len() - len(x.freed), Tail: x.tail.len(), Segments: len(x.segments),
		Bytes: x.tail.bytes(),
	}
	for _, g := range x.segments {
		size.Bytes += g.bytes()
	}
	return size
}

// snapshotNow is what a search that begins now reads.
func (x *Index) snapshotNow() snapshot {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.snapshot
}
