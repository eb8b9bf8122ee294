package index

import (
	"bytes"
	"context"
	"math"
	"runtime"
	"slices"
	"sort"
	"time"

	"centralizedp2p/netproto"
)

// Page is a part of the answer to a query, in the order of the query's sort.
type Page struct {
	Hits        []netproto.Hit
	Contents    []*Content // of the hits
	Next        string     // cursor of the next page; empty at the end
	Suggestions []string   // names within one typing error, if nothing was found
	Corrected   string     // the text of the query with one word as names have it, if nothing was found
	Looks       int        // what the page cost
	Short       bool       // Query.Looks were used up: Next goes on where the search ended
}

// The cost of a search is counted in looks. One look is a name considered, or
// compared with one term; it takes about 0.1 µs.
const (
	// DefaultLooks bounds the work for one page to some 20 ms.
	DefaultLooks = 200_000

	// leastLooks is what a search may spend in each segment, however small, so
	// that every page gets on.
	leastLooks = 64

	// looksBetween is how often a search lets others go first and sees whether its
	// caller has gone.
	looksBetween = 4096
)

// Search answers a query. A content found by several of its names is one hit,
// under the name that most online sources use. A cursor marks a place in the
// order, not a number of hits: whatever is added meanwhile, a content that keeps
// its place is returned exactly once. In SortSources places move.
//
// The work for a page is bounded by q.Looks. A page that used them up may have
// fewer hits than q.Limit, or none, and a cursor nevertheless.
//
// The error is a netproto.CodeInvalid for a cursor of another query, for an
// unknown type and for too many terms, and that of ctx when it ends first.
func (x *Index) Search(ctx context.Context, q Query) (Page, error) {
	c, err := understand(q)
	if err != nil {
		return Page{}, err
	}
	s := search{condition: c, ctx: ctx, sort: q.Sort, limit: q.Limit + 1, sign: 1, allowed: math.MaxInt, check: looksBetween, yield: runtime.Gosched}
	if q.Yield != nil {
		s.yield = q.Yield
	}
	if q.Reverse {
		s.sign = -1
	}
	s.kept = newKept(s.sign)
	if q.Sort == netproto.SortBest && q.Reverse {
		return Page{}, netproto.Errorf(netproto.CodeInvalid, "the best match is always first: this order cannot be reversed")
	}
	digest := c.digest(q.Sort, q.Reverse, q.Scope)
	if q.Cursor != "" {
		if s.after, err = parseCursor(q.Cursor, digest); err != nil {
			return Page{}, err
		}
	}
	if s.contradicts() {
		return s.page(q.Limit, digest), nil
	}
	now := x.snapshotNow()
	s.change = now.change
	if q.Looks == 0 {
		q.Looks = DefaultLooks
	}
	if q.Among != nil {
		s.among(x, q.Among)
		return s.page(q.Limit, digest), ctx.Err()
	}
	if err := s.run(&now, q.Looks); err != nil {
		return Page{}, err
	}
	page := s.page(q.Limit, digest)
	if len(page.Hits) == 0 && q.Cursor == "" && page.Next == "" && !q.Plain {
		correctors := s.correctors(q.Text)
		page.Suggestions = s.suggest(&now, correctors)
		page.Corrected = s.correct(&now, q.Text, correctors)
		page.Looks = s.spent
	}
	return page, ctx.Err()
}

// Exact lists the contents that online sources have under exactly this name, at
// most limit of them.
func (x *Index) Exact(text string, limit int) []netproto.ContentHash {
	var found []netproto.ContentHash
	folded := appendFolded(nil, text)
	now := x.snapshotNow()
	take := func(v *version) {
		if len(found) < limit && v.text == text && v.lives(now.change) && v.using() > 0 {
			found = append(found, v.content.hash)
		}
	}
	for _, g := range now.segments {
		ranks := g.byName.ranks
		first := sort.Search(len(ranks), func(i int) bool { return bytes.Compare(cut(g.name(int(ranks[i]))), cut(folded)) >= 0 })
		for _, rank := range ranks[first:] {
			if len(found) == limit || !bytes.Equal(cut(g.name(int(rank))), cut(folded)) {
				break
			}
			take(g.versions[rank])
		}
	}
	for _, v := range now.tail.versions {
		take(v)
	}
	return found
}

