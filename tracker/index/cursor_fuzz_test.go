package index_test

import (
	"slices"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

// FuzzCursor asks for the next page with any cursor: it is a page of that search, or
// "invalid", and no cursor leads to more pages than there are names.
func FuzzCursor(f *testing.F) {
	const names = 40
	naming := newNaming(9, names)
	x := index.New()
	f.Cleanup(x.Close)
	for i := range names {
		x.Count(index.Change{Online: 1}, x.AddName(newContent(hash(i), epoch), naming.entry()))
	}
	x.Settle()
	sorts := []netproto.Sort{netproto.SortSources, netproto.SortName, netproto.SortSize, netproto.SortNewest}
	for n := range sorts {
		page, err := x.Search(f.Context(), index.Query{MaxSize: -1, Sort: sorts[n], Limit: 7})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(page.Next, n)
		f.Add(page.Next[:len(page.Next)/2], n)
	}
	f.Add("", 0)
	f.Add("AAAA", 1)
	f.Add("\xff", 2)
	f.Fuzz(func(t *testing.T, cursor string, n int) {
		sort := sorts[uint(n)%uint(len(sorts))]
		var seen []netproto.ContentHash
		for pages := 0; ; pages++ {
			page, err := x.Search(t.Context(), index.Query{MaxSize: -1, Sort: sort, Limit: 7, Cursor: cursor})
			if err != nil {
				if netproto.CodeOf(err) != netproto.CodeInvalid || pages > 0 {
					t.Fatalf("page %d: %v", pages, err)
				}
				return
			}
			for _, hit := range page.Hits {
				if slices.Contains(seen, hit.Hash) {
					t.Fatalf("%s comes twice", hit.Hash)
				}
				seen = append(seen, hit.Hash)
			}
			if cursor = page.Next; cursor == "" {
				return
			}
		}
	})
}
