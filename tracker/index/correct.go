package index

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// If a search finds nothing, its text is offered with one word spelled as names have it
// that fit otherwise. A word with one error is found among the names that are suggested.
// Words that are too short for that, and words with two errors, are looked for by their
// parts: one third of a word with two errors has none, and stands where it was typed, give
// or take two characters, unless two neighbours of different parts are swapped.

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
	names  int // that have it and fit otherwise
}

// better reports whether a is likelier to be meant than b.
func (c *correction) better(o *correction) bool {
	if c.errors != o.errors {
		return c.errors < o.errors
	}
	return c.names > o.names || c.names == o.names && c.word < o.word
}

// correctors returns one corrector for each term, nil for those that no word can replace.
func (s *search) correctors(text string) []*corrector {
	all := make([]*corrector, len(s.must))
	for i := range s.must {
		term := s.must[i].text
		if n := utf8.RuneCount(term); n < minCorrected || n > maxMendable {
			continue
		}
		if word := typed(text, term); word != "" {
			all[i] = &corrector{typed: word, term: []rune(string(term)), most: 1, compared: map[string]*correction{}}
		}
	}
	return all
}

// correct returns the text of the query with one word corrected, or "". The correctors
// know the words of the suggested names.
func (s *search) correct(now *snapshot, text string, correctors []*corrector) string {
	var best *correction
	var replaced string
	for i, c := range correctors {
		if c == nil || s.ctx.Err() != nil {
			continue
		}
		if n := len(c.term); c.best() == nil && (n < minMendable || n >= twoErrorsFrom) {
			rest := *s
			rest.must = slices.Delete(slices.Clone(s.must), i, i+1)
			c.widen()
			rest.look(now, c)
			s.spent, s.check = rest.spent, rest.check
		}
		if found := c.best(); found != nil && (best == nil || found.better(best)) {
			best, replaced = found, c.typed
		}
	}
	if best == nil {
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

// corrector collects words that may have been meant for one term.
type corrector struct {
	typed    string // the term in the text of the query
	term     []rune
	most     int                    // errors
	compared map[string]*correction // by word; nil if it has more errors
}

// widen has a corrector of a long term allow two errors.
func (c *corrector) widen() {
	if len(c.term) >= twoErrorsFrom {
		c.most = 2
		clear(c.compared)
	}
}

// best returns the likeliest word, nil if there is none.
func (c *corrector) best() *correction {
	var best *correction
	for _, found := range c.compared {
		if found != nil && found.names > 0 && (best == nil || found.better(best)) {
			best = found
		}
	}
	return best
}

// part is a part of a term without an error.
type part struct {
	text  []byte
	first int // characters before it in the term
}

// parts cuts the term so that a word with the errors has one of the parts unchanged: into two
// if it may have one error, and has four characters, and into three if it may have two.
func (c *corrector) parts() []part {
	n := len(c.term)
	size := max(n/3, 3)
	firsts := []int{0, (n - size) / 2, n - size}
	if c.most == 1 {
		firsts = []int{0, n - size}
	}
	var all []part
	for _, first := range firsts {
		all = append(all, part{[]byte(string(c.term[first : first+size])), first})
	}
	return all
}

// compare returns what a word is to the corrector, nil if it was not meant, and what
// finding that out cost, in looks.
func (c *corrector) compare(word []byte) (found *correction, looks int) {
	if n := utf8.RuneCount(word); n < len(c.term)-c.most || n > len(c.term)+c.most {
		return nil, 0
	}
	if found, known := c.compared[string(word)]; known {
		return found, 0
	}
	if errors := distance(c.term, []rune(string(word))); errors > 0 && errors <= c.most {
		found = &correction{word: string(word), errors: errors}
	}
	c.compared[string(word)] = found
	return found, looksOfCompare
}

// look has a corrector compare the words that have one of its parts, of names that fit.
func (s *search) look(now *snapshot, c *corrector) {
	grams := s.grams()
	seen := map[*version]bool{}
	for _, p := range c.parts() {
		take := func(v *version, name []byte) {
			s.spent++
			if c.near(name, p, &s.spent) && !seen[v] && s.fits(v, name) {
				seen[v] = true
				s.spent += c.take(v, name)
			}
		}
		looks, reads := maxCorrected, maxCorrectedReads
		for _, g := range now.segments {
			if looks <= 0 || reads <= 0 || s.ctx.Err() != nil {
				break
			}
			lists := g.choose(append(slices.Clip(grams), appendTrigrams(nil, p.text)), listsOfTerm)
			read := candidates(lists, 0, s.last(g), func(rank int) bool {
				if looks--; looks < 0 {
					return false
				}
				take(g.versions[rank], g.name(rank))
				return true
			})
			reads -= read
			s.spent += read / readsOfLook
			s.yield()
		}
		for i, v := range now.tail.versions {
			if looks--; looks < 0 {
				break
			}
			take(v, now.tail.name(i))
		}
	}
}

// near reports whether a word with that part may have been meant, if the part stands in it
// about where it stands in the term. It is what every look costs, so other words are
// dismissed before anything else is read.
func (c *corrector) near(name []byte, p part, spent *int) bool {
	for from := 0; ; {
		i := bytes.Index(name[from:], p.text)
		if i < 0 {
			return false
		}
		i += from
		from = i + 1
		start, before := i, 0
		for before <= p.first+c.most {
			r, size := utf8.DecodeLastRune(name[:start])
			if size == 0 || !inWord(r) {
				break
			}
			start, before = start-size, before+1
		}
		if before < p.first-c.most || before > p.first+c.most {
			continue
		}
		end, n := i, before
		for n <= len(c.term)+c.most {
			r, size := utf8.DecodeRune(name[end:])
			if size == 0 || !inWord(r) {
				break
			}
			end, n = end+size, n+1
		}
		found, looks := c.compare(name[start:end])
		if *spent += looks; found != nil {
			return true
		}
	}
}

// take counts the words of a name that fits, and returns what that cost, in looks.
func (c *corrector) take(v *version, name []byte) (spent int) {
	for word := range bytes.FieldsFuncSeq(name, func(r rune) bool { return !inWord(r) }) {
		found, looks := c.compare(word)
		if spent += looks; found == nil {
			continue
		}
		if found.names++; found.names > 1 {
			continue
		}
		found.text = found.word
		for spelled := range strings.FieldsFuncSeq(v.text, func(r rune) bool { return !inWord(r) }) {
			if Fold(spelled) == found.word {
				found.text = spelled
				break
			}
		}
	}
	return spent
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
