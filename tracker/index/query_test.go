package index_test

import (
	"slices"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

func TestTheLanguageOfQueries(t *testing.T) {
	x := index.New()
	t.Cleanup(x.Close)
	for i, text := range []string{"Red  Fish - Live.mp3", "red-blue_fish.mkv", "C# & F# in 24 hours.pdf", "東京物語.avi", "track01.flac"} {
		x.Count(index.Change{Online: 1}, x.AddName(newContent(hash(i), epoch), index.Name{Text: text}))
	}
	for query, want := range map[string]string{
		"fish red":              "0 1",
		`"red fish"`:            "",
		`"red  fish"`:           "0",
		`"RED-b"`:               "1",
		"red-blue":              "1",
		"fish -live":            "1",
		`fish -"red-b"`:         "0",
		"red - live":            "0",
		"-":                     "0 1 2 3 4",
		"--":                    "1 2 3 4", // without "-" at the start of a word
		`""`:                    "0 1 2 3 4",
		`-""`:                   "0 1 2 3 4",
		"type:":                 "0 1 2 3 4",
		"type:audio":            "0 4",
		"type:audio -type:":     "0 4",
		"-type:audio":           "1 2 3",
		"TYPE:video fish":       "1",
		"type:audio type:video": "",
		`"type:audio"`:          "",
		"f":                     "0 1 2 4", // fish, fish, F#, flac
		"c#":                    "2",
		"&":                     "2",
		"#":                     "",
		"01":                    "",
		"24":                    "2",
		"物語":                    "3",
		"語":                     "3",
		`"a` + "\n" + `b"`:      "",
		`live"red`:              "0",
		`red"fish - live`:       "0",
	} {
		page, err := x.Search(t.Context(), index.Query{Text: query, MaxSize: -1, Sort: netproto.SortName, Limit: 9})
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		var got []string
		for _, hit := range page.Hits {
			got = append(got, strings.TrimLeft(string(hit.Hash[:31]), "0")+string(hit.Hash[31:]))
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%q finds %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"type:sound", "red -type:1"} {
		if _, err := x.Search(t.Context(), index.Query{Text: query, MaxSize: -1, Limit: 1}); netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("%q: %v", query, err)
		}
	}
}

// FuzzQuery checks that no text does harm, that every hit fits, and that a name
// finds itself as a phrase.
func FuzzQuery(f *testing.F) {
	naming := newNaming(9, 300)
	x := index.New()
	x.SetTailRoom(64)
	for i := range 300 {
		x.Count(index.Change{Online: i % 3}, x.AddName(newContent(hash(i), epoch), naming.entry()))
	}
	x.Settle()
	for _, text := range []string{"", "a", `"`, `-"`, "- -", "type:", "type:video -type:audio", "-type:", `x"y"z`, "\x00", "\xff\xfe", "語", "ß", "İ", "a\nb", `"a` + "\n" + `b"`, "metallica", "Ǆungla"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		page, err := x.Search(t.Context(), index.Query{Text: text, MaxSize: -1, Sort: netproto.SortSources, Limit: 300})
		if err != nil {
			if netproto.CodeOf(err) != netproto.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		if len(page.Hits) > 0 && len(page.Suggestions) > 0 {
			t.Fatalf("%q finds %d names and gets suggestions", text, len(page.Hits))
		}
		if netproto.CheckName(text) != nil {
			return
		}
		id := x.AddName(newContent(hash(1000), epoch), index.Name{Text: text})
		x.Count(index.Change{Online: 9}, id)
		page, err = x.Search(t.Context(), index.Query{Text: `"` + text + `"`, MaxSize: -1, Sort: netproto.SortSources, Limit: 300})
		x.Count(index.Change{Online: -9}, id)
		x.Remove(id)
		if err != nil || !slices.ContainsFunc(page.Hits, func(h netproto.Hit) bool { return h.Name == text }) {
			t.Fatalf("%q does not find itself: %v", text, err)
		}
	})
}
