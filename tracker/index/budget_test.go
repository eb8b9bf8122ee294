package index_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

const allKinds = "video audio image document archive program folder other"

// without returns a query text that excludes all kinds, of which no name is free.
func without(kinds string) string {
	var text strings.Builder
	for _, kind := range strings.Fields(kinds) {
		text.WriteString("-type:" + kind + " ")
	}
	return text.String()
}

// alike returns an index of names that have the same words.
func alike(t *testing.T, names int) *index.Index {
	x := index.New()
	t.Cleanup(x.Close)
	loaded := x.Bulk()
	for i := range names {
		id := x.AddName(newContent(hash(i), epoch), index.Name{Text: fmt.Sprintf("holiday photos of the sea %d.jpg", i), Size: int64(i)})
		x.Count(index.Change{Online: 1}, id)
	}
	loaded()
	return x
}

func TestNoQuestionCostsMoreThanItsLooks(t *testing.T) {
	x := alike(t, 50_000)
	negatives := " -ho -po -oi -od -te -s -x -y -z -w -v -u -q -1q -2q -3q"
	const looks, slack = 2000, 200
	for name, q := range map[string]index.Query{
		"all kinds but one excluded":    {Text: without("video audio image document archive program folder")},
		"the kind of all excluded":      {Text: without("image")},
		"the same by name":              {Text: without("image"), Sort: netproto.SortName},
		"the same by age":               {Text: without("image"), Sort: netproto.SortNewest},
		"negative terms":                {Text: without("image") + negatives},
		"a frequent word, excluded":     {Text: "holiday " + without("image")},
		"a frequent word, and negative": {Text: "holiday -phot -\"of the\"", Sort: netproto.SortName},
		"sizes":                         {Text: "holiday -photos", MinSize: 100, Sort: netproto.SortSize},
	} {
		q.Limit, q.Looks = 50, looks
		if q.MaxSize = -1; q.Sort == "" {
			q.Sort = netproto.SortSources
		}
		pages := 0
		for {
			page, err := x.Search(t.Context(), q)
			if err != nil {
				t.Fatal(name, err)
			}
			if page.Looks > looks+slack+50_000*3/50 { // reading the lists of a word is not bounded, only counted
				t.Fatalf("%s: a page cost %d looks, %d were allowed", name, page.Looks, looks)
			}
			if page.Next == q.Cursor && page.Next != "" {
				t.Fatalf("%s: page %d does not get on", name, pages)
			}
			pages++
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			if pages > 2000 {
				t.Fatalf("%s: %d pages and no end", name, pages)
			}
		}
	}
}

func TestWhatNoNameCanBeIsNotLookedFor(t *testing.T) {
	x := alike(t, 1000)
	for _, text := range []string{
		without(allKinds), "type:video type:image", "type:image -type:image", "holiday -holiday", "holiday -day", `"a holiday" -holiday`, without(allKinds) + strings.Repeat("-o ", 99),
	} {
		page, err := x.Search(t.Context(), index.Query{Text: text, MaxSize: -1, Sort: netproto.SortSources, Limit: 50})
		if err != nil || page.Looks != 0 || len(page.Hits) != 0 || page.Next != "" || len(page.Suggestions) != 0 {
			t.Errorf("%q: %+v, %v", text, page, err)
		}
	}
	page, err := x.Search(t.Context(), index.Query{MinSize: 9, MaxSize: 8, Sort: netproto.SortSize, Limit: 50})
	if err != nil || page.Looks != 0 || len(page.Hits) != 0 {
		t.Errorf("sizes: %+v, %v", page, err)
	}
}

func TestATermCountsOnceAndThereAreFew(t *testing.T) {
	x := alike(t, 100)
	ask := func(text string) (index.Page, error) {
		return x.Search(t.Context(), index.Query{Text: text, MaxSize: -1, Sort: netproto.SortName, Limit: 200})
	}
	once, err := ask("holiday sea -film")
	if err != nil || len(once.Hits) != 100 {
		t.Fatalf("%d hits, %v", len(once.Hits), err)
	}
	for _, text := range []string{
		strings.Repeat("holiday sea -film ", 28), "holiday holi day liday sea -film -films -filmy",
	} {
		page, err := ask(text)
		if err != nil || len(page.Hits) != 100 || page.Looks > once.Looks+100 {
			t.Errorf("%q: %d hits for %d looks, not %d; %v", text, len(page.Hits), page.Looks, once.Looks, err)
		}
	}
	var many strings.Builder
	for i := range netproto.MaxQueryTerms {
		fmt.Fprintf(&many, "-w%dw ", i)
	}
	if page, err := ask(many.String()); err != nil || len(page.Hits) != 100 {
		t.Errorf("%d hits, %v", len(page.Hits), err)
	}
	if _, err := ask(many.String() + "photos"); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("17 terms: %v", err)
	}
}

func TestASearchEndsWithItsCaller(t *testing.T) {
	x := alike(t, 200_000)
	gone, leave := context.WithCancel(t.Context())
	leave()
	_, err := x.Search(gone, index.Query{Text: "-o -p -q -x " + without("image"), MaxSize: -1, Sort: netproto.SortSources, Limit: 50, Looks: 1 << 40})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A word that is nowhere is looked for with a typing error, too: that has bounds
// of its own.
func TestSuggestionsCostNoMoreThanTheirLooks(t *testing.T) {
	x := alike(t, 50_000)
	page, err := x.Search(t.Context(), index.Query{
		Text: "holidax photoz holid phott seaof ofthe thesea photo oliday liday hotos", MaxSize: -1, Sort: netproto.SortSources, Limit: 50,
	})
	if err != nil || page.Looks > 200_000 {
		t.Errorf("%d looks, %v", page.Looks, err)
	}
}

// The words of the suggested names are compared anyway, so finding the one that was meant
// costs little more. A phrase is suggested names for, and never corrected.
func TestAWordIsCorrectedForHardlyMoreThanTheSuggestionsCost(t *testing.T) {
	x := alike(t, 50_000)
	ask := func(text string) index.Page {
		page, err := x.Search(t.Context(), index.Query{Text: text, MaxSize: -1, Sort: netproto.SortSources, Limit: 50})
		if err != nil || len(page.Suggestions) == 0 {
			t.Fatalf("%s: %d names are suggested, %v", text, len(page.Suggestions), err)
		}
		return page
	}
	for _, word := range []string{"holidax", "phoots", "hliday"} {
		alone, corrected := ask(`"`+word+`"`), ask(word)
		if corrected.Corrected == "" || alone.Corrected != "" || corrected.Looks > alone.Looks*3/2+100 {
			t.Errorf("%s: %q for %d looks; the suggestions cost %d", word, corrected.Corrected, corrected.Looks, alone.Looks)
		}
	}
}
