package index

import (
	"bytes"
	"cmp"
	"container/heap"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"centralizedp2p/netproto"
)

// Query is a search. Its words may stand in any order in a name, and all must.
type Query struct {
	Text    string        // words; none lists everything
	Kind    netproto.Kind // "" is any
	MinSize int64         // bytes
	MaxSize int64         // bytes; -1 is without limit
	Sort    netproto.Sort
	Limit   int      // hits in the page, 1 or more
	Cursor  string   // Page.Next of the page before, "" for the first
	Among   []NameID // when not nil, only these are searched, one for each content
	Scope   string   // whose names those are; a cursor is bound to it
}

// Page is a part of the answer to a query, in the order of its sort.
type Page struct {
	Hits []netproto.Hit
	Next string // where the next page begins; empty at the end
}

// Search answers a query. A content found by several of its names is one hit,
// under the name that most online sources use. A cursor marks a place in the
// order, not a number of hits: whatever is added meanwhile, a content that
// keeps its place is returned exactly once. Over SortSources places move.
//
// The error is a netproto.CodeInvalid for a cursor of another query.
func (x *Index) Search(q Query) (Page, error) {
	var after *place
	if q.Cursor != "" {
		p, err := parseCursor(q.Cursor, q.digest())
		if err != nil {
			return Page{}, err
		}
		after = &p
	}
	words := strings.Fields(Fold(q.Text))
	best := worstFirst{}
	x.mu.RLock()
	defer x.mu.RUnlock()
	consider := func(c *content, ids []NameID) {
		n := x.match(ids, q, words)
		if n == nil {
			return
		}
		at := placeOf(q.Sort, c, n)
		if after != nil && at.compare(*after) <= 0 {
			return
		}
		best.keep(found{at, c, n}, q.Limit+1)
	}
	if q.Among != nil {
		for i := range q.Among {
			c := &x.contents[x.names[q.Among[i]].content]
			consider(c, q.Among[i:i+1])
		}
	} else {
		for i := range x.contents {
			if c := &x.contents[i]; c.sources > 0 {
				consider(c, c.names)
			}
		}
	}
	return best.page(q), nil
}

// match is the name that the most online sources use among those that fit the
// query, the oldest of equals; nil when none does.
func (x *Index) match(ids []NameID, q Query, words []string) *name {
	var best *name
next:
	for _, id := range ids {
		n := &x.names[id]
		if n.sources == 0 || best != nil && n.sources <= best.sources ||
			q.Kind != "" && n.kind != q.Kind ||
			n.Size < q.MinSize || q.MaxSize >= 0 && n.Size > q.MaxSize {
			continue
		}
		for _, word := range words {
			if !strings.Contains(n.folded, word) {
				continue next
			}
		}
		best = n
	}
	return best
}

// found is a candidate for the page.
type found struct {
	at place
	c  *content
	n  *name
}

// worstFirst is a heap of the best candidates so far, the worst on top.
type worstFirst []found

func (h worstFirst) Len() int           { return len(h) }
func (h worstFirst) Less(i, j int) bool { return h[i].at.compare(h[j].at) > 0 }
func (h worstFirst) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *worstFirst) Push(v any)        { *h = append(*h, v.(found)) }
func (h *worstFirst) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

func (h *worstFirst) keep(f found, limit int) {
	switch {
	case len(*h) < limit:
		heap.Push(h, f)
	case f.at.compare((*h)[0].at) < 0:
		(*h)[0] = f
		heap.Fix(h, 0)
	}
}

// page is the answer from candidates of which one more than asked for was
// kept: that one tells that there is a next page.
func (h worstFirst) page(q Query) Page {
	slices.SortFunc(h, func(a, b found) int { return a.at.compare(b.at) })
	var p Page
	if len(h) > q.Limit {
		h = h[:q.Limit]
		p.Next = h[len(h)-1].at.cursor(q.digest())
	}
	p.Hits = make([]netproto.Hit, len(h))
	for i, f := range h {
		p.Hits[i] = netproto.Hit{Hash: f.c.hash, Name: f.n.Text, Size: f.n.Size, MIME: f.n.MIME,
			Folder: f.n.Folder, Sources: f.c.sources, Added: f.c.added}
	}
	return p
}

// place is where a hit stands in an order: by number, then name, then hash,
// all rising. Orders that fall count in negative numbers.
type place struct {
	number int64
	name   string // folded, cut to maxPlaceName bytes
	hash   netproto.ContentHash
}

const maxPlaceName = 255

func placeOf(sort netproto.Sort, c *content, n *name) place {
	p := place{hash: c.hash}
	switch sort {
	case netproto.SortSize:
		p.number = -n.Size
		return p
	case netproto.SortNewest:
		p.number = -c.added.UnixMilli()
		return p
	case netproto.SortSources:
		p.number = -int64(c.sources)
	}
	p.name = n.folded
	if len(p.name) > maxPlaceName {
		p.name = p.name[:maxPlaceName]
	}
	return p
}

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.number, o.number), strings.Compare(p.name, o.name), bytes.Compare(p.hash[:], o.hash[:]))
}

// A cursor is, in URL-safe base64,
//
//	u8 version | u32 digest of the query | u64 number | 32 bytes hash | u8 n | name
const (
	cursorVersion = 1
	cursorFixed   = 1 + 4 + 8 + 32 + 1
)

func (p place) cursor(digest uint32) string {
	raw := make([]byte, 0, cursorFixed+len(p.name))
	raw = append(raw, cursorVersion)
	raw = binary.BigEndian.AppendUint32(raw, digest)
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.number))
	raw = append(raw, p.hash[:]...)
	raw = append(raw, byte(len(p.name)))
	raw = append(raw, p.name...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseCursor(s string, digest uint32) (place, error) {
	var p place
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) < cursorFixed || raw[0] != cursorVersion || len(raw) != cursorFixed+int(raw[cursorFixed-1]) {
		return p, netproto.Errorf(netproto.CodeInvalid, "the cursor is damaged: begin again with the first page")
	}
	if binary.BigEndian.Uint32(raw[1:]) != digest {
		return p, netproto.Errorf(netproto.CodeInvalid, "the cursor belongs to another search: begin again with the first page")
	}
	p.number = int64(binary.BigEndian.Uint64(raw[5:]))
	copy(p.hash[:], raw[13:])
	p.name = string(raw[cursorFixed:])
	return p, nil
}

// digest binds a cursor to all of the query that decides what comes in which
// order; the number of hits in a page may change from page to page.
func (q Query) digest() uint32 {
	h := fnv.New32a()
	fmt.Fprintf(h, "%q %s %d %d %s %q", strings.Join(strings.Fields(Fold(q.Text)), " "), q.Kind, q.MinSize, q.MaxSize, q.Sort, q.Scope)
	return h.Sum32()
}

// Fold is the form in which names and words are compared: Unicode case folding
// in normal form C.
func Fold(s string) string {
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if ascii {
		return strings.ToLower(s)
	}
	return norm.NFC.String(cases.Fold().String(s))
}
