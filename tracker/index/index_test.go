package index_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
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

func search(t *testing.T, x *index.Index, text string) []netproto.Hit {
	t.Helper()
	page, err := x.Search(index.Query{Text: text, MaxSize: -1, Sort: netproto.SortName, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return page.Hits
}

func TestANameIsFoundWhileASourceUsesIt(t *testing.T) {
	x := index.New()
	c := x.AddContent(hash(1), epoch)
	n := x.AddName(c, index.Name{Text: "Straße.txt", MIME: "text/plain", Size: 10})
	if got := search(t, x, "strasse"); len(got) != 0 {
		t.Errorf("without a source: %+v", got)
	}
	x.Count(1, n)
	x.Count(1, n)
	want := netproto.Hit{Hash: hash(1), Name: "Straße.txt", Size: 10, MIME: "text/plain", Sources: 2, Added: epoch}
	if got := search(t, x, "STRASSE"); len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
	if contents, bytes := x.Online(); contents != 1 || bytes != 10 {
		t.Errorf("%d contents, %d bytes", contents, bytes)
	}
	x.Count(-1, n, n)
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
		c := x.AddContent(hash(round), epoch)
		if c != 0 {
			t.Fatalf("content %d", c)
		}
		for i := range 2 {
			n := x.AddName(c, index.Name{Text: fmt.Sprint("name ", i), Size: 5})
			if n > 1 {
				t.Fatalf("name %d", n)
			}
			x.Count(1, n)
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
	}
}

func TestExactFindsNothingButTheNameItself(t *testing.T) {
	x := index.New()
	var numbers []index.NameID
	for i, text := range []string{"a", "A", "ab", "a"} {
		n := x.AddName(x.AddContent(hash(i), epoch), index.Name{Text: text})
		x.Count(1, n)
		numbers = append(numbers, n)
	}
	if got := x.Exact("a", 9); !slices.Equal(got, []index.NameID{numbers[0], numbers[3]}) {
		t.Error(got)
	}
	if got := x.Exact("a", 1); len(got) != 1 {
		t.Error(got)
	}
	x.Count(-1, numbers[0])
	if got := x.Exact("a", 9); !slices.Equal(got, numbers[3:]) {
		t.Error(got)
	}
}

// entry is a content of the model that the index is compared with.
type entry struct {
	hash    netproto.ContentHash
	added   time.Time
	names   []index.Name
	sources []int
	numbers []index.NameID
}

func (e *entry) total() (n int) {
	for _, s := range e.sources {
		n += s
	}
	return n
}

// hit is how the model answers for one content.
func (e *entry) hit(q index.Query) (netproto.Hit, bool) {
	best := -1
	for i, n := range e.names {
		fits := e.sources[i] > 0 && n.Size >= q.MinSize && (q.MaxSize < 0 || n.Size <= q.MaxSize) &&
			(q.Kind == "" || netproto.KindOf(n.Text, n.MIME, n.Folder) == q.Kind)
		for word := range strings.FieldsSeq(q.Text) {
			fits = fits && strings.Contains(strings.ToLower(n.Text), strings.ToLower(word))
		}
		if fits && (best < 0 || e.sources[i] > e.sources[best]) {
			best = i
		}
	}
	if best < 0 {
		return netproto.Hit{}, false
	}
	n := e.names[best]
	return netproto.Hit{Hash: e.hash, Name: n.Text, Size: n.Size, MIME: n.MIME, Folder: n.Folder, Sources: e.total(), Added: e.added}, true
}

func order(sort netproto.Sort) func(a, b netproto.Hit) int {
	return func(a, b netproto.Hit) int {
		byName := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		byHash := strings.Compare(string(a.Hash[:]), string(b.Hash[:]))
		switch sort {
		case netproto.SortSources:
			return cmp.Or(cmp.Compare(b.Sources, a.Sources), byName, byHash)
		case netproto.SortSize:
			return cmp.Or(cmp.Compare(b.Size, a.Size), byHash)
		case netproto.SortNewest:
			return cmp.Or(b.Added.Compare(a.Added), byHash)
		}
		return cmp.Or(byName, byHash)
	}
}

func TestEverySearchFindsWhatReadingAllNamesFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	words := []string{"Alpha", "beta", "GAMMA", "delta", "eps", "al", "mov"}
	extensions := []string{".mp3", ".mkv", ".txt", "", ".zip"}
	x := index.New()
	var model []*entry
	for i := range 600 {
		e := &entry{hash: hash(random.IntN(1 << 30)), added: epoch.Add(time.Duration(random.IntN(50)) * time.Second)}
		number := x.AddContent(e.hash, e.added)
		for range 1 + random.IntN(3) {
			n := index.Name{
				Text: fmt.Sprintf("%s %s %d%s", words[random.IntN(len(words))], words[random.IntN(len(words))], random.IntN(30), extensions[random.IntN(len(extensions))]),
				Size: int64(random.IntN(1000)),
			}
			id := x.AddName(number, n)
			sources := max(0, random.IntN(6)-2)
			for range sources {
				x.Count(1, id)
			}
			e.names, e.sources, e.numbers = append(e.names, n), append(e.sources, sources), append(e.numbers, id)
		}
		if i%7 == 0 { // some go again
			for _, id := range e.numbers {
				x.Remove(id)
			}
			continue
		}
		model = append(model, e)
	}
	for range 300 {
		q := index.Query{
			Text:    []string{"", "al", "ALPHA", "beta gamma", "mov 1", "absent", "delta delta", "eps .mp3"}[random.IntN(8)],
			Kind:    []netproto.Kind{"", "", netproto.KindAudio, netproto.KindOther}[random.IntN(4)],
			MinSize: int64(random.IntN(2) * random.IntN(500)),
			MaxSize: int64(-1 + random.IntN(2)*random.IntN(1000)),
			Sort:    []netproto.Sort{netproto.SortSources, netproto.SortName, netproto.SortSize, netproto.SortNewest}[random.IntN(4)],
			Limit:   1 + random.IntN(40),
		}
		want := []netproto.Hit{}
		for _, e := range model {
			if hit, ok := e.hit(q); ok {
				want = append(want, hit)
			}
		}
		slices.SortFunc(want, order(q.Sort))
		got := []netproto.Hit{}
		for {
			page, err := x.Search(q)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.Hits...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
			q.Limit = 1 + random.IntN(40)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%+v finds %d, want %d", q, len(got), len(want))
		}
	}
}

func TestLongNamesKeepTheirPlace(t *testing.T) {
	x := index.New()
	for i := range 10 { // names that differ beyond what a cursor holds
		n := x.AddName(x.AddContent(hash(i), epoch), index.Name{Text: strings.Repeat("ΐ", 127) + string(rune('a'+i%3))})
		x.Count(1, n)
	}
	seen := map[netproto.ContentHash]int{}
	q := index.Query{MaxSize: -1, Sort: netproto.SortName, Limit: 1}
	for {
		page, err := x.Search(q)
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
		x.Count(1, x.AddName(x.AddContent(hash(i), epoch), index.Name{Text: text, Size: int64(i)}))
	}
	first, err := x.Search(index.Query{MaxSize: -1, Sort: netproto.SortName, Limit: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("", first.Next)
	f.Add("strasse", "")
	f.Add("\xff\u0130", "AQ")
	f.Fuzz(func(t *testing.T, text, cursor string) {
		page, err := x.Search(index.Query{Text: text, MaxSize: -1, Sort: netproto.SortName, Limit: 1, Cursor: cursor})
		switch {
		case err != nil:
			if cursor == "" || netproto.CodeOf(err) != netproto.CodeInvalid {
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

func BenchmarkSearch(b *testing.B) {
	x := index.New()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 100_000 {
		n := x.AddName(x.AddContent(hash(i), epoch), index.Name{Text: fmt.Sprintf("%x some name %x.mp3", random.Uint32(), random.Uint32()), Size: 1})
		x.Count(1, n)
	}
	for name, q := range map[string]index.Query{
		"list":   {},
		"common": {Text: "some name"},
		"rare":   {Text: "name deadbeef"},
	} {
		b.Run(name, func(b *testing.B) {
			q.MaxSize, q.Sort, q.Limit = -1, netproto.SortSources, 50
			for b.Loop() {
				if _, err := x.Search(q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
