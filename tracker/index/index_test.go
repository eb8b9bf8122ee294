package index_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

func hash(n int) netproto.ContentHash {
	var h netproto.ContentHash
	copy(h[:], fmt.Sprintf("%032d", n))
	return h
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newContent(hash netproto.ContentHash, added time.Time) *index.Content {
	c := index.NewContent(hash, added)
	return &c
}

func search(t *testing.T, x *index.Index, text string) []netproto.Hit {
	t.Helper()
	page, err := x.Search(t.Context(), index.Query{Text: text, MaxSize: -1, Sort: netproto.SortName, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return page.Hits
}

func TestANameIsFoundWhileASourceUsesIt(t *testing.T) {
	x := index.New()
	c := newContent(hash(1), epoch)
	n := x.AddName(c, index.Name{Text: "Straße.txt", MIME: "text/plain", Size: 10})
	if got := search(t, x, "strasse"); len(got) != 0 {
		t.Errorf("without a source: %+v", got)
	}
	x.Count(index.Change{Online: 1}, n)
	x.Count(index.Change{Online: 1}, n)
	want := netproto.Hit{Hash: hash(1), Name: "Straße.txt", Size: 10, MIME: "text/plain", Sources: 2, Added: epoch}
	if got := search(t, x, "STRASSE"); len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
	if contents, bytes := x.Online(); contents != 1 || bytes != 10 {
		t.Errorf("%d contents, %d bytes", contents, bytes)
	}
	x.Count(index.Change{Online: -1}, n, n)
	if got := search(t, x, ""); len(got) != 0 {
		t.Errorf("after the sources left: %+v", got)
	}
	if contents, bytes := x.Online(); contents != 0 || bytes != 0 {
		t.Errorf("%d contents, %d bytes", contents, bytes)
	}
}

func TestNumbersAreUsedAgainAfterARemoval(t *testing.T) {
	x := index.New()
	for round := range 3 {
		c := newContent(hash(round), epoch)
		for i := range 2 {
			n := x.AddName(c, index.Name{Text: fmt.Sprint("name ", i), Size: 5})
			if n > 1 {
				t.Fatalf("name %d", n)
			}
			x.Count(index.Change{Online: 1}, n)
		}
		if contents, bytes := x.Online(); contents != 1 || bytes != 5 {
			t.Fatalf("%d contents, %d bytes", contents, bytes)
		}
		x.Remove(0)
		if got := search(t, x, "name"); len(got) != 1 || got[0].Sources != 1 || got[0].Hash != hash(round) {
			t.Fatalf("%+v", got)
		}
		x.Remove(1)
		if got := search(t, x, ""); len(got) != 0 {
			t.Fatalf("%+v", got)
		}
		if contents, bytes := x.Online(); contents != 0 || bytes != 0 {
			t.Fatalf("%d contents, %d bytes", contents, bytes)
		}
	}
}

func TestExactFindsNothingButTheNameItself(t *testing.T) {
	x := index.New()
	var numbers []index.NameID
	for i, text := range []string{"a", "A", "ab", "a"} {
		n := x.AddName(newContent(hash(i), epoch), index.Name{Text: text})
		x.Count(index.Change{Online: 1}, n)
		numbers = append(numbers, n)
	}
	if got := x.Exact("a", 100); !slices.Equal(got, []netproto.ContentHash{hash(0), hash(3)}) {
		t.Error(got)
	}
	if got := x.Exact("aa", 100); len(got) != 0 {
		t.Error(got)
	}
	x.Count(index.Change{Online: -1}, numbers[0])
	if got := x.Exact("a", 100); !slices.Equal(got, []netproto.ContentHash{hash(3)}) {
		t.Error(got)
	}
}

func TestLongNamesKeepTheirPlace(t *testing.T) {
	x := index.New()
	for i := range 10 { // names that differ beyond what a cursor holds
		n := x.AddName(newContent(hash(i), epoch), index.Name{Text: strings.Repeat("ΐ", 127) + string(rune('a'+i%3))})
		x.Count(index.Change{Online: 1}, n)
	}
	seen := map[netproto.ContentHash]int{}
	q := index.Query{MaxSize: -1, Sort: netproto.SortName, Limit: 1}
	for {
		page, err := x.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, hit := range page.Hits {
			seen[hit.Hash]++
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
		if len(q.Cursor) > netproto.MaxCursorBytes {
			t.Fatalf("a cursor of %d bytes", len(q.Cursor))
		}
	}
	for i := range 10 {
		if seen[hash(i)] != 1 {
			t.Errorf("content %d was returned %d times", i, seen[hash(i)])
		}
	}
}

func FuzzSearch(f *testing.F) {
	x := index.New()
	for i, text := range []string{"Straße.txt", "ΐota", "photo.JPG", "\u1e9e", "İstanbul"} {
		x.Count(index.Change{Online: 1}, x.AddName(newContent(hash(i), epoch), index.Name{Text: text, Size: int64(i)}))
	}
	first, err := x.Search(f.Context(), index.Query{MaxSize: -1, Sort: netproto.SortName, Limit: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("", first.Next)
	f.Add("strasse", "")
	f.Add("\xff\u0130", "AQ")
	f.Fuzz(func(t *testing.T, text, cursor string) {
		page, err := x.Search(t.Context(), index.Query{Text: text, MaxSize: -1, Sort: netproto.SortName, Limit: 1, Cursor: cursor})
		switch {
		case err != nil:
			if netproto.CodeOf(err) != netproto.CodeInvalid { // an unknown type, too many terms, a wrong cursor
				t.Fatal(err)
			}
		case page.Next != "" && page.Next == cursor:
			t.Fatal("the next page is this one again")
		}
		if once := index.Fold(text); index.Fold(once) != once {
			t.Fatalf("%q folds to %q and then to %q", text, once, index.Fold(once))
		}
	})
}

func TestAListingLeavesOutNamesWhoseNumberIsReused(t *testing.T) {
	x := index.New()
	defer x.Close()
	add := func(n int, text string) index.Pick {
		p := index.Pick{Content: newContent(hash(n), epoch)}
		p.Name = x.AddName(p.Content, index.Name{Text: text})
		x.Count(index.Change{Online: 1}, p.Name)
		return p
	}
	kept, gone := add(1, "kept.txt"), add(2, "gone.txt")
	old := x.List([]index.Pick{gone, kept})
	x.Remove(gone.Name)
	found := func(l *index.Listing) string {
		page, err := x.Page(l, "", 10, "")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, hit := range page.Hits {
			names = append(names, hit.Name)
		}
		return strings.Join(names, " ")
	}
	if got := found(x.List([]index.Pick{kept, gone})); got != "kept.txt" || found(old) != got {
		t.Errorf("after a removal: %q, %q", got, found(old))
	}
	if again := add(3, "another.txt"); again.Name != gone.Name {
		t.Fatalf("the number %d is not reused", gone.Name)
	}
	if got := found(x.List([]index.Pick{kept, gone})); got != "kept.txt" || found(old) != got {
		t.Errorf("after the number was reused: %q, %q", got, found(old))
	}
}

func TestAListingIsReadInPages(t *testing.T) {
	x := index.New()
	defer x.Close()
	naming := newNaming(5, 300)
	var picks []index.Pick
	var want []string
	for n := range 3000 {
		p := index.Pick{Content: newContent(hash(n), epoch)}
		p.Name = x.AddName(p.Content, naming.entry())
		x.Count(index.Change{Online: 1 + n%3}, p.Name)
		if n%2 == 0 {
			picks = append(picks, p)
		}
	}
	l := x.List(picks)
	all, err := x.Page(l, "peer", 3000, "")
	if err != nil || len(all.Hits) != 1500 || all.Next != "" || l.Len() != 1500 {
		t.Fatal(len(all.Hits), all.Next, err)
	}
	for i, hit := range all.Hits {
		if i > 0 && index.Fold(all.Hits[i-1].Name) > index.Fold(hit.Name) {
			t.Fatalf("%q stands before %q", all.Hits[i-1].Name, hit.Name)
		}
		want = append(want, hit.Hash.String())
	}
	var got []string
	for cursor, pages := "", 0; ; pages++ {
		page, err := x.Page(l, "peer", 7, cursor)
		if err != nil {
			t.Fatal(err)
		}
		if page.Looks > 20 {
			t.Fatalf("page %d took %d looks", pages, page.Looks)
		}
		for _, hit := range page.Hits {
			got = append(got, hit.Hash.String())
		}
		if cursor = page.Next; cursor == "" {
			break
		}
		x.Count(index.Change{Online: 1}, picks[pages].Name) // it changes, but keeps its place
		if pages%3 == 0 {
			l = x.List(picks)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d of %d are in pages", len(got), len(want))
	}
	if _, err := x.Page(l, "another peer", 7, all.Hits[0].Name); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Error(err)
	}
	first, err := x.Page(l, "peer", 7, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Page(l, "another peer", 7, first.Next); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Error("the cursor of another listing is taken")
	}
}
