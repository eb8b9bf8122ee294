package index_test

import (
	"testing"

	"centralizedp2p/tracker/index"
)

func TestAccentsDoNotMatter(t *testing.T) {
	x := index.New()
	defer x.Close()
	all := map[string][]string{
		"Einführung.pdf": {"einfuhrung", "Einführung", "EINFU\u0308HRUNG", "fuh"},
		"Søren Łódź.txt": {"soren", "lodz", "łódź", "sø", "LODZ"},
		"Ελλάδα.jpg":     {"ελλαδα", "ΕΛΛΆΔΑ"},
		"Ёлка.mp3":       {"елка", "ёлка"},
		"ガラス.flac":       {"ガラス"},
		"ที่นี่.doc":     {"ที่นี่"},
		"한국.zip":         {"한국"},
		"İstanbul ışık":  {"istanbul", "isik"},
	}
	n := 0
	for name := range all {
		n++
		x.Count(index.Change{Online: 1}, x.AddName(newContent(hash(n), epoch), index.Name{Text: name}))
	}
	for range 2 { // from the tail, and from a segment
		for name, words := range all {
			for _, word := range words {
				if got := search(t, x, word); len(got) != 1 || got[0].Name != name {
					t.Errorf("%q finds %+v, want %s", word, got, name)
				}
			}
		}
		x.SetTailRoom(1)
		x.Count(index.Change{Online: 1}, x.AddName(newContent(hash(100+n), epoch), index.Name{Text: "other"}))
		x.Settle()
		n++
	}
	for _, word := range []string{"カラス", "ทนี"} { // marks that make other letters
		if got := search(t, x, word); len(got) != 0 {
			t.Errorf("%q finds %+v", word, got)
		}
	}
}

// TestANameOfMarksAloneIsHarmless has a name that folds to nothing.
func TestANameOfMarksAloneIsHarmless(t *testing.T) {
	x := index.New()
	defer x.Close()
	for i, name := range []string{"\u0301", "a", "\u0301\u0302"} {
		x.Count(index.Change{Online: 1}, x.AddName(newContent(hash(i), epoch), index.Name{Text: name}))
	}
	if got := search(t, x, ""); len(got) != 3 {
		t.Errorf("%+v", got)
	}
	for _, word := range []string{"\u0301", "-\u0301", "\"\u0301\""} {
		if got := search(t, x, word); len(got) != 3 {
			t.Errorf("%q: %+v", word, got)
		}
	}
}
