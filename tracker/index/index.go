// Package index finds contents by their names, in memory. A content has one
// name or several, since peers call the same bytes differently. Each name counts
// the sources that use it, online and dormant; a name without any is not found.
//
// A search sees a name as a [version], which never changes except for the moment
// of its death. A change to a content ends the versions of its names and appends
// new ones to the tail, which searches read from end to end. Once the tail has
// grown, its versions move into a segment, which has a posting list for each
// trigram and the orders of all sorts; small segments are merged into larger
// ones. Both happen in the background. A search notes the segments, the length of
// the tail and the number of the last change, and needs no lock from then on: it
// sees everything as it was at that moment.
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

// NameID identifies a name in the index. Numbers are small and dense, and are
// reused after a removal.
type NameID uint32

const noName NameID = math.MaxUint32

// Name is what peers say about a content: its name and its other properties.
type Name struct {
	Text   string // passes netproto.CheckName
	MIME   string
	Size   int64 // bytes
	Folder bool
}

// Content is a content in at most one index.
type Content struct {
	hash   netproto.ContentHash
	added  int64  // Unix milliseconds
	first  NameID // first in the chain of its names, the oldest
	online uint32 // sources, over all names
}

// Index is safe for concurrent use. It never calls back into its callers.
type Index struct {
	mu    sync.RWMutex // held for moments only, never during a search or a merge
	names table
	freed []NameID
	bulk  bool
	snapshot
	online, bytes int64                                // contents with an online source, and their total size
	counts        struct{ online, bytes atomic.Int64 } // the same, for those who do not wait

	tailRoom          int // versions; a tail of this length becomes a segment
	flushing, merging bool
	closed            atomic.Bool
	work              sync.WaitGroup
}

// entry is the current state of a name.
type entry struct {
	now             *version // what searches find, or would find
	next            NameID   // of the same content
	online, dormant uint32   // sources that use it
	seen            uint32   // Unix seconds when an online source was last seen
}

// table holds the entries by NameID. It grows one chunk at a time, so adding a
// name never copies all others.
type table struct {
	chunks [][]entry // of tableChunk entries; only the last may be shorter
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

// grow makes room for one more entry and returns its number.
func (t *table) grow() NameID {
	id := NameID(t.len())
	if id%tableChunk == 0 {
		t.chunks = append(t.chunks, make([]entry, 0, tableChunk))
	}
	last := &t.chunks[len(t.chunks)-1]
	*last = append(*last, entry{})
	return id
}

// snapshot is everything a search reads.
type snapshot struct {
	segments []*segment // replaced, never changed
	tail     run        // appended to, and replaced
	change   uint64     // number of the last change
}

// New returns an empty index.
func New() *Index { return &Index{snapshot: snapshot{change: unborn}, tailRoom: maxTail} }

// Close waits for a running merge. The index can still be read.
func (x *Index) Close() {
	x.mu.Lock()
	x.closed.Store(true)
	x.mu.Unlock()
	x.work.Wait()
}

// NewContent returns a content without a name. Once it has one, it must not be
// copied.
func NewContent(hash netproto.ContentHash, added time.Time) Content {
	return Content{hash: hash, added: added.UnixMilli(), first: noName}
}

// Hash returns the hash of the content.
func (c *Content) Hash() netproto.ContentHash { return c.hash }

// Added returns when the content was first announced.
func (c *Content) Added() time.Time { return time.UnixMilli(c.added).UTC() }

// AddName gives a content another name, which no source uses yet.
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

// endOf returns the link that ends the chain of a content's names.
func (x *Index) endOf(c *Content) *NameID {
	end := &c.first
	for *end != noName {
		end = &x.names.at(*end).next
	}
	return end
}

// Remove removes a name, and the content along with its last name.
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

// Change describes what happens to the sources of a name.
type Change struct {
	Online  int   // how many more online sources use it; negative for fewer
	Dormant int   // how many more offline sources use it; negative for fewer
	Seen    int64 // Unix seconds when departing sources were last seen
}

// countAtOnce is how many names change under one lock, so that others wait for
// microseconds when a peer with 100,000 shares leaves.
const countAtOnce = 500

// Count applies a change to each of the names. A search may already see it for
// some of them and not yet for others.
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

// weigh counts a content in (1) or out (-1) if it has an online source, for a
// change out first. Its size is the size given with its oldest name.
func (x *Index) weigh(c *Content, sign int) {
	if c.online > 0 {
		x.online += int64(sign)
		x.bytes += int64(sign) * x.names.at(c.first).now.size
	}
	if sign > 0 {
		x.counts.online.Store(x.online)
		x.counts.bytes.Store(x.bytes)
	}
}

// Online returns how many contents have an online source, and their total size. It
// never waits.
func (x *Index) Online() (contents int, bytes int64) {
	return int(x.counts.online.Load()), x.counts.bytes.Load()
}

// snapshotNow returns what a search that starts now reads.
func (x *Index) snapshotNow() snapshot {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.snapshot
}