// search is a query in progress.
type search struct {
	condition
	ctx    context.Context
	sort   netproto.Sort
	sign   int    // 1, or -1 from the last to the first
	change uint64 // versions that died later still live for it
	after  *place // where the page before ended; nil for the first page
	limit  int    // candidates to keep
	kept   heap[found]

	allowed int // looks, counted as spent: where the walk under way ends
	check   int // looks, counted as spent: when to let others go first, and to see whether the caller has gone
	yield   func()
	before  *version // the last one of the walk
	itsName []byte
	ended   *place // where the first of the walks ended that used up their looks; nil if none did

	everyName bool // offer every name of a content, not just the best that fits

	loose   bool           // of SortBest: MatchOrder is not told from MatchWords
	offered netproto.Match // of SortBest: the only match that the walk under way offers; 0 is any
}

// run searches all segments, each with its share of the looks, and the tail.
func (s *search) run(now *snapshot, looks int) error {
	grams, names := s.grams(), 0
	for _, g := range now.segments {
		names += g.len()
	}
	search := s.segment
	if s.sort == netproto.SortBest {
		if s.all(now, grams) {
			now = &snapshot{tail: now.tail}
		}
		search = s.bestOf
	}
	for _, g := range now.segments {
		search(g, grams, max(looks*g.len()/max(names, 1), leastLooks))
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	s.tail(&now.tail)
	return s.ctx.Err()
}

// among searches some names.
func (s *search) among(x *Index, picks []Pick) {
	s.everyName = true
	if s.sort == netproto.SortBest && len(s.words) == 0 {
		s.sort = netproto.SortSources
	}
	for some := range slices.Chunk(picks, listAtOnce) {
		for _, v := range x.currents(some) {
			if v != nil {
				s.offer(v, appendFolded(nil, v.text))
			}
		}
		if s.ctx.Err() != nil {
			return
		}
	}
}

// offer considers a version. It returns true if those after it need not be
// offered: the page is full of better ones, or the walk ends here.
func (s *search) offer(v *version, name []byte) (done bool) {
	if s.consider(v, name) {
		return true
	}
	before, its := s.before, s.itsName
	s.before, s.itsName = v, name
	// Two names of one content may share a place, at which no walk may end.
	if s.spent < s.allowed || before == nil || before.content == v.content {
		return false
	}
	if at := s.placeOf(before, its, s.offered); s.ended == nil || s.sign*at.compare(s.ended) < 0 {
		s.ended = &at
	}
	return true
}

// walk begins a walk that may spend that many looks.
func (s *search) walk(looks int) { s.allowed, s.before = s.spent+looks, nil }

// consider takes a version into the page if it belongs there. It returns true if
// the page is full of better ones.
func (s *search) consider(v *version, name []byte) (full bool) {
	if s.spent++; s.spent >= s.check {
		s.check = s.spent + looksBetween
		s.yield()
		if s.ctx.Err() != nil {
			s.allowed = 0 // nobody will see the page
		}
	}
	if !s.fits(v, name) || !s.everyName && s.best(v) != v {
		return false
	}
	at := s.placeOf(v, name, 0)
	if s.offered != 0 && at.match() != s.offered {
		return false
	}
	if s.after != nil && s.sign*at.compare(s.after) <= 0 {
		return false
	}
	return !s.keep(found{at, v})
}

// fits reports whether the search sees a version, and whether it fits.
func (s *search) fits(v *version, name []byte) bool {
	return v.lives(s.change) && s.fitsRest(v, v.using()) && s.fitsName(name)
}

// listsOfTerm is how many lists of one term are read if every candidate is looked
// at.
const listsOfTerm = 3

// fewLooks is how many names may be looked into in any case, which takes less
// than 0.1 ms.
const fewLooks = 512

// segment offers the best hits of a segment. A walk in the order of the page ends
// when it has used up its looks; any other one is short.
func (s *search) segment(g *segment, grams [][]uint32, looks int) {
	last := g.len()
	if s.sort == netproto.SortSources {
		last = s.last(g)
	}
	o, ofTerm := g.order(s.sort), listsOfTerm
	if o != nil {
		ofTerm = 1 // few of the candidates will be looked at
	}
	lists, few := g.choose(grams, ofTerm), last
	if len(lists) > 0 {
		few = lists[0].left
	}
	if s.narrow(g, few) {
		return
	}
	first, end := 0, last
	switch s.sort {
	case netproto.SortSize:
		first, end = s.sized(g)
	case netproto.SortNewest:
		first, end = s.dated(g)
	}
	if s.sign < 0 {
		end = min(end, last, s.end(g, o))
	} else {
		first = max(first, s.first(g, o))
	}
	switch {
	case s.sign < 0 && few > s.limit:
		s.walk(looks)
		s.inReverse(g, o, first, end, lists, few)
	case o == nil && s.sign > 0:
		s.walk(looks)
		s.candidates(lists, first, last, func(rank int) bool { return !s.offer(g.versions[rank], g.name(rank)) })
	case few <= s.limit:
		s.candidates(lists, 0, last, func(rank int) bool {
			s.offer(g.versions[rank], g.name(rank))
			return true
		})
	default:
		s.walk(looks)
		s.inOrder(g, o, first, end, lists, few)
	}
	s.allowed = math.MaxInt
}

// last returns how many ranks of a segment, from the first on, may have hits.
func (s *search) last(g *segment) int {
	if s.offline {
		return g.len()
	}
	return g.online
}

// narrow offers whatever has a size and a time that fit, if that is little beside the
// names, which may be few, that have all words.
func (s *search) narrow(g *segment, few int) bool {
	for _, o := range []struct {
		sort  netproto.Sort
		ranks []uint32
		fits  func(*segment) (first, end int)
	}{{netproto.SortSize, g.bySize.ranks, s.sized}, {netproto.SortNewest, g.byNewest.ranks, s.dated}} {
		first, end := o.fits(g)
		if o.sort == s.sort || end-first >= min(few/8, 4*fewLooks) {
			continue
		}
		for _, rank := range o.ranks[first:end] {
			s.offer(g.versions[rank], g.name(int(rank)))
		}
		return true
	}
	return false
}

// tail offers the versions in the tail. It looks for the longest term in all
// names at once.
func (s *search) tail(r *run) {
	if len(s.must) == 0 {
		for i, v := range r.versions {
			s.offer(v, r.name(i))
		}
		return
	}
	longest := slices.MaxFunc(s.must, func(a, b term) int { return len(a.text) - len(b.text) }).text
	for i := 0; i < r.len(); i++ {
		start := 0
		if i > 0 {
			start = int(r.ends[i-1])
		}
		at := bytes.Index(r.blob[start:], longest)
		if at < 0 {
			return
		}
		i, _ = slices.BinarySearch(r.ends, uint32(start+at)+1)
		s.offer(r.versions[i], r.name(i))
	}
}

// found is a candidate for the page.
type found struct {
	at place
	*version
}

// newKept returns an empty heap of candidates, the worst on top.
func newKept(sign int) heap[found] {
	return heap[found]{before: func(a, b *found) bool { return sign*a.at.compare(&b.at) > 0 }}
}

// keep adds a candidate if it is among the limit best so far, and reports
// whether it is.
func (s *search) keep(f found) bool {
	if len(s.kept.items) < s.limit {
		s.kept.push(f)
		return true
	}
	if s.sign*f.at.compare(&s.kept.top().at) >= 0 {
		return false
	}
	*s.kept.top() = f
	s.kept.fix()
	return true
}

// page makes the answer. One candidate more than asked for was kept: if it is
// there, so is a next page. Behind the place where the search ended, hits may be
// missing, so the next page begins there.
func (s *search) page(limit int, digest uint32) Page {
	h := s.kept.items
	slices.SortFunc(h, func(a, b found) int { return s.sign * a.at.compare(&b.at) })
	p := Page{Looks: s.spent}
	if s.ended != nil {
		n, there := slices.BinarySearchFunc(h, s.ended, func(f found, end *place) int { return s.sign * f.at.compare(end) })
		if there {
			n++
		}
		h = h[:n]
	}
	switch {
	case len(h) > limit:
		h = h[:limit]
		p.Next = h[len(h)-1].at.cursor(digest)
	case s.ended != nil:
		p.Next, p.Short = s.ended.cursor(digest), true
	}
	p.Hits, p.Contents = make([]netproto.Hit, len(h)), make([]*Content, len(h))
	for i, f := range h {
		p.Hits[i], p.Contents[i] = f.hit(), f.content
		if s.sort == netproto.SortBest {
			p.Hits[i].Match = f.at.match()
		}
	}
	return p
}

func (v *version) hit() netproto.Hit {
	class := v.class.Value()
	hit := netproto.Hit{
		Hash: v.content.hash, Name: v.text, Size: v.size, MIME: class.mime, Folder: class.folder,
		Sources: int(v.online), Added: time.UnixMilli(v.content.added).UTC(),
	}
	if v.online == 0 {
		hit.LastSeen = time.Unix(int64(v.seen), 0).UTC()
	}
	return hit
}
