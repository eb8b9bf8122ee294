package index

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// If a search finds nothing, its text is offered with one word spelled as names have it
// that fit otherwise. Such a word has some part of the mistyped one without an error: a
// half if there is one error, a third if there are two, unless two neighbours that belong
// to different parts are swapped.

const (
	minCorrected  = 4 // characters
	twoErrorsFrom = 6 // characters; shorter words may have one error

	// maxCorrected is how many names a search looks at for each part, those with most
	// sources first; maxCorrectedReads is how many entries of posting lists it reads.
	maxCorrected      = 2000
	maxCorrectedReads = 4 << 20
	looksOfCompare    = 3 // comparing two words costs more than a look
)

// correction is a word that may have been meant.
type correction struct {
	word   string // folded
	text   string // as a name has it
	errors int
	names  int // that have it
}

// better reports whether a is likelier to be meant than b.
func (c *correction) better(o *correction) bool {
	if c.errors != o.errors {
		return c.errors < o.errors
	}
	return c.names > o.names || c.names == o.names && c.word < o.word
}

// correct returns the text of the query with one word corrected, or "".
func (s *search) correct(now *snapshot, text string) string {
	var best correction
	var replaced string
	for i := range s.must {
		t := &s.must[i]
		n := utf8.RuneCount(t.text)
		original := typed(text, t.text)
		if n < minCorrected || n > maxMendable || original == "" || s.ctx.Err() != nil {
			continue
		}
		rest := *s
		rest.must = slices.Delete(slices.Clone(s.must), i, i+1)
		c := corrector{search: &rest, term: []rune(string(t.text)), found: map[string]*correction{}}
		c.most = 1
		c.look(now, halves(t.text))
		if len(c.found) == 0 && n >= twoErrorsFrom {
			c.most = 2
			c.look(now, thirds(t.text))
		}
		s.spent, s.check = rest.spent, rest.check
		for _, found := range c.found {
			if best.word == "" || found.better(&best) {
				best, replaced = *found, original
			}
		}
	}
	if best.word == "" {
		return ""
	}
	corrected := replaceWord(text, replaced, best.text)
	if len(corrected) > netproto.MaxQueryBytes {
		return ""
	}
	return corrected
}

// typed returns the word of a text that became a term; "" if it stands in quotes or has
// anything around it.
func typed(text string, term []byte) string {
	if strings.Contains(text, `"`) {
		return ""
	}
	for word := range strings.FieldsSeq(text) {
		if Fold(word) == string(term) && !bytes.ContainsFunc(term, func(r rune) bool { return !inWord(r) }) {
			return word
		}
	}
	return ""
}

// replaceWord replaces a word wherever it stands on its own.
func replaceWord(text, old, by string) string {
	words := strings.Fields(text)
	for i := range words {
		if words[i] == old {
			words[i] = by
		}
	}
	return strings.Join(words, " ")
}

// piece returns some characters of a text.
func piece(text []byte, first, n int) []byte {
	runes := []rune(string(text))
	return []byte(string(runes[first:min(first+n, len(runes))]))
}

// halves returns the parts of which one survives an error.
func halves(text []byte) [][]byte {
	n := utf8.RuneCount(text)
	half := max(n/2, 3)
	parts := [][]byte{piece(text, 0, half), piece(text, n-half, half)}
	if m, ok := mend(term{text: text}); ok {
		parts = append(parts, m.swapped)
	}
	return parts
}

// thirds returns the parts of which one survives two errors, of words of nine characters
// and more.
func thirds(text []byte) [][]byte {
	n := utf8.RuneCount(text)
	third := max(n/3, 3)
	return [][]byte{piece(text, 0, third), piece(text, (n-third)/2, third), piece(text, n-third, third)}
}

// corrector collects words that may have been meant for one term.
type corrector struct {
	*search // for everything but the term
	term    []rune
	most    int // errors
	found   map[string]*correction
}

// look takes the words of names that have one of the parts.
func (c *corrector) look(now *snapshot, parts [][]byte) {
	grams := c.grams()
	seen := map[*version]bool{}
	take := func(v *version, name []byte) {
		c.spent++
		if !seen[v] && v.lives(c.change) && c.fitsRest(v, v.using()) && c.fitsName(name) {
			seen[v] = true
			c.take(v, name)
		}
	}
	for _, part := range parts {
		looks, reads := maxCorrected, maxCorrectedReads
		for _, g := range now.segments {
			if looks <= 0 || reads <= 0 || c.ctx.Err() != nil {
				break
			}
			lists := g.choose(append(slices.Clip(grams), appendTrigrams(nil, part)), listsOfTerm)
			read := candidates(lists, 0, c.last(g), func(rank int) bool {
				if looks--; looks < 0 {
					return false
				}
				if name := g.name(rank); bytes.Contains(name, part) {
					take(g.versions[rank], name)
				}
				return true
			})
			reads -= read
			c.spent += read / readsOfLook
			c.yield()
		}
		for i, v := range now.tail.versions {
			if looks--; looks < 0 {
				break
			}
			if name := now.tail.name(i); bytes.Contains(name, part) {
				take(v, name)
			}
		}
	}
}

// take compares the words of a name with the term.
func (c *corrector) take(v *version, name []byte) {
	for word := range bytes.FieldsFuncSeq(name, func(r rune) bool { return !inWord(r) }) {
		n := utf8.RuneCount(word)
		if n < len(c.term)-c.most || n > len(c.term)+c.most {
			continue
		}
		if known := c.found[string(word)]; known != nil {
			known.names++
			continue
		}
		c.spent += looksOfCompare
		errors := distance(c.term, []rune(string(word)))
		if errors == 0 || errors > c.most {
			continue
		}
		text := string(word)
		for spelled := range strings.FieldsFuncSeq(v.text, func(r rune) bool { return !inWord(r) }) {
			if Fold(spelled) == text {
				text = spelled
				break
			}
		}
		c.found[string(word)] = &correction{word: string(word), text: text, errors: errors, names: 1}
	}
}

// distance returns how many errors lie between two words: a character that is wrong,
// missing or too many, or two neighbours swapped.
func distance(a, b []rune) int {
	var room [3][maxMendable + 3]int
	before, last, row := room[0][:len(b)+1], room[1][:len(b)+1], room[2][:len(b)+1]
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			differs := 1
			if a[i-1] == b[j-1] {
				differs = 0
			}
			row[j] = min(last[j-1]+differs, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
