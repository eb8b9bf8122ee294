package ignore

import (
	"path"
	"slices"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

func TestPatternsLeaveOutWhatTheyName(t *testing.T) {
	for _, c := range []struct {
		pattern  string
		out, not []string // folders end with a slash
	}{
		{"*.part", []string{"a.part", "x/y/b.PART", "a.part/"}, []string{"a.parts", "part"}},
		{"build/", []string{"build/", "x/Build/"}, []string{"build", "x/build"}},
		{"docs/*.log", []string{"docs/a.log"}, []string{"a.log", "x/docs/a.log", "docs/x/a.log"}},
		{"/notes.txt", []string{"notes.txt"}, []string{"x/notes.txt"}},
		{"a/**/z", []string{"a/z", "a/b/z", "a/b/c/z"}, []string{"a/b", "z", "b/a/z", "a/zz"}},
		{"**/z", []string{"z", "a/z", "a/b/z"}, []string{"za", "z/a"}},
		{"a/**", []string{"a/b", "a/b/c"}, []string{"b/a"}},
		{"~$*", []string{"~$letter.docx"}, []string{"letter.docx"}},
		{`\#1`, []string{"#1"}, []string{`\#1`}},
		{"[!a]?", []string{"bc"}, []string{"ab", "b"}},
		{"# all *", nil, []string{"# all x", "all"}},
		{"  ", nil, []string{"x", "  "}},
		{"caf\u00e9", []string{"cafe\u0301", "CAF\u00c9"}, []string{"cafe"}},
	} {
		p, err := Parse([]string{c.pattern})
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		match := func(name string) bool {
			trimmed, folder := strings.CutSuffix(name, "/")
			return p.Match(trimmed, folder)
		}
		for _, name := range c.out {
			if !match(name) {
				t.Errorf("%q lets %q in", c.pattern, name)
			}
		}
		for _, name := range c.not {
			if match(name) {
				t.Errorf("%q leaves %q out", c.pattern, name)
			}
		}
	}
}

// leftOut tells whether a file is left out by itself or with a folder above it.
func leftOut(p *Patterns, rel string) bool {
	for i, c := range rel {
		if c == '/' && p.Match(rel[:i], true) {
			return true
		}
	}
	return p.Match(rel, false)
}

func TestALaterPatternTakesBack(t *testing.T) {
	p, err := Parse([]string{"*.log", "!keep.log", "old/", "/keep.log"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"a.log": true, "x/keep.log": false, "keep.log": true, "old/keep.log": true, "x/old/y/z": true, "x/y": false} {
		if leftOut(p, path) != want {
			t.Errorf("%s: left out is %v", path, !want)
		}
	}
}

func TestAPatternThatMeansNothingIsRefusedWithASentence(t *testing.T) {
	for pattern, want := range map[string]string{
		"[a-":                     `a "[" without its "]"`,
		`x\`:                      `a "\" at the end`,
		"/":                       "names nothing",
		"!":                       "names nothing",
		"a//b":                    `two "/"`,
		"../x":                    `"." or ".."`,
		strings.Repeat("x", 2000): "too long",
	} {
		_, err := Parse([]string{"*.ok", pattern})
		if netproto.CodeOf(err) != netproto.CodeInvalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", pattern, err)
		}
	}
	if _, err := Parse(make([]string, maxPatterns+1)); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("too many: %v", err)
	}
}

func TestTheDefaultsLeaveOrdinaryNamesAlone(t *testing.T) {
	p, err := Parse(Default)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{".DS_Store": true, "a/thumbs.db": true, "x/.git/config": true, "~$a.docx": true, "film.mkv.part": true,
		"song.flac": false, "a/git/b": false, ".gitignore": false, "part": false, "desktop": false} {
		if leftOut(p, path) != want {
			t.Errorf("%s: left out is %v", path, !want)
		}
	}
}

func TestNoPatternsLeaveNothingOut(t *testing.T) {
	var p *Patterns
	if p.Match("a", false) || leftOut(p, "a/b") {
		t.Error("something is left out")
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range append(slices.Clone(Default), "a/**/z", "!x", "[a-", "**/**/a/**", `\*`, "//") {
		f.Add(pattern, "a/b/c.part")
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		p, err := Parse([]string{pattern})
		if err != nil {
			if netproto.CodeOf(err) != netproto.CodeInvalid {
				t.Fatalf("the error has the code %s", netproto.CodeOf(err))
			}
			return
		}
		if p.Match(path, false) && !p.Match(path, true) {
			t.Fatal("a file is left out where a folder of that name is not")
		}
	})
}

func TestASimplePatternMatchesAsAnyOther(t *testing.T) {
	names := []string{"", "a", "b", "ab", "aa", "aba", "abba", "a.part", ".part", "part", "~$a", "*", ".~lock.x#", ".~lock.#", ".~lock#"}
	for _, pattern := range []string{"a", "*", "a*", "*a", "a*a", "ab*ba", "*.part", ".~lock.*#", "~$*"} {
		p, err := Parse([]string{pattern})
		if err != nil || p.rules[0].simple == nil {
			t.Fatalf("%q is not simple: %v", pattern, err)
		}
		for _, name := range names {
			if want, _ := path.Match(pattern, name); p.rules[0].simple.match(name) != want {
				t.Errorf("%q matches %q: %v", pattern, name, !want)
			}
		}
	}
	for _, pattern := range []string{"a?", "[ab]", `\\a`, "a*b*", "a/b"} {
		if p, err := Parse([]string{pattern}); err != nil || p.rules[0].simple != nil {
			t.Errorf("%q is simple: %v", pattern, err)
		}
	}
}
