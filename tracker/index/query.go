package index

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// Query is a search. Its text is made of terms, in any order:
//
//	word       must occur in the name
//	"a phrase" must occur as it is, spaces included
//	-word      must not occur; likewise -"a phrase"
//	type:video the name must be of that kind; -type:video of another
//
// There are at most netproto.MaxQueryTerms words and phrases; one that occurs
// twice, or within another, counts once.
//
// Case does not matter, by Unicode case folding. A term of one or two characters
// must stand where something starts: at the start of the name, after anything
// that is neither letter nor digit, or anywhere in a script without spaces. A "-"
// on its own means nothing, so a name like "Artist - Title.mp3" finds itself.
type Query struct {
	Text    string
	Kind    netproto.Kind // "" means any
	MinSize int64         // bytes
	MaxSize int64         // bytes; -1 means no limit
	Since   time.Time     // first announced then or later; zero means no limit
	Until   time.Time     // first announced before; zero means no limit
	Sort    netproto.Sort
	Reverse bool   // from the last to the first; not in SortBest
	Among   []Pick // if not nil, search only these; at most one name of each content
	Scope   string // what they are, for cursors
	Limit   int    // hits in a page, at least 1
	Cursor  string // Page.Next of the page before, "" for the first
	Offline bool   // also find names that only offline sources use
	Plain   bool   // suggest nothing
	Looks   int    // bounds the work for this page; 0 means DefaultLooks
	Yield   func() // called every now and then, and may wait; nil means runtime.Gosched
}

// What more than one look is charged for.
const (
	readsOfLook = 100 // entries of a posting list
	bytesOfLook = 64  // of a name; comparing a longer one costs more
	looksOfName = 4   // for another name of a content, which has to be folded first
)

// term is a part of a query's text.
type term struct {
	text  []byte // folded
	short bool   // fewer than three characters
}

// condition is a parsed query.
type condition struct {
	words            []term // that must occur, as they were typed
	must, not        []term
	kinds, notKinds  []netproto.Kind
	minSize, maxSize int64
	since, until     int64 // Unix milliseconds
	offline          bool
	spent            int // looks
}

// understand parses the text of a query. The error is a netproto.CodeInvalid for
// an unknown kind and for too many terms.
func understand(q Query) (condition, error) {
	c := condition{minSize: q.MinSize, maxSize: q.MaxSize, since: math.MinInt64, until: math.MaxInt64, offline: q.Offline}
	if !q.Since.IsZero() {
		c.since = q.Since.UnixMilli()
	}
	if !q.Until.IsZero() {
		c.until = q.Until.UnixMilli()
	}
	if q.Kind != "" {
		c.kinds = append(c.kinds, q.Kind)
	}
	rest := Fold(q.Text)
	for {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" {
			c.words = c.must
			c.shorten()
			if n := len(c.must) + len(c.not); n > netproto.MaxQueryTerms {
				return c, netproto.Errorf(netproto.CodeInvalid, "a search has %d words, %d are allowed: leave some out, or put them in quotes as one phrase",
					n, netproto.MaxQueryTerms)
			}
			return c, nil
		}
		without, negative := strings.CutPrefix(rest, "-")
		if negative {
			rest = without
		}
		phrase, quoted := strings.CutPrefix(rest, `"`)
		var text string
		if quoted {
			text, rest, _ = strings.Cut(phrase, `"`)
			text = strings.TrimFunc(strings.Map(spaceForControl, text), unicode.IsSpace)
		} else {
			end := strings.IndexFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == '"' })
			if end < 0 {
				end = len(rest)
			}
			text, rest = rest[:end], rest[end:]
		}
		if err := c.take(text, negative, quoted); err != nil {
			return c, err
		}
	}
}

// spaceForControl keeps line feeds out of terms: they separate names.
func spaceForControl(r rune) rune {
	if unicode.IsControl(r) {
		return ' '
	}
	return r
}

func (c *condition) take(text string, negative, quoted bool) error {
	class, isKind := strings.CutPrefix(text, "type:")
	switch {
	case isKind && !quoted && class == "": // the user is still typing
	case isKind && !quoted:
		kind, err := netproto.ParseKind(class)
		if err != nil {
			return err
		}
		if negative {
			c.notKinds = append(c.notKinds, kind)
		} else {
			c.kinds = append(c.kinds, kind)
		}
	case text == "":
	case negative:
		c.not = append(c.not, newTerm(text))
	default:
		c.must = append(c.must, newTerm(text))
	}
	return nil
}

// shorten leaves out what says nothing new: a term within another one, and what
// occurs twice.
func (c *condition) shorten() {
	c.must = distinct(c.must, (*term).implies)
	c.not = distinct(c.not, func(t, o *term) bool { return o.implies(t) })
	slices.Sort(c.kinds)
	slices.Sort(c.notKinds)
	c.kinds, c.notKinds = slices.Compact(c.kinds), slices.Compact(c.notKinds)
}

// distinct returns the terms that no other one makes superfluous; of equal ones it
// keeps the first.
func distinct(terms []term, covers func(t, o *term) bool) []term {
	var kept []term
	for i := range terms {
		superfluous := false
		for k := range terms {
			if k != i && covers(&terms[k], &terms[i]) && (k < i || !covers(&terms[i], &terms[k])) {
				superfluous = true
				break
			}
		}
		if !superfluous {
			kept = append(kept, terms[i])
		}
	}
	return kept
}

