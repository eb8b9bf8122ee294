package index_test

import (
	"slices"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

func suggestions(t *testing.T, x *index.Index, text string) []string {
	t.Helper()
	page, err := x.Search(t.Context(), index.Query{Text: text, MaxSize: -1, Sort: netproto.SortSize, Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	return page.Suggestions
}

func TestAWordWithATypingErrorIsMended(t *testing.T) {
	x := index.New()
	t.Cleanup(x.Close)
	for i, text := range []string{"Metallica - One.mp3", "Café Über.txt", "great tiger.jpg", "北京烤鸭菜谱.pdf"} {
		x.Count(index.Change{Online: i + 1}, x.AddName(newContent(hash(i), epoch), index.Name{Text: text}))
	}
	for query, want := range map[string]string{
		"metalica":       "Metallica - One.mp3", // one missing
		"metalllica":     "Metallica - One.mp3", // one too many
		"metallicq":      "Metallica - One.mp3",
		"qetallica":      "Metallica - One.mp3",
		"metlalica":      "Metallica - One.mp3", // swapped in the middle
		"emtallica":      "Metallica - One.mp3",
		"metallcia":      "Metallica - One.mp3",
		"one metalica":   "Metallica - One.mp3", // beside words that are right
		`"metallica_-"`:  "Metallica - One.mp3", // a phrase
		"metalica -two":  "Metallica - One.mp3",
		"caffé":          "Café Über.txt",
		"café übar":      "", // a word of four characters
		"tigar":          "great tiger.jpg",
		"tgier":          "great tiger.jpg",
		"tyger":          "great tiger.jpg",
		"tizer":          "", // the third of five
		"北京烤鸡菜":          "北京烤鸭菜谱.pdf",
		"北京鸡鸭菜":          "", // the third of five
		"北京烤鸭采":          "北京烤鸭菜谱.pdf",
		"metalica -one":  "",
		"metalica tyger": "",
		"mitalica":       "", // two errors
		"metallica":      "", // found as it is
		"-metalica":      "",
	} {
		got := strings.Join(suggestions(t, x, query), "|")
		if got != want {
			t.Errorf("%q: %q is offered, want %q", query, got, want)
		}
	}
}

func TestTheBestNamesAreOfferedOnceEach(t *testing.T) {
	x := index.New()
	x.SetTailRoom(4)
	t.Cleanup(x.Close)
	for i := range 30 {
		text := "orchestra " + string(rune('a'+i/2)) + ".mp3" // each name has two contents
		x.Count(index.Change{Online: 1 + i/2}, x.AddName(newContent(hash(i), epoch), index.Name{Text: text}))
	}
	want := []string{"orchestra o.mp3", "orchestra n.mp3", "orchestra m.mp3", "orchestra l.mp3", "orchestra k.mp3"}
	if got := suggestions(t, x, "orchastra"); !slices.Equal(got, want) {
		t.Errorf("%q are offered, want %q", got, want)
	}
}

// nearly reports by edit distance whether a folded name has a term with at most
// one error; swapped neighbours count as one.
func nearly(name, term string) bool {
	n, m := []rune(name), []rune(term)
	rows := make([][]int, len(m)+1) // rows[i][j]: least errors of m[:i] in what ends at n[:j]
	for i := range rows {
		rows[i] = make([]int, len(n)+1)
		for j := range rows[i] {
			switch {
			case i == 0:
			case j == 0:
				rows[i][j] = i
			default:
				differs := 1
				if m[i-1] == n[j-1] {
					differs = 0
				}
				rows[i][j] = min(rows[i-1][j-1]+differs, rows[i-1][j]+1, rows[i][j-1]+1)
				if i > 1 && j > 1 && m[i-1] == n[j-2] && m[i-2] == n[j-1] {
					rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
				}
			}
		}
	}
	return slices.Min(rows[len(m)]) <= 1
}

func TestSuggestionsAreWhatTheEditDistanceSays(t *testing.T) {
	m := newModel(t, 2000)
	questions := 500
	if raceEnabled {
		questions = 40
	}
	offered := 0
	for range questions {
		word := []rune(m.word(6, 12))
		at := m.random.IntN(len(word))
		switch m.random.IntN(4) {
		case 0:
			word = slices.Delete(word, at, at+1)
		case 1:
			word = slices.Insert(word, at, 'q')
		case 2:
			word[at] = 'q'
		default:
			if at > 0 {
				word[at-1], word[at] = word[at], word[at-1]
			}
		}
		text := string(word)
		q := &question{Query: index.Query{Text: text, MaxSize: -1, Sort: netproto.SortSources, Limit: 1}, must: []string{text}}
		if len(word) < 6 || strings.HasPrefix(text, "-") || len(m.answer(q)) > 0 {
			continue
		}
		var want []string
		for _, c := range m.contents {
			for _, n := range c.names {
				if n.online > 0 && nearly(n.folded, text) {
					want = append(want, n.Text)
				}
			}
		}
		got := suggestions(t, m.x, text)
		if (len(got) == 0) != (len(want) == 0) {
			t.Fatalf("%q: %q are offered, of %q", text, got, want)
		}
		for _, name := range got {
			if !slices.Contains(want, name) {
				t.Fatalf("%q: %q is offered, which is not one of %q", text, name, want)
			}
		}
		offered += min(len(got), 1)
		m.stir()
	}
	if offered < questions/3 {
		t.Errorf("only %d of %d questions had an answer to compare", offered, questions)
	}
}
