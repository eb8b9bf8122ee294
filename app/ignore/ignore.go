// Package ignore tells what in a shared folder is left out, by patterns in the
// manner of .gitignore:
//
//	*.part         a name, of a file or folder at any depth
//	build/         a folder of that name, with everything in it
//	docs/*.log     a path from the shared folder on, since a "/" is in it
//	/notes.txt     the same for a name right in the shared folder
//	a/**/z         "**" stands for any number of folders, or none
//	!keep.part     takes back what an earlier pattern left out
//
// "*" and "?" stand for characters of one name, "[a-z]" for one of those, and
// a "\" takes the meaning from the character after it. Upper and lower case
// are alike. Empty lines and those that begin with "#" mean nothing. What is
// in a folder that is left out cannot be taken back.
package ignore

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"centralizedp2p/netproto"
)

// Bounds of what a person may write.
const (
	maxPatterns = 1000
	maxBytes    = 1024 // of one pattern
)

// Default are patterns for what no person means to share: what systems,
// editors and browsers leave behind.
var Default = []string{".DS_Store", "._*", "Thumbs.db", "desktop.ini", "~$*", ".~lock.*#", "*.part", "*.crdownload", "*.swp", ".git/",
	"lost+found/", ".Trash-*/", "$RECYCLE.BIN/", "System Volume Information/"}

// Patterns are those that a person wrote; nil leaves nothing out.
type Patterns struct{ rules []rule }

type rule struct {
	names  []string // one for each part of the path; of a name at any depth the only one
	depth  bool     // at any depth
	folder bool     // folders only
	keep   bool     // takes back
}

// Parse reads patterns. Errors: invalid, with the pattern and why it is none.
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

// parse says what is wrong with a pattern, if something is.
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
	return r, ""
}

// fold makes what differs only in case, or in how its accents are written, alike.
func fold(s string) string { return strings.ToLower(norm.NFC.String(s)) }

// Match tells whether a slash-separated path from the shared folder on is left
// out, where none of the folders above it is.
func (p *Patterns) Match(rel string, folder bool) bool {
	if p == nil || len(p.rules) == 0 {
		return false
	}
	rel = fold(rel)
	base := path.Base(rel)
	var parts []string
	out := false
	for _, r := range p.rules {
		if r.keep != out || r.folder && !folder { // it would change nothing
			continue
		}
		var hit bool
		if r.depth {
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

// matchParts compares part by part; reached[i] tells whether the parts so far
// can be matched by the first i names.
func matchParts(names, parts []string) bool {
	reached := make([]bool, len(names)+1)
	skip := func() { // "**" for nothing
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
