package index_test

import (
	"fmt"
	"sync"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/index"
)

func TestWhatStaysIsFoundOnceWhileAllElseChanges(t *testing.T) {
	x := index.New()
	x.SetTailRoom(128)
	t.Cleanup(x.Close)
	const staying, rounds = 300, 2000
	for i := range staying {
		x.Count(index.Change{Online: 1}, x.AddName(newContent(hash(i), epoch), index.Name{Text: fmt.Sprintf("staying %03d.txt", i)}))
	}
	var changes sync.WaitGroup
	for worker := range 2 {
		changes.Go(func() {
			naming := newNaming(uint64(worker), 100)
			var ids []index.NameID
			for i := range rounds {
				id := x.AddName(newContent(hash(1000+worker*rounds+i), epoch), index.Name{Text: "passing " + naming.name()})
				x.Count(index.Change{Online: 1}, id)
				ids = append(ids, id)
				switch {
				case i%5 == 1:
					x.Count(index.Change{Online: -1, Dormant: 1, Seen: 1}, ids[i/2])
					x.Count(index.Change{Online: 1, Dormant: -1}, ids[i/2])
				case i%5 == 2:
					x.Remove(ids[i-1])
					ids[i-1] = id
				}
			}
		})
	}
	// Those that stay change their place by sources, too, but not by name.
	changes.Go(func() {
		for i := range rounds {
			x.Count(index.Change{Online: 1 - i%2*2}, index.NameID(i/2%staying))
		}
	})
	done := make(chan struct{})
	go func() {
		changes.Wait()
		close(done)
	}()
	for searches := 0; ; searches++ {
		seen := map[netproto.ContentHash]int{}
		q := index.Query{Text: "txt staying", MaxSize: -1, Sort: netproto.SortName, Limit: 70}
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
		}
		for i := range staying {
			if seen[hash(i)] != 1 || len(seen) != staying {
				t.Fatalf("content %d was found %d times, and %d contents", i, seen[hash(i)], len(seen))
			}
		}
		select {
		case <-done:
			x.Settle()
			if size := x.Size(); size.Segments == 0 || size.Segments > 12 {
				t.Errorf("after %d searches: %+v", searches, size)
			}
			return
		default:
		}
	}
}

func TestNamesBeyondTheMostUsedAreNotSearched(t *testing.T) {
	x := index.New()
	t.Cleanup(x.Close)
	c := newContent(hash(1), epoch)
	var ids []index.NameID
	for i := range 40 {
		id := x.AddName(c, index.Name{Text: fmt.Sprintf("name %02d", i), Size: 1})
		x.Count(index.Change{Online: 1}, id)
		ids = append(ids, id)
	}
	if got := search(t, x, "name 39"); len(got) != 0 {
		t.Errorf("the latest of many names that one source uses each: %+v", got)
	}
	x.Count(index.Change{Online: 1}, ids[39])
	if got := search(t, x, "name 39"); len(got) != 1 || got[0].Sources != 41 {
		t.Errorf("the one that two sources use: %+v", got)
	}
	if got := search(t, x, "name"); len(got) != 1 || got[0].Name != "name 39" {
		t.Errorf("%+v", got)
	}
	for _, id := range ids {
		x.Remove(id)
	}
	if got := search(t, x, ""); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestDeadVersionsAreForgotten(t *testing.T) {
	x := index.New()
	x.SetTailRoom(64)
	t.Cleanup(x.Close)
	id := x.AddName(newContent(hash(1), epoch), index.Name{Text: "one name"})
	for range 20_000 {
		x.Count(index.Change{Online: 1}, id)
	}
	x.Settle()
	if size := x.Size(); size.Bytes > 64<<10 {
		t.Errorf("one name with a long past: %+v", size)
	}
	if got := search(t, x, "one"); len(got) != 1 || got[0].Sources != 20_000 {
		t.Errorf("%+v", got)
	}
}
