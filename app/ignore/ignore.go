// Package ignore matches what a shared folder leaves out, by patterns like those
// of .gitignore:
//
//	*.part         a name, of a file or folder at any depth
//	build/         a folder of that name, with everything in it
//	docs/*.log     a path that begins at the shared folder, because it has a "/"
//	/notes.txt     the same for a name directly in the shared folder
//	a/**/z         "**" stands for any number of folders, or none
//	!keep.part     takes back what an earlier pattern left out
//
// "*" and "?" stand for characters of one name, "[a-z]" for one of a range, and
// "\" makes the next character stand for itself. Upper and lower case are alike.
// Empty lines and lines that begin with "#" are skipped. What is in a folder that
// is left out cannot be taken back.
package ignore

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"centralizedp2p/netproto"
)

// Bounds for what a person may write.
const (
	maxPatterns = 1000
	maxBytes    = 1024 // of one pattern
)

// Default lists patterns for files that nobody means to share: what systems, editors
// and browsers leave behind.
var Default = []string{".DS_Store", "._*", "Thumbs.db", "desktop.ini", "~$*", ".~lock.*#", "*.part", "*.crdownload", "*.swp", ".git/",
	"lost+found/", ".Trash-*/", "$RECYCLE.BIN/", "System Volume Information/"}

// Patterns holds what a person wrote. A nil Patterns leaves nothing out.
type Patterns struct{ rules []rule }

type rule struct {
	names  []string // one for each part of the path
	simple *simple  // the same as a single name, if that is plain text with at most one "*"
	depth  bool     // there is one name, and it matches at any depth
	folder bool     // folders only
	keep   bool     // takes back what an earlier rule left out
}

// Parse reads patterns. An error has the code "invalid", and says which pattern is
// wrong and why.
func Parse(patterns []string) (*Patterns, error) {
	if len(patterns) > maxPatterns {
		return nil, netproto.Errorf(netproto.CodeInvalid, "there are %d ignore patterns, %d are allowed", len(patterns), maxPatterns)
	}
	p := &Patterns{}
	for _, text := range patterns {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		r, problem := parse(text)
		if problem != "" {
			return nil, netproto.Errorf(netproto.CodeInvalid, "the ignore pattern %q %s", text, problem)
		}
		p.rules = append(p.rules, r)
	}
	return p, nil
}

// parse reads one pattern; problem is "" or says what is wrong with it.
func parse(text string) (r rule, problem string) {
	if len(text) > maxBytes {
		return r, "is too long"
	}
	text, r.keep = strings.CutPrefix(fold(text), "!")
	text, r.folder = strings.CutSuffix(text, "/")
	r.depth = !strings.Contains(text, "/")
	text = strings.TrimPrefix(text, "/")
	if text == "" {
		return r, "names nothing"
	}
	for name := range strings.SplitSeq(text, "/") {
		name = strings.ReplaceAll(name, "[!", "[^")
		if _, err := path.Match(name, ""); err != nil {
			return r, `has a "[" without its "]", or a "\" at the end of a name`
		}
		switch {
		case name == "":
			return r, `has two "/" side by side`
		case name == "." || name == "..":
			return r, `must not have "." or ".." as a name: paths begin at the shared folder`
		case name == "**" && len(r.names) > 0 && r.names[len(r.names)-1] == "**":
			continue
		}
		r.names = append(r.names, name)
	}
	if r.depth && !strings.ContainsAny(r.names[0], `[?\`) && strings.Count(r.names[0], "*") <= 1 {
		before, after, star := strings.Cut(r.names[0], "*")
		r.simple = &simple{before, after, star}
	}
	return r, ""
}

// simple is a name with "*" between two texts, or without any. Most patterns are that, and
// each name of a million is compared with all.
type simple struct {
	before, after string
	star          bool
}

func (s *simple) match(name string) bool {
	if !s.star {
		return name == s.before
	}
	return len(name) >= len(s.before)+len(s.after) && strings.HasPrefix(name, s.before) && strings.HasSuffix(name, s.after)
}

// fold removes differences in case and in how accents are written.
func fold(s string) string { return strings.ToLower(norm.NFC.String(s)) }

// Match reports whether a slash-separated path, relative to the shared folder, is
// left out, given that none of the folders above it is.
func (p *Patterns) Match(rel string, folder bool) bool {
	if p == nil || len(p.rules) == 0 {
		return false
	}
	rel = fold(rel)
	base := path.Base(rel)
	var parts []string
	out := false
	for _, r := range p.rules {
		if r.keep != out || r.folder && !folder { // a match would change nothing
			continue
		}
		var hit bool
		if r.simple != nil {
			hit = r.simple.match(base)
		} else if r.depth {
			hit, _ = path.Match(r.names[0], base)
		} else {
			if parts == nil {
				parts = strings.Split(rel, "/")
			}
			hit = matchParts(r.names, parts)
		}
		if hit {
			out = !r.keep
		}
	}
	return out
}

// matchParts compares part by part; reached[i] tells whether the first i names can
// match the parts so far.
func matchParts(names, parts []string) bool {
	reached := make([]bool, len(names)+1)
	skip := func() { // "**" may stand for nothing
		for i, name := range names {
			if name == "**" && reached[i] {
				reached[i+1] = true
			}
		}
	}
	reached[0] = true
	skip()
	for _, part := range parts {
		for i := len(names); i > 0; i-- {
			stays := names[i-1] == "**" && reached[i]
			hit, _ := path.Match(names[i-1], part)
			reached[i] = stays || reached[i-1] && hit
		}
		reached[0] = false
		skip()
		if !slices.Contains(reached, true) {
			return false
		}
	}
	return reached[len(names)]
}
