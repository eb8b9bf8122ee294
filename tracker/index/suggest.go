package index

import (
	"bytes"
	"slices"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// If a search finds nothing, it suggests names in which all terms occur, one of
// them with a typing error: a character that is wrong, missing or too many, or
// two neighbours swapped. That term has at least five characters; if it has five,
// the third must be right.
//
// An error leaves one half of a term intact, unless it swaps the two characters
// in the middle. So the candidates are names that have all grams of one half, or
// of the term with those two swapped.

const (
	minMendable = 5  // characters
	maxMendable = 64 // characters

	// maxMended is how many candidates a search looks at, those with most sources
	// first, and how many fresh names. It bounds the cost of a mistyped common word.
	maxMended = 6_000
	// maxMendedReads is how many entries of posting lists a search reads for that.
	maxMendedReads = 16 << 20

	keptForSuggest = 4 * netproto.MaxSuggestions
)

// mending is a term with an error. Either left is intact and the error follows
// it, or right is intact and the error precedes it.
type mending struct {
	left, afterLeft    []byte
	right, beforeRight []byte
	swapped            []byte // the term with its two middle characters swapped
}

func mend(t term) (mending, bool) {
	n := utf8.RuneCount(t.text)
	if n < minMendable || n > maxMendable {
		return mending{}, false
	}
	at := func(characters int) (bytes int) {
		for range characters {
			_, size := utf8.DecodeRune(t.text[bytes:])
			bytes += size
		}
		return bytes
	}
	m := mending{left: t.text[:at(max(n/2, 3))], right: t.text[at(n/2):]}
	m.afterLeft, m.beforeRight = t.text[len(m.left):], t.text[:len(t.text)-len(m.right)]
	a, b, c := at(n/2-1), at(n/2), at(n/2+1)
	m.swapped = slices.Concat(t.text[:a], t.text[b:c], t.text[a:b], t.text[c:])
	return m, true
}

// in reports whether the term occurs in a name with one error.
func (m *mending) in(name []byte) bool {
	return m.leftIn(name) || m.rightIn(name) || bytes.Contains(name, m.swapped)
}

func (m *mending) leftIn(name []byte) bool {
	for {
		i := bytes.Index(name, m.left)
		if i < 0 {
			return false
		}
		if beginsNearly(name[i+len(m.left):], m.afterLeft) {
			return true
		}
		name = name[i+1:]
	}
}

func (m *mending) rightIn(name []byte) bool {
	for {
		i := bytes.LastIndex(name, m.right)
		if i < 0 {
			return false
		}
		if endsNearly(name[:i], m.beforeRight) {
			return true
		}
		name = name[:i+len(m.right)-1]
	}
}

// beginsNearly reports whether text begins with want except for one error.
func beginsNearly(text, want []byte) bool {
	for len(want) > 0 && len(text) > 0 {
		r, n := utf8.DecodeRune(want)
		got, m := utf8.DecodeRune(text)
		if r != got || n != m {
			break
		}
		want, text = want[n:], text[n:]
	}
	if len(want) == 0 {
		return true
	}
	_, n := utf8.DecodeRune(want)
	_, m := utf8.DecodeRune(text)
	_, next := utf8.DecodeRune(want[n:])
	return bytes.HasPrefix(text[m:], want[n:]) || // another character
		bytes.HasPrefix(text[m:], want) || // one too many in the name
		bytes.HasPrefix(text, want[n:]) || // one too many in the term
		next > 0 && len(text) >= n+next && // two swapped
			bytes.Equal(text[:next], want[n:n+next]) && bytes.Equal(text[next:next+n], want[:n]) &&
			bytes.HasPrefix(text[next+n:], want[n+next:])
}

// endsNearly reports whether text ends with want except for one error.
func endsNearly(text, want []byte) bool {
	for len(want) > 0 && len(text) > 0 {
		r, n := utf8.DecodeLastRune(want)
		got, m := utf8.DecodeLastRune(text)
		if r != got || n != m {
			break
		}
		want, text = want[:len(want)-n], text[:len(text)-m]
	}
	if len(want) == 0 {
		return true
	}
	_, n := utf8.DecodeLastRune(want)
	_, m := utf8.DecodeLastRune(text)
	less := want[:len(want)-n]
	_, next := utf8.DecodeLastRune(less)
	return bytes.HasSuffix(text[:len(text)-m], less) ||
		bytes.HasSuffix(text[:len(text)-m], want) ||
		bytes.HasSuffix(text, less) ||
		next > 0 && bytes.HasSuffix(text, slices.Concat(less[:len(less)-next], want[len(want)-n:], less[len(less)-next:]))
}

// suggest returns names for a search that found nothing, the best first. The corrector
// of a term, if it has one, learns the words of all names that come into question.
func (s *search) suggest(now *snapshot, correctors []*corrector) []string {
	best, looks, reads, fresh := newKept(1), maxMended, maxMendedReads, maxMended
	for i := range s.must {
		m, ok := mend(s.must[i])
		if !ok || s.ctx.Err() != nil {
			continue
		}
		rest := *s
		rest.must, rest.everyName = slices.Delete(slices.Clone(s.must), i, i+1), true
		rest.kept, rest.sort, rest.limit, rest.sign = best, netproto.SortSources, keptForSuggest, 1
		grams, c := rest.grams(), correctors[i]
		for _, g := range now.segments {
			rest.mended(g, m, grams, c, &looks, &reads)
		}
		for i, v := range now.tail.versions {
			if fresh--; fresh < 0 {
				break
			}
			rest.spent++
			if name := now.tail.name(i); m.in(name) {
				rest.learn(c, v, name)
				rest.offer(v, name)
			}
		}
		best, s.spent = rest.kept, rest.spent
	}
	slices.SortFunc(best.items, func(a, b found) int { return a.at.compare(&b.at) })
	var names []string
	for _, f := range best.items {
		if len(names) < netproto.MaxSuggestions && !slices.Contains(names, f.text) {
			names = append(names, f.text)
		}
	}
	return names
}

// learn has a corrector count the words of a name, if the name fits.
func (s *search) learn(c *corrector, v *version, name []byte) {
	if c != nil && s.fits(v, name) {
		s.spent += c.take(v, name)
	}
}

// mended offers the names of a segment that have the mended term, each once even
// if it is found in two ways, as long as there are looks and reads left.
func (s *search) mended(g *segment, m mending, grams [][]uint32, c *corrector, looks, reads *int) {
	last := g.len()
	if !s.offline {
		last = g.online
	}
	each := func(part []byte, in func(name []byte) bool) {
		if *looks <= 0 || *reads <= 0 {
			return
		}
		lists := g.choose(append(slices.Clip(grams), appendTrigrams(nil, part)), listsOfTerm)
		read := candidates(lists, 0, last, func(rank int) bool {
			if *looks--; *looks < 0 {
				return false
			}
			s.spent++
			name := g.name(rank)
			if !in(name) || slices.ContainsFunc(s.kept.items, func(f found) bool { return f.version == g.versions[rank] }) {
				return true
			}
			s.learn(c, g.versions[rank], name)
			return !s.offer(g.versions[rank], name)
		})
		*reads -= read
		s.spent += read / readsOfLook
	}
	each(m.swapped, func(name []byte) bool { return bytes.Contains(name, m.swapped) })
	each(m.left, m.leftIn)
	each(m.right, m.rightIn)
}
