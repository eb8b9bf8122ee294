package index_test

import (
	"fmt"
	"slices"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

// best reads all pages of a search in the order by the best match.
func best(t *testing.T, x *index.Index, text string, limit, looks int) (names []string, matches []netproto.Match) {
	t.Helper()
	q := index.Query{Text: text, MaxSize: -1, Sort: netproto.SortBest, Limit: limit, Looks: looks}
	for {
		page, err := x.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page.Hits {
			names, matches = append(names, h.Name), append(matches, h.Match)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return names, matches
		}
	}
}

func TestTheBestMatchComesFirst(t *testing.T) {
	x := index.New()
	t.Cleanup(x.Close)
	// The worse a match is, the more sources it has.
	want := []string{
		"Lecture 01.pdf", "lecture_01.tar.gz", "Lecture 01 - Introduction.pdf", "Lecture about number 01.pdf",
		"Algebra, lecture 01.pdf", "Algebra, 01st lecture.pdf",
	}
	for i, name := range slices.Backward(want) {
		x.Count(index.Change{Online: i + 1}, x.AddName(newContent(hash(i), epoch), index.Name{Text: name}))
	}
	names, matches := best(t, x, "LECTURE 01", 2, 0)
	if wanted := []netproto.Match{1, 1, 2, 2, 3, 4}; !slices.Equal(matches, wanted) {
		t.Errorf("the matches are %v, want %v", matches, wanted)
	}
	slices.Sort(names[0:2])
	slices.Sort(names[2:4])
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if names, _ := best(t, x, "", 100, 0); names[0] != want[len(want)-1] {
		t.Errorf("without words, %q comes first, want the one with most sources", names[0])
	}
	_, err := x.Search(t.Context(), index.Query{Text: "lecture", MaxSize: -1, Sort: netproto.SortBest, Reverse: true, Limit: 1})
	if netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("the reverse: %v", err)
	}
}

// Of very many names with all words, the whole ones and those at the start come first,
// in pages and with few looks, too.
func TestTheBestOfManyMatchesComeFirst(t *testing.T) {
	for _, tail := range []int{200, 3000} {
		x := index.New()
		x.SetTailRoom(tail)
		t.Cleanup(x.Close)
		const many = 12_000
		loaded := x.Bulk()
		for i := range many {
			name := fmt.Sprintf("great %d blue.txt", i)
			switch {
			case i%1000 == 7:
				name = fmt.Sprintf("blue great.%d", i)
			case i%3 == 1:
				name = fmt.Sprintf("blue %d great.txt", i)
			case i%3 == 2:
				name = fmt.Sprintf("%d blue great.txt", i)
			}
			x.Count(index.Change{Online: 1 + i%50}, x.AddName(newContent(hash(i), epoch), index.Name{Text: name}))
		}
		loaded()
		for _, looks := range []int{0, 1500} {
			names, matches := best(t, x, "blue great", 190, looks)
			if len(names) != many {
				t.Fatalf("%d hits, want %d", len(names), many)
			}
			if !slices.IsSorted(matches) {
				t.Errorf("with %d looks, the matches are not in order", looks)
			}
			count := map[netproto.Match]int{}
			for _, m := range matches {
				count[m]++
			}
			if count[netproto.MatchWhole] != many/1000 || count[netproto.MatchStart] < many/3-many/1000 {
				t.Errorf("the matches are %v", count)
			}
			slices.Sort(names)
			if len(slices.Compact(names)) != many {
				t.Errorf("with %d looks, some names came twice", looks)
			}
		}
	}
}

func TestAMistypedWordIsCorrected(t *testing.T) {
	x := index.New()
	t.Cleanup(x.Close)
	for i, name := range []string{
		"Metallica - One.mp3", "Café Über.txt", "great Tiger.jpg", "Einführung in die Analysis.pdf", "Einführung in die Algebra.pdf",
		"Vorlesungsverzeichnis 2026.pdf", "einfahrung.pdf",
	} {
		x.Count(index.Change{Online: i + 1}, x.AddName(newContent(hash(i), epoch), index.Name{Text: name}))
	}
	hidden := x.AddName(newContent(hash(99), epoch), index.Name{Text: "Geheimnisse.txt"})
	x.Count(index.Change{Dormant: 1}, hidden)
	for query, want := range map[string]string{
		"metalica":                   "Metallica",
		"METALLICQ -two":             "Metallica -two",
		"one metalica":               "one Metallica",
		"tgier":                      "Tiger",
		"tigr":                       "Tiger",
		"enfuhrnug":                  "Einführung", // two errors
		"einfuhrnug algebra":         "Einführung algebra",
		"einfohrung":                 "Einführung", // one error from two words, in two names and in one
		"vorlesugnsverzeichniss":     "Vorlesungsverzeichnis",
		"voorlesugnsverzeichniss":    "", // three errors
		"geheimnise":                 "", // nobody online has it
		"metalica tiger":             "", // not in one name
		`"metalica"`:                 "",
		"metallica":                  "", // found
		"tgr":                        "",
		"-metalica":                  "",
		"metalica type:video":        "",
		"metalica type:audio":        "Metallica type:audio",
		"einfahrung":                 "", // found, though two names have a word nearby
		"einführung in die analysis": "",
	} {
		page, err := x.Search(t.Context(), index.Query{Text: query, MaxSize: -1, Sort: netproto.SortBest, Limit: 5})
		if err != nil {
			t.Fatal(err)
		}
		if page.Corrected != want {
			t.Errorf("%q: %q is offered, want %q", query, page.Corrected, want)
		}
	}
}

// FuzzCorrection holds the corrected text to what the edit distance says.
func FuzzCorrection(f *testing.F) {
	f.Add("Metallica - One.mp3", "metalica")
	f.Add("a\u0301bcdefg ﬀoo", "ab  cdefg")
	f.Add("北京烤鸭菜谱.pdf", "北京烤鸡菜谱")
	f.Fuzz(func(t *testing.T, name, text string) {
		if netproto.CheckName(name) != nil {
			return
		}
		x := index.New()
		defer x.Close()
		x.Count(index.Change{Online: 1}, x.AddName(newContent(hash(1), epoch), index.Name{Text: name}))
		page, err := x.Search(t.Context(), index.Query{Text: text, MaxSize: -1, Sort: netproto.SortBest, Limit: 3})
		if err != nil || page.Corrected == "" {
			return
		}
		if len(page.Corrected) > netproto.MaxQueryBytes {
			t.Fatalf("%d bytes", len(page.Corrected))
		}
		again, err := x.Search(t.Context(), index.Query{Text: page.Corrected, MaxSize: -1, Sort: netproto.SortBest, Limit: 3})
		if err != nil || len(again.Hits) != 1 {
			t.Errorf("%q is corrected to %q, which finds %d names in %q: %v", text, page.Corrected, len(again.Hits), name, err)
		}
	})
}
