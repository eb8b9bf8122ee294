package index

import (
	"bytes"
	"math"
	"slices"
	"sort"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// The order by the best match has no list of its own, since a match depends on the
// words. If few names have all words, a page is chosen from all of them, and every match
// is told from every other. If many have, only names that begin with the first word can
// be better than others; they stand together in the order by name. The rest comes as in
// netproto.SortSources. Which of the two it was stands in the cursor, so all pages agree.

// A number of a place in this order is
//
//	1 bit loose | 8 bits match | 32 bits math.MaxUint32 - sources
const (
	matchShift = 32
	looseBit   = 1 << 40
)

// allLooks is how many names may be looked at to choose the first page from; for later
// pages there may be more by now.
const (
	allLooks      = 4 * fewLooks
	allLooksLater = 4 * allLooks
)

// match returns the match of a place in the order by the best match.
func (p *place) match() netproto.Match { return netproto.Match(p.number >> matchShift & 0xff) }

// bySources returns the same place in netproto.SortSources.
func (p *place) bySources() place {
	return place{number: p.number&math.MaxUint32 - math.MaxUint32, name: p.name, hash: p.hash}
}

// placeOf returns the place of a version in the order of the search. A match that is not
// 0 stands for its own.
func (s *search) placeOf(v *version, name []byte, match netproto.Match) place {
	at := placeOf(s.sort, v, name)
	if s.sort != netproto.SortBest {
		return at
	}
	if match == 0 {
		match = s.match(name)
	}
	at.number = int64(match)<<matchShift | math.MaxUint32 - int64(v.online)
	if s.loose {
		at.number |= looseBit
	}
	return at
}

// match says how a folded name, which has all words, fits them.
func (s *search) match(name []byte) netproto.Match {
	s.spent++
	if s.loose {
		switch {
		case !bytes.HasPrefix(name, s.words[0].text):
			return s.rest()
		case s.isWhole(name):
			return netproto.MatchWhole
		case s.inOrderFrom(name, len(s.words[0].text), 1) < 0:
			return s.rest()
		}
		return netproto.MatchStart
	}
	if bytes.HasPrefix(name, s.words[0].text) {
		end, whole := len(s.words[0].text), true
		for i := range s.words[1:] {
			at := s.words[1+i].next(name, end)
			if at < 0 {
				end = -1
				break
			}
			whole = whole && !bytes.ContainsFunc(name[end:at], inWord)
			end = at + len(s.words[1+i].text)
		}
		if end >= 0 && whole && isExtension(name[end:]) {
			return netproto.MatchWhole
		}
		if end >= 0 {
			return netproto.MatchStart
		}
	}
	if s.inOrderFrom(name, 0, 0) >= 0 {
		return netproto.MatchOrder
	}
	return netproto.MatchWords
}

// rest returns the match, in a loose search, of names that do not start with the words.
func (s *search) rest() netproto.Match {
	if len(s.words) == 1 {
		return netproto.MatchOrder
	}
	return netproto.MatchWords
}

// inOrderFrom returns where the words from one on end in a name if they occur there in
// order, or -1.
func (s *search) inOrderFrom(name []byte, at, word int) int {
	for i := word; i < len(s.words); i++ {
		next := s.words[i].next(name, at)
		if next < 0 {
			return -1
		}
		at = next + len(s.words[i].text)
	}
	return at
}

// joined returns the words with a space between them.
func (s *search) joined() []byte {
	var all []byte
	for i := range s.words {
		if i > 0 {
			all = append(all, ' ')
		}
		all = append(all, s.words[i].text...)
	}
	return all
}

// isWhole reports whether a name is the joined words, except for its extension.
func (s *search) isWhole(name []byte) bool {
	rest, ok := bytes.CutPrefix(name, s.joined())
	return ok && isExtension(rest)
}

// isExtension reports whether the end of a name is nothing or an extension, of an archive
// possibly two.
func isExtension(rest []byte) bool {
	for range 2 {
		if len(rest) == 0 {
			return true
		}
		if rest[0] != '.' {
			return false
		}
		end := slices.Index(rest[1:], '.') + 1
		if end == 0 {
			end = len(rest)
		}
		if n := utf8.RuneCount(rest[1:end]); n == 0 || n > 5 || bytes.ContainsFunc(rest[1:end], func(r rune) bool { return !inWord(r) }) {
			return false
		}
		rest = rest[end:]
	}
	return len(rest) == 0
}

// all offers every name of the segments that has all words, if these are few. Otherwise it
// makes the search loose.
func (s *search) all(now *snapshot, grams [][]uint32) bool {
	if len(s.words) == 0 {
		s.sort = netproto.SortSources
		return false
	}
	room := allLooks
	if len(s.words) == 1 {
		room = fewLooks // loose or not, the order is the same
	}
	if s.after != nil {
		room = allLooksLater
		s.loose = s.after.number&looseBit != 0
	}
	ranks := make([][]int, len(now.segments))
	for i, g := range now.segments {
		if s.loose {
			break
		}
		s.candidates(g.choose(grams, listsOfTerm), 0, s.last(g), func(rank int) bool {
			ranks[i] = append(ranks[i], rank)
			room--
			return room >= 0
		})
		s.loose = room < 0
	}
	if s.loose {
		if s.after != nil && s.after.number&looseBit == 0 { // there are many more than before
			s.after.number |= looseBit
		}
		return false
	}
	for i, g := range now.segments {
		for _, rank := range ranks[i] {
			s.offer(g.versions[rank], g.name(rank))
		}
	}
	return true
}

// bestOf offers the best hits of a segment in which many names have all words. Whatever
// begins with the words comes first.
func (s *search) bestOf(g *segment, grams [][]uint32, looks int) {
	if s.sort != netproto.SortBest { // there are no words
		s.segment(g, grams, looks)
		return
	}
	lists, end := g.choose(grams, listsOfTerm), s.spent+looks
	if s.narrow(g, lists[0].left) {
		return
	}
	whole := s.joined()
	for _, step := range []struct {
		match netproto.Match
		names []span
	}{
		{netproto.MatchWhole, []span{g.equal(whole), g.beginning(append(whole, '.'))}},
		{netproto.MatchStart, []span{g.beginning(s.words[0].text)}},
		{s.rest(), []span{{0, g.len()}}},
	} {
		if s.after != nil && s.after.match() > step.match {
			continue
		}
		s.offered = step.match
		s.walk(max(end-s.spent, leastLooks))
		if s.step(g, lists, step.names) {
			break
		}
	}
	s.offered, s.allowed = 0, math.MaxInt
}

// step offers what stands in spans of the order by name. It returns true if the looks
// are used up.
func (s *search) step(g *segment, lists []postings, names []span) bool {
	count := 0
	for _, n := range names {
		count += n.end - n.first
	}
	if count <= allLooks {
		s.allowed = math.MaxInt
		for _, n := range names {
			for _, rank := range g.byName.ranks[n.first:n.end] {
				s.offer(g.versions[rank], g.name(int(rank)))
			}
		}
		return false
	}
	first := 0
	if s.after != nil && s.after.match() == s.offered {
		after := s.after.bySources()
		first = sort.Search(g.len(), func(i int) bool {
			at := placeOf(netproto.SortSources, g.versions[i], g.name(i))
			return at.compare(&after) > 0
		})
	}
	s.candidates(slices.Clone(lists), first, s.last(g), func(rank int) bool {
		place := int(g.byName.places[rank])
		if !slices.ContainsFunc(names, func(n span) bool { return place >= n.first && place < n.end }) {
			return true
		}
		return !s.offer(g.versions[rank], g.name(rank))
	})
	return s.spent >= s.allowed
}

// span is a range of places in an order, from first up to end, exclusive.
type span struct{ first, end int }

// beginning returns the names that begin with a text.
func (g *segment) beginning(text []byte) span {
	text = cut(text)
	return g.named(func(name []byte) int { return bytes.Compare(name[:min(len(name), len(text))], text) })
}

// equal returns the names that are a text, as far as they are ordered.
func (g *segment) equal(text []byte) span {
	text = cut(text)
	return g.named(func(name []byte) int { return bytes.Compare(name, text) })
}

// named returns the names that compare as equal.
func (g *segment) named(compare func(name []byte) int) span {
	at := func(i int) int { return compare(cut(g.name(int(g.byName.ranks[i])))) }
	first := sort.Search(g.len(), func(i int) bool { return at(i) >= 0 })
	return span{first, first + sort.Search(g.len()-first, func(i int) bool { return at(first+i) > 0 })}
}