// implies reports whether o occurs in every name in which t does.
func (t *term) implies(o *term) bool {
	if o.short {
		return t.short && bytes.Equal(t.text, o.text)
	}
	return bytes.Contains(t.text, o.text)
}

// contradicts reports whether no name at all can fit.
func (c *condition) contradicts() bool {
	if len(c.kinds) > 1 || len(c.notKinds) == len(kinds) || c.maxSize >= 0 && c.maxSize < c.minSize || c.until <= c.since {
		return true
	}
	if len(c.kinds) == 1 && slices.Contains(c.notKinds, c.kinds[0]) {
		return true
	}
	return slices.ContainsFunc(c.not, func(not term) bool {
		return slices.ContainsFunc(c.must, func(must term) bool { return must.implies(&not) })
	})
}

func newTerm(text string) term { return term{[]byte(text), utf8.RuneCountInString(text) < 3} }

// dated reports whether the time of the first announce matters.
func (c *condition) dated() bool { return c.since != math.MinInt64 || c.until != math.MaxInt64 }

// digest binds a cursor to every part of the query that decides the hits and
// their order. The number of hits may change from page to page.
func (c *condition) digest(sort netproto.Sort, reverse bool, scope string) uint32 {
	h := fnv.New32a()
	for _, terms := range [][]term{c.must, c.not} {
		for _, t := range terms {
			fmt.Fprintf(h, "%q ", t.text)
		}
		fmt.Fprint(h, "; ")
	}
	fmt.Fprintf(h, "%q %q %d %d %t %s %q", c.kinds, c.notKinds, c.minSize, c.maxSize, c.offline, sort, scope)
	if c.dated() {
		fmt.Fprintf(h, " %d %d", c.since, c.until)
	}
	if sort == netproto.SortBest {
		for _, t := range c.words {
			fmt.Fprintf(h, " %q", t.text)
		}
	}
	if reverse {
		fmt.Fprint(h, " reverse")
	}
	return h.Sum32()
}

// in reports whether the term occurs in a folded name.
func (t *term) in(name []byte) bool { return t.next(name, 0) >= 0 }

// next returns where in a folded name the term occurs first, from a place on, or -1.
func (t *term) next(name []byte, from int) int {
	if !t.short {
		if i := bytes.Index(name[from:], t.text); i >= 0 {
			return from + i
		}
		return -1
	}
	first, _ := utf8.DecodeRune(t.text)
	for at := from; ; at++ {
		i := bytes.Index(name[at:], t.text)
		if i < 0 {
			return -1
		}
		at += i
		before, size := utf8.DecodeLastRune(name[:at])
		if beginsWord(size > 0 && inWord(before), first) {
			return at
		}
	}
}

// appendGrams appends grams of every name in which the term occurs.
func (t *term) appendGrams(dst []uint32) []uint32 {
	if t.short {
		dst = append(dst, startGram(t.text[:min(len(t.text), 2)]))
	}
	return appendTrigrams(dst, t.text)
}

// grams returns, by term, grams of every name that fits the condition.
func (c *condition) grams() [][]uint32 {
	var all [][]uint32
	for i := range c.must {
		all = append(all, c.must[i].appendGrams(nil))
	}
	for _, kind := range c.kinds {
		all = append(all, []uint32{kindGram(kind)})
	}
	return all
}

// fitsName reports whether a folded name has all terms it must have, and none it
// must not.
func (c *condition) fitsName(name []byte) bool {
	looks := 1 + len(name)/bytesOfLook
	for i := range c.must {
		c.spent += looks
		if !c.must[i].in(name) {
			return false
		}
	}
	for i := range c.not {
		c.spent += looks
		if c.not[i].in(name) {
			return false
		}
	}
	return true
}

// fitsRest reports whether everything except the name of a version fits. using
// is how many online sources use that name.
func (c *condition) fitsRest(v *version, using uint32) bool {
	if using == 0 && !c.offline || v.size < c.minSize || c.maxSize >= 0 && v.size > c.maxSize {
		return false
	}
	// The content is elsewhere in memory: it is fetched only if it matters.
	if c.dated() && (v.content.added < c.since || v.content.added >= c.until) {
		return false
	}
	if len(c.kinds) == 0 && len(c.notKinds) == 0 {
		return true
	}
	kind := v.class.Value().kind
	for _, wanted := range c.kinds {
		if kind != wanted {
			return false
		}
	}
	return !slices.Contains(c.notKinds, kind)
}

// best returns the version of a content that becomes the hit: of those that fit,
// the one that most online sources use, or the oldest of equals. v fits.
func (c *condition) best(v *version) *version {
	if v.group == nil {
		return v
	}
	var best member
	for _, m := range *v.group {
		c.spent += looksOfName
		if (best.version == nil || m.online > best.online) &&
			(m.version == v || c.fitsRest(m.version, m.online) && c.fitsName(appendFolded(nil, m.text))) {
			best = m
		}
	}
	return best.version
}
